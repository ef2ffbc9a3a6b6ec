//! The sending half of the record protocol: fragments, seals, pads, updates keys.

use super::header::RecordHeader;
use super::move_within;
use super::transmit_buffer::{ALERT_RECORD_LEN, TransmitBuffer};
use crate::codes::{AlertDescription, CipherSuite, ContentType, ProtocolVersion};
use crate::crypto::CryptoProvider;
use crate::error::{ByteCount, Error, Result};
use crate::limits::{MAX_PLAINTEXT_LEN, RECORD_HEADER_LEN};
use crate::record::Padding;
use crate::record::protection::{KeyAtRest, NextSecret, Protection};
use crate::storage::Storage;
use core::task::Poll;
use zeroize::Zeroize;

/// What a message of n bytes needs of the buffer beyond n: its record's header, content type and tag, and the
/// room kept for an alert.
const MESSAGE_OVERHEAD: usize = 5 + 1 + 16 + 24;

/// Level and description of alerts (RFC 9846 6): closure is a warning, all else is fatal.
const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// What is sent, and under which key.
pub(crate) struct Outgoing<'a, P: CryptoProvider> {
    pub(crate) buffer: TransmitBuffer<'a>,
    key: Option<Protection<P>>,
    /// The peer expects the next key: nothing more can be said under this one, not even an alert.
    is_key_spent: bool,
    /// The longest content of a record.
    max_content_len: usize,
    padding: Padding,
    /// The version in the header of the next plaintext record.
    legacy_record_version: ProtocolVersion,
}

impl<'a, P: CryptoProvider> Outgoing<'a, P> {
    pub(crate) const fn new(
        storage: Storage<'a, u8>,
        padding: Padding,
        max_content_len: usize,
        version: ProtocolVersion,
    ) -> Self {
        Self {
            buffer: TransmitBuffer::new(storage),
            key: None,
            is_key_spent: false,
            max_content_len: if max_content_len < MAX_PLAINTEXT_LEN { max_content_len } else { MAX_PLAINTEXT_LEN },
            padding,
            legacy_record_version: version,
        }
    }

    /// Seals from here on with the key of `secret`. Everything written before must have been sealed.
    pub(crate) fn install(&mut self, provider: &mut P, suite: CipherSuite, secret: P::Secret) -> Result<()> {
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        Protection::install(&mut self.key, provider, suite, secret)?;
        self.is_key_spent = false;
        Ok(())
    }

    /// Seals from here on with the next key. Everything written before must have been sealed.
    pub(crate) fn renew(&mut self, provider: &mut P, next: NextSecret<P>) -> Result<()> {
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        Protection::renew(&mut self.key, provider, next)?;
        self.is_key_spent = false;
        Ok(())
    }

    /// The current traffic secret.
    pub(crate) fn secret(&self) -> Option<&P::Secret> {
        self.key.as_ref().map(Protection::secret)
    }

    /// How many records the current key has sealed.
    pub(crate) fn sequence(&self) -> u64 {
        self.key.as_ref().map_or(0, Protection::sequence)
    }

    /// Takes the key out, if it is there; it will be made again.
    pub(crate) fn take_key(&mut self) -> Option<KeyAtRest<P>> {
        self.key.as_mut()?.take()
    }

    /// Puts the key back, if it is the one that was taken.
    pub(crate) fn put_key(&mut self, taken: KeyAtRest<P>) {
        if let Some(key) = &mut self.key {
            key.put(taken);
        }
    }

    /// Forgets the keys: nothing can be sealed any more.
    pub(crate) fn forget_keys(&mut self) {
        self.key = None;
    }

    /// Drops what is not sealed, and the key: from here on, in the clear.
    #[cfg(feature = "early-data")]
    pub(super) fn uninstall(&mut self) {
        self.buffer.discard_open();
        self.key = None;
        self.is_key_spent = false;
    }

    /// Obeys the peer: `limit` bytes of content at most.
    pub(crate) fn limit_content(&mut self, limit: usize) {
        self.max_content_len = self.max_content_len.min(limit);
    }

    /// Bytes behind the content of a record: content type and tag.
    fn overhead(&self) -> usize {
        self.key.as_ref().map_or(0, |keys| keys.tag_len().saturating_add(1))
    }

    /// How many bytes of content may still be added to the open record.
    #[inline(never)]
    fn room_len(&self) -> usize {
        self.buffer.room_len(self.overhead())
    }

