//! Which of a client's PSKs a server goes on with, and the check of its binder.

use super::Agreed;
use super::said::{self, Said};
use crate::codes::{CipherSuite, ExtensionType, HashAlgorithm};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Incompatibility, PeerFault, Result};
#[cfg(feature = "tickets")]
use crate::handshake::psk::resumed::{self, Resumed};
use crate::handshake::{Received, Step};
use crate::key_schedule::Early;
use crate::limits::MAX_PSK_LOOKUPS;
use crate::psk::{FoundPsk, PskKind};
use crate::secret;
use crate::waiting::Operation;
use crate::wire::ClientHello;
#[cfg(feature = "tickets")]
use crate::wire::extensions::ServerNameList;
use crate::wire::extensions::{OfferedPsks, PskIdentity, PskKeyExchangeModes};
#[cfg(feature = "tickets")]
use crate::wire::{Malformed, Reader, Writer};
use core::task::{Poll, ready};

/// The PSK that is being chosen for a ClientHello. It is chosen before the suite, which must be for its hash.
pub(in crate::handshake) struct Choice<P: CryptoProvider> {
    /// Identities that are unknown, or cannot be used.
    tried: usize,
    found: Option<Found<P>>,
    /// Of the first ClientHello, if this is for the second one.
    first: Option<Said>,
    is_begun: bool,
    /// The transcript goes through what binders are over.
    is_bound: bool,
    /// Its binder is right, and its ticket ours alone.
    is_spent: bool,
}

/// A PSK that is known and has a suite.
struct Found<P: CryptoProvider> {
    kind: PskKind,
    hash: HashAlgorithm,
    early: Early<P>,
    #[cfg(feature = "tickets")]
    resumed: Option<Resumed>,
}

/// The PSK that was chosen.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct Picked {
    index: u16,
    hash: HashAlgorithm,
    /// The modes that both sides allow (RFC 9846 4.3.9).
    with_exchange: bool,
    without_exchange: bool,
}

/// Whether a server may answer with this suite: to a second ClientHello, with that of its HelloRetryRequest alone,
/// whatever became of the PSK that decided on it (RFC 9846 4.2.4).
pub(in crate::handshake) fn fits(suite: CipherSuite, picked: Option<Picked>, retried: Option<CipherSuite>) -> bool {
    picked.is_none_or(|picked| picked.hash == suite.hash()) && retried.is_none_or(|retried| retried == suite)
}

impl Picked {
    /// Its place in the client's list.
    pub(in crate::handshake) const fn index(self) -> u16 {
        self.index
    }

    /// Whether it may be joined with a key agreement.
    pub(in crate::handshake) const fn allows_exchange(self) -> bool {
        self.with_exchange
    }

    /// Whether it may do without.
    pub(in crate::handshake) const fn allows_none(self) -> bool {
        self.without_exchange
    }
}

/// How long is what [`Choice::write_first`] writes, at most.
#[cfg(feature = "tickets")]
pub(in crate::handshake) const MAX_FIRST_LEN: usize = Said::MAX_LEN;

impl<P: CryptoProvider> Choice<P> {
    pub(in crate::handshake) const fn new() -> Self {
        Self { tried: 0, found: None, first: None, is_begun: false, is_bound: false, is_spent: false }
    }

    /// For the ClientHello behind a HelloRetryRequest that answers this one.
    pub(in crate::handshake) fn again(provider: &mut P, hash: HashAlgorithm, first: &ClientHello<'_>) -> Result<Self> {
        Ok(Self { first: Some(Said::read(provider, hash, first)?), ..Self::new() })
    }

    /// Writes what the second ClientHello is held against.
    #[cfg(feature = "tickets")]
    pub(in crate::handshake) fn write_first(&self, writer: &mut Writer<'_>) {
        if let Some(first) = &self.first {
            first.write(writer);
        }
    }

