//! The sending half of the record protocol: fragments, seals, pads, updates keys.

use super::header::RecordHeader;
use super::keys::Keys;
use super::protection::NextSecret;
use super::transmit_buffer::{ALERT_RECORD_LEN, TransmitBuffer};
use super::{Padding, Protection, move_within};
use crate::codes::{AlertDescription, CipherSuite, ContentType, ProtocolVersion};
use crate::crypto::CryptoProvider;
use crate::error::{ByteCount, Error, Result};
use crate::limits::{MAX_PLAINTEXT_LEN, RECORD_HEADER_LEN};
use crate::storage::Storage;
use crate::wire::Writer;
use core::task::Poll;
use zeroize::Zeroize;

/// What a message of n bytes needs of the buffer beyond n: its record's header, content type and tag, and the
/// room kept for an alert.
const MESSAGE_OVERHEAD: usize = 5 + 1 + 16 + 24;

impl Error {
    /// Where the length of a message was too much, the length of the buffer that it needs.
    #[inline(never)]
    pub(crate) fn with_record_overhead(self) -> Self {
        match self {
            Self::TransmitBufferTooSmall(len) => too_small(len.get().saturating_add(MESSAGE_OVERHEAD)),
            other => other,
        }
    }
}

/// Level and description of alerts (RFC 9846 6): closure is a warning, all else is fatal.
const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// What is sent, and under which key.
pub(crate) struct Outgoing<'a, P: CryptoProvider> {
    pub(crate) buffer: TransmitBuffer<'a>,
    keys: Keys<P>,
    /// The peer expects the next key: nothing more can be said under this one, not even an alert.
    is_key_spent: bool,
    /// The longest content of a record.
    max_content_len: usize,
    padding: Padding,
    /// The version in the header of the next plaintext record.
    pub(crate) legacy_record_version: ProtocolVersion,
}

impl<'a, P: CryptoProvider> Outgoing<'a, P> {
    pub(crate) const fn new(storage: Storage<'a, u8>, padding: Padding, version: ProtocolVersion) -> Self {
        Self {
            buffer: TransmitBuffer::new(storage),
            keys: Keys::None,
            is_key_spent: false,
            max_content_len: MAX_PLAINTEXT_LEN,
            padding,
            legacy_record_version: version,
        }
    }

    /// Seals from here on with the key of `secret`. Everything written before must have been sealed.
    pub(crate) fn install(&mut self, provider: &mut P, suite: CipherSuite, secret: P::Secret) -> Result<()> {
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        Protection::install(&mut self.keys, provider, suite, secret)?;
        self.is_key_spent = false;
        Ok(())
    }

    /// Seals from here on with the next key. Everything written before must have been sealed.
    pub(crate) fn renew(&mut self, provider: &mut P, next: NextSecret<P>) -> Result<()> {
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        Protection::renew(&mut self.keys, provider, next)?;
        self.is_key_spent = false;
        Ok(())
    }

    /// The current traffic secret.
    pub(crate) fn secret(&self) -> Option<&P::Secret> {
        self.keys.installed().map(Protection::secret)
    }

    /// How many records the current key has sealed.
    pub(crate) fn sequence(&self) -> u64 {
        self.keys.installed().map_or(0, Protection::sequence)
    }

    /// Forgets the keys: nothing can be sealed any more.
    pub(crate) fn forget_keys(&mut self) {
        self.keys = Keys::None;
    }

    /// Obeys the peer: `limit` bytes of content at most.
    pub(crate) fn limit_content(&mut self, limit: usize) {
        self.max_content_len = self.max_content_len.min(limit);
    }

    /// Bytes behind the content of a record: content type and tag.
    fn overhead(&self) -> usize {
        self.keys.installed().map_or(0, |keys| keys.tag_len().saturating_add(1))
    }

    /// How many bytes of content may still be added to the open record.
    #[inline(never)]
    fn room_len(&self) -> usize {
        self.buffer.room_len(self.overhead())
    }

    // ---- whole messages, written in place

    /// Contiguous room for a message behind the open record. If it is shorter than `wanted`, there will be more
    /// once something is sent.
    pub(crate) fn message_room(&mut self, wanted: usize) -> &mut [u8] {
        if self.room_len() < wanted {
            self.buffer.compact();
        }
        let room = self.room_len();
        let start = self.message_start();
        self.buffer.bytes.get_mut(start..start.saturating_add(room)).unwrap_or(&mut [])
    }

    /// Where [`message_room`](Self::message_room) begins in the buffer.
    pub(crate) const fn message_start(&self) -> usize {
        self.buffer.content_start().saturating_add(self.buffer.open)
    }

