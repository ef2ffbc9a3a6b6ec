//! Trust that changes while connections run.

use crate::verifier::ChainVerifier;
use core::task::Poll;
#[cfg(feature = "tickets")]
use saitls_core::crypto::TrustFingerprint;
use saitls_core::crypto::{CryptoProvider, PeerCertificates, PeerVerifier, VerificationProgress};
use saitls_core::error::Result;
use spin::Mutex;

/// A verifier that can be replaced while connections run: by one with other trust anchors, newer revocation lists,
/// another clock. A chain that is being verified is verified anew.
///
/// A spin lock is held while the verifier is copied, a handful of words. **Not for interrupt handlers**: one that
/// interrupts the holder on the same core waits for ever. Neither call [`replace`](Self::replace) there nor process a
/// connection with it, unless all others that do so have interrupts off; set a flag instead, and let the main loop
/// replace. Under a scheduler with fixed priorities the same goes for a thread that preempts the holder.
///
/// ```
/// # use saitls_webpki::*;
/// # fn f(old: &[TrustAnchor<'_>], new: &[TrustAnchor<'_>], clock: &dyn Clock) -> saitls_core::Result<()> {
/// let verifier = RotatingVerifier::new(ChainVerifier::new(old, clock)?);
/// // Connections that begin now trust the old anchors, those that begin later the new ones.
/// verifier.replace(ChainVerifier::new(new, clock)?);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RotatingVerifier<'a> {
    /// The verifier, and how many there were before it.
    current: Mutex<(ChainVerifier<'a>, usize)>,
}

impl<'a> RotatingVerifier<'a> {
    /// Begins with this one.
    #[must_use]
    pub const fn new(verifier: ChainVerifier<'a>) -> Self {
        Self { current: Mutex::new((verifier, 0)) }
    }

    /// From now on, this one. Returns the one that was.
    pub fn replace(&self, verifier: ChainVerifier<'a>) -> ChainVerifier<'a> {
        let mut current = self.current.lock();
        let next = (verifier, current.1.wrapping_add(1));
        core::mem::replace(&mut *current, next).0
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for RotatingVerifier<'_> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        let (verifier, replaced) = *self.current.lock();
        verifier.poll_verify(provider, progress, peer, replaced)
    }

    fn needs_server_name(&self) -> bool {
        self.current.lock().0.needs_server_name()
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        let (verifier, _) = *self.current.lock();
        verifier.fingerprint(provider)
    }
}
