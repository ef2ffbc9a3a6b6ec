//! Puts numbers and vectors (RFC 9846 3) into a slice.

use crate::codes::{ExtensionType, HandshakeType};
use crate::error::{ByteCount, Error, Misconfiguration, Result};

/// A cursor over room for bytes that go to the peer.
///
/// Writing past the end is no error at once: the writer counts on, so that [`finish`](Self::finish) can tell
/// how much room is needed.
///
/// ```
/// use saitls_core::error::{ByteCount, Error};
/// use saitls_core::wire::Writer;
///
/// let mut room = [0; 4];
/// let mut writer = Writer::new(&mut room);
/// writer.vector16(|writer| writer.u16(0x1301));
/// assert_eq!(writer.finish(), Ok(4));
/// assert_eq!(room, [0, 2, 0x13, 0x01]);
///
/// let mut writer = Writer::new(&mut room);
/// writer.bytes(&[0; 9]);
/// assert_eq!(writer.finish(), Err(Error::TransmitBufferTooSmall(ByteCount::new(9))));
/// ```
pub struct Writer<'b> {
    room: &'b mut [u8],
    len: usize,
    too_long: bool,
}

impl<'b> Writer<'b> {
    /// A writer at the front of `room`.
    pub const fn new(room: &'b mut [u8]) -> Self {
        Self { room, len: 0, too_long: false }
    }

    // Small parts that are called from everywhere are kept out of line: it is their copies that make code large.

    /// Writes bytes.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.put(self.len, bytes);
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Writes a `uint8`.
    #[inline(never)]
    pub fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    /// Writes a `uint16`.
    #[inline(never)]
    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes a `uint24`: the lower 24 bits.
    pub fn u24(&mut self, value: usize) {
        let [_, bytes @ ..] = u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
        self.bytes(&bytes);
    }

    /// Writes a `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_be_bytes());
    }

    /// Writes a vector with a length of 8 bits.
    pub fn vector8(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector::<1>(content);
    }

    /// Writes a vector with a length of 16 bits.
    pub fn vector16(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector::<2>(content);
    }

    /// Writes a vector with a length of 24 bits.
    pub fn vector24(&mut self, content: impl FnOnce(&mut Self)) {
        self.vector::<3>(content);
    }

    /// Writes an extension (RFC 9846 4.3).
    pub fn extension(&mut self, kind: ExtensionType, data: impl FnOnce(&mut Self)) {
        let start = self.begin_extension(kind);
        data(self);
        self.end(start, 2);
    }

    /// Writes an extension by its data.
    #[inline(never)]
    pub fn plain_extension(&mut self, kind: ExtensionType, data: &[u8]) {
        self.extension(kind, |writer| writer.bytes(data));
    }

    /// Writes a handshake message (RFC 9846 4).
    pub fn message(&mut self, kind: HandshakeType, body: impl FnOnce(&mut Self)) {
        self.u8(kind.0);
        self.vector24(body);
    }

    /// Room for content that is written by somebody else; [`filled`](Self::filled) tells how much it became.
    pub fn room(&mut self) -> &mut [u8] {
        self.room.get_mut(self.len..).unwrap_or(&mut [])
    }

    /// Counts `len` bytes that were written to [`room`](Self::room).
    pub const fn filled(&mut self, len: usize) {
        self.len = self.len.saturating_add(len);
    }

    /// Says that [`room`](Self::room) was too short for `len` bytes, and nothing was written.
    pub fn missing(&mut self, len: ByteCount) {
        let more_than_room = self.room().len().saturating_add(1);
        self.filled(more_than_room.max(len.get()));
    }

    /// How many bytes have been written, or would have been.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes have been written.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`] with the bytes needed if the room was too small;
    /// [`Error::InvalidConfiguration`] if a vector is longer than its length field can tell.
    pub fn finish(self) -> Result<usize> {
        if self.too_long {
            return Err(Error::InvalidConfiguration(Misconfiguration::ListTooLong));
        }
        if self.len > self.room.len() {
            return Err(Error::TransmitBufferTooSmall(ByteCount::new(self.len)));
        }
        Ok(self.len)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(target) = at.checked_add(bytes.len()).and_then(|end| self.room.get_mut(at..end)) {
            target.copy_from_slice(bytes);
        }
    }

    fn vector<const LENGTH: usize>(&mut self, content: impl FnOnce(&mut Self)) {
        let start = self.begin(LENGTH);
        content(self);
        self.end(start, LENGTH);
    }

    #[inline(never)]
    fn begin_extension(&mut self, kind: ExtensionType) -> usize {
        self.u16(kind.0);
        self.begin(2)
    }

    /// Leaves room for the length of a vector, and returns where that is.
    #[inline(never)]
    fn begin(&mut self, length_len: usize) -> usize {
        let start = self.len;
        self.bytes([0; 3].get(..length_len).unwrap_or(&[]));
        start
    }

    /// Fills in the length of the vector whose length is at `start`.
    #[inline(never)]
    fn end(&mut self, start: usize, length_len: usize) {
        let len = self.len.saturating_sub(start).saturating_sub(length_len);
        let len = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
        let Some((zeros, len)) = len.split_at_checked(len.len().saturating_sub(length_len)) else { return };
        self.too_long |= zeros.iter().any(|&byte| byte != 0);
        self.put(start, len);
    }
}
