//! ticket_request (RFC 9149 3).

use crate::codes::ExtensionType;
use crate::wire::{Malformed, Reader, Writer};

/// How many tickets a client would like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketRequest {
    /// If the handshake establishes a new session.
    pub new_session_count: u8,
    /// If it resumes one.
    pub resumption_count: u8,
}

impl TicketRequest {
    /// Reads the data of the extension of a ClientHello.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Reader::all(data, |reader| Ok(Self { new_session_count: reader.u8()?, resumption_count: reader.u8()? }))
    }

    /// Writes the extension of a ClientHello.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::TICKET_REQUEST, &[self.new_session_count, self.resumption_count]);
    }
}

/// In EncryptedExtensions: how many tickets the server means to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedTickets {
    /// The number of tickets.
    pub expected_count: u8,
}

impl ExpectedTickets {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { expected_count: Reader::all(data, Reader::u8)? })
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::TICKET_REQUEST, &[self.expected_count]);
    }
}
