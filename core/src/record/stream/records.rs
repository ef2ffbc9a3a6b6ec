//! TLS records as the carrier of a handshake.

use super::{Incoming, Outgoing};
use crate::codes::CipherSuite;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::record::{Capacity, Carrier, Flight, Next, RecordAligned, Whose};
use core::task::Poll;

/// Both halves of a connection's records, lent for a step.
pub(crate) struct Records<'c, 'a, P: CryptoProvider, G> {
    pub(crate) incoming: &'c mut Incoming<P, G>,
    pub(crate) outgoing: &'c mut Outgoing<'a, P>,
    pub(crate) receive_capacity: usize,
}

impl<P: CryptoProvider, G> Flight<P> for Records<'_, '_, P, G> {
    fn capacity(&self) -> Capacity {
        Capacity { receive: self.receive_capacity, transmit: self.outgoing.buffer.capacity() }
    }

    fn is_drained(&self) -> bool {
        self.outgoing.buffer.is_empty()
    }

    fn poll_room(&mut self, provider: &mut P, len: usize) -> Poll<Result<()>> {
        self.outgoing.poll_room(provider, len)
    }

    fn draft(&mut self) -> &mut [u8] {
        self.outgoing.draft()
    }

    fn commit(&mut self, provider: &mut P, len: usize) -> Result<()> {
        self.outgoing.commit(provider, len)
    }

    fn too_small(&self, len: usize) -> Error {
        self.outgoing.too_small(len)
    }

    fn recall(&self, from: usize) -> &[u8] {
        self.outgoing.first_plaintext(from)
    }

    fn change_cipher_spec(&mut self, provider: &mut P, drafted: usize) -> Result<()> {
        self.outgoing.change_cipher_spec(provider, drafted)
    }

    fn expect(&mut self, provider: &mut P, next: Next) -> Result<()> {
        self.outgoing.flush(provider)?;
        self.outgoing.said_hello();
        self.incoming.expect(next);
        Ok(())
    }

    fn end_key(&mut self, provider: &mut P) -> Result<()> {
        self.outgoing.flush_last(provider)
    }

    fn k_send(&mut self, provider: &mut P, suite: CipherSuite, secret: P::Secret) -> Result<()> {
        self.outgoing.install(provider, suite, secret)
    }

    #[cfg(feature = "early-data")]
    fn k_send_nothing(&mut self) {
        self.outgoing.uninstall();
    }

    fn k_recv(
        &mut self,
        provider: &mut P,
        suite: CipherSuite,
        secret: P::Secret,
        aligned: RecordAligned,
    ) -> Result<()> {
        self.incoming.install(provider, suite, secret, aligned)
    }

    fn base_key(&self, whose: Whose) -> Option<&P::Secret> {
        match whose {
            Whose::Ours => self.outgoing.secret(),
            Whose::ThePeers => self.incoming.secret(),
        }
    }

    fn limit(&mut self, sent: usize, received: usize) {
        self.outgoing.limit_content(sent);
        self.incoming.limit_inner(received);
    }
}

impl<P: CryptoProvider, G> Carrier<P> for Records<'_, '_, P, G> {
    type Guest = G;

    fn guest(&mut self) -> Result<(&mut G, &mut [u8])> {
        Ok((self.incoming.guest()?, self.outgoing.draft()))
    }
}
