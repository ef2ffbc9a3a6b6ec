//! The record protocol (RFC 9846 5): header, protection, and the two buffers.
//!
//! Given keys; knows nothing of the key schedule or of handshake states.

mod header;
mod incoming;
mod outgoing;
mod protection;
mod receive_buffer;
mod transmit_buffer;

pub(crate) use incoming::{Content, Incoming};
pub(crate) use outgoing::Outgoing;
pub(crate) use protection::Protection;
pub(crate) use receive_buffer::{ReceiveBuffer, RecordAligned};

/// How much longer records get than their content needs (RFC 9846 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// Not at all.
    #[default]
    None,
    /// To the next multiple of this many bytes, as far as record and buffer allow.
    Block(u16),
    /// As long as record and buffer allow: every record of a connection looks the same.
    Full,
}
