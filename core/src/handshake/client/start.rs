//! START: make key shares, send the ClientHello.

use super::client_hello::Offer;
use super::wait_server_hello::WaitServerHello;
use super::{Client, State, Step, take};
use crate::codes::NamedGroup;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Misconfiguration, Result};
use crate::handshake::psk::Hello;
use crate::record::Next;
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
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
    ) -> Poll<Result<State<P>>> {
        if self.offer.is_none() {
            let (config, name) = (client.config, client.server_name.as_ref());
            ready!(step.poll_take_session(&config.sessions, config.verifier, &config.identities, name))?;
            self.prepare(step, client)?;
        }
        let offer = self.offer.as_mut().ok_or(Error::Internal)?;
        let len = ready!(offer.poll_write(step, client, None, Hello::FIRST))?;
        Poll::Ready(self.send(step, len))
    }

    /// Makes the offer. Out of line, as [`send`](Self::send).
    #[inline(never)]
    fn prepare<P: CryptoProvider>(&mut self, step: &mut Step<'_, '_, P>, client: &Client<'_, P>) -> Result<()> {
        check_offer(step, client)?;
        self.offer = Some(Offer::new(step, client)?);
        Ok(())
    }

    /// Sends the message that was written. Own frame, which is gone while key shares are made.
    #[inline(never)]
    fn send<P: CryptoProvider>(&mut self, step: &mut Step<'_, '_, P>, len: usize) -> Result<State<P>> {
        let offer = take(&mut self.offer)?;
        // Which hash the transcript takes is not known yet: the message stays where it is until the server says.
        step.commit_first(len)?;
        step.expect(Next::Hello { early_data: false })?;
        step.begin_early_data(len, !offer.session_id().is_empty())?;
        Ok(State::WaitServerHello(WaitServerHello::new(offer, len)))
    }
}

/// Checks that there is something to offer.
fn check_offer<P: CryptoProvider>(step: &Step<'_, '_, P>, client: &Client<'_, P>) -> Result<()> {
    if step.cipher_suites().next().is_none() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoCipherSuite));
    }
    client.config.psks.check_suites(step.cipher_suites())?;
    if client.config.psks.accepts_exchange() && step.named_groups().next().is_none() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoNamedGroup));
    }
    let is_supported = |&share: &NamedGroup| step.all_named_groups().any(|group| group == share);
    if !client.config.key_shares.unwrap_or_default().iter().all(is_supported) {
        return Err(Error::InvalidConfiguration(Misconfiguration::KeyShareNotOffered));
    }
    if client.config.psks.accepts_certificate() && step.handshake_schemes().next().is_none() {
        return Err(Error::InvalidConfiguration(Misconfiguration::NoSignatureScheme));
    }
    Ok(())
}
