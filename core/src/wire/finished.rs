//! Finished (RFC 9846 4.5.3).

use super::Writer;
use crate::codes::HandshakeType;

/// The MAC over the transcript. Whether its length is that of the hash is checked where it is compared.
#[derive(Clone, Copy)]
pub struct Finished<'a> {
    /// The MAC.
    pub verify_data: &'a [u8],
}

impl<'a> Finished<'a> {
    /// Reads the body of the message: all of it.
    #[must_use]
    pub const fn read(body: &'a [u8]) -> Self {
        Self { verify_data: body }
    }

    /// Writes the message.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.message(HandshakeType::FINISHED, |writer| writer.bytes(self.verify_data));
    }
}
