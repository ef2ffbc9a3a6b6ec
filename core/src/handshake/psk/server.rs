//! Which of a client's PSKs a server goes on with, and the check of its binder.

use super::Agreed;
use crate::codes::{CipherSuite, ExtensionType, HashAlgorithm};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Incompatibility, PeerFault, Result};
use crate::handshake::{Received, Step};
use crate::key_schedule::Early;
use crate::psk::{FoundPsk, PskKind, PskStore};
use crate::secret;
use crate::waiting::Operation;
use crate::wire::ClientHello;
use crate::wire::extensions::{OfferedPsks, PskKeyExchangeModes};
use core::task::{Poll, ready};

/// The PSK that is being chosen for a ClientHello. It is chosen before the suite, which must be for its hash.
pub(in crate::handshake) struct Choice<P: CryptoProvider> {
    /// Identities that are unknown, or cannot be used.
    tried: usize,
    found: Option<FoundPsk<P>>,
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

impl Picked {
    /// Its place in the client's list.
    pub(in crate::handshake) const fn index(self) -> u16 {
        self.index
    }

    /// The hash of the suites that it is for.
    pub(in crate::handshake) const fn hash(self) -> HashAlgorithm {
        self.hash
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
        Self { tried: 0, found: None }
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
        let Some(store) = config.psks.store else { return Poll::Ready(Ok(None)) };
        let picked = ready!(self.poll_store(step, store, config, hello, retried))?;
        if picked.is_none() && !config.has_identity() {
            return Poll::Ready(Err(Incompatibility::NoPreSharedKey.into()));
        }
        Poll::Ready(Ok(picked))
    }

    fn poll_store(
        &mut self,
        step: &mut Step<'_, '_, P>,
        store: &dyn PskStore<P>,
        config: &ServerConfig<'_, P>,
        hello: &ClientHello<'_>,
        retried: Option<CipherSuite>,
    ) -> Poll<Result<Option<Picked>>> {
        let modes = hello.extensions.get(ExtensionType::PSK_KEY_EXCHANGE_MODES, PskKeyExchangeModes::read)?;
        let Some(offered) = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)? else {
            return Poll::Ready(Ok(None));
        };
        let modes = modes.ok_or(PeerFault::MissingExtension)?;
        let with_exchange = modes.psk_dhe_ke && config.psks.modes.allows_exchange();
        let without_exchange = modes.psk_ke && config.psks.modes.allows_none();
        if !with_exchange && !without_exchange {
            return Poll::Ready(Ok(None));
        }
        for (psk, _) in offered.iter().skip(self.tried) {
            if self.found.is_none() {
                self.found = match store.poll_find(step.provider(), psk.identity) {
                    Poll::Pending => return step.pending(Operation::PreSharedKey),
                    Poll::Ready(found) => found?,
                };
            }
            if let (Some(found), Ok(index)) = (&self.found, u16::try_from(self.tried)) {
                let fits = |suite: CipherSuite| {
                    suite.hash() == found.hash
                        && hello.cipher_suites.contains(suite)
                        && retried.is_none_or(|retried| retried == suite)
                };
                if step.cipher_suites().any(fits) {
                    let hash = found.hash;
                    return Poll::Ready(Ok(Some(Picked { index, hash, with_exchange, without_exchange })));
                }
            }
            self.found = None;
            self.tried = self.tried.saturating_add(1);
        }
        Poll::Ready(Ok(None))
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
        let Some(picked) = picked else { return step.accept(&received.message).map(|()| None) };
        let found = self.found.take().ok_or(Error::Internal)?;
        let offered = hello.extensions.get(ExtensionType::PRE_SHARED_KEY, OfferedPsks::read)?;
        let offered = offered.ok_or(Error::Internal)?;
        let (_, binder) = offered.iter().nth(picked.index.into()).ok_or(Error::Internal)?;
        let early = Early::new(step.provider(), found.hash, &found.secret)?;
        let expected = step.accept_bound(&received.message, offered.binders_len(), PskKind::External, &early)?;
        if secret::equal(expected.as_bytes(), binder) {
            Ok(Some(Agreed::on(PskKind::External, early)))
        } else {
            Err(PeerFault::BadBinder.into())
        }
    }
}
