//! EncryptedExtensions (RFC 9846 4.4.1).

use super::extensions::{Extensions, MessageSet};
use super::{Reader, Writer};
use crate::codes::HandshakeType;
use crate::error::Result;

/// The server's answers that are not needed for the keys.
#[derive(Clone, Copy)]
pub struct EncryptedExtensions<'a> {
    /// The answers.
    pub extensions: Extensions<'a>,
}

impl<'a> EncryptedExtensions<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// What [`Extensions::read`] says.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        Reader::all(body, |reader| Ok(Self { extensions: Extensions::read(reader, MessageSet::ENCRYPTED_EXTENSIONS)? }))
    }

    /// Writes a message whose extensions `extensions` writes.
    pub fn write(writer: &mut Writer<'_>, extensions: impl FnOnce(&mut Writer<'_>)) {
        writer.message(HandshakeType::ENCRYPTED_EXTENSIONS, |writer| writer.vector16(extensions));
    }
}
