//! A provider around any other whose calls are counted, and may fail or be pending.
//!
//! It serves tests of what lies above a provider: a connection must end when any call fails, and must not care how
//! often one is pending. Keys, verifiers and choosers of identities are wrapped too: [`Signer`], [`PeerVerifier`],
//! [`IdentityChooser`].

use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup, SignatureScheme};
use saitls_core::config::{self, Identity, IdentityRequest};
use saitls_core::crypto::{
    self, CryptoProvider, Digest, Label, MAX_STORED_SECRET_LEN, Nonce, PeerCertificates, SignatureAlgorithm,
};
use saitls_core::{ProviderFault, Result};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::{Poll, ready};

/// The provider.
///
/// ```
/// use saitls_conformance::Instrumented;
/// use saitls_rustcrypto::RustCrypto;
///
/// let mut provider = Instrumented { pends: 3, ..Instrumented::new(RustCrypto::os()) };
/// // ... a handshake ...
/// assert_eq!((provider.calls, provider.pended), (0, 0));
/// # let _ = &mut provider;
/// ```
#[derive(Debug, Clone)]
pub struct Instrumented<P> {
    /// The provider that does the work.
    pub inner: P,
    /// How often each slow operation is pending before it begins.
    pub pends: u32,
    /// The call that fails, the first one being 1; a slow operation fails when it has been pending.
    pub fails_at: Option<u64>,
    /// Calls so far that could have failed.
    pub calls: u64,
    /// How often an operation was pending so far.
    pub pended: u64,
}

impl<P> Instrumented<P> {
    /// Around `inner`: nothing fails or is pending yet.
    pub const fn new(inner: P) -> Self {
        Self { inner, pends: 0, fails_at: None, calls: 0, pended: 0 }
    }

    fn call(&mut self) -> Result<()> {
        self.calls += 1;
        if self.fails_at == Some(self.calls) { Err(ProviderFault::CryptoFailed.into()) } else { Ok(()) }
    }

    /// One poll of a slow operation that has waited so often.
    fn poll(&mut self, waited: &mut u32) -> Poll<Result<()>> {
        if *waited < self.pends {
            *waited += 1;
            self.pended += 1;
            return Poll::Pending;
        }
        Poll::Ready(self.call())
    }

    /// As [`poll`](Self::poll), for what has no operation value; begins anew afterwards.
    fn poll_shared(&mut self, waited: &AtomicU32) -> Poll<Result<()>> {
        let mut count = waited.load(Relaxed);
        let polled = self.poll(&mut count);
        waited.store(if polled.is_pending() { count } else { 0 }, Relaxed);
        polled
    }
}

impl<P: CryptoProvider> CryptoProvider for Instrumented<P> {
    type Hash = Hash<P>;
    type Secret = Secret<P>;
    type Aead = Aead<P>;
    type KeyExchange = KeyExchange<P>;
    type SignatureVerifier = SignatureVerifier<P>;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.call().map_err(|_| ProviderFault::RandomFailed)?;
        self.inner.fill_random(out)
    }

    fn cipher_suites(&self) -> &[CipherSuite] {
        self.inner.cipher_suites()
    }

    fn named_groups(&self) -> &[NamedGroup] {
        self.inner.named_groups()
    }

    fn signature_schemes(&self) -> &[SignatureScheme] {
        self.inner.signature_schemes()
    }
}

/// The hash functions of the inner provider.
pub struct Hash<P: CryptoProvider>(P::Hash);

impl<P: CryptoProvider> crypto::Hash<Instrumented<P>> for Hash<P> {
    fn supports(algorithm: HashAlgorithm) -> bool {
        P::Hash::supports(algorithm)
    }

    fn start(provider: &mut Instrumented<P>, algorithm: HashAlgorithm) -> Result<Self> {
        provider.call()?;
        P::Hash::start(&mut provider.inner, algorithm).map(Self)
    }

    fn update(&mut self, provider: &mut Instrumented<P>, data: &[u8]) -> Result<()> {
        provider.call()?;
        self.0.update(&mut provider.inner, data)
    }

    fn snapshot(&mut self, provider: &mut Instrumented<P>) -> Result<Digest> {
        provider.call()?;
        self.0.snapshot(&mut provider.inner)
    }

    fn finish(self, provider: &mut Instrumented<P>) -> Result<Digest> {
        provider.call()?;
        self.0.finish(&mut provider.inner)
    }
}

/// The secrets of the inner provider.
pub struct Secret<P: CryptoProvider>(P::Secret);

