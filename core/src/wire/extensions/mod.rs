//! Extensions (RFC 9846 4.3): the block, the table of what belongs where, and one file per extension.

mod alpn;
mod certificate_authorities;
mod certificate_type;
mod cookie;
mod early_data;
mod key_share;
mod max_fragment_length;
mod pre_shared_key;
mod psk_key_exchange_modes;
mod record_size_limit;
mod server_name;
mod signature_algorithms;
mod status_request;
mod supported_groups;
mod supported_versions;
mod ticket_request;

pub use alpn::{ProtocolNameList, SelectedProtocol};
pub use certificate_authorities::CertificateAuthorities;
pub use certificate_type::{CertificateTypeList, SelectedCertificateType};
pub use cookie::Cookie;
pub use early_data::{EarlyDataIndication, MaxEarlyDataSize};
pub use key_share::{KeyShareClientHello, KeyShareEntry, KeyShareHelloRetryRequest, KeyShareServerHello};
pub use max_fragment_length::MaxFragmentLengthExtension;
pub use pre_shared_key::{OfferedPsks, PskIdentity, SelectedPsk};
pub use psk_key_exchange_modes::PskKeyExchangeModes;
pub use record_size_limit::RecordSizeLimit;
pub(crate) use server_name::without_trailing_dot;
pub use server_name::{ServerNameAcknowledgement, ServerNameList};
pub use signature_algorithms::SignatureSchemeList;
pub use status_request::{CertificateStatus, CertificateStatusRequest, SignedCertificateTimestamps};
pub use supported_groups::NamedGroupList;
pub use supported_versions::{SelectedVersion, SupportedVersions};
pub use ticket_request::{ExpectedTickets, TicketRequest};

use super::{Reader, Writer};
use crate::codes::{ExtensionType, HandshakeType};
use crate::error::{InBytes, PeerFault, Result};

/// A set of messages, for the table of what belongs where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MessageSet(u8);

impl MessageSet {
    /// ClientHello.
    pub const CLIENT_HELLO: Self = Self(1);
    /// ServerHello.
    pub const SERVER_HELLO: Self = Self(2);
    /// HelloRetryRequest.
    pub const HELLO_RETRY_REQUEST: Self = Self(4);
    /// EncryptedExtensions.
    pub const ENCRYPTED_EXTENSIONS: Self = Self(8);
    /// CertificateRequest.
    pub const CERTIFICATE_REQUEST: Self = Self(16);
    /// Certificate.
    pub const CERTIFICATE: Self = Self(32);
    /// NewSessionTicket.
    pub const NEW_SESSION_TICKET: Self = Self(64);

    /// The messages in which an extension may stand, or `None` for one we do not know: the table of RFC 9846
    /// 4.3, and RFC 6066 4 for max_fragment_length, RFC 6962 3.3.1 for signed_certificate_timestamp.
    #[must_use]
    pub const fn table(kind: ExtensionType) -> Option<Self> {
        const CH: u8 = MessageSet::CLIENT_HELLO.0;
        const SH: u8 = MessageSet::SERVER_HELLO.0;
        const HRR: u8 = MessageSet::HELLO_RETRY_REQUEST.0;
        const EE: u8 = MessageSet::ENCRYPTED_EXTENSIONS.0;
        const CR: u8 = MessageSet::CERTIFICATE_REQUEST.0;
        const CT: u8 = MessageSet::CERTIFICATE.0;
        const NST: u8 = MessageSet::NEW_SESSION_TICKET.0;
        use ExtensionType as E;
        Some(Self(match kind {
            E::SERVER_NAME => CH | EE | CR,
            E::STATUS_REQUEST | E::SIGNED_CERTIFICATE_TIMESTAMP | E::DELEGATED_CREDENTIAL => CH | CR | CT,
            E::SIGNATURE_ALGORITHMS
            | E::SIGNATURE_ALGORITHMS_CERT
            | E::CERTIFICATE_AUTHORITIES
            | E::COMPRESS_CERTIFICATE => CH | CR,
            E::MAX_FRAGMENT_LENGTH
            | E::SUPPORTED_GROUPS
            | E::USE_SRTP
            | E::HEARTBEAT
            | E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION
            | E::CLIENT_CERTIFICATE_TYPE
            | E::SERVER_CERTIFICATE_TYPE
            | E::RECORD_SIZE_LIMIT
            | E::TICKET_REQUEST => CH | EE,
            E::PADDING | E::PSK_KEY_EXCHANGE_MODES | E::POST_HANDSHAKE_AUTH => CH,
            E::PRE_SHARED_KEY => CH | SH,
            E::EARLY_DATA => CH | EE | NST,
            E::SUPPORTED_VERSIONS | E::KEY_SHARE => CH | SH | HRR,
            E::COOKIE => CH | HRR,
            E::OID_FILTERS => CR,
            _ => return None,
        }))
    }

