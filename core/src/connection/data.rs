//! The four ports.

use super::{Connection, Phase};
use crate::codes::{AlertDescription, ContentType};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};

impl<P: CryptoProvider> Connection<'_, P> {
    // ---- records in

    /// Room for bytes from the peer. It is empty while the application has data to consume, or a whole record
    /// waits to be processed; and after the peer's last byte. **Do not read from the transport then**: to read nothing
    /// into no room looks like the end of the stream, which it is not. At the end itself, where there was room and the
    /// transport gives 0 bytes, call [`records_ended`](Self::records_ended):
    ///
    /// ```
    /// # fn f<P: saitls_core::crypto::CryptoProvider>(tls: &mut saitls_core::Connection<'_, P>, mut transport: std::net::TcpStream)
    /// #     -> std::io::Result<()> {
    /// use std::io::Read;
    ///
    /// let room = tls.records_room();
    /// if !room.is_empty() {
    ///     match transport.read(room)? {
    ///         0 => tls.records_ended(),
    ///         len => tls.records_filled(len),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn records_room(&mut self) -> &mut [u8] {
        if self.may_get_records() { self.receive.free() } else { &mut [] }
    }

    /// Whether the peer may still have something to say.
    const fn may_get_records(&self) -> bool {
        matches!(self.phase, Phase::Handshake | Phase::Connected) && !self.peer_closed
    }

    /// Says that `len` bytes were written to the front of [`records_room`](Self::records_room).
    pub fn records_filled(&mut self, len: usize) {
        self.receive.received(len);
    }

    /// Says that the transport will bring nothing more, as by a FIN. If the peer did not say close_notify first,
    /// [`process`](Self::process) fails with [`Error::Truncated`] once all data has been consumed.
    pub const fn records_ended(&mut self) {
        self.transport_closed = true;
    }

    // ---- records out

    /// Sealed bytes for the peer.
    #[must_use]
    pub fn records(&self) -> &[u8] {
        self.outgoing.buffer.unsent()
    }

    /// Says that the transport took `len` bytes of [`records`](Self::records).
    pub fn records_sent(&mut self, len: usize) {
        self.outgoing.buffer.transmitted(len);
    }

    /// [`records_room`](Self::records_room) and [`records`](Self::records) at once, for a transport that
    /// moves bytes both ways while it waits.
    pub fn records_ports(&mut self) -> (&mut [u8], &[u8]) {
        let room = if self.may_get_records() { self.receive.free() } else { &mut [] };
        (room, self.outgoing.buffer.unsent())
    }

    // ---- data in

    /// Data from the peer, opened and in order: what is left of one record.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        // During the handshake, it is early data.
        if self.is_handshaking() { &[] } else { self.receive.data() }
    }

    /// Says that `len` bytes of [`data`](Self::data) were read. The next records are received over them;
    /// what is left of them is wiped by [`process`](Self::process) when it has no more data to give.
    pub fn data_read(&mut self, len: usize) {
        self.receive.consume(len.min(self.data().len()));
        if matches!(self.phase, Phase::Closed | Phase::Failed(_)) {
            self.receive.wipe_stale();
        }
    }

    /// Copies data from the peer and returns how much; 0 if there is none now.
    ///
    /// # Errors
    /// The error the connection failed with, after all data before it was read.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let data = self.data();
        let len = data.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..len), data.get(..len)) {
            to.copy_from_slice(from);
        }
        self.data_read(len);
        match self.phase {
            Phase::Failed(error) if len == 0 && self.data().is_empty() => Err(error),
            _ => Ok(len),
        }
    }

    // ---- data out

    /// Room for data to the peer: the rest of the record that is being filled. It is empty when that record is
    /// full or a KeyUpdate goes first, until the next [`process`](Self::process), or when the transmit buffer is full,
    /// until the transport took some of it.
    ///
    /// # Errors
    /// [`Error::InvalidState`] before the handshake is complete and after [`close`](Self::close); the error the
    /// connection failed with.
    pub fn data_room(&mut self) -> Result<&mut [u8]> {
        match self.phase {
            Phase::Failed(error) => Err(error),
            _ if !self.may_send() => Err(Error::InvalidState),
            _ if self.is_data_held_back() => Ok(&mut []),
            _ => Ok(self.outgoing.content_room(ContentType::APPLICATION_DATA)),
        }
    }

    /// Says that `len` bytes were written to the front of [`data_room`](Self::data_room).
    pub fn data_written(&mut self, len: usize) {
        // Room that was lent before `update_keys` is taken; it goes out under the key of then.
        if self.may_send() && !self.post_handshake.update_owed && !self.is_key_used_up() && len > 0 {
            self.outgoing.fill(len);
            self.post_handshake.key_updates = 0;
        }
    }

    /// Copies data for the peer, as much as there is room for, and returns how much.
    ///
    /// # Errors
    /// As for [`data_room`](Self::data_room).
    pub fn write(&mut self, data: &[u8]) -> Result<usize> {
        let room = self.data_room()?;
        let len = room.len().min(data.len());
        if let (Some(to), Some(from)) = (room.get_mut(..len), data.get(..len)) {
            to.copy_from_slice(from);
        }
        self.data_written(len);
        Ok(len)
    }

    /// As [`write`](Self::write) and [`process`](Self::process) together, in one pass where the provider's AEAD can:
    /// the data is sealed from where it stands, and not copied first. Returns how much there was room for; a KeyUpdate
    /// that is due goes first, if there is room for it.
    ///
    /// # Errors
    /// As for [`data_room`](Self::data_room), and why sealing failed: the connection is dead then, and nothing of this
    /// data was taken. Where some was, that is what is returned, and the next call returns the error.
    pub fn write_sealed(&mut self, provider: &mut P, data: &[u8]) -> Result<usize> {
        self.data_room()?;
        let mut taken = 0usize;
        while let Some(rest) = data.get(taken..).filter(|rest| !rest.is_empty()) {
            // What was written before takes a record of its own.
            let sealed = match self.seal_wishes(provider) {
                Ok(()) if self.is_data_held_back() => break,
                Ok(()) => self.outgoing.seal_from(provider, rest),
                Err(error) => Err(error),
            };
            match sealed {
                Ok(0) => break,
                Ok(len) => taken = taken.saturating_add(len),
                Err(error) => {
                    self.fail(provider, error);
                    if taken == 0 {
                        return Err(error);
                    }
                    break;
                }
            }
        }
        if taken > 0 {
            self.post_handshake.key_updates = 0;
        }
        Ok(taken)
    }

    /// Seals the record that is being filled, as far as [`process`](Self::process) would, and does nothing else.
    /// Nothing happens before the handshake is complete, after [`close`](Self::close), and where `process` has to renew
    /// the key first.
    ///
    /// # Errors
    /// Why sealing failed: the connection is dead then.
    pub fn seal(&mut self, provider: &mut P) -> Result<()> {
        if !self.may_send() || self.is_data_held_back() {
            return Ok(());
        }
        let sealed = self.outgoing.flush(provider);
        if let Err(error) = sealed {
            self.fail(provider, error);
        }
        sealed
    }

    /// Says that we will send nothing more: close_notify goes out behind the data written so far (RFC 9846 6.1).
    /// Reading goes on until the peer does the same. During the handshake this ends it.
    pub const fn close(&mut self) {
        self.wishes.close = true;
    }

    /// How many bytes wait for the transport: what is sealed, and what was written and is not sealed yet.
    #[must_use]
    pub fn unsent_len(&self) -> usize {
        self.outgoing.buffer.unsent_len()
    }

    /// Refuses the peer: the next [`process`](Self::process) ends the connection with this alert, such as
    /// [`ACCESS_DENIED`](AlertDescription::ACCESS_DENIED), and returns [`Error::PeerRejected`]. What was written and
    /// not yet sealed is lost. A closure alert is no reason: `access_denied` goes in its place. Nothing happens if the
    /// connection is over.
    pub const fn reject(&mut self, alert: AlertDescription) {
        self.wishes.reject = Some(if alert.is_closure() { AlertDescription::ACCESS_DENIED } else { alert });
    }

    /// Renews our sending key (RFC 9846 4.7.3) and, if `request_peer`, asks the peer to do the same. What was written
    /// before goes out under the key of then; what is written from here on, behind the KeyUpdate, under the next one:
    /// until [`process`](Self::process) has sent it, there is no room in [`data_room`](Self::data_room).
    ///
    /// # Errors
    /// [`Error::InvalidState`] before the handshake is complete, and after the connection was closed;
    /// [`Error::KeyUsageLimit`] if it was renewed as often as it may be. The connection lives on.
    pub fn update_keys(&mut self, request_peer: bool) -> Result<()> {
        if !self.may_send() {
            return Err(Error::InvalidState);
        }
        if !self.may_renew_key() {
            return Err(Error::KeyUsageLimit);
        }
        self.wishes.key_update = Some(request_peer || self.wishes.key_update == Some(true));
        Ok(())
    }
}
