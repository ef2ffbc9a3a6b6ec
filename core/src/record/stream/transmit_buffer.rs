//! Where records are written and sealed in place.

use super::move_within;
use crate::codes::ContentType;
use crate::limits::RECORD_HEADER_LEN;
use crate::storage::Storage;
use zeroize::Zeroize;

/// Room that is never used for anything but an alert: header, level, description, content type, tag.
pub(crate) const ALERT_RECORD_LEN: usize = RECORD_HEADER_LEN + 2 + 1 + 16;

/// One slice:
///
/// ```text
/// [ sent | sealed, not yet sent | the open record: header, content, and room for content type and tag | free ]
/// ```
pub(crate) struct TransmitBuffer<'a> {
    pub(super) bytes: Storage<'a, u8>,
    sent: usize,
    pub(super) sealed: usize,
    /// Content of the open record.
    pub(super) open: usize,
    pub(super) open_kind: ContentType,
}

impl<'a> TransmitBuffer<'a> {
    pub(crate) const fn new(bytes: Storage<'a, u8>) -> Self {
        Self { bytes, sent: 0, sealed: 0, open: 0, open_kind: ContentType::HANDSHAKE }
    }

    /// The storage, wiped.
    pub(crate) fn into_storage(mut self) -> Storage<'a, u8> {
        self.bytes.zeroize();
        self.bytes
    }

    /// The storage, if all that was written to it was sent.
    pub(crate) fn take(&mut self) -> Option<Storage<'a, u8>> {
        if self.bytes.is_empty() || self.sent < self.sealed || self.open > 0 {
            return None;
        }
        (self.sent, self.sealed) = (0, 0);
        Some(self.bytes.take())
    }

    /// Storage in the place of what was [taken](Self::take).
    pub(crate) fn put(&mut self, bytes: Storage<'a, u8>) -> Result<(), Storage<'a, u8>> {
        self.bytes.put(bytes)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Sealed bytes to send.
    pub(crate) fn unsent(&self) -> &[u8] {
        self.bytes.get(self.sent..self.sealed).unwrap_or(&[])
    }

    /// Counts `len` bytes that were sent.
    pub(crate) fn transmitted(&mut self, len: usize) {
        self.sent = self.sent.saturating_add(len).min(self.sealed);
        if self.sent == self.sealed && self.open == 0 {
            self.sent = 0;
            self.sealed = 0;
        }
    }

    /// Drops the open record.
    #[inline(never)]
    pub(crate) fn discard_open(&mut self) {
        let (start, len) = (self.content_start(), self.open);
        self.bytes.get_mut(start..start.saturating_add(len)).unwrap_or(&mut []).zeroize();
        self.open = 0;
    }

    /// Where the content of the open record begins.
    pub(super) const fn content_start(&self) -> usize {
        self.sealed.saturating_add(RECORD_HEADER_LEN)
    }

    /// How many bytes of content may still be added behind the open record, if `overhead` bytes are needed
    /// behind its content.
    pub(super) fn room_len(&self, overhead: usize) -> usize {
        self.bytes
            .len()
            .saturating_sub(self.content_start())
            .saturating_sub(self.open)
            .saturating_sub(overhead)
            .saturating_sub(ALERT_RECORD_LEN)
    }

    /// Moves everything to the front of the slice.
    pub(super) fn compact(&mut self) {
        if self.sent == 0 {
            return;
        }
        let end = if self.open == 0 { self.sealed } else { self.content_start().saturating_add(self.open) };
        move_within(&mut self.bytes, self.sent..end, 0);
        // No copy of what is not sealed stays behind.
        let stale = end.saturating_sub(self.sent).max(self.content_start())..end;
        self.bytes.get_mut(stale).unwrap_or(&mut []).zeroize();
        self.sealed = self.sealed.saturating_sub(self.sent);
        self.sent = 0;
    }

    /// Whether moving things to the front would gain room.
    pub(super) const fn is_fragmented(&self) -> bool {
        self.sent > 0
    }

    /// How much of the slice has been sent already.
    pub(super) const fn sent_len(&self) -> usize {
        self.sent
    }

    /// Whether nothing waits to be sent or sealed.
    pub(crate) const fn is_empty(&self) -> bool {
        self.sent == self.sealed && self.open == 0
    }

    /// Bytes that are sealed and not sent, and the content of the open record.
    pub(crate) fn unsent_len(&self) -> usize {
        self.unsent().len().saturating_add(self.open)
    }

    /// Whether all sealed bytes have been sent.
    pub(crate) const fn is_drained(&self) -> bool {
        self.sent == self.sealed
    }
}
