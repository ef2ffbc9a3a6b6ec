//! A provider whose every call is counted, and may fail or pend.

use super::{AcceptAnyPeer, Seeded, TestIdentity};
use crate::cryptography as real;
use core::task::{Poll, ready};
use rand_core::TryRng;
use saitls_core::codes::*;
use saitls_core::config::{Identity, IdentityChooser, IdentityRequest};
use saitls_core::crypto::*;
use saitls_core::error::{Error, Result};
use std::sync::Mutex;

/// The provider.
pub struct Instrumented {
    pub random: Seeded,
    /// Calls so far that could have failed.
    pub calls: u64,
    /// The call that fails, the first being 1.
    pub fails_at: Option<u64>,
    /// How often each slow operation says `Pending`.
    pub pends: u32,
    /// How often one did.
    pub pended: u32,
}

impl Instrumented {
    pub fn new(seed: u64) -> Self {
        Self { random: Seeded(seed), calls: 0, fails_at: None, pends: 0, pended: 0 }
    }

    fn call(&mut self) -> Result<()> {
        self.calls += 1;
        if self.fails_at == Some(self.calls) { Err(Error::CryptoFailed) } else { Ok(()) }
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
}

impl CryptoProvider for Instrumented {
    type Hash = Hash;
    type Secret = Secret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.calls += 1;
        if self.fails_at == Some(self.calls) {
            return Err(Error::RandomFailed);
        }
        self.random.try_fill_bytes(out).map_err(|_| Error::RandomFailed)
    }
}

type I = Instrumented;

pub struct Hash(real::Hash);

impl saitls_core::crypto::Hash<I> for Hash {
    fn supports(algorithm: HashAlgorithm) -> bool {
        <real::Hash as saitls_core::crypto::Hash<I>>::supports(algorithm)
    }

    fn start(provider: &mut I, algorithm: HashAlgorithm) -> Result<Self> {
        provider.call()?;
        real::Hash::start(provider, algorithm).map(Self)
    }

    fn update(&mut self, provider: &mut I, data: &[u8]) -> Result<()> {
        provider.call()?;
        self.0.update(provider, data)
    }

    fn snapshot(&mut self, provider: &mut I) -> Result<Digest> {
        provider.call()?;
        self.0.snapshot(provider)
    }
}

pub struct Secret(SoftwareSecret);

impl saitls_core::crypto::Secret<I> for Secret {
    fn import(provider: &mut I, bytes: &[u8]) -> Result<Self> {
        provider.call()?;
        SoftwareSecret::import(provider, bytes).map(Self)
    }

    fn extract(provider: &mut I, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self> {
        provider.call()?;
        SoftwareSecret::extract(provider, hash, salt.map(|s| &s.0), input.map(|s| &s.0)).map(Self)
    }

    fn derive(&self, provider: &mut I, hash: HashAlgorithm, label: &[u8], context: &[u8]) -> Result<Self> {
        provider.call()?;
        self.0.derive(provider, hash, label, context).map(Self)
    }

    fn export(
        &self,
        provider: &mut I,
        hash: HashAlgorithm,
        label: &[u8],
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        provider.call()?;
        self.0.export(provider, hash, label, context, out)
    }

    fn mac(&self, provider: &mut I, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        provider.call()?;
        self.0.mac(provider, hash, data)
    }
}

pub struct Aead(real::Aead);

impl saitls_core::crypto::Aead<I> for Aead {
    fn supports(suite: CipherSuite) -> bool {
        <real::Aead as saitls_core::crypto::Aead<I>>::supports(suite)
    }

    fn from_key(provider: &mut I, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        provider.call()?;
        real::Aead::from_key(provider, suite, key).map(Self)
    }

    fn seal(&mut self, provider: &mut I, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        provider.call()?;
        self.0.seal(provider, nonce, aad, in_out)
    }

