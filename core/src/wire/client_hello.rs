//! ClientHello (RFC 9846 4.2.2).

use super::extensions::{Extensions, MessageSet};
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
                if reader.is_empty() { Extensions::EMPTY } else { Extensions::read(reader, MessageSet::CLIENT_HELLO)? };
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

    /// Writes a message of TLS 1.3, whose extensions `extensions` writes.
    pub fn write(
        writer: &mut Writer<'_>,
        random: &Random,
        session_id: &[u8],
        suites: impl Iterator<Item = CipherSuite>,
        extensions: impl FnOnce(&mut Writer<'_>),
    ) {
        writer.message(HandshakeType::CLIENT_HELLO, |writer| {
            writer.u16(ProtocolVersion::TLS_1_2.0);
            writer.bytes(random);
            writer.vector8(|writer| writer.bytes(session_id));
            writer.vector16(|writer| suites.for_each(|suite| writer.u16(suite.0)));
            writer.vector8(|writer| writer.u8(0));
            writer.vector16(extensions);
        });
    }
}
