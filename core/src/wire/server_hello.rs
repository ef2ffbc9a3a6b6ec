//! ServerHello, and HelloRetryRequest which has the same form (RFC 9846 4.2.3, 4.2.4).

use super::extensions::{Extensions, MessageSet};
use super::{Random, Reader, Writer};
use crate::codes::{CipherSuite, HandshakeType, ProtocolVersion};
use crate::error::{PeerFault, Result};

/// The `random` that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest".
pub const HELLO_RETRY_REQUEST_RANDOM: Random = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The front of the last 8 bytes of `random` when a TLS 1.3 server was talked down; the version follows.
const DOWNGRADE_SENTINEL: &[u8] = b"DOWNGRD";

/// A server's choice.
#[derive(Clone, Copy)]
pub struct ServerHello<'a> {
    /// 0x0303.
    pub legacy_version: ProtocolVersion,
    /// 32 fresh random bytes, or [`HELLO_RETRY_REQUEST_RANDOM`].
    pub random: &'a Random,
    /// As the client sent it.
    pub legacy_session_id_echo: &'a [u8],
    /// The suite of the connection.
    pub cipher_suite: CipherSuite,
    /// Zero.
    pub legacy_compression_method: u8,
    /// The version, and the server's key share or the group it wants.
    pub extensions: Extensions<'a>,
}

impl<'a> ServerHello<'a> {
    /// Reads the body of the message. A hello without extensions, as TLS 1.2 allows, has an empty block.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`], and what [`Extensions::read`] says.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        Reader::all(body, |reader| {
            let legacy_version = ProtocolVersion(reader.u16()?);
            let random = reader.array()?;
            let legacy_session_id_echo = reader.vector8()?;
            if legacy_session_id_echo.len() > 32 {
                return Err(PeerFault::Malformed.into());
            }
            let cipher_suite = CipherSuite(reader.u16()?);
            let legacy_compression_method = reader.u8()?;
            let message = if *random == HELLO_RETRY_REQUEST_RANDOM {
                MessageSet::HELLO_RETRY_REQUEST
            } else {
                MessageSet::SERVER_HELLO
            };
            let extensions =
                if reader.is_empty() { Extensions::EMPTY } else { Extensions::read_unplaced(reader, message)? };
            Ok(Self {
                legacy_version,
                random,
                legacy_session_id_echo,
                cipher_suite,
                legacy_compression_method,
                extensions,
            })
        })
    }

    /// Whether this is a HelloRetryRequest.
    #[must_use]
    pub fn is_hello_retry_request(&self) -> bool {
        *self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// Whether the server says that it was talked down to TLS 1.2 or below.
    #[must_use]
    pub fn has_downgrade_sentinel(&self) -> bool {
        matches!(self.random.last_chunk::<8>(), Some([front @ .., 0 | 1]) if front == DOWNGRADE_SENTINEL)
    }

    /// Writes a message of TLS 1.3, whose extensions `extensions` writes.
    pub fn write(
        writer: &mut Writer<'_>,
        random: &Random,
        session_id: &[u8],
        suite: CipherSuite,
        extensions: impl FnOnce(&mut Writer<'_>),
    ) {
        writer.message(HandshakeType::SERVER_HELLO, |writer| {
            writer.u16(ProtocolVersion::TLS_1_2.0);
            writer.bytes(random);
            writer.vector8(|writer| writer.bytes(session_id));
            writer.u16(suite.0);
            writer.u8(0);
            writer.vector16(extensions);
        });
    }
}