    // ---- whole messages, written in place

    /// See [`Flight::poll_room`](crate::record::Flight::poll_room).
    #[inline(never)]
    pub(crate) fn poll_room(&mut self, provider: &mut P, len: usize) -> Poll<Result<()>> {
        if self.buffer.is_fragmented() && !self.fits(len) {
            self.buffer.compact();
        }
        if self.fits(len) || self.buffer.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.flush(provider)?;
        Poll::Pending
    }

    /// Room for a message behind the open record, all of which can be [committed](Self::commit).
    #[inline(never)]
    pub(crate) fn draft(&mut self) -> &mut [u8] {
        let len = self.draft_len();
        let start = self.buffer.content_start().saturating_add(self.buffer.open);
        self.buffer.bytes.get_mut(start..start.saturating_add(len)).unwrap_or(&mut [])
    }

    /// Room without the headers and tags of as many records as it would fill.
    fn draft_len(&self) -> usize {
        let room = self.room_len();
        let more_records = room.saturating_add(self.buffer.open).checked_div(self.max_content_len).unwrap_or(0);
        room.saturating_sub(more_records.saturating_mul(self.record_overhead()))
    }

    /// What a record takes beside its content.
    fn record_overhead(&self) -> usize {
        self.overhead().saturating_add(RECORD_HEADER_LEN)
    }

    /// Takes a handshake message of `len` bytes that was written to [`draft`](Self::draft) into records, whole or in
    /// fragments.
    pub(crate) fn commit(&mut self, provider: &mut P, len: usize) -> Result<()> {
        if !self.fits(len) {
            return Err(self.too_small(len));
        }
        self.buffer.open_kind = ContentType::HANDSHAKE;
        self.buffer.open = self.buffer.open.saturating_add(len);
        if self.buffer.open <= self.max_content_len {
            return Ok(());
        }
        // Move the content to the end of the slice, and refill records from there.
        let content_start = self.buffer.content_start();
        let source_end = self.buffer.bytes.len().saturating_sub(ALERT_RECORD_LEN);
        let mut source = source_end.saturating_sub(self.buffer.open);
        move_within(&mut self.buffer.bytes, content_start..content_start.saturating_add(self.buffer.open), source);
        self.buffer.open = 0;
        while source < source_end {
            self.seal_if_full(provider)?;
            let at = self.buffer.content_start().saturating_add(self.buffer.open);
            let take = source_end.saturating_sub(source).min(self.max_content_len.saturating_sub(self.buffer.open));
            // The record must not run into what is still to be copied; `fits` has seen to that.
            if at.saturating_add(self.overhead()) > source && source.saturating_add(take) < source_end {
                return Err(Error::Internal);
            }
            move_within(&mut self.buffer.bytes, source..source.saturating_add(take), at);
            self.buffer.open = self.buffer.open.saturating_add(take);
            source = source.saturating_add(take);
        }
        Ok(())
    }

    /// Whether a message of `len` bytes fits now, in as many records as it needs.
    fn fits(&self, len: usize) -> bool {
        self.draft_len() >= len
    }

    /// The error for a message of `len` bytes that does not fit into an empty buffer.
    #[inline(never)]
    pub(super) fn too_small(&self, len: usize) -> Error {
        let overhead = self.record_overhead();
        let more_records = len.checked_div(self.max_content_len.saturating_sub(overhead)).unwrap_or(0);
        too_small(len.saturating_add(more_records.saturating_mul(overhead)).saturating_add(MESSAGE_OVERHEAD))
    }

    /// What the first records of the buffer hold, which nothing was written over since: from that byte on to the end of
    /// its record.
    pub(super) fn first_plaintext(&self, mut from: usize) -> &[u8] {
        let mut rest = &*self.buffer.bytes;
        while let Some(header) = RecordHeader::peek(rest)
            && let Some((record, behind)) = rest.split_at_checked(header.record_len())
        {
            if from < header.len {
                return record.get(RECORD_HEADER_LEN.saturating_add(from)..).unwrap_or_default();
            }
            from = from.saturating_sub(header.len);
            rest = behind;
        }
        &[]
    }

    /// The first ClientHello has gone: from here on records are of their own version (RFC 9846 5.1).
    pub(super) const fn said_hello(&mut self) {
        self.legacy_record_version = ProtocolVersion::TLS_1_2;
    }

