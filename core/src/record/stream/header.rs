//! The five bytes in front of each record (RFC 9846 5.1).

use crate::codes::{ContentType, ProtocolVersion};
use crate::limits::RECORD_HEADER_LEN;

/// The front of a record. Its version is ignored, as the RFC wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) kind: ContentType,
    /// Bytes that follow the header.
    pub(crate) len: usize,
}

impl RecordHeader {
    /// The header at the front of `bytes`, once it is there.
    pub(crate) fn peek(bytes: &[u8]) -> Option<Self> {
        let &[kind, _, _, len_high, len_low] = bytes.first_chunk()?;
        Some(Self { kind: ContentType(kind), len: u16::from_be_bytes([len_high, len_low]).into() })
    }

    /// Bytes of the whole record.
    pub(crate) const fn record_len(self) -> usize {
        self.len.saturating_add(RECORD_HEADER_LEN)
    }

    /// The header as it goes on the wire; `len` is at most 2^14 + 256.
    pub(crate) fn to_bytes(kind: ContentType, version: ProtocolVersion, len: usize) -> [u8; RECORD_HEADER_LEN] {
        let [version_high, version_low] = version.0.to_be_bytes();
        let [len_high, len_low] = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        [kind.0, version_high, version_low, len_high, len_low]
    }
}