    /// The type of the first message of the set. A HelloRetryRequest is a ServerHello.
    fn kind(self) -> HandshakeType {
        const KINDS: [u8; 7] = [1, 2, 2, 8, 13, 11, 4];
        let place = usize::try_from(self.0.trailing_zeros()).unwrap_or(usize::MAX);
        HandshakeType(KINDS.get(place).copied().unwrap_or(0))
    }

    const fn contains(self, message: Self) -> bool {
        self.0 & message.0 != 0
    }

    /// Whether the extensions of the message answer ours, so that one we do not know is an error.
    const fn answers(self) -> bool {
        Self(Self::SERVER_HELLO.0 | Self::HELLO_RETRY_REQUEST.0 | Self::ENCRYPTED_EXTENSIONS.0 | Self::CERTIFICATE.0)
            .contains(self)
    }
}

/// A block of extensions: well-formed, none that we know twice, each where it belongs.
#[derive(Clone, Copy)]
pub struct Extensions<'a> {
    bytes: &'a [u8],
    message: MessageSet,
}

impl<'a> Extensions<'a> {
    /// No extensions.
    pub const EMPTY: Self = Self { bytes: &[], message: MessageSet::CLIENT_HELLO };

    /// Reads the vector of extensions of a `message`.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`]; [`PeerFault::DuplicateExtension`] for a type below 64, as all are that we know, that
    /// stands twice; [`PeerFault::MisplacedExtension`] for one that does not belong into the message;
    /// [`PeerFault::UnsolicitedExtension`] for an answer to something we do not even know.
    pub fn read(reader: &mut Reader<'a>, message: MessageSet) -> Result<Self> {
        let extensions = Self::read_unplaced(reader, message)?;
        extensions.check_places()?;
        Ok(extensions)
    }

    /// As [`read`](Self::read), without the table: for a ServerHello whose version is not yet known.
    ///
    /// # Errors
    /// As for [`read`](Self::read), but for the last two.
    pub fn read_unplaced(reader: &mut Reader<'a>, message: MessageSet) -> Result<Self> {
        let extensions = Self { bytes: reader.vector16()?, message };
        let mut rest = extensions.bytes;
        // A bit for each type.
        let mut seen = [0u32; 2];
        while !rest.is_empty() {
            let (kind, _) = split_first(&mut rest).ok_or(PeerFault::Malformed)?;
            if let Some(seen) = seen.get_mut(usize::from(kind.0 / 32)) {
                let bit = 1u32.unbounded_shl(u32::from(kind.0 % 32));
                if *seen & bit != 0 {
                    return Err(PeerFault::DuplicateExtension.into());
                }
                *seen |= bit;
            }
        }
        Ok(extensions)
    }

    /// Checks each extension against the table of RFC 9846 4.3.
    ///
    /// # Errors
    /// [`PeerFault::MisplacedExtension`], [`PeerFault::UnsolicitedExtension`].
    pub fn check_places(self) -> Result<()> {
        for (kind, _) in self.iter() {
            match MessageSet::table(kind) {
                Some(places) if !places.contains(self.message) => {
                    return Err(PeerFault::MisplacedExtension(self.message.kind(), InBytes::from(kind)).into());
                }
                None if self.message.answers() => return Err(PeerFault::UnsolicitedExtension.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// All extensions in their order.
    pub fn iter(self) -> impl Iterator<Item = (ExtensionType, &'a [u8])> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || split_first(&mut rest))
    }

    /// The data of an extension.
    #[must_use]
    #[inline(never)]
    pub fn find(self, kind: ExtensionType) -> Option<&'a [u8]> {
        self.iter().find_map(|(found, data)| (found == kind).then_some(data))
    }

    /// Finds an extension and reads it.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn get<T, E>(self, kind: ExtensionType, read: impl FnOnce(&'a [u8]) -> Result<T, E>) -> Result<Option<T>, E> {
        self.find(kind).map(read).transpose()
    }

    /// The bytes of all extensions, without the length.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Writes the vector.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.vector16(|writer| writer.bytes(self.bytes));
    }
}

/// Takes an extension off the front. By itself, without a [`Reader`]: every extension is looked at for each that is
/// looked for.
fn split_first<'a>(rest: &mut &'a [u8]) -> Option<(ExtensionType, &'a [u8])> {
    let (&[kind_high, kind_low, len_high, len_low], behind) = rest.split_first_chunk()?;
    let (data, behind) = behind.split_at_checked(u16::from_be_bytes([len_high, len_low]).into())?;
    *rest = behind;
    Some((ExtensionType(u16::from_be_bytes([kind_high, kind_low])), data))
}
