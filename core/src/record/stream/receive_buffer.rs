//! Where received records are opened in place and handshake messages become whole.

use super::header::RecordHeader;
use super::move_within;
use crate::codes::HandshakeType;
use crate::error::{ByteCount, Error, PeerFault, Result};
use crate::limits::RECORD_HEADER_LEN;
use crate::record::RecordAligned;
use crate::storage::Storage;
use crate::wire::{MESSAGE_HEADER_LEN, Message};
use core::ops::Range;
use zeroize::Zeroize;

/// Where a part of the buffer is. Its places have four bytes on every machine: there are many connections on a large
/// one.
#[derive(Clone, Copy)]
struct Part {
    start: u32,
    end: u32,
}

impl Part {
    const NONE: Self = Self { start: 0, end: 0 };

    fn new(range: Range<usize>) -> Self {
        let place = |place| u32::try_from(place).unwrap_or(u32::MAX);
        Self { start: place(range.start), end: place(range.end) }
    }

    fn range(self) -> Range<usize> {
        let place = |place| usize::try_from(place).unwrap_or(usize::MAX);
        place(self.start)..place(self.end)
    }

    fn start(self) -> usize {
        self.range().start
    }

    fn end(self) -> usize {
        self.range().end
    }

    fn len(self) -> usize {
        self.range().len()
    }

    const fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// Without `len` bytes at its front.
    fn without(self, len: usize) -> Self {
        Self::new(self.start().saturating_add(len).min(self.end())..self.end())
    }

    /// With `len` bytes more at its end.
    fn with(self, len: usize) -> Self {
        Self::new(self.start()..self.end().saturating_add(len))
    }
}

/// One slice, in this order:
///
/// ```text
/// [ retained | handshake plaintext, joined | application data, lent out | records, not yet opened | free ]
/// ```
///
/// Any part may be empty, and gaps may lie between them; handshake plaintext and application data are never
/// both there, since handshake messages may not be interleaved with other content.
pub(crate) struct ReceiveBuffer<'a> {
    bytes: Storage<'a, u8>,
    /// Bytes at the front that outlive their message: the peer's certificate, until it proved its key.
    retained: usize,
    handshake: Part,
    /// Bytes to come of a message that is dropped.
    dropping: usize,
    /// Bytes to come of a record that is dropped.
    skipping: u16,
    data: Part,
    records: Part,
    /// Data that was read stands in front of this place, where nothing was written over it; 0 if none does.
    stale: usize,
}

impl<'a> ReceiveBuffer<'a> {
    pub(crate) const fn new(bytes: Storage<'a, u8>) -> Self {
        Self {
            bytes,
            retained: 0,
            handshake: Part::NONE,
            dropping: 0,
            skipping: 0,
            data: Part::NONE,
            records: Part::NONE,
            stale: 0,
        }
    }

