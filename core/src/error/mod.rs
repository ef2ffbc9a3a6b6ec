//! What can go wrong, and the one table from each error to the alert the peer gets.
//!
//! An [`Error`] names the broken rule; its documentation cites the paragraph of RFC 9846. Failures of
//! cryptography are opaque on purpose: they do not tell which step failed.

mod text;

use crate::codes::{AlertDescription, SignatureScheme};
use core::marker::PhantomData;

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why a connection ended, or why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    // ---- syntax
    /// A message, extension or vector is too short, too long, or has bytes left over (RFC 9846 6.2).
    Malformed,
    /// A record is longer than the protocol, or the limit we advertised, allows (RFC 9846 5.1, 5.2; RFC 8449).
    RecordOverflow,
    /// A handshake or alert record without content (RFC 9846 5.1, 5.4).
    EmptyRecord,
    /// A protected record of nothing but zeros: no content type (RFC 9846 5.4).
    MissingContentType,
    /// An alert was split over records, or several shared one (RFC 9846 5.1).
    FragmentedAlert,

    // ---- order
    /// A record of a content type that is unknown, or not allowed at this point (RFC 9846 5).
    UnexpectedRecord,
    /// A handshake message that is unknown, or not allowed in this state (RFC 9846 4, Appendix A).
    UnexpectedMessage,
    /// Handshake bytes are left over where the keys change (RFC 9846 5.1).
    MessageSpansKeyChange,
    /// A second HelloRetryRequest (RFC 9846 4.2.4).
    SecondHelloRetryRequest,
    /// A change_cipher_spec record that is not the single byte 1, is protected, or comes at the wrong time (RFC 9846 5).
    UnexpectedChangeCipherSpec,
    /// More records without effect (empty, or change_cipher_spec) in a row than
    /// [`MAX_IDLE_RECORDS`](crate::limits::MAX_IDLE_RECORDS).
    TooManyIdleRecords,
    /// More KeyUpdates without data between them than [`MAX_KEY_UPDATES`](crate::limits::MAX_KEY_UPDATES) (RFC 9846 4.7.3).
    TooManyKeyUpdates,
    /// More tickets without data between them than [`MAX_TICKETS`](crate::limits::MAX_TICKETS) (RFC 9846 4.7.1).
    TooManyTickets,

    // ---- negotiation
    /// The peer does not speak TLS 1.3 (RFC 9846 4.3.1).
    ProtocolVersion,
    /// The peer speaks TLS 1.2, yet signals that it could do better: somebody tampers (RFC 9846 4.2.3).
    Downgrade,
    /// `supported_versions` selects something that was not offered (RFC 9846 4.3.1).
    IllegalVersion,
    /// A legacy compression list or method other than "null" (RFC 9846 4.2.2, 4.2.3).
    IllegalCompression,
    /// The server did not echo our legacy_session_id (RFC 9846 4.2.3).
    SessionIdMismatch,
    /// The server chose a cipher suite that was not offered, or another one after its HelloRetryRequest (RFC 9846 4.2.3, 4.2.4).
    IllegalCipherSuite,
    /// The server chose a group that was not offered (RFC 9846 4.3.8).
    IllegalGroup,
    /// A HelloRetryRequest that asks for no change, or for a share that it has (RFC 9846 4.2.4, 4.3.8).
    IllegalHelloRetryRequest,
    /// The second ClientHello differs from the first where it must not (RFC 9846 4.2.2).
    ClientHelloChanged,
    /// No cipher suite in common (RFC 9846 4.2.1).
    NoCipherSuiteInCommon,
    /// No group in common (RFC 9846 4.2.1).
    NoGroupInCommon,
    /// No identity of ours can sign what the peer verifies (RFC 9846 4.2.1, 4.5.1.2).
    NoSignatureSchemeInCommon,
    /// No application protocol in common (RFC 7301 3.2).
    NoApplicationProtocol,
    /// The server chose an application protocol that was not offered (RFC 7301 3.1).
    IllegalApplicationProtocol,
    /// An extension that we know stands twice in a block (RFC 9846 4.3).
    DuplicateExtension,
    /// An extension in a message where it does not belong (RFC 9846 4.3, the table).
    MisplacedExtension,
    /// A response to an extension that was never sent (RFC 9846 4.3).
    UnsolicitedExtension,
    /// An extension that must be there is missing (RFC 9846 9.2).
    MissingExtension,
    /// Two key shares for a group that we negotiate, or one that is not in supported_groups; in a second ClientHello, others
    /// than the one that was asked for (RFC 9846 4.3.8).
    IllegalKeyShare,
    /// `pre_shared_key` is not the last extension (RFC 9846 4.3.11).
    PreSharedKeyNotLast,
    /// A record_size_limit below 64 or above 2^14 + 1 (RFC 8449 4).
    IllegalRecordSizeLimit,
    /// A max_fragment_length that is undefined or not the one asked for (RFC 6066 4).
    IllegalMaxFragmentLength,
    /// A field with a value outside its range (RFC 9846 6).
    IllegalParameter,
    /// A KeyUpdate that is neither 0 nor 1 (RFC 9846 4.7.3).
    IllegalKeyUpdate,

    // ---- authentication
    /// The server sent an empty Certificate (RFC 9846 4.5.1.3).
    EmptyCertificate,
    /// The client sent no certificate, and one is required (RFC 9846 4.5.1.3).
    CertificateRequired,
    /// A certificate is not well-formed, or carries an invalid signature.
    BadCertificate,
    /// A certificate of a kind that is not supported: its type, its key, the algorithm that it is signed with. Where it can
    /// be said more exactly, one of the next errors says it.
    UnsupportedCertificate,
    /// A certificate is not of version 3 of X.509 (RFC 9846 4.5.1.2; RFC 5280 4.1.2.1). Without extensions it names no host and
    /// allows no use: have it issued anew.
    CertificateVersion,
    /// A certificate is signed with this scheme, which was not offered: the provider does not have it, or the configuration
    /// leaves it out (RFC 9846 4.3.3). ECDSA with SHA-512 goes by `ecdsa_secp521r1_sha512`, whatever the curve.
    CertificateSignatureScheme(InBytes<SignatureScheme>),
    /// An RSA key of so many bits, in a certificate or of its issuer, is shorter or longer than is accepted (RFC 9846 C.2
    /// asks for limits). Have the certificate issued for, or by, a key of 2048 to 4096 bits.
    RsaKeyLength(InBytes<u16>),
    /// A certificate has a critical extension that is not known here (RFC 5280 4.2).
    CriticalExtension,
    /// A certificate has a critical extension about policies, which are not evaluated here: certificatePolicies, policyMappings,
    /// policyConstraints or inhibitAnyPolicy (RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14).
    CriticalPolicy,
    /// A certificate is for another use: its KeyUsage or ExtendedKeyUsage does not allow this one (RFC 5280 4.2.1.3,
    /// 4.2.1.12; RFC 9846 4.5.1.2).
    CertificatePurpose,
    /// The certificate that the peer presented as its own is a certification authority's. A peer that has no other
    /// can only be trusted by its key: with [`PinnedKey`](crate::crypto::PinnedKey).
    CertificationAuthorityAsPeer,
    /// The peer's certificate is signed by itself, and is no trust anchor. Such a peer can only be trusted by its key: with
    /// [`PinnedKey`](crate::crypto::PinnedKey).
    SelfSignedCertificate,
    /// A certificate was revoked.
    CertificateRevoked,
    /// No revocation list at hand says whether a certificate was revoked, and one must.
    RevocationUnknown,
    /// A certificate is no longer valid.
    CertificateExpired,
    /// A certificate is not valid yet.
    CertificateNotYetValid,
    /// The times of a certificate's validity are malformed (RFC 5280 4.1.2.5), or before 1970, where time begins here.
    CertificateTime,
    /// A certificate is unacceptable for another reason, such as the name.
    CertificateUnknown,
    /// The certificate is not for the name that was asked for.
    CertificateNameMismatch,
    /// The certificate has no subjectAltName, so it is for no name: the subject is not looked at (RFC 9525 2, 6.3; RFC 5280
    /// 4.2.1.6). Have it issued with one.
    MissingSubjectAltName,
    /// A certificate breaks a rule that an authority above it made: on names, on the length of the path, or that its
    /// issuer must be an authority (RFC 5280 6.1).
    CertificateConstraint,
    /// An authority puts constraints on names of a form that is not evaluated here, such as directory names, so that what they
    /// apply to is refused (RFC 5280 4.2.1.10).
    UnsupportedConstraint,
    /// The chain does not end in a trust anchor.
    UnknownIssuer,
    /// A certificate writes the name of its issuer in another way than the issuer's own certificate: in another string type, case
    /// or spacing. RFC 5280 7.1 takes them for the same name; here they are compared byte by byte.
    IssuerNameForm,
    /// The chain has more intermediate certificates, or takes more signatures to be verified, than is allowed.
    ChainTooLong,
    /// There is no time to verify certificates at: the clock has not been set yet.
    ClockNotSet,
    /// The key is none of the pinned ones.
    KeyNotPinned,
    /// The application refused the peer and chose this alert: from a verifier of its own, or by
    /// [`Connection::reject`](crate::Connection::reject).
    PeerRejected(AlertDescription),
    /// CertificateVerify uses a scheme that was not offered, or does not fit the key (RFC 9846 4.5.2).
    IllegalSignatureScheme,
    /// The signature does not verify (RFC 9846 4.5.2).
    BadSignature,
    /// Finished does not verify (RFC 9846 4.5.3).
    BadFinished,

    // ---- cryptography, as a provider reports it
    /// A record does not authenticate (RFC 9846 5.2).
    BadRecordMac,
    /// The peer's key share is not a valid one for its group (RFC 9846 4.3.8, 7.4).
    InvalidKeyShare,
    /// The provider does not have this algorithm, or refuses this use of a key.
    Unsupported,
    /// A key that cannot be loaded, or does not fit its certificate.
    InvalidKey,
    /// The random source failed.
    RandomFailed,
    /// A device or computation failed.
    CryptoFailed,

    // ---- the transport and the peer's word
    /// The peer ended the connection with this alert.
    AlertReceived(AlertDescription),
    /// The transport ended without close_notify: data may be missing (RFC 9846 6.1).
    Truncated,
    /// The peer, or the way to it, refused the transport connection.
    Refused,
    /// The transport broke off without close_notify, such as by a reset: data may be missing (RFC 9846 6.1).
    Reset,
    /// The keys reached the limit of their use and can be renewed no more (RFC 9846 4.7.3, 5.5).
    KeyUsageLimit,

    // ---- our own side
    /// The receive buffer must have at least this many bytes for what the peer sends.
    ReceiveBufferTooSmall(ByteCount),
    /// The transmit buffer must have at least this many bytes.
    TransmitBufferTooSmall(ByteCount),
    /// The configuration cannot work.
    InvalidConfiguration(Misconfiguration),
    /// The call does not fit the state of the connection (before the handshake, after close).
    InvalidState,
    /// A handshake did not end in the time allowed.
    TimedOut,
    /// A rule inside this library was broken. Please report it.
    Internal,
}