    // ---- bytes of any length, copied

    /// Room in the open record for content of this kind; empty if another kind of record is open.
    pub(crate) fn content_room(&mut self, kind: ContentType) -> &mut [u8] {
        if self.buffer.open > 0 && self.buffer.open_kind != kind {
            return &mut [];
        }
        self.buffer.open_kind = kind;
        let in_record = self.max_content_len.saturating_sub(self.buffer.open);
        // Moving bytes is worth it only if that gains about as much room as there is to move.
        let room = self.room_len();
        if room < in_record && self.buffer.sent_len() >= room.max(self.buffer.capacity() / 2) {
            self.buffer.compact();
        }
        let len = self.room_len().min(in_record);
        let start = self.buffer.content_start().saturating_add(self.buffer.open);
        self.buffer.bytes.get_mut(start..start.saturating_add(len)).unwrap_or(&mut [])
    }

    /// Counts `len` bytes that were written to [`content_room`](Self::content_room).
    pub(crate) fn fill(&mut self, len: usize) {
        let room = self.room_len();
        let in_record = self.max_content_len.saturating_sub(self.buffer.open);
        self.buffer.open = self.buffer.open.saturating_add(len.min(room).min(in_record));
    }

    fn seal_if_full(&mut self, provider: &mut P) -> Result<()> {
        if self.buffer.open >= self.max_content_len { self.flush(provider) } else { Ok(()) }
    }

    // ---- records

    /// Seals what is open: the last record under this key, until the next one is installed.
    pub(crate) fn flush_last(&mut self, provider: &mut P) -> Result<()> {
        self.flush(provider)?;
        self.is_key_spent = true;
        Ok(())
    }

    /// Seals the open record, if it has content.
    pub(crate) fn flush(&mut self, provider: &mut P) -> Result<()> {
        if self.buffer.open == 0 {
            return Ok(());
        }
        let (kind, len) = (self.buffer.open_kind, self.buffer.open);
        self.buffer.open = 0;
        self.finish_record(provider, kind, len, self.padding)
    }

    /// Seals a record of application data that stands elsewhere, and returns how much of it there was room for. No
    /// record is open.
    pub(crate) fn seal_from(&mut self, provider: &mut P, data: &[u8]) -> Result<usize> {
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        let len = self.content_room(ContentType::APPLICATION_DATA).len().min(data.len());
        let text = data.get(..len).ok_or(Error::Internal)?;
        if len == 0 || self.key.is_none() {
            return Ok(0);
        }
        let start = self.frame(ContentType::APPLICATION_DATA, len, self.padding)?;
        let record = self.buffer.bytes.get_mut(start..self.buffer.sealed).ok_or(Error::Internal)?;
        let keys = self.key.as_mut().ok_or(Error::Internal)?;
        let sealed = keys.seal_from(provider, text, record);
        self.settle(start, sealed).map(|()| len)
    }

    /// Makes a record of the `len` bytes of content behind the room for the header.
    fn finish_record(&mut self, provider: &mut P, kind: ContentType, len: usize, padding: Padding) -> Result<()> {
        let start = self.frame(kind, len, padding)?;
        let Some(keys) = self.key.as_mut() else { return Ok(()) };
        let record = self.buffer.bytes.get_mut(start..self.buffer.sealed).ok_or(Error::Internal)?;
        let sealed = keys.seal(provider, record);
        self.settle(start, sealed)
    }

    /// What could not be encrypted never leaves. Its nonce is gone, so the peer could read nothing behind it.
    fn settle(&mut self, start: usize, sealed: Result<()>) -> Result<()> {
        if sealed.is_err() {
            self.buffer.bytes.get_mut(start..self.buffer.sealed).unwrap_or(&mut []).zeroize();
            self.buffer.sealed = start;
            self.is_key_spent = true;
        }
        sealed
    }

