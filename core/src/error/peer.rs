//! What a peer may not do.

use super::InBytes;
use crate::codes::{AlertDescription, ExtensionType, HandshakeType};

/// The peer broke a rule of the protocol, which its documentation cites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PeerFault {
    /// A message, extension or vector is too short, too long, or has bytes left over (RFC 9846 6.2).
    Malformed,
    /// A record is longer than the protocol allows (RFC 9846 5.1, 5.2).
    RecordOverflow,
    /// A record is longer than the peer agreed to, by record_size_limit (RFC 8449 4) or max_fragment_length (RFC 6066
    /// 4). A peer that does this works where no limit is asked for: with a receive buffer of
    /// [`FULL_RECEIVE_BUFFER_LEN`](crate::limits::FULL_RECEIVE_BUFFER_LEN) bytes, and none configured.
    RecordLimitIgnored,
    /// A handshake or alert record without content (RFC 9846 5.1, 5.4).
    EmptyRecord,
    /// A protected record of nothing but zeros: no content type (RFC 9846 5.4).
    MissingContentType,
    /// An alert was split over records, or several shared one (RFC 9846 5.1).
    FragmentedAlert,
    /// A record of a content type that is unknown, or not allowed at this point (RFC 9846 5).
    UnexpectedRecord,
    /// A handshake message that is unknown, or not allowed in this state (RFC 9846 4, Appendix A).
    UnexpectedMessage,
    /// Handshake bytes are left over where the keys change (RFC 9846 5.1).
    MessageSpansKeyChange,
    /// A second HelloRetryRequest (RFC 9846 4.2.4).
    SecondHelloRetryRequest,
    /// A change_cipher_spec record that is not the single byte 1, is protected, or comes at the wrong time (RFC 9846
    /// 5).
    UnexpectedChangeCipherSpec,
    /// More records without effect (empty, or change_cipher_spec) in a row than
    /// [`MAX_IDLE_RECORDS`](crate::limits::MAX_IDLE_RECORDS).
    TooManyIdleRecords,
    /// More KeyUpdates without data between them than [`MAX_KEY_UPDATES`](crate::limits::MAX_KEY_UPDATES) (RFC 9846
    /// 4.7.3).
    TooManyKeyUpdates,
    /// More tickets without data between them than [`MAX_TICKETS`](crate::limits::MAX_TICKETS) (RFC 9846 4.7.1).
    TooManyTickets,
    /// The peer speaks TLS 1.2, yet signals that it could do better: somebody tampers (RFC 9846 4.2.3).
    Downgrade,
    /// `supported_versions` selects something that was not offered (RFC 9846 4.3.1).
    IllegalVersion,
    /// A legacy compression list or method other than "null" (RFC 9846 4.2.2, 4.2.3).
    IllegalCompression,
    /// The server did not echo our legacy_session_id (RFC 9846 4.2.3).
    SessionIdMismatch,
    /// The server chose a cipher suite that was not offered, or another one after its HelloRetryRequest (RFC 9846
    /// 4.2.3, 4.2.4).
    IllegalCipherSuite,
    /// The server chose a group that was not offered (RFC 9846 4.3.8).
    IllegalGroup,
    /// A HelloRetryRequest that asks for no change, or for a share that it has (RFC 9846 4.2.4, 4.3.8).
    IllegalHelloRetryRequest,
    /// The second ClientHello differs from the first where it must not (RFC 9846 4.2.2).
    ClientHelloChanged,
    /// The server chose an application protocol that was not offered (RFC 7301 3.1).
    IllegalApplicationProtocol,
    /// An extension that we know stands twice in a block (RFC 9846 4.3).
    DuplicateExtension,
    /// An extension in a message of this type, where it does not belong (RFC 9846 4.3, the table).
    MisplacedExtension(HandshakeType, InBytes<ExtensionType>),
    /// A response to an extension that was never sent (RFC 9846 4.3).
    UnsolicitedExtension,
    /// An extension that must be there is missing (RFC 9846 9.2).
    MissingExtension,
    /// Two key shares for a group that we negotiate, or one that is not in supported_groups; in a second ClientHello,
    /// others than the one that was asked for (RFC 9846 4.3.8).
    IllegalKeyShare,
    /// The peer's key share is not a valid one for its group (RFC 9846 4.3.8, 7.4).
    InvalidKeyShare,
    /// `pre_shared_key` is not the last extension (RFC 9846 4.3.11).
    PreSharedKeyNotLast,
    /// The server selected a pre-shared key that was not offered, or one for another hash; or a way to use it that was
    /// not offered (RFC 9846 4.3.9, 4.3.11).
    IllegalPreSharedKey,
    /// The binder of a pre-shared key does not verify (RFC 9846 4.3.11).
    BadBinder,
    /// A record_size_limit below 64 or above 2^14 + 1 (RFC 8449 4).
    IllegalRecordSizeLimit,
    /// A max_fragment_length that is undefined or not the one asked for (RFC 6066 4).
    IllegalMaxFragmentLength,
    /// A field with a value outside its range (RFC 9846 6).
    IllegalParameter,
    /// A KeyUpdate that is neither 0 nor 1 (RFC 9846 4.7.3).
    IllegalKeyUpdate,
    /// The server sent an empty Certificate (RFC 9846 4.5.1.3).
    EmptyCertificate,
    /// CertificateVerify uses a scheme that was not offered, or does not fit the key (RFC 9846 4.5.2).
    IllegalSignatureScheme,
    /// The signature does not verify (RFC 9846 4.5.2).
    BadSignature,
    /// Finished does not verify (RFC 9846 4.5.3).
    BadFinished,
    /// A record does not authenticate (RFC 9846 5.2).
    BadRecordMac,
    /// More early data than its ticket allowed (RFC 9846 4.3.10).
    TooMuchEarlyData,
}

