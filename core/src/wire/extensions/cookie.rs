//! cookie (RFC 9846 4.3.2).

use crate::codes::ExtensionType;
use crate::error::Result;
use crate::wire::{Malformed, Reader, Writer};

/// What a server wants to see again in the second ClientHello.
#[derive(Clone, Copy)]
pub struct Cookie<'a> {
    /// Opaque to the client.
    pub cookie: &'a [u8],
}

impl<'a> Cookie<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`] for an empty cookie, or bytes that do not fit.
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let cookie = Reader::all(data, Reader::vector16)?;
        if cookie.is_empty() { Err(Malformed) } else { Ok(Self { cookie }) }
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.extension(ExtensionType::COOKIE, |writer| writer.vector16(|writer| writer.bytes(self.cookie)));
    }
}