    fn open(&mut self, provider: &mut I, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        provider.call()?;
        self.0.open(provider, nonce, aad, in_out)
    }
}

pub struct KeyExchange {
    inner: real::KeyExchange,
    generated: u32,
    agreed: u32,
}

impl saitls_core::crypto::KeyExchange<I> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        <real::KeyExchange as saitls_core::crypto::KeyExchange<I>>::supports(group)
    }

    fn start(provider: &mut I, group: NamedGroup) -> Result<Self> {
        provider.call()?;
        Ok(Self { inner: real::KeyExchange::start(provider, group)?, generated: 0, agreed: 0 })
    }

    fn poll_generate(&mut self, provider: &mut I, share: &mut [u8]) -> Poll<Result<usize>> {
        ready!(provider.poll(&mut self.generated))?;
        self.inner.poll_generate(provider, share)
    }

    fn poll_decapsulate(&mut self, provider: &mut I, peer_share: &[u8]) -> Poll<Result<Secret>> {
        ready!(provider.poll(&mut self.agreed))?;
        self.inner.poll_decapsulate(provider, peer_share)
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut I,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, Secret)>> {
        ready!(provider.poll(&mut self.agreed))?;
        self.inner.poll_encapsulate(provider, peer_share, share)
    }
}

pub struct SignatureVerifier(real::SignatureVerifier, u32);

impl saitls_core::crypto::SignatureVerifier<I> for SignatureVerifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        <real::SignatureVerifier as saitls_core::crypto::SignatureVerifier<I>>::supports(algorithm)
    }

    fn start(provider: &mut I, algorithm: SignatureAlgorithm) -> Result<Self> {
        provider.call()?;
        Ok(Self(real::SignatureVerifier::start(provider, algorithm)?, 0))
    }

    fn poll_verify(&mut self, provider: &mut I, key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        ready!(provider.poll(&mut self.1))?;
        self.0.poll_verify(provider, key, message, signature)
    }
}

/// A key whose signatures may take long.
pub struct Signer<'k>(&'k real::SigningKey, Mutex<u32>);

impl<'k> Signer<'k> {
    pub fn new(identity: &'k TestIdentity) -> Self {
        Self(&identity.key, Mutex::new(0))
    }
}

impl saitls_core::crypto::Signer<I> for Signer<'_> {
    fn schemes(&self) -> &[SignatureScheme] {
        saitls_core::crypto::Signer::<I>::schemes(self.0)
    }

    fn poll_sign(
        &self,
        provider: &mut I,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        let mut waited = self.1.lock().unwrap();
        ready!(provider.poll(&mut waited))?;
        *waited = 0;
        self.0.poll_sign(provider, scheme, message, signature)
    }
}

/// A verifier that accepts anybody, after a while.
pub struct SlowVerifier;

impl PeerVerifier<I> for SlowVerifier {
    fn poll_verify(
        &self,
        provider: &mut I,
        progress: &mut VerificationProgress<I>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        let mut waited = progress.notes().map_or(0, |notes| notes.time.try_into().unwrap());
        let polled = provider.poll(&mut waited);
        progress.begin(Notes { time: waited.into(), ..Notes::default() });
        ready!(polled)?;
        AcceptAnyPeer.poll_verify(provider, progress, peer)
    }
}

/// Takes its time to choose the one identity there is.
pub struct SlowChooser<'i> {
    identity: Identity<'i, I>,
    waited: Mutex<u32>,
}

impl<'i> SlowChooser<'i> {
    pub fn new(identity: Identity<'i, I>) -> Self {
        Self { identity, waited: Mutex::new(0) }
    }
}

impl IdentityChooser<I> for SlowChooser<'_> {
    fn poll_choose<'s>(&'s self, provider: &mut I, _: &IdentityRequest<'_>) -> Poll<Result<Option<Identity<'s, I>>>> {
        let mut waited = self.waited.lock().unwrap();
        ready!(provider.poll(&mut waited))?;
        *waited = 0;
        Poll::Ready(Ok(Some(self.identity)))
    }
}
