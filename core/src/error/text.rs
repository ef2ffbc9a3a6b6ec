//! Errors in words, for a log. They cost flash only where something prints them with `Display`.

use super::Error;
use core::fmt::{Display, Formatter, Result};

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AlertReceived(alert) => write!(f, "the peer sent the alert {alert}"),
            Self::PeerRejected(alert) => write!(f, "the application refused the peer: {alert}"),
            Self::ReceiveBufferTooSmall(needed) => {
                write!(f, "receive buffer too small: at least {needed} bytes needed")
            }
            Self::TransmitBufferTooSmall(needed) => {
                write!(f, "transmit buffer too small: at least {needed} bytes needed")
            }
            Self::CertificateSignatureScheme(scheme) => {
                write!(f, "a certificate of the peer's chain is signed with {}, which was not offered", scheme.get())
            }
            Self::RsaKeyLength(bits) => {
                write!(
                    f,
                    "the peer's certificate has, or is signed by, an RSA key of {} bits: 2048 to 4096 are accepted",
                    bits.get()
                )
            }
            Self::InvalidConfiguration(why) => write!(f, "invalid configuration: {why}"),
            other => f.write_str(other.words()),
        }
    }
}

impl Error {
    /// In words, but for what else it tells.
    const fn words(self) -> &'static str {
        match self {
            Self::Malformed => "a message of the peer is too long, too short, or malformed",
            Self::RecordOverflow => "the peer sent a record that is too long",
            Self::EmptyRecord => "the peer sent a record without content",
            Self::MissingContentType => "the peer sent a record without a content type",
            Self::FragmentedAlert => "the peer sent an alert that is not one record",
            Self::UnexpectedRecord => "the peer sent something that is not TLS, or does not belong here",
            Self::UnexpectedMessage => "the peer sent a handshake message that does not belong here",
            Self::MessageSpansKeyChange => "the peer sent more handshake bytes where its keys change",
            Self::SecondHelloRetryRequest => "the server asked twice for another ClientHello",
            Self::UnexpectedChangeCipherSpec => "the peer sent a change_cipher_spec that does not belong here",
            Self::TooManyIdleRecords => "the peer sent too many records without effect",
            Self::TooManyKeyUpdates => "the peer sent too many KeyUpdates",
            Self::TooManyTickets => "the server sent too many tickets",
            Self::ProtocolVersion => "the peer does not speak TLS 1.3",
            Self::Downgrade => "the peer was made to speak an older version of TLS than it can",
            Self::IllegalVersion => "the server chose a version that was not offered",
            Self::IllegalCompression => "the peer wants compression",
            Self::SessionIdMismatch => "the server did not echo the session id",
            Self::IllegalCipherSuite => "the server chose a cipher suite that was not offered",
            Self::IllegalGroup => "the server chose a group that was not offered",
            Self::IllegalHelloRetryRequest => "the server asked for another ClientHello without a reason",
            Self::ClientHelloChanged => "the client's second ClientHello is not like its first",
            Self::NoCipherSuiteInCommon => "no cipher suite in common",
            Self::NoGroupInCommon => "no group in common",
            Self::NoSignatureSchemeInCommon => "no signature scheme in common",
            Self::NoApplicationProtocol => "no application protocol in common",
            Self::IllegalApplicationProtocol => "the server chose an application protocol that was not offered",
            Self::DuplicateExtension => "the peer sent an extension twice",
            Self::MisplacedExtension => "the peer sent an extension where it does not belong",
            Self::UnsolicitedExtension => "the peer answered to an extension that was not sent",
            Self::MissingExtension => "the peer left out an extension",
            Self::IllegalKeyShare => "the client sent key shares that do not fit its groups",
            Self::PreSharedKeyNotLast => "pre_shared_key is not the last extension",
            Self::IllegalRecordSizeLimit => "the peer's record_size_limit is out of range",
            Self::IllegalMaxFragmentLength => "the peer's max_fragment_length is undefined, or not the one asked for",
            Self::IllegalParameter => "a value of the peer's is out of range",
            Self::IllegalKeyUpdate => "the peer sent a KeyUpdate that is none",
            Self::EmptyCertificate => "the server sent no certificate",
            Self::CertificateRequired => "the client sent no certificate",
            Self::BadCertificate => "the peer's certificate is malformed, or wrongly signed",
            Self::UnsupportedCertificate => {
                "the type, the key or the signature of the peer's certificate is of a kind that is not supported"
            }
            Self::CertificateVersion => {
                "a certificate of the peer's chain is not of version 3 of X.509: it must be issued anew, with extensions"
            }
            Self::CriticalExtension => {
                "a certificate of the peer's chain has a critical extension that is not known here"
            }
            Self::CriticalPolicy => {
                "a certificate of the peer's chain has a critical extension about policies, which are not evaluated here"
            }
            Self::CertificatePurpose => "the peer's certificate is not for this purpose",
            Self::CertificationAuthorityAsPeer => {
                "the peer presents the certificate of a certification authority as its own: it can only be trusted by \
                 its key, with PinnedKey"
            }
            Self::SelfSignedCertificate => {
                "the peer's certificate is self-signed, and no trust anchor: it can only be trusted by its key, with PinnedKey"
            }
            Self::CertificateRevoked => "the peer's certificate was revoked",
            Self::RevocationUnknown => "nobody knows whether the peer's certificate was revoked",
            Self::CertificateExpired => "the peer's certificate has expired",
            Self::CertificateNotYetValid => "the peer's certificate is not valid yet",
            Self::CertificateTime => "the validity of a certificate of the peer's chain is malformed, or before 1970",
            Self::CertificateUnknown => "the peer's certificate is not acceptable",
            Self::CertificateNameMismatch => "the peer's certificate is for another name",
            Self::MissingSubjectAltName => {
                "the peer's certificate is for no name: it has no subjectAltName, and its subject does not count"
            }
            Self::UnsupportedConstraint => {
                "an issuer of the peer's certificate constrains names of a form that is not evaluated here, such as directory \
                 names"
            }
            Self::CertificateConstraint => "the peer's certificate is beyond what its issuers may vouch for",
            Self::UnknownIssuer => "the peer's certificate is from an unknown issuer: no trust anchor is at its end",
            Self::IssuerNameForm => {
                "a certificate of the peer's chain writes its issuer's name in another way than the issuer does, such as in \
                 another string type"
            }
            Self::ChainTooLong => "the peer's certificate chain is too long",
            Self::ClockNotSet => "the clock is not set yet: certificates cannot be verified",
            Self::KeyNotPinned => "the peer's key is none of the pinned ones",
            Self::IllegalSignatureScheme => "the peer signed in a way that was not offered or does not fit its key",
            Self::BadSignature => "the peer's signature is wrong: it does not have the key of its certificate",
            Self::BadFinished => "the peer did not see the same handshake",
            Self::BadRecordMac => "a record was not sealed by the peer, or was changed on its way",
            Self::InvalidKeyShare => "the peer's key share is not valid",
            Self::Unsupported => "the provider cannot do this",
            Self::InvalidKey => "the key cannot be read (DER is needed, not PEM), or does not fit its certificate",
            Self::RandomFailed => "the random source failed",
            Self::CryptoFailed => "a cryptographic device or computation failed",
            Self::Truncated => "the peer closed without close_notify",
            Self::Refused => "the connection was refused",
            Self::Reset => "the connection was reset",
            Self::KeyUsageLimit => "the keys are used up",
            Self::InvalidState => "the connection is not in a state for this",
            Self::TimedOut => "the handshake took too long",
            Self::Internal => "a rule inside SaiTLS was broken: please report this",
            // These are told with what they hold.
            Self::AlertReceived(_)
            | Self::PeerRejected(_)
            | Self::CertificateSignatureScheme(_)
            | Self::RsaKeyLength(_)
            | Self::ReceiveBufferTooSmall(_)
            | Self::TransmitBufferTooSmall(_)
            | Self::InvalidConfiguration(_) => "",
        }
    }
}
