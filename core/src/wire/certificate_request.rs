//! CertificateRequest (RFC 9846 4.4.2).

use super::extensions::{Extensions, MessageSet};
use super::{Reader, Writer};
use crate::codes::HandshakeType;
use crate::error::Result;

/// The server asks who the client is.
#[derive(Clone, Copy)]
pub struct CertificateRequest<'a> {
    /// Empty in the main handshake.
    pub certificate_request_context: &'a [u8],
    /// `signature_algorithms`, and what else the certificate must satisfy.
    pub extensions: Extensions<'a>,
}

impl<'a> CertificateRequest<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`](crate::PeerFault::Malformed), and what [`Extensions::read`] says.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        Reader::all(body, |reader| {
            Ok(Self {
                certificate_request_context: reader.vector8()?,
                extensions: Extensions::read(reader, MessageSet::CERTIFICATE_REQUEST)?,
            })
        })
    }

    /// Writes a message whose extensions `extensions` writes.
    pub fn write(writer: &mut Writer<'_>, context: &[u8], extensions: impl FnOnce(&mut Writer<'_>)) {
        writer.message(HandshakeType::CERTIFICATE_REQUEST, |writer| {
            writer.vector8(|writer| writer.bytes(context));
            writer.vector16(extensions);
        });
    }
}
