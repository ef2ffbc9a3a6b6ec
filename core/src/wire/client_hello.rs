//! ClientHello (RFC 9846 4.2.2).

use super::extensions::{Extensions, In};
use super::{List, Random, Reader, Writer};
use crate::codes::{CipherSuite, HandshakeType, ProtocolVersion};
use crate::error::{PeerFault, Result};

/// A client's offer.
#[derive(Clone, Copy)]
pub struct ClientHello<'a> {
    /// 0x0303.
    pub legacy_version: ProtocolVersion,
    /// 32 fresh random bytes.
    pub random: &'a Random,
    /// To be echoed; 32 bytes in compatibility mode, otherwise none.
    pub legacy_session_id: &'a [u8],
    /// In order of preference.
    pub cipher_suites: List<'a, CipherSuite>,
    /// A single zero.
    pub legacy_compression_methods: &'a [u8],
    /// What else is offered.
    pub extensions: Extensions<'a>,
}

impl<'a> ClientHello<'a> {
    /// Reads the body of the message. A hello without extensions, as TLS 1.2 allows, has an empty block.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`], and what [`Extensions::read`] says.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        Reader::all(body, |reader| {
            let legacy_version = ProtocolVersion(reader.u16()?);
            let random = reader.array()?;
            let legacy_session_id = reader.vector8()?;
            if legacy_session_id.len() > 32 {
                return Err(PeerFault::Malformed.into());
            }
            let cipher_suites = List::new(reader.vector16()?)?;
            let legacy_compression_methods = reader.vector8()?;
            if legacy_compression_methods.is_empty() {
                return Err(PeerFault::Malformed.into());
            }
            let extensions =
                if reader.is_empty() { Extensions::EMPTY } else { Extensions::read(reader, In::CLIENT_HELLO)? };
            Ok(Self {
                legacy_version,
                random,
                legacy_session_id,
                cipher_suites,
                legacy_compression_methods,
                extensions,
            })
        })
    }

    /// Writes the message.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.message(HandshakeType::CLIENT_HELLO, |writer| {
            writer.u16(self.legacy_version.0);
            writer.bytes(self.random);
            writer.vector8(|writer| writer.bytes(self.legacy_session_id));
            writer.vector16(|writer| writer.bytes(self.cipher_suites.as_bytes()));
            writer.vector8(|writer| writer.bytes(self.legacy_compression_methods));
            self.extensions.write(writer);
        });
    }
}
