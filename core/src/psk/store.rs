//! Where a server finds PSKs.

use super::key::{check_list, register_with_all};
use super::{PreSharedKey, PskKind, PskModes};
use crate::codes::HashAlgorithm;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use core::task::{Poll, Waker};

/// A PSK that a server has found.
pub struct FoundPsk<P: CryptoProvider> {
    /// The hash of the suites that it is for.
    pub hash: HashAlgorithm,
    /// The key.
    pub secret: P::Secret,
    /// Where it comes from: [`External`](PskKind::External), or [`Imported`](PskKind::Imported).
    pub kind: PskKind,
}

/// The PSKs of a server, by their identities. A list of [`PreSharedKey`]s is one.
pub trait PskStore<P: CryptoProvider>: Sync {
    /// The key of an identity, or `None` if there is none. Pending as long as that is not known; it is asked again, for
    /// the same identity.
    ///
    /// A server asks for the first [`MAX_PSK_LOOKUPS`](crate::limits::MAX_PSK_LOOKUPS) identities of a ClientHello
    /// until one is known. Who the client is has not been proved by then: this should cost little.
    ///
    /// # Errors
    /// Why nothing can be said; the handshake fails. An unknown identity is no error.
    fn poll_find(&self, provider: &mut P, identity: &[u8]) -> Poll<Result<Option<FoundPsk<P>>>>;

    /// Whether its keys can work, as far as that can be said beforehand: [`ServerConfig::check`] asks. Lists check that
    /// each key and each identity has the right length, and that no identity is there twice. Others have to see to it
    /// themselves that whoever guesses at their keys has no chance: an empty one is everybody's.
    ///
    /// [`ServerConfig::check`]: crate::config::ServerConfig::check
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`](crate::Error::InvalidConfiguration).
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// As [`CryptoProvider::register_waker`], for what is looked for.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}

impl<P: CryptoProvider, const N: usize> PskStore<P> for [PreSharedKey<'_, P>; N] {
    fn poll_find(&self, provider: &mut P, identity: &[u8]) -> Poll<Result<Option<FoundPsk<P>>>> {
        self.as_slice().poll_find(provider, identity)
    }

    fn check(&self) -> Result<()> {
        check_list(self)
    }

    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        self.as_slice().register_waker(provider, waker)
    }
}

impl<P: CryptoProvider> PskStore<P> for &[PreSharedKey<'_, P>] {
    fn poll_find(&self, provider: &mut P, identity: &[u8]) -> Poll<Result<Option<FoundPsk<P>>>> {
        let Some(psk) = self.iter().find(|psk| psk.identity() == identity) else { return Poll::Ready(Ok(None)) };
        psk.poll_secret(provider).map_ok(|secret| Some(FoundPsk { hash: psk.hash(), secret, kind: psk.kind() }))
    }

    fn check(&self) -> Result<()> {
        check_list(self)
    }

    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        register_with_all(self, provider, waker)
    }
}

/// What a server accepts.
pub(crate) struct ServerPsks<'a, P: CryptoProvider> {
    pub(crate) store: Option<&'a dyn PskStore<P>>,
    pub(crate) modes: PskModes,
}

impl<P: CryptoProvider> ServerPsks<'_, P> {
    pub(crate) const fn none() -> Self {
        Self { store: None, modes: PskModes::WithKeyExchange }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.store.map_or(Ok(()), PskStore::check)
    }

    /// Whether it can do without a certificate.
    pub(crate) const fn suffices(&self) -> bool {
        self.store.is_some()
    }

    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        match self.store {
            Some(store) => store.register_waker(provider, waker),
            None => provider.register_waker(waker),
        }
    }
}
