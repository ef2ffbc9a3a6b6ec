//! KeyUpdate (RFC 9846 4.7.3).

use super::{MESSAGE_HEADER_LEN, Reader, Writer};
use crate::codes::HandshakeType;
use crate::error::{PeerFault, Result};

/// From here on the sender uses its next key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUpdate {
    /// Whether the receiver is to do the same.
    pub update_requested: bool,
}

impl KeyUpdate {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`]; [`PeerFault::IllegalKeyUpdate`] for another value than 0 and 1.
    pub fn read(body: &[u8]) -> Result<Self> {
        match Reader::all(body, Reader::u8)? {
            0 => Ok(Self { update_requested: false }),
            1 => Ok(Self { update_requested: true }),
            _ => Err(PeerFault::IllegalKeyUpdate.into()),
        }
    }

    /// Bytes of the message.
    pub(crate) const LEN: usize = MESSAGE_HEADER_LEN + 1;

    /// Writes the message.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.message(HandshakeType::KEY_UPDATE, |writer| writer.u8(self.update_requested.into()));
    }
}
