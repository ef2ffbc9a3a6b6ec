//! The frame around every handshake message (RFC 9846 4).

use super::{Malformed, Reader};
use crate::codes::HandshakeType;
use crate::error::Result;

/// Length of the type and length fields, in bytes.
pub const MESSAGE_HEADER_LEN: usize = 4;

/// A handshake message, its body not yet read.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The type.
    pub kind: HandshakeType,
    /// What follows the length.
    pub body: &'a [u8],
    /// All of it, as the transcript wants it.
    pub bytes: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the frame of a message that is all of `bytes`.
    ///
    /// # Errors
    /// [`Malformed`] if the length does not fit.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Reader::all(bytes, |reader| Ok(Self { kind: HandshakeType(reader.u8()?), body: reader.vector24()?, bytes }))
    }

    /// The length of the message at the front of `bytes`, header included, once the header is there.
    #[must_use]
    pub fn peek_len(bytes: &[u8]) -> Option<usize> {
        let &[_, high, middle, low] = bytes.first_chunk()?;
        usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?.checked_add(MESSAGE_HEADER_LEN)
    }
}