    /// Puts a header in front of `len` bytes of content and, if they are to be sealed, their type, padding, and room
    /// for a tag behind them; returns where the record begins.
    fn frame(&mut self, kind: ContentType, len: usize, padding: Padding) -> Result<usize> {
        let start = self.buffer.sealed;
        let Some(keys) = self.key.as_ref() else {
            if kind == ContentType::APPLICATION_DATA {
                return Err(Error::Internal);
            }
            let header = RecordHeader::to_bytes(kind, self.legacy_record_version, len);
            return self.put_header(start, header, len).map(|()| start);
        };
        // Padding does not take the room that is kept for an alert.
        let room = self.buffer.bytes.len().saturating_sub(start).saturating_sub(RECORD_HEADER_LEN + ALERT_RECORD_LEN);
        let most = self.max_content_len.saturating_add(1).min(room.saturating_sub(keys.tag_len()));
        let least = len.saturating_add(1);
        let inner_len = match padding {
            Padding::None => least,
            Padding::Block(block) => least.checked_next_multiple_of(block.into()).unwrap_or(least),
            Padding::Full => most,
        }
        .min(most)
        .max(least);
        let body_len = inner_len.saturating_add(keys.tag_len());
        let header = RecordHeader::to_bytes(ContentType::APPLICATION_DATA, ProtocolVersion::TLS_1_2, body_len);
        let content_end = start.saturating_add(RECORD_HEADER_LEN).saturating_add(len);
        let padding_end = content_end.saturating_add(inner_len.saturating_sub(len));
        let behind = self.buffer.bytes.get_mut(content_end..padding_end).ok_or(Error::Internal)?;
        behind.fill(0);
        *behind.first_mut().ok_or(Error::Internal)? = kind.0;
        self.put_header(start, header, body_len).map(|()| start)
    }

    #[inline(never)]
    fn put_header(&mut self, start: usize, header: [u8; RECORD_HEADER_LEN], body_len: usize) -> Result<()> {
        let body = start.saturating_add(RECORD_HEADER_LEN);
        let room = self.buffer.bytes.get_mut(start..).and_then(|room| room.first_chunk_mut());
        *room.ok_or(Error::Internal)? = header;
        self.buffer.sealed = body.saturating_add(body_len);
        if self.buffer.sealed > self.buffer.bytes.len() { Err(Error::Internal) } else { Ok(()) }
    }

    /// The change_cipher_spec record of compatibility mode (RFC 9846 E.4), always in the clear; in front of the
    /// `drafted` bytes of a message.
    pub(super) fn change_cipher_spec(&mut self, provider: &mut P, drafted: usize) -> Result<()> {
        const RECORD_LEN: usize = RECORD_HEADER_LEN + 1;
        if drafted == 0 {
            self.flush(provider)?;
        } else {
            let needed = drafted.saturating_add(RECORD_LEN);
            let missing = needed.saturating_sub(self.room_len());
            if missing > 0 {
                return Err(too_small(self.buffer.capacity().saturating_add(missing)));
            }
        }
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        let content = self.buffer.content_start();
        move_within(
            &mut self.buffer.bytes,
            content..content.saturating_add(drafted),
            content.saturating_add(RECORD_LEN),
        );
        *self.buffer.bytes.get_mut(content).ok_or(Error::Internal)? = 1;
        let header = RecordHeader::to_bytes(ContentType::CHANGE_CIPHER_SPEC, ProtocolVersion::TLS_1_2, 1);
        self.put_header(self.buffer.sealed, header, 1)
    }

    /// Whether an alert leaves the room that is kept for one.
    pub(crate) fn has_room_for_two_alerts(&mut self) -> bool {
        self.buffer.compact();
        self.room_len() >= ALERT_RECORD_LEN
    }

    /// Sends an alert, in room that is kept free for it. A fatal one drops what was not sealed.
    ///
    /// # Errors
    /// Also between two keys, when the peer could not read it.
    pub(crate) fn alert(&mut self, provider: &mut P, description: AlertDescription) -> Result<()> {
        if self.is_key_spent {
            return Err(Error::Internal);
        }
        let closure = description.is_closure();
        if closure {
            self.flush(provider)?;
        } else {
            self.buffer.discard_open();
        }
        self.buffer.compact();
        let start = self.buffer.content_start();
        let level = if closure { WARNING } else { FATAL };
        let content = self.buffer.bytes.get_mut(start..).and_then(|content| content.first_chunk_mut());
        *content.ok_or(Error::Internal)? = [level, description.0];
        self.finish_record(provider, ContentType::ALERT, 2, Padding::None)
    }
}

/// The error for a buffer that must be `needed` bytes long.
fn too_small(needed: usize) -> Error {
    Error::TransmitBufferTooSmall(ByteCount::new(needed))
}
