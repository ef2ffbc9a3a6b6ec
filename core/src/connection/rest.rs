//! Connections at rest, which can do without their buffers.

use super::Connection;
use crate::crypto::CryptoProvider;
use crate::storage::Storage;

impl<'a, P: CryptoProvider> Connection<'a, P> {
    /// Takes the receive buffer out of a connection that can do without it: the handshake is over, and nothing is in
    /// the buffer that was not read. Of many connections most are idle; those that are need none, and share what the
    /// others use.
    ///
    /// There is no room in [`records_room`](Self::records_room) until one is [put back](Self::put_receive_buffer). What
    /// was read is wiped.
    ///
    /// ```
    /// # fn f<'a, P: saitls_core::crypto::CryptoProvider>(tls: &mut saitls_core::Connection<'a, P>,
    /// #     pool: &mut Vec<saitls_core::Storage<'a, u8>>) {
    /// // Nothing is there to be read, and nothing to be sent:
    /// pool.extend(tls.take_receive_buffer());
    /// pool.extend(tls.take_transmit_buffer());
    /// // ... the transport is readable:
    /// for put_back in [saitls_core::Connection::put_receive_buffer, saitls_core::Connection::put_transmit_buffer] {
    ///     if let Some(buffer) = pool.pop() && let Err(unused) = put_back(tls, buffer) {
    ///         pool.push(unused);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn take_receive_buffer(&mut self) -> Option<Storage<'a, u8>> {
        if self.is_handshaking() { None } else { self.receive.take() }
    }

    /// Puts a buffer in the place of the one that was [taken](Self::take_receive_buffer). It must be as long as that
    /// one: the peer was told how long its records may be, and the connection fails with
    /// [`Error::ReceiveBufferTooSmall`](crate::Error::ReceiveBufferTooSmall) if one does not fit.
    ///
    /// # Errors
    /// The buffer, if there is one already.
    pub fn put_receive_buffer(&mut self, buffer: Storage<'a, u8>) -> Result<(), Storage<'a, u8>> {
        self.receive.put(buffer)
    }

    /// Takes the transmit buffer out of a connection that can do without it: the handshake is over, and all that was
    /// written was sent. What it holds is what went over the transport.
    ///
    /// Without it there is no room in [`data_room`](Self::data_room); [`close`](Self::close) and
    /// [`update_keys`](Self::update_keys) wait until one is [put back](Self::put_transmit_buffer), and a connection
    /// that fails cannot tell the peer why. So put it back before you [process](Self::process) what was received.
    pub fn take_transmit_buffer(&mut self) -> Option<Storage<'a, u8>> {
        if self.is_handshaking() { None } else { self.outgoing.buffer.take() }
    }

    /// Puts a buffer in the place of the one that was [taken](Self::take_transmit_buffer), as long as that one or
    /// longer.
    ///
    /// # Errors
    /// The buffer, if there is one already.
    pub fn put_transmit_buffer(&mut self, buffer: Storage<'a, u8>) -> Result<(), Storage<'a, u8>> {
        self.outgoing.buffer.put(buffer)
    }
}