impl<P: CryptoProvider> crypto::Secret<Instrumented<P>> for Secret<P> {
    fn import(provider: &mut Instrumented<P>, bytes: &[u8]) -> Result<Self> {
        provider.call()?;
        P::Secret::import(&mut provider.inner, bytes).map(Self)
    }

    fn extract(
        provider: &mut Instrumented<P>,
        hash: HashAlgorithm,
        salt: Option<&Self>,
        input: Option<&Self>,
    ) -> Result<Self> {
        provider.call()?;
        P::Secret::extract(&mut provider.inner, hash, salt.map(|s| &s.0), input.map(|s| &s.0)).map(Self)
    }

    fn derive(
        &self,
        provider: &mut Instrumented<P>,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
    ) -> Result<Self> {
        provider.call()?;
        self.0.derive(&mut provider.inner, hash, label, context).map(Self)
    }

    fn export(
        &self,
        provider: &mut Instrumented<P>,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        provider.call()?;
        self.0.export(&mut provider.inner, hash, label, context, out)
    }

    fn mac(&self, provider: &mut Instrumented<P>, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        provider.call()?;
        self.0.mac(&mut provider.inner, hash, data)
    }

    fn reveal(&self, provider: &mut Instrumented<P>, out: &mut [u8]) -> Result<usize> {
        provider.call()?;
        self.0.reveal(&mut provider.inner, out)
    }

    fn store(&self, provider: &mut Instrumented<P>, out: &mut [u8; MAX_STORED_SECRET_LEN]) -> Result<usize> {
        provider.call()?;
        self.0.store(&mut provider.inner, out)
    }

    fn restore(provider: &mut Instrumented<P>, stored: &[u8]) -> Result<Self> {
        provider.call()?;
        P::Secret::restore(&mut provider.inner, stored).map(Self)
    }

    fn discard(provider: &mut Instrumented<P>, stored: &[u8]) -> Result<()> {
        provider.call()?;
        P::Secret::discard(&mut provider.inner, stored)
    }
}

/// The AEADs of the inner provider.
pub struct Aead<P: CryptoProvider>(P::Aead);

impl<P: CryptoProvider> crypto::Aead<Instrumented<P>> for Aead<P> {
    fn supports(suite: CipherSuite) -> bool {
        P::Aead::supports(suite)
    }

    fn from_key(provider: &mut Instrumented<P>, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        provider.call()?;
        P::Aead::from_key(&mut provider.inner, suite, key).map(Self)
    }

    fn from_secret(
        provider: &mut Instrumented<P>,
        suite: CipherSuite,
        secret: &Secret<P>,
        label: &Label<'_>,
    ) -> Result<Self> {
        provider.call()?;
        P::Aead::from_secret(&mut provider.inner, suite, &secret.0, label).map(Self)
    }

    fn seal(&mut self, provider: &mut Instrumented<P>, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        provider.call()?;
        self.0.seal(&mut provider.inner, nonce, aad, in_out)
    }

    fn open(&mut self, provider: &mut Instrumented<P>, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        provider.call()?;
        self.0.open(&mut provider.inner, nonce, aad, in_out)
    }

    fn mask(&mut self, provider: &mut Instrumented<P>, sample: &[u8; 16]) -> Result<[u8; 16]> {
        provider.call()?;
        self.0.mask(&mut provider.inner, sample)
    }
}

/// The key exchanges of the inner provider.
pub struct KeyExchange<P: CryptoProvider> {
    inner: P::KeyExchange,
    generated: u32,
    agreed: u32,
}

impl<P: CryptoProvider> crypto::KeyExchange<Instrumented<P>> for KeyExchange<P> {
    fn supports(group: NamedGroup) -> bool {
        P::KeyExchange::supports(group)
    }

    fn start(provider: &mut Instrumented<P>, group: NamedGroup) -> Result<Self> {
        provider.call()?;
        Ok(Self { inner: P::KeyExchange::start(&mut provider.inner, group)?, generated: 0, agreed: 0 })
    }

    fn poll_generate(&mut self, provider: &mut Instrumented<P>, share: &mut [u8]) -> Poll<Result<usize>> {
        ready!(provider.poll(&mut self.generated))?;
        self.inner.poll_generate(&mut provider.inner, share)
    }

