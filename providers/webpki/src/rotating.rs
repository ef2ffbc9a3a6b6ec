//! Trust that changes while connections run.

use crate::verifier::ChainVerifier;
use core::cell::Cell;
use core::task::Poll;
use saitls_core::crypto::{CryptoProvider, PeerCertificates, PeerVerifier, VerificationProgress};
use saitls_core::error::Result;

/// A verifier that can be replaced while connections run: by one with other trust anchors, newer revocation lists,
/// another clock. A chain that is being verified is verified anew.
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
    current: Cell<ChainVerifier<'a>>,
    replaced: Cell<usize>,
}

impl<'a> RotatingVerifier<'a> {
    /// Begins with this one.
    #[must_use]
    pub const fn new(verifier: ChainVerifier<'a>) -> Self {
        Self { current: Cell::new(verifier), replaced: Cell::new(0) }
    }

    /// From now on, this one. Returns the one that was.
    pub fn replace(&self, verifier: ChainVerifier<'a>) -> ChainVerifier<'a> {
        self.replaced.set(self.replaced.get().wrapping_add(1));
        self.current.replace(verifier)
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for RotatingVerifier<'_> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        self.current.get().poll_verify(provider, progress, peer, self.replaced.get())
    }

    fn needs_server_name(&self) -> bool {
        true
    }
}
