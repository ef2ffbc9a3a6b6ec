//! What can go wrong, in groups by whose fault it is, and the alert that the peer gets for each.
//!
//! An [`Error`] names the broken rule; its documentation cites the paragraph of RFC 9846. Failures of
//! cryptography are opaque on purpose: they do not tell which step failed.
//!
//! ```
//! use saitls_core::{Error, PeerFault};
//!
//! fn advice(error: Error) -> &'static str {
//!     match error {
//!         Error::Peer(PeerFault::Downgrade) => "somebody may be between us",
//!         Error::Peer(_) => "the peer's TLS is broken",
//!         Error::Incompatible(_) => "configure what the peer offers",
//!         Error::Certificate(_) => "do not trust it",
//!         Error::Provider(_) => "look after the device",
//!         _ => "see the documentation",
//!     }
//! }
//! # assert_eq!(advice(PeerFault::Malformed.into()), "the peer's TLS is broken");
//! ```

mod certificate;
mod detail;
mod incompatibility;
mod misconfiguration;
mod peer;
mod provider;

pub use certificate::CertificateFault;
pub use detail::{ByteCount, InBytes};
pub use incompatibility::Incompatibility;
pub use misconfiguration::Misconfiguration;
pub use peer::PeerFault;
pub use provider::ProviderFault;

use crate::codes::AlertDescription;
use core::fmt::{Display, Formatter};

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// What a result holds, where it stands: a long value that is moved out of its result is copied by code.
pub(crate) const fn by_ref<T>(result: &Result<T>) -> Result<&T> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(*error),
    }
}

/// Why a connection ended, or why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule of the protocol.
    Peer(PeerFault),
    /// The peer keeps to the rules, and has nothing in common with us.
    Incompatible(Incompatibility),
    /// The peer's certificate, or its key, is not accepted.
    Certificate(CertificateFault),
    /// Cryptography failed on our side.
    Provider(ProviderFault),

    // ---- what was said
    /// The peer ended the connection with this alert.
    AlertReceived(AlertDescription),
    /// The application refused the peer and chose this alert: from a verifier of its own, or by
    /// [`Connection::reject`](crate::Connection::reject).
    PeerRejected(AlertDescription),
    /// The transport ended without close_notify: data may be missing (RFC 9846 6.1).
    Truncated,

    // ---- our own use of the library
    /// The configuration cannot work.
    InvalidConfiguration(Misconfiguration),
    /// The call does not fit the state of the connection (before the handshake, after close).
    InvalidState,
    /// The receive buffer must have at least this many bytes for what the peer sends.
    ReceiveBufferTooSmall(ByteCount),
    /// The receive buffer must have at least this many bytes for a record of the peer, which agreed to no shorter ones:
    /// it knows neither record_size_limit (RFC 8449) nor max_fragment_length (RFC 6066 4), or none was agreed on yet.
    /// [`FULL_RECEIVE_BUFFER_LEN`](crate::limits::FULL_RECEIVE_BUFFER_LEN) bytes do for any peer.
    RecordDoesNotFit(ByteCount),
    /// The transmit buffer must have at least this many bytes.
    TransmitBufferTooSmall(ByteCount),
    /// The keys reached the limit of their use and can be renewed no more (RFC 9846 4.7.3, 5.5).
    KeyUsageLimit,
    /// A rule inside this library was broken. Please report it.
    Internal,
}

// It travels in a register of every processor, from any address: that keeps the code around it small. The longest group
// is the one of which most code speaks, the peer's faults, so that each of them is told by one byte; the others fit
// beside.
const _: () = assert!(size_of::<Result<(), Error>>() == 4 && align_of::<Error>() == 1 && size_of::<PeerFault>() == 4);

impl Error {
    /// The alert that tells the peer, or `None` where nothing is to be said (RFC 9846 6.2).
    #[must_use]
    pub const fn alert(self) -> Option<AlertDescription> {
        Some(match self {
            Self::Peer(fault) => fault.alert(),
            Self::Incompatible(fault) => fault.alert(),
            Self::Certificate(fault) => fault.alert(),
            Self::Provider(fault) => fault.alert(),
            Self::PeerRejected(alert) => alert,
            // RFC 9846 6.1: our own side is to be closed properly all the same.
            Self::Truncated => AlertDescription::CLOSE_NOTIFY,
            Self::InvalidConfiguration(_)
            | Self::ReceiveBufferTooSmall(_)
            | Self::RecordDoesNotFit(_)
            | Self::TransmitBufferTooSmall(_)
            | Self::KeyUsageLimit
            | Self::Internal => AlertDescription::INTERNAL_ERROR,
            // The peer is gone, or the call was refused and the connection lives on.
            Self::AlertReceived(_) | Self::InvalidState => return None,
        })
    }
}

impl core::error::Error for Error {}

/// In words, for a log. They cost flash only where something prints them.
impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Peer(fault) => fault.fmt(f),
            Self::Incompatible(fault) => fault.fmt(f),
            Self::Certificate(fault) => fault.fmt(f),
            Self::Provider(fault) => fault.fmt(f),
            Self::AlertReceived(alert) => write!(f, "the peer sent the alert {alert}"),
            Self::PeerRejected(alert) => write!(f, "the application refused the peer: {alert}"),
            Self::Truncated => f.write_str("the peer closed without close_notify"),
            Self::InvalidConfiguration(why) => write!(f, "invalid configuration: {why}"),
            Self::InvalidState => f.write_str("the connection is not in a state for this"),
            Self::ReceiveBufferTooSmall(needed) => {
                write!(f, "receive buffer too small: at least {needed} bytes needed")
            }
            Self::RecordDoesNotFit(needed) => write!(
                f,
                "receive buffer too small for a record of the peer, which did not agree to shorter ones \
                 (record_size_limit, max_fragment_length): at least {needed} bytes needed, 16645 for any peer"
            ),
            Self::TransmitBufferTooSmall(needed) => {
                write!(f, "transmit buffer too small: at least {needed} bytes needed")
            }
            Self::KeyUsageLimit => f.write_str("the keys are used up"),
            Self::Internal => f.write_str("a rule inside SaiTLS was broken: please report this"),
        }
    }
}

impl From<PeerFault> for Error {
    #[inline]
    fn from(fault: PeerFault) -> Self {
        Self::Peer(fault)
    }
}

impl From<Incompatibility> for Error {
    #[inline]
    fn from(fault: Incompatibility) -> Self {
        Self::Incompatible(fault)
    }
}

impl From<CertificateFault> for Error {
    #[inline]
    fn from(fault: CertificateFault) -> Self {
        Self::Certificate(fault)
    }
}

impl From<ProviderFault> for Error {
    #[inline]
    fn from(fault: ProviderFault) -> Self {
        Self::Provider(fault)
    }
}
