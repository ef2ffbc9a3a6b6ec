//! NewSessionTicket (RFC 9846 4.7.1).

use super::extensions::{Extensions, MessageSet};
use super::{Reader, Writer};
use crate::codes::HandshakeType;
use crate::error::{PeerFault, Result};

/// A ticket for a later handshake.
#[derive(Clone, Copy)]
pub struct NewSessionTicket<'a> {
    /// Lifetime in seconds.
    pub ticket_lifetime: u32,
    /// Hides the age of the ticket.
    pub ticket_age_add: u32,
    /// Unique among the tickets of the connection.
    pub ticket_nonce: &'a [u8],
    /// What the client is to send back.
    pub ticket: &'a [u8],
    /// Such as the limit of early data.
    pub extensions: Extensions<'a>,
}

impl<'a> NewSessionTicket<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`], and what [`Extensions::read`] says.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        Reader::all(body, |reader| {
            let ticket_lifetime = reader.u32()?;
            let ticket_age_add = reader.u32()?;
            let ticket_nonce = reader.vector8()?;
            let ticket = reader.vector16()?;
            if ticket.is_empty() {
                return Err(PeerFault::Malformed.into());
            }
            let extensions = Extensions::read(reader, MessageSet::NEW_SESSION_TICKET)?;
            Ok(Self { ticket_lifetime, ticket_age_add, ticket_nonce, ticket, extensions })
        })
    }

    /// Writes the message.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(self.ticket_lifetime);
            writer.u32(self.ticket_age_add);
            writer.vector8(|writer| writer.bytes(self.ticket_nonce));
            writer.vector16(|writer| writer.bytes(self.ticket));
            self.extensions.write(writer);
        });
    }
}