    fn poll_decapsulate(&mut self, provider: &mut Instrumented<P>, peer_share: &[u8]) -> Poll<Result<Secret<P>>> {
        ready!(provider.poll(&mut self.agreed))?;
        self.inner.poll_decapsulate(&mut provider.inner, peer_share).map_ok(Secret)
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut Instrumented<P>,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, Secret<P>)>> {
        ready!(provider.poll(&mut self.agreed))?;
        let polled = self.inner.poll_encapsulate(&mut provider.inner, peer_share, share);
        polled.map_ok(|(len, secret)| (len, Secret(secret)))
    }
}

/// The verifications of the inner provider.
pub struct SignatureVerifier<P: CryptoProvider>(P::SignatureVerifier, u32);

impl<P: CryptoProvider> crypto::SignatureVerifier<Instrumented<P>> for SignatureVerifier<P> {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        P::SignatureVerifier::supports(algorithm)
    }

    fn start(provider: &mut Instrumented<P>, algorithm: SignatureAlgorithm) -> Result<Self> {
        provider.call()?;
        Ok(Self(P::SignatureVerifier::start(&mut provider.inner, algorithm)?, 0))
    }

    fn poll_verify(
        &mut self,
        provider: &mut Instrumented<P>,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>> {
        ready!(provider.poll(&mut self.1))?;
        self.0.poll_verify(&mut provider.inner, public_key, message, signature)
    }
}

/// A private key of the inner provider. One value counts for one connection at a time.
pub struct Signer<'k, P: CryptoProvider> {
    inner: &'k dyn crypto::Signer<P>,
    waited: AtomicU32,
}

impl<'k, P: CryptoProvider> Signer<'k, P> {
    /// Around `inner`.
    pub const fn new(inner: &'k dyn crypto::Signer<P>) -> Self {
        Self { inner, waited: AtomicU32::new(0) }
    }
}

impl<P: CryptoProvider> crypto::Signer<Instrumented<P>> for Signer<'_, P> {
    fn schemes(&self) -> &[SignatureScheme] {
        self.inner.schemes()
    }

    fn poll_sign(
        &self,
        provider: &mut Instrumented<P>,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        ready!(provider.poll_shared(&self.waited))?;
        self.inner.poll_sign(&mut provider.inner, scheme, message, signature)
    }
}

/// A verifier of peers that thinks before it begins. One value counts for one connection at a time.
pub struct PeerVerifier<'v, P: CryptoProvider> {
    inner: &'v dyn crypto::PeerVerifier<Instrumented<P>>,
    waited: AtomicU32,
    begun: AtomicBool,
}

impl<'v, P: CryptoProvider> PeerVerifier<'v, P> {
    /// Around `inner`.
    pub const fn new(inner: &'v dyn crypto::PeerVerifier<Instrumented<P>>) -> Self {
        Self { inner, waited: AtomicU32::new(0), begun: AtomicBool::new(false) }
    }
}

impl<P: CryptoProvider> crypto::PeerVerifier<Instrumented<P>> for PeerVerifier<'_, P> {
    fn poll_verify(
        &self,
        provider: &mut Instrumented<P>,
        progress: &mut crypto::VerificationProgress<Instrumented<P>>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        if !self.begun.load(Relaxed) {
            ready!(provider.poll_shared(&self.waited))?;
            self.begun.store(true, Relaxed);
        }
        let verified = ready!(self.inner.poll_verify(provider, progress, peer));
        self.begun.store(false, Relaxed);
        Poll::Ready(verified)
    }

    fn needs_server_name(&self) -> bool {
        self.inner.needs_server_name()
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut Instrumented<P>) -> Result<Option<crypto::TrustFingerprint>> {
        self.inner.fingerprint(provider)
    }
}

/// A chooser of identities that thinks before it answers. One value counts for one connection at a time.
pub struct IdentityChooser<'i, P: CryptoProvider> {
    inner: &'i dyn config::IdentityChooser<Instrumented<P>>,
    waited: AtomicU32,
}

impl<'i, P: CryptoProvider> IdentityChooser<'i, P> {
    /// Around `inner`.
    pub const fn new(inner: &'i dyn config::IdentityChooser<Instrumented<P>>) -> Self {
        Self { inner, waited: AtomicU32::new(0) }
    }
}

impl<P: CryptoProvider> config::IdentityChooser<Instrumented<P>> for IdentityChooser<'_, P> {
    fn poll_choose<'s>(
        &'s self,
        provider: &mut Instrumented<P>,
        request: &IdentityRequest<'_>,
    ) -> Poll<Result<Option<Identity<'s, Instrumented<P>>>>> {
        ready!(provider.poll_shared(&self.waited))?;
        self.inner.poll_choose(provider, request)
    }
}
