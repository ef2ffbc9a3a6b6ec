//! START: make key shares, send the ClientHello.

use super::client_hello::Offer;
use super::wait_server_hello::WaitServerHello;
use super::{Client, Context, State, take};
use crate::codes::{NamedGroup, ProtocolVersion};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Misconfiguration, Result};
use core::task::{Poll, ready};

pub(crate) struct Start {
    /// Made at the first poll.
    offer: Option<Offer>,
}

impl Start {
    pub(super) const fn new() -> Self {
        Self { offer: None }
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
    ) -> Poll<Result<State<P>>> {
        if self.offer.is_none() {
            self.prepare(cx, client)?;
        }
        let offer = self.offer.as_mut().ok_or(Error::Internal)?;
        let len = ready!(offer.poll_write(cx, client, None))?;
        Poll::Ready(self.send(cx, len))
    }

    /// Makes the offer. On its own, as [`send`](Self::send).
    #[inline(never)]
    fn prepare<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>, client: &Client<'_, P>) -> Result<()> {
        check_offer(cx, client)?;
        self.offer = Some(Offer::new(cx, client)?);
        Ok(())
    }

    /// Sends the message that was written. On its own, so that its memory is not in use while key shares are made.
    #[inline(never)]
    fn send<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>, len: usize) -> Result<State<P>> {
        let offer = take(&mut self.offer)?;
        // Which hash the transcript takes is not known yet: the message stays in the buffer until the server says.
        cx.outgoing.commit_message(cx.provider, len)?;
        cx.outgoing.flush(cx.provider)?;
        cx.outgoing.legacy_record_version = ProtocolVersion::TLS_1_2;
        cx.incoming.allows_change_cipher_spec = true;
        Ok(State::WaitServerHello(WaitServerHello::new(offer, cx.outgoing.buffer.unsent().len())))
    }
}

/// Checks that there is something to offer.
fn check_offer<P: CryptoProvider>(cx: &Context<'_, '_, P>, client: &Client<'_, P>) -> Result<()> {
    if cx.common.cipher_suites(cx.provider).next().is_none() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoCipherSuite));
    }
    if cx.common.named_groups(cx.provider, cx.fits_hybrids()).next().is_none() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoNamedGroup));
    }
    let is_supported = |&share: &NamedGroup| cx.common.named_groups(cx.provider, true).any(|group| group == share);
    if !client.config.key_shares.unwrap_or_default().iter().all(is_supported) {
        return Err(Error::InvalidConfiguration(Misconfiguration::KeyShareNotOffered));
    }
    if cx.common.handshake_schemes(cx.provider).next().is_none() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoSignatureScheme));
    }
    Ok(())
}
