//! Connections at rest, which can do without their buffers and their keyed AEADs.

use super::Connection;
use crate::crypto::CryptoProvider;
use crate::record::KeyAtRest;
use crate::storage::Storage;

/// The keyed AEADs of a connection at rest: [`Connection::take_keys`]. Dropped, they are wiped, or freed.
pub struct KeysAtRest<P: CryptoProvider> {
    incoming: Option<KeyAtRest<P>>,
    outgoing: Option<KeyAtRest<P>>,
}

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

    /// Takes the keyed AEADs of both directions out of a connection whose handshake is over. The connection makes them
    /// again of its traffic secrets ([`Aead::from_secret`](crate::crypto::Aead::from_secret)) when the next record
    /// comes or goes, which takes some microseconds, unless they were [put back](Self::put_keys) by then.
    ///
    /// A key that is ready for use is longer than all else that a connection at rest needs, or takes one of a device's
    /// few slots. So keep those of the connections that were busy last, and drop the others.
    pub fn take_keys(&mut self) -> Option<KeysAtRest<P>> {
        if !self.is_connected() {
            return None;
        }
        let keys = KeysAtRest { incoming: self.incoming.take_key(), outgoing: self.outgoing.take_key() };
        Some(keys).filter(|keys| keys.incoming.is_some() || keys.outgoing.is_some())
    }

    /// Puts back what was [taken](Self::take_keys). Keys of another connection, and those that were renewed since, are
    /// dropped.
    pub fn put_keys(&mut self, keys: KeysAtRest<P>) {
        if let Some(key) = keys.incoming {
            self.incoming.put_key(key);
        }
        if let Some(key) = keys.outgoing {
            self.outgoing.put_key(key);
        }
    }
}