impl Error {
    /// The alert that tells the peer, or `None` where nothing is to be said (RFC 9846 6.2).
    #[must_use]
    #[inline(never)]
    pub const fn alert(self) -> Option<AlertDescription> {
        use AlertDescription as A;
        // By itself: of constants alone, the compiler makes a table.
        if let Self::PeerRejected(alert) = self {
            return Some(alert);
        }
        Some(match self {
            Self::Malformed | Self::EmptyCertificate | Self::FragmentedAlert => A::DECODE_ERROR,
            Self::RecordOverflow => A::RECORD_OVERFLOW,
            Self::EmptyRecord
            | Self::MissingContentType
            | Self::UnexpectedRecord
            | Self::UnexpectedMessage
            | Self::MessageSpansKeyChange
            | Self::SecondHelloRetryRequest
            | Self::UnexpectedChangeCipherSpec
            | Self::TooManyIdleRecords
            | Self::TooManyKeyUpdates
            | Self::TooManyTickets => A::UNEXPECTED_MESSAGE,
            Self::ProtocolVersion => A::PROTOCOL_VERSION,
            Self::Downgrade
            | Self::IllegalVersion
            | Self::IllegalCompression
            | Self::SessionIdMismatch
            | Self::IllegalCipherSuite
            | Self::IllegalGroup
            | Self::IllegalHelloRetryRequest
            | Self::ClientHelloChanged
            | Self::IllegalApplicationProtocol
            | Self::DuplicateExtension
            | Self::MisplacedExtension
            | Self::IllegalKeyShare
            | Self::PreSharedKeyNotLast
            | Self::IllegalRecordSizeLimit
            | Self::IllegalMaxFragmentLength
            | Self::IllegalParameter
            | Self::IllegalKeyUpdate
            | Self::IllegalSignatureScheme
            | Self::InvalidKeyShare => A::ILLEGAL_PARAMETER,
            Self::NoCipherSuiteInCommon | Self::NoGroupInCommon | Self::NoSignatureSchemeInCommon => {
                A::HANDSHAKE_FAILURE
            }
            Self::NoApplicationProtocol => A::NO_APPLICATION_PROTOCOL,
            Self::UnsolicitedExtension => A::UNSUPPORTED_EXTENSION,
            Self::MissingExtension => A::MISSING_EXTENSION,
            Self::CertificateRequired => A::CERTIFICATE_REQUIRED,
            Self::BadCertificate | Self::CertificateTime => A::BAD_CERTIFICATE,
            Self::UnsupportedCertificate
            | Self::CertificateVersion
            | Self::CertificateSignatureScheme(_)
            | Self::RsaKeyLength(_)
            | Self::CriticalExtension
            | Self::CriticalPolicy
            | Self::CertificatePurpose
            | Self::CertificationAuthorityAsPeer => A::UNSUPPORTED_CERTIFICATE,
            Self::CertificateRevoked => A::CERTIFICATE_REVOKED,
            Self::CertificateExpired | Self::CertificateNotYetValid => A::CERTIFICATE_EXPIRED,
            Self::CertificateUnknown
            | Self::CertificateNameMismatch
            | Self::MissingSubjectAltName
            | Self::CertificateConstraint
            | Self::UnsupportedConstraint
            | Self::RevocationUnknown
            | Self::KeyNotPinned => A::CERTIFICATE_UNKNOWN,
            Self::UnknownIssuer | Self::IssuerNameForm | Self::SelfSignedCertificate | Self::ChainTooLong => {
                A::UNKNOWN_CA
            }
            Self::BadSignature | Self::BadFinished => A::DECRYPT_ERROR,
            Self::BadRecordMac => A::BAD_RECORD_MAC,
            Self::Unsupported
            | Self::InvalidKey
            | Self::RandomFailed
            | Self::CryptoFailed
            | Self::KeyUsageLimit
            | Self::ClockNotSet
            | Self::ReceiveBufferTooSmall(_)
            | Self::TransmitBufferTooSmall(_)
            | Self::InvalidConfiguration(_)
            // Answered above.
            | Self::PeerRejected(_)
            | Self::Internal => A::INTERNAL_ERROR,
            // RFC 9846 6.1: our own side is to be closed properly all the same.
            Self::Truncated => A::CLOSE_NOTIFY,
            // The peer is gone, or the call was refused and the connection lives on; a handshake that takes too long is
            // given up by whoever has a clock.
            Self::AlertReceived(_) | Self::Refused | Self::Reset | Self::TimedOut | Self::InvalidState => return None,
        })
    }
}

