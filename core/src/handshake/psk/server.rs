//! Which of a client's PSKs a server goes on with, and the check of its binder.

use super::Agreed;
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
use core::task::{Poll, ready};

/// The PSK that is being chosen for a ClientHello. It is chosen before the suite, which must be for its hash.
pub(in crate::handshake) struct Choice<P: CryptoProvider> {
    /// Identities that are unknown, or cannot be used.
    tried: usize,
    found: Option<Found<P>>,
    /// Of the first ClientHello, if this is for the second one.
    first: Option<Said>,
    is_begun: bool,
    /// It is ours alone.
    #[cfg(feature = "tickets")]
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

/// What a ClientHello says of PSKs, as far as a second one may not say something else.
struct Said {
    modes: Option<PskKeyExchangeModes>,
    identities: usize,
}

impl Said {
    fn read(hello: &ClientHello<'_>) -> Result<Self> {
        let modes = hello.extensions.get(ExtensionType::PSK_KEY_EXCHANGE_MODES, PskKeyExchangeModes::read)?;
        let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?;
        Ok(Self { modes, identities: offered.map_or(0, |offered| offered.iter().count()) })
    }

    /// PSKs may be left out of a second ClientHello, but none may come; the modes stay (RFC 9846 4.2.2).
    fn check(&self, second: &Self) -> Result<()> {
        if second.modes == self.modes && second.identities <= self.identities {
            Ok(())
        } else {
            Err(PeerFault::ClientHelloChanged.into())
        }
    }
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

impl<P: CryptoProvider> Choice<P> {
    pub(in crate::handshake) const fn new() -> Self {
        Self {
            tried: 0,
            found: None,
            first: None,
            is_begun: false,
            #[cfg(feature = "tickets")]
            is_spent: false,
        }
    }

    /// For the ClientHello behind a HelloRetryRequest that answers this one.
    pub(in crate::handshake) fn again(first: &ClientHello<'_>) -> Result<Self> {
        Ok(Self { first: Some(Said::read(first)?), ..Self::new() })
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
        self.is_begun = true;
        let said = Said::read(hello)?;
        self.first.as_ref().map_or(Ok(()), |first| first.check(&said))?;
        let allows = |modes: PskKeyExchangeModes| {
            let (with, without) = (config.psks.modes.allows_exchange(), config.psks.modes.allows_none());
            (modes.psk_dhe_ke && with, modes.psk_ke && without)
        };
        let (with_exchange, without_exchange) = said.modes.map_or((false, false), allows);
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
    /// then the choice begins anew, without it.
    pub(in crate::handshake) fn spend(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        hello: &ClientHello<'_>,
    ) -> Result<bool> {
        #[cfg(feature = "tickets")]
        if let (Some(Found { kind: PskKind::Resumption, .. }), false, Some(ticketer)) =
            (&self.found, self.is_spent, config.tickets.ticketer)
        {
            let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?;
            let (ticket, _) = offered.ok_or(Error::Internal)?.iter().nth(self.tried).ok_or(Error::Internal)?;
            if !ticketer.spend(step.provider(), ticket.identity)? {
                step.notes().forget_certificate();
                self.found = None;
                self.tried = self.tried.saturating_add(1);
                return Ok(false);
            }
            self.is_spent = true;
        }
        let _ = (step, config, hello, &self.found);
        Ok(true)
    }

    /// The point of no return for a ClientHello: it becomes part of the transcript, and on the way the binder of the
    /// chosen PSK is checked, of no other one.
    pub(in crate::handshake) fn accept(
        &mut self,
        step: &mut Step<'_, '_, P>,
        received: &Received<'_>,
        hello: &ClientHello<'_>,
        picked: Option<Picked>,
    ) -> Result<Option<Agreed<P>>> {
        let Some(picked) = picked else {
            // That of a ticket in the first ClientHello, which is in the second one no more.
            step.notes().forget_certificate();
            return step.accept(&received.message).map(|()| None);
        };
        let found = self.found.take().ok_or(Error::Internal)?;
        let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?;
        let offered = offered.ok_or(Error::Internal)?;
        let (psk, binder) = offered.iter().nth(picked.index.into()).ok_or(Error::Internal)?;
        let expected = step.accept_bound(&received.message, offered.binders_len(), found.kind, &found.early)?;
        if !secret::equal(expected.as_bytes(), binder) {
            return Err(PeerFault::BadBinder.into());
        }
        if found.kind != PskKind::Resumption {
            step.notes().forget_certificate();
            step.notes().note_certificate(psk.identity);
        }
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