    /// The storage, wiped.
    pub(crate) fn into_storage(mut self) -> Storage<'a, u8> {
        self.bytes.zeroize();
        self.bytes
    }

    /// The storage, if nothing is in it but what was read, which is wiped.
    pub(crate) fn take(&mut self) -> Option<Storage<'a, u8>> {
        let parts = [self.handshake, self.data, self.records];
        if self.bytes.is_empty() || self.retained > 0 || parts.iter().any(|part| !part.is_empty()) {
            return None;
        }
        self.wipe_stale();
        (self.handshake, self.data, self.records) = (Part::NONE, Part::NONE, Part::NONE);
        Some(self.bytes.take())
    }

    /// Storage in the place of what was [taken](Self::take).
    pub(crate) fn put(&mut self, bytes: Storage<'a, u8>) -> Result<(), Storage<'a, u8>> {
        self.bytes.put(bytes)
    }

    /// Forgets everything.
    #[inline(never)]
    pub(crate) fn clear(&mut self) {
        let used = self.records.end().max(self.stale);
        self.bytes.get_mut(..used).unwrap_or(&mut []).zeroize();
        self.retained = 0;
        self.handshake = Part::NONE;
        self.dropping = 0;
        self.skipping = 0;
        self.data = Part::NONE;
        self.records = Part::NONE;
        self.stale = 0;
    }

    /// How much of the slice is used: all of it, up to 4 GB.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len().min(usize::try_from(u32::MAX).unwrap_or(usize::MAX))
    }

    // ---- transport side

    /// Room for received bytes.
    pub(crate) fn free(&mut self) -> &mut [u8] {
        self.make_room();
        let capacity = self.capacity();
        self.bytes.get_mut(self.records.end()..capacity).unwrap_or(&mut [])
    }

    /// Counts `len` bytes that were written to [`free`](Self::free).
    pub(crate) fn received(&mut self, len: usize) {
        self.records = self.records.with(len.min(self.capacity().saturating_sub(self.records.end())));
        let skipped = self.records.len().min(self.skipping.into());
        self.records = self.records.without(skipped);
        self.skipping = self.skipping.saturating_sub(u16::try_from(skipped).unwrap_or(u16::MAX));
    }

    /// Moves what is there to the front, if the next record does not fit where it began.
    fn make_room(&mut self) {
        let needed = self.peek_header().map_or(RECORD_HEADER_LEN, RecordHeader::record_len);
        let fits = self.records.start().saturating_add(needed) <= self.capacity();
        if self.data.is_empty() && (!fits || self.records.is_empty()) {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let mut at = self.retained;
        for part in [&mut self.handshake, &mut self.records] {
            let len = part.len();
            if part.start() > at && len > 0 {
                move_within(&mut self.bytes, part.range(), at);
            }
            *part = Part::new(at..at.saturating_add(len));
            at = part.end();
        }
        let records = self.records.start();
        self.data = Part::new(records..records);
    }

    // ---- records

    /// The header of the next record, once it is there.
    pub(crate) fn peek_header(&self) -> Option<RecordHeader> {
        RecordHeader::peek(self.bytes.get(self.records.range())?)
    }

    /// The next record, once all of it is there.
    ///
    /// # Errors
    /// [`Error::RecordDoesNotFit`] or, if it would without what was joined, [`Error::ReceiveBufferTooSmall`]: it never
    /// will be.
    pub(crate) fn record(&mut self) -> Result<Option<&mut [u8]>> {
        let Some(header) = self.peek_header() else { return Ok(None) };
        let len = header.record_len();
        if len > self.records.len() {
            let needed = self.retained.saturating_add(self.handshake.len()).saturating_add(len);
            return match self.capacity() {
                most if len > most => Err(Error::RecordDoesNotFit(ByteCount::new(needed))),
                most if needed > most => Err(too_small(needed)),
                _ => Ok(None),
            };
        }
        let start = self.records.start();
        Ok(start.checked_add(len).and_then(|end| self.bytes.get_mut(start..end)))
    }

    /// Drops the next record.
    pub(crate) fn skip_record(&mut self) {
        let len = self.peek_header().map_or(0, RecordHeader::record_len);
        self.records = self.records.without(len);
    }

    /// Drops the next record if it never will be there as a whole, and says whether it did. Its rest is dropped as it
    /// comes.
    pub(crate) fn skip_oversized_record(&mut self) -> bool {
        let Some(len) = self.peek_header().map(RecordHeader::record_len) else { return false };
        let is_oversized = self.retained.saturating_add(len) > self.capacity();
        if is_oversized {
            self.skipping = u16::try_from(len.saturating_sub(self.records.len())).unwrap_or(u16::MAX);
            self.skip_record();
        }
        is_oversized
    }

    /// The content of the next record, once it is opened.
    pub(crate) fn content(&self, len: usize) -> &[u8] {
        self.bytes.get(self.content_range(len)).unwrap_or(&[])
    }

    fn content_range(&self, len: usize) -> Range<usize> {
        let start = self.records.start().saturating_add(RECORD_HEADER_LEN);
        start..start.saturating_add(len)
    }

    /// Takes the next record as application data, `len` bytes of it content.
    pub(crate) fn lend(&mut self, len: usize) {
        self.data = Part::new(self.content_range(len));
        self.skip_record();
    }

    /// Takes the next record as handshake plaintext, `len` bytes of it content, and joins it to what is there.
    pub(crate) fn join(&mut self, len: usize) {
        let mut content = self.content_range(len);
        // Before the content may be moved over the header.
        self.skip_record();
        let dropped = self.dropping.min(len);
        self.dropping = self.dropping.saturating_sub(dropped);
        content.start = content.start.saturating_add(dropped);
        if self.handshake.is_empty() {
            self.handshake = Part::new(content);
        } else {
            let len = content.len();
            move_within(&mut self.bytes, content, self.handshake.end());
            self.handshake = self.handshake.with(len);
        }
    }

    // ---- handshake messages

    /// Whether part of a message is there.
    pub(crate) fn has_handshake(&self) -> bool {
        !self.handshake.is_empty() || self.dropping > 0
    }

    /// Begins to drop a message of this kind if it will never fit, and says whether it did. Its rest is dropped as it
    /// comes.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`] if it is longer than `most`.
    pub(crate) fn drop_oversized(&mut self, kind: HandshakeType, most: usize) -> Result<bool> {
        let joined = self.bytes.get(self.handshake.range()).ok_or(Error::Internal)?;
        let Some(len) = Message::peek_len(joined) else { return Ok(false) };
        if joined.first() != Some(&kind.0) || joined.len() >= len || self.capacity_for(len) <= self.capacity() {
            return Ok(false);
        }
        if len > most {
            return Err(PeerFault::Malformed.into());
        }
        self.dropping = len.saturating_sub(joined.len());
        self.handshake.start = self.handshake.end;
        Ok(true)
    }

    /// The length of the buffer that a message of `len` bytes needs if it comes in several records: the last of them
    /// is opened behind what is joined.
    const fn capacity_for(&self, len: usize) -> usize {
        self.retained.saturating_add(len).saturating_add(RECORD_HEADER_LEN).saturating_add(17)
    }

    /// The kind of the next message, once its first byte is there.
    pub(crate) fn message_kind(&self) -> Option<HandshakeType> {
        self.bytes.get(self.handshake.range())?.first().copied().map(HandshakeType)
    }

    /// The next message, once all of it is there, and the evidence that nothing lies behind it, if so.
    ///
    /// # Errors
    /// [`Error::ReceiveBufferTooSmall`] if it never will be.
    pub(crate) fn message(&self) -> Result<Option<(Message<'_>, Option<RecordAligned>)>> {
        let joined = self.bytes.get(self.handshake.range()).ok_or(Error::Internal)?;
        let Some(len) = Message::peek_len(joined) else { return Ok(None) };
        let Some(bytes) = joined.get(..len) else {
            let needed = self.capacity_for(len);
            return if needed > self.capacity() { Err(too_small(needed)) } else { Ok(None) };
        };
        let aligned = (joined.len() == len).then(RecordAligned::nothing_behind);
        Ok(Some((Message::read(bytes)?, aligned)))
    }

    /// Drops the message that [`message`](Self::message) gave.
    pub(crate) fn consume_message(&mut self) {
        let joined = self.bytes.get(self.handshake.range()).unwrap_or(&[]);
        let len = Message::peek_len(joined).unwrap_or(MESSAGE_HEADER_LEN);
        self.handshake = self.handshake.without(len);
    }

    /// Keeps `len` bytes at `offset` of the next message when it is dropped, in place of what was kept.
    pub(crate) fn retain(&mut self, offset: usize, len: usize) {
        let start = self.handshake.start().saturating_add(offset);
        let end = start.saturating_add(len).min(self.handshake.end());
        self.consume_message();
        move_within(&mut self.bytes, start..end, 0);
        self.retained = end.saturating_sub(start);
    }

    /// What was kept.
    pub(crate) fn retained(&self) -> &[u8] {
        self.bytes.get(..self.retained).unwrap_or(&[])
    }

    /// Keeps nothing.
    pub(crate) const fn release(&mut self) {
        self.retained = 0;
    }

    // ---- application data

    /// Opened application data.
    pub(crate) fn data(&self) -> &[u8] {
        self.bytes.get(self.data.range()).unwrap_or(&[])
    }

    /// Drops `len` bytes of it, which are to be [wiped](Self::wipe_stale).
    pub(crate) fn consume(&mut self, len: usize) {
        self.data = self.data.without(len);
        self.stale = self.stale.max(self.data.start());
    }

    /// Wipes what was consumed and no record was received over. Not at once, since it would take a tenth of the time
    /// that a record takes where AES is hardware's, and the next record is about to do it.
    pub(crate) fn wipe_stale(&mut self) {
        if self.stale == 0 {
            return;
        }
        let mut at = self.retained;
        for part in [self.handshake, self.data, self.records] {
            if !part.is_empty() {
                self.bytes.get_mut(at..part.start().min(self.stale)).unwrap_or(&mut []).zeroize();
                at = part.end();
            }
        }
        self.bytes.get_mut(at..self.stale).unwrap_or(&mut []).zeroize();
        self.stale = 0;
    }
}

/// The error for a buffer that must be `needed` bytes long.
fn too_small(needed: usize) -> Error {
    Error::ReceiveBufferTooSmall(ByteCount::new(needed))
}