    /// Writes a message to [`message_room`](Self::message_room) and returns its length; it is not taken into a
    /// record yet. Pending until enough has been sent.
    #[inline(never)]
    pub(crate) fn poll_write(&mut self, write: &mut dyn FnMut(&mut Writer<'_>)) -> Poll<Result<usize>> {
        let mut wanted = 0;
        loop {
            let mut writer = Writer::new(self.message_room(wanted));
            write(&mut writer);
            let len = writer.finish();
            let start = self.message_start();
            match len {
                Ok(len) if self.fits(len) => {
                    if self.message_start() == start {
                        return Poll::Ready(Ok(len));
                    }
                    // Room has moved: write again where it is now.
                    let mut writer = Writer::new(self.message_room(0));
                    write(&mut writer);
                    return Poll::Ready(writer.finish());
                }
                Err(Error::TransmitBufferTooSmall(needed)) if self.buffer.is_fragmented() && wanted == 0 => {
                    wanted = needed.get();
                }
                Err(Error::TransmitBufferTooSmall(_)) | Ok(_) if !self.buffer.is_empty() => return Poll::Pending,
                Ok(len) => return Poll::Ready(Err(self.too_small(len))),
                Err(error) => return Poll::Ready(Err(error.with_record_overhead())),
            }
        }
    }

    /// The `len` bytes that were written to the front of [`message_room`](Self::message_room).
    pub(crate) fn written(&self, len: usize) -> &[u8] {
        let start = self.message_start();
        self.buffer.bytes.get(start..start.saturating_add(len)).unwrap_or(&[])
    }

    /// Takes a handshake message of `len` bytes that was written to [`message_room`](Self::message_room) into
    /// records, whole or in fragments.
    pub(crate) fn commit_message(&mut self, provider: &mut P, len: usize) -> Result<()> {
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
    #[inline(never)]
    pub(crate) fn fits(&mut self, len: usize) -> bool {
        if self.buffer.is_fragmented() && self.room_len() < self.room_needed(len) {
            self.buffer.compact();
        }
        self.room_len() >= self.room_needed(len)
    }

    /// The error for a message of `len` bytes that does not fit into an empty buffer.
    pub(crate) fn too_small(&self, len: usize) -> Error {
        too_small(self.room_needed(len)).with_record_overhead()
    }

    #[inline(never)]
    fn room_needed(&self, len: usize) -> usize {
        let total = len.saturating_add(self.buffer.open);
        let more_records = total.checked_div(self.max_content_len).unwrap_or(0);
        len.saturating_add(more_records.saturating_mul(self.overhead().saturating_add(RECORD_HEADER_LEN)))
    }

    /// The contents of the records in the first `len` bytes of the buffer, which nothing was written over since.
    pub(crate) fn plaintext(&self, len: usize) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.buffer.bytes.get(..len).unwrap_or(&[]);
        core::iter::from_fn(move || {
            let (record, behind) = rest.split_at_checked(RecordHeader::peek(rest)?.record_len())?;
            rest = behind;
            record.get(RECORD_HEADER_LEN..)
        })
    }

    // ---- bytes of any length, copied

    /// Adds bytes to the open record, sealing full ones, and returns how many found room.
    pub(crate) fn append(&mut self, provider: &mut P, kind: ContentType, mut bytes: &[u8]) -> Result<usize> {
        let mut taken = 0usize;
        if self.buffer.open > 0 && self.buffer.open_kind != kind {
            self.flush(provider)?;
        }
        while !bytes.is_empty() {
            self.seal_if_full(provider)?;
            let room = self.content_room(kind);
            let len = room.len().min(bytes.len());
            let (now, rest) = bytes.split_at_checked(len).ok_or(Error::Internal)?;
            room.get_mut(..len).ok_or(Error::Internal)?.copy_from_slice(now);
            if len == 0 {
                break;
            }
            self.buffer.open = self.buffer.open.saturating_add(len);
            taken = taken.saturating_add(len);
            bytes = rest;
        }
        Ok(taken)
    }

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

    /// Seals a record of application data that stands elsewhere, and returns how much of it there was room for. No record is
    /// open.
    pub(crate) fn seal_from(&mut self, provider: &mut P, data: &[u8]) -> Result<usize> {
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        let len = self.content_room(ContentType::APPLICATION_DATA).len().min(data.len());
        let text = data.get(..len).ok_or(Error::Internal)?;
        if len == 0 || self.keys.installed().is_none() {
            return Ok(0);
        }
        let start = self.frame(ContentType::APPLICATION_DATA, len, self.padding)?;
        let record = self.buffer.bytes.get_mut(start..self.buffer.sealed).ok_or(Error::Internal)?;
        let keys = self.keys.installed_mut().ok_or(Error::Internal)?;
        let sealed = keys.seal_from(provider, text, record);
        self.settle(start, sealed).map(|()| len)
    }

    /// Makes a record of the `len` bytes of content behind the room for the header.
    fn finish_record(&mut self, provider: &mut P, kind: ContentType, len: usize, padding: Padding) -> Result<()> {
        let start = self.frame(kind, len, padding)?;
        let Some(keys) = self.keys.installed_mut() else { return Ok(()) };
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

    /// Puts a header in front of `len` bytes of content and, if they are to be sealed, their type, padding, and room for a
    /// tag behind them; returns where the record begins.
    fn frame(&mut self, kind: ContentType, len: usize, padding: Padding) -> Result<usize> {
        let start = self.buffer.sealed;
        let Some(keys) = self.keys.installed() else {
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

    /// The change_cipher_spec record of compatibility mode (RFC 9846 E.4): always in the clear.
    pub(crate) fn change_cipher_spec(&mut self, provider: &mut P) -> Result<()> {
        self.flush(provider)?;
        self.put_change_cipher_spec()
    }

    /// As [`change_cipher_spec`](Self::change_cipher_spec), in front of a message of `len` bytes that stands in
    /// [`message_room`](Self::message_room).
    pub(crate) fn change_cipher_spec_before(&mut self, len: usize) -> Result<()> {
        const RECORD_LEN: usize = RECORD_HEADER_LEN + 1;
        if self.buffer.open != 0 {
            return Err(Error::Internal);
        }
        let needed = len.saturating_add(RECORD_LEN);
        if self.room_len() < needed {
            let missing = needed.saturating_sub(self.room_len());
            let capacity = self.buffer.capacity().saturating_add(missing);
            return Err(too_small(capacity));
        }
        let start = self.buffer.content_start();
        move_within(&mut self.buffer.bytes, start..start.saturating_add(len), start.saturating_add(RECORD_LEN));
        self.put_change_cipher_spec()
    }

    #[inline(never)]
    fn put_change_cipher_spec(&mut self) -> Result<()> {
        let content = self.buffer.content_start();
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
