//! What stands in the place of PSKs in a build without them: nothing, and no memory for it.

use crate::codes::{CipherSuite, HashAlgorithm};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use core::marker::PhantomData;
use core::task::Waker;

/// Something of a configuration that takes no memory.
type Absent<'a, P> = PhantomData<(&'a (), fn() -> P)>;

/// What a client offers.
pub(crate) struct ClientPsks<'a, P: CryptoProvider>(Absent<'a, P>);

impl<P: CryptoProvider> ClientPsks<'_, P> {
    pub(crate) const fn none() -> Self {
        Self(PhantomData)
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where there are PSKs")]
    pub(crate) const fn check(&self) -> Result<()> {
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) const fn accepts_certificate(&self) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) const fn accepts_exchange(&self) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) const fn allows_suite(&self, _: CipherSuite) -> bool {
        true
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where there are PSKs")]
    pub(crate) fn check_suites(&self, _: impl Iterator<Item = CipherSuite>) -> Result<()> {
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) const fn preferred_hash(&self) -> Option<HashAlgorithm> {
        None
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}

/// What a server accepts.
pub(crate) struct ServerPsks<'a, P: CryptoProvider>(Absent<'a, P>);

impl<P: CryptoProvider> ServerPsks<'_, P> {
    pub(crate) const fn none() -> Self {
        Self(PhantomData)
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where there are PSKs")]
    pub(crate) const fn check(&self) -> Result<()> {
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) const fn suffices(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as where there are PSKs")]
    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}
