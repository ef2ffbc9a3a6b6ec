//! record_size_limit (RFC 8449 4).

use crate::codes::ExtensionType;
use crate::error::{PeerFault, Result};
use crate::limits::MIN_RECORD_SIZE_LIMIT;
use crate::wire::{Reader, Writer};

/// The largest protected plaintext, content type and padding included, that the sender will receive.
#[derive(Clone, Copy)]
pub struct RecordSizeLimit {
    /// The limit in bytes.
    pub limit: u16,
}

impl RecordSizeLimit {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`]; [`PeerFault::IllegalRecordSizeLimit`] below 64.
    pub fn read(data: &[u8]) -> Result<Self> {
        let limit = Reader::all(data, Reader::u16)?;
        if usize::from(limit) < MIN_RECORD_SIZE_LIMIT {
            return Err(PeerFault::IllegalRecordSizeLimit.into());
        }
        Ok(Self { limit })
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::RECORD_SIZE_LIMIT, &self.limit.to_be_bytes());
    }
}