    /// As [`again`](Self::again), from what was written.
    #[cfg(feature = "tickets")]
    pub(in crate::handshake) fn read_first(hash: HashAlgorithm, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { first: Some(Said::read_written(hash, reader)?), ..Self::new() })
    }

    /// Whether this ClientHello was looked at before: what had to be checked first, has been.
    pub(in crate::handshake) const fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Chooses the first PSK of the client's that is known, if it can be used with a suite: after a HelloRetryRequest,
    /// with that one. Without one, a server that has no identity can do nothing.
    pub(in crate::handshake) fn poll<'a>(
        &mut self,
        step: &mut Step<'_, 'a, P>,
        config: &ServerConfig<'a, P>,
        hello: &ClientHello<'_>,
        retried: Option<CipherSuite>,
    ) -> Poll<Result<Option<Picked>>> {
        if !knows_psks(config) {
            return Poll::Ready(Ok(None));
        }
        let picked = ready!(self.poll_offered(step, config, hello, retried))?;
        if picked.is_none() && !config.has_identity() {
            let what =
                if self.tried == 0 { Incompatibility::NoPreSharedKey } else { Incompatibility::UnknownPreSharedKey };
            return Poll::Ready(Err(what.into()));
        }
        Poll::Ready(Ok(picked))
    }

    fn poll_offered(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        hello: &ClientHello<'_>,
        retried: Option<CipherSuite>,
    ) -> Poll<Result<Option<Picked>>> {
        let was_begun = core::mem::replace(&mut self.is_begun, true);
        if let Some(first) = self.first.as_ref().filter(|_| !was_begun) {
            first.check(step.provider(), hello)?;
        }
        let allows = |modes: PskKeyExchangeModes| {
            let (with, without) = (config.psks.modes.allows_exchange(), config.psks.modes.allows_none());
            (modes.psk_dhe_ke && with, modes.psk_ke && without)
        };
        let (with_exchange, without_exchange) = said::modes(hello)?.map_or((false, false), allows);
        #[cfg(feature = "tickets")]
        resumed::expect_tickets(step, config, hello, with_exchange || without_exchange)?;
        let Some(offered) = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)? else {
            return Poll::Ready(Ok(None));
        };
        if !with_exchange && !without_exchange {
            return Poll::Ready(Ok(None));
        }
        for (psk, _) in offered.iter().take(MAX_PSK_LOOKUPS).skip(self.tried) {
            if self.found.is_none() {
                self.found = ready!(poll_find(step, config, hello, retried, (&psk, self.tried == 0)))?;
            }
            if let (Some(found), Ok(index)) = (&self.found, u16::try_from(self.tried)) {
                let hash = found.hash;
                return Poll::Ready(Ok(Some(Picked { index, hash, with_exchange, without_exchange })));
            }
            self.tried = self.tried.saturating_add(1);
        }
        Poll::Ready(Ok(None))
    }

    /// The chosen PSK will be gone on with. `false` if its ticket was for one connection, and another one had it first:
    /// then the choice begins anew, without it. The binder comes first: whoever has seen a ticket cannot use it up.
    pub(in crate::handshake) fn spend(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        received: &Received<'_>,
        hello: &ClientHello<'_>,
    ) -> Result<bool> {
        #[cfg(feature = "tickets")]
        if let (Some(Found { kind: PskKind::Resumption, .. }), false, Some(ticketer)) =
            (&self.found, self.is_spent, config.tickets.ticketer)
        {
            let ticket = self.check_binder(step, received, hello, self.tried)?;
            if !ticketer.spend(step.provider(), ticket.identity)? {
                step.notes().forget_certificate();
                self.found = None;
                self.tried = self.tried.saturating_add(1);
                return Ok(false);
            }
            self.is_spent = true;
        }
        let _ = (step, config, received, hello, &self.found);
        Ok(true)
    }

    /// Checks the binder of the PSK that was found, which has this place, and of no other one.
    fn check_binder<'m>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        received: &Received<'_>,
        hello: &ClientHello<'m>,
        index: usize,
    ) -> Result<PskIdentity<'m>> {
        let found = self.found.as_ref().ok_or(Error::Internal)?;
        let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?.ok_or(Error::Internal)?;
        let (psk, binder) = offered.iter().nth(index).ok_or(Error::Internal)?;
        let key = (found.kind, found.hash, &found.early);
        let expected = step.binder_of(&received.message, offered.binders_len(), key, &mut self.is_bound)?;
        if secret::equal(expected.as_bytes(), binder) { Ok(psk) } else { Err(PeerFault::BadBinder.into()) }
    }

    /// The point of no return for a ClientHello: it becomes part of the transcript, and the binder of the chosen PSK is
    /// checked, if it has not been.
    pub(in crate::handshake) fn accept(
        &mut self,
        step: &mut Step<'_, '_, P>,
        received: &Received<'_>,
        hello: &ClientHello<'_>,
        picked: Option<Picked>,
    ) -> Result<Option<Agreed<P>>> {
        if let Some(picked) = picked.filter(|_| !self.is_spent) {
            let psk = self.check_binder(step, received, hello, picked.index.into())?;
            if self.found.as_ref().is_some_and(|found| found.kind != PskKind::Resumption) {
                step.notes().note_certificate(psk.identity);
            }
        }
        if core::mem::take(&mut self.is_bound) {
            let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?;
            step.accept_binders(&received.message, offered.ok_or(Error::Internal)?.binders_len())?;
        } else {
            step.accept(&received.message)?;
        }
        if picked.is_none() {
            step.notes().forget_certificate();
            return Ok(None);
        }
        let found = self.found.take().ok_or(Error::Internal)?;
        let agreed = Agreed::on(found.kind, found.early);
        #[cfg(feature = "tickets")]
        let agreed = agreed.resuming(found.resumed);
        Ok(Some(agreed))
    }
}

