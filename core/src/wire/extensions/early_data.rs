//! early_data (RFC 9846 4.3.10): without content in hellos, with a limit in tickets.

use crate::codes::ExtensionType;
use crate::wire::{Malformed, Reader, Writer};

/// In a ClientHello: early data follows. In EncryptedExtensions: it is taken.
#[derive(Clone, Copy)]
pub struct EarlyDataIndication;

impl EarlyDataIndication {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`] if there is any.
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Reader::all(data, |_| Ok(Self))
    }

    /// Writes the extension.
    pub fn write(writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::EARLY_DATA, &[]);
    }
}

/// In a NewSessionTicket: how many bytes of early data the server takes with this ticket.
#[derive(Clone, Copy)]
pub struct MaxEarlyDataSize {
    /// Bytes of application data.
    pub max_early_data_size: u32,
}

impl MaxEarlyDataSize {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { max_early_data_size: Reader::all(data, Reader::u32)? })
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::EARLY_DATA, &self.max_early_data_size.to_be_bytes());
    }
}
