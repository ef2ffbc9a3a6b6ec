//! The record protocol (RFC 9846 5), and what a handshake needs of it.
//!
//! Given secrets, it knows nothing of where they come from, nor of the states of a handshake.

mod flight;
mod protection;
pub(crate) mod stream;

pub(crate) use flight::{Capacity, Carrier, Flight, Next, RecordAligned, Whose};
pub(crate) use protection::KeyAtRest;

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