/// Whether there can be a PSK at all.
const fn knows_psks<P: CryptoProvider>(config: &ServerConfig<'_, P>) -> bool {
    #[cfg(feature = "tickets")]
    if config.tickets.ticketer.is_some() {
        return true;
    }
    config.psks.store.is_some()
}

/// Looks for an identity that has a suite: first, whether it is a ticket of ours.
fn poll_find<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    config: &ServerConfig<'_, P>,
    hello: &ClientHello<'_>,
    retried: Option<CipherSuite>,
    (psk, is_first): (&PskIdentity<'_>, bool),
) -> Poll<Result<Option<Found<P>>>> {
    let has_suite = |hash: HashAlgorithm, provider: &P| {
        config.common.cipher_suites(provider).any(|suite| {
            let is_retried = retried.is_none_or(|retried| retried == suite);
            suite.hash() == hash && hello.cipher_suites.contains(suite) && is_retried
        })
    };
    #[cfg(feature = "tickets")]
    if let Some(ticketer) = config.tickets.ticketer {
        let age = is_first.then_some(psk.obfuscated_ticket_age);
        let server_name = ServerNameList::dns_name(hello.extensions)?;
        if let Some((hash, early, resumed)) =
            ready!(resumed::poll_open(step, ticketer, (psk.identity, age), server_name, has_suite))?
        {
            let kind = PskKind::Resumption;
            return Poll::Ready(Ok(Some(Found { kind, hash, early, resumed: Some(resumed) })));
        }
    }
    let _ = is_first;
    let Some(store) = config.psks.store else { return Poll::Ready(Ok(None)) };
    let found = match store.poll_find(step.provider(), psk.identity) {
        Poll::Pending => return step.pending(Operation::PreSharedKey),
        Poll::Ready(found) => found?,
    };
    let Some(FoundPsk { hash, secret, kind }) = found else { return Poll::Ready(Ok(None)) };
    if !has_suite(hash, step.provider()) {
        return Poll::Ready(Ok(None));
    }
    let early = Early::new(step.provider(), hash, &secret)?;
    Poll::Ready(Ok(Some(Found {
        kind,
        hash,
        early,
        #[cfg(feature = "tickets")]
        resumed: None,
    })))
}