impl core::error::Error for Error {}

// It travels in a register of every processor: that keeps the code around it small.
const _: () = assert!(size_of::<Result<(), Error>>() == 4);

/// How long a buffer must be. What is beyond 2^24 - 1 bytes, the longest handshake message, counts as that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ByteCount([u8; 3]);

impl ByteCount {
    /// This many bytes.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        // The number is in the first four bytes, least significant first, if it is no longer than three.
        match bytes.to_le_bytes() {
            [a, b, c, rest @ ..] => {
                let mut rest: &[u8] = &rest;
                while let [0, shorter @ ..] = rest {
                    rest = shorter;
                }
                if rest.is_empty() { Self([a, b, c]) } else { Self([0xff; 3]) }
            }
        }
    }

    /// The number of bytes.
    #[must_use]
    pub fn get(self) -> usize {
        let [a, b, c] = self.0;
        usize::try_from(u32::from_le_bytes([a, b, c, 0])).unwrap_or(usize::MAX)
    }
}

impl core::fmt::Debug for ByteCount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}

impl core::fmt::Display for ByteCount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.get(), f)
    }
}

/// A number of 16 bits as two bytes. An [`Error`] that held it as it is would have to stand at an even address, which costs
/// code wherever errors are returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InBytes<T>([u8; 2], PhantomData<T>);