impl PeerFault {
    /// The alert that tells the peer (RFC 9846 6.2).
    #[must_use]
    pub const fn alert(self) -> AlertDescription {
        use AlertDescription as A;
        match self {
            Self::Malformed | Self::FragmentedAlert | Self::EmptyCertificate => A::DECODE_ERROR,
            Self::RecordOverflow | Self::RecordLimitIgnored => A::RECORD_OVERFLOW,
            Self::EmptyRecord
            | Self::MissingContentType
            | Self::UnexpectedRecord
            | Self::UnexpectedMessage
            | Self::MessageSpansKeyChange
            | Self::SecondHelloRetryRequest
            | Self::UnexpectedChangeCipherSpec
            | Self::TooManyIdleRecords
            | Self::TooManyKeyUpdates
            | Self::TooManyTickets
            | Self::TooMuchEarlyData => A::UNEXPECTED_MESSAGE,
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
            | Self::MisplacedExtension(..)
            | Self::IllegalKeyShare
            | Self::InvalidKeyShare
            | Self::PreSharedKeyNotLast
            | Self::IllegalPreSharedKey
            | Self::IllegalRecordSizeLimit
            | Self::IllegalMaxFragmentLength
            | Self::IllegalParameter
            | Self::IllegalKeyUpdate
            | Self::IllegalSignatureScheme => A::ILLEGAL_PARAMETER,
            Self::UnsolicitedExtension => A::UNSUPPORTED_EXTENSION,
            Self::MissingExtension => A::MISSING_EXTENSION,
            Self::BadSignature | Self::BadFinished | Self::BadBinder => A::DECRYPT_ERROR,
            Self::BadRecordMac => A::BAD_RECORD_MAC,
        }
    }
}

impl core::error::Error for PeerFault {}

impl core::fmt::Display for PeerFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "a message of the peer is too long, too short, or malformed",
            Self::RecordOverflow => "the peer sent a record that is too long",
            Self::RecordLimitIgnored => {
                "the peer agreed to a limit (record_size_limit or max_fragment_length) and sent a longer record: it \
                 works without limits alone, which takes a receive buffer of 16645 bytes"
            }
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
            Self::Downgrade => {
                "the server could speak TLS 1.3 and was made to speak an older version: somebody may be between"
            }
            Self::IllegalVersion => "the server chose a version that was not offered",
            Self::IllegalCompression => "the peer wants compression",
            Self::SessionIdMismatch => "the server did not echo the session id",
            Self::IllegalCipherSuite => "the server chose a cipher suite that was not offered",
            Self::IllegalGroup => "the server chose a group that was not offered",
            Self::IllegalHelloRetryRequest => "the server asked for another ClientHello without a reason",
            Self::ClientHelloChanged => "the client's second ClientHello is not like its first",
            Self::IllegalApplicationProtocol => "the server chose an application protocol that was not offered",
            Self::DuplicateExtension => "the peer sent an extension twice",
            Self::MisplacedExtension(message, extension) => {
                return write!(
                    f,
                    "the peer sent the extension {} in {message}, where it does not belong",
                    extension.get()
                );
            }
            Self::UnsolicitedExtension => "the peer answered an extension that was not sent",
            Self::MissingExtension => "the peer left out an extension",
            Self::IllegalKeyShare => "the client sent key shares that do not fit its groups",
            Self::InvalidKeyShare => "the peer's key share is not valid",
            Self::PreSharedKeyNotLast => "pre_shared_key is not the last extension",
            Self::IllegalPreSharedKey => "the server chose a pre-shared key, or a use of it, that was not offered",
            Self::BadBinder => "the client does not have the pre-shared key that it names",
            Self::IllegalRecordSizeLimit => "the peer's record_size_limit is out of range",
            Self::IllegalMaxFragmentLength => "the peer's max_fragment_length is undefined, or not the one asked for",
            Self::IllegalParameter => "the peer sent a value outside its range",
            Self::IllegalKeyUpdate => "the peer sent a KeyUpdate with an undefined value",
            Self::EmptyCertificate => "the server sent no certificate",
            Self::IllegalSignatureScheme => "the peer signed in a way that was not offered or does not fit its key",
            Self::BadSignature => "the peer's signature is wrong: it does not have the key of its certificate",
            Self::BadFinished => "the peer did not see the same handshake",
            Self::TooMuchEarlyData => "the client sent more early data than its ticket allows",
            Self::BadRecordMac => "a record was not sealed by the peer, or was changed on its way",
        })
    }
}