impl InBytes<u16> {
    /// This number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number.to_be_bytes(), PhantomData)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        u16::from_be_bytes(self.0)
    }
}

impl InBytes<SignatureScheme> {
    /// This scheme.
    #[must_use]
    pub const fn new(scheme: SignatureScheme) -> Self {
        Self(scheme.0.to_be_bytes(), PhantomData)
    }

    /// The scheme.
    #[must_use]
    pub const fn get(self) -> SignatureScheme {
        SignatureScheme(u16::from_be_bytes(self.0))
    }
}

impl core::fmt::Debug for InBytes<u16> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}

impl core::fmt::Debug for InBytes<SignatureScheme> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}

/// Declares [`Misconfiguration`]: what it is, in words.
macro_rules! misconfigurations {
    ($($name:ident $text:literal,)*) => {
        /// Why a configuration cannot work.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Misconfiguration {
            $(#[doc = concat!($text, ".")] $name,)*
        }

        impl core::fmt::Display for Misconfiguration {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
}

misconfigurations! {
    NoIdentity "A server needs an identity",
    NoCertificate "An identity has no certificate",
    EmptyCertificate "A certificate is empty",
    UnreadableCertificate "The certificate of an identity cannot be read: DER is needed, not PEM",
    KeyMismatch "The key of an identity does not fit its certificate",
    CannotSignHandshakes "A key of an identity cannot sign handshakes",
    CertificateTypes "Certificate types are X509, RawPublicKey, or both",
    ApplicationProtocol "An application protocol's name must have 1 to 255 bytes",
    RecordSizeLimit "record_size_limit must be at least 64",
    CertificateAuthority "A certification authority's name must have 1 to 65,535 bytes",
    RecordsPerKey "A key must protect one record and the KeyUpdate behind it",
    MaxFragmentLength "This max_fragment_length is not defined",
    KeyShares "There are too many key shares, or two for one group",
    KeyShareNotOffered "A key share is for a group that is not offered, or that the provider does not support",
    NamedTwice "A list of suites, groups or schemes names one twice",
    NoCipherSuite "There is no cipher suite that the provider supports",
    NoNamedGroup "There is no group that the provider supports",
    NoSignatureScheme "There is no signature scheme that the provider supports",
    ListTooLong "A list is longer than its message can hold",
    NoServerName "The verifier checks the name of the server, and there is none",
    NoTrustAnchors "There are no trust anchors",
    RevocationLists "There are no revocation lists, or more than a verifier takes",
    ChainTooLong "A certificate chain is longer than its message can hold, or a raw public key is more than one",
    CertificateStatus "The OCSP response of an identity is empty",
    CertificateTimestamps "The signed certificate timestamps of an identity are no list of at least one, with its length",
}
