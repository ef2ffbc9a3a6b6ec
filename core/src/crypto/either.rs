//! Parts made of parts: the first that supports what is asked, and a part that supports nothing.

use super::{Aead, CryptoProvider, Digest, Hash, KeyExchange, Label, Nonce, SignatureAlgorithm, SignatureVerifier};
use crate::codes::{CipherSuite, HashAlgorithm, NamedGroup};
use crate::error::{ProviderFault, Result};
use core::task::Poll;

/// `A` where it supports what is asked, otherwise `B`.
///
/// The choice is made when the operation begins and never changes: a failing `A` is not replaced by `B`.
pub enum Either<A, B> {
    /// The first part.
    First(A),
    /// The second part.
    Second(B),
}

impl<P: CryptoProvider, A: Hash<P>, B: Hash<P>> Hash<P> for Either<A, B> {
    fn supports(algorithm: HashAlgorithm) -> bool {
        A::supports(algorithm) || B::supports(algorithm)
    }

    fn start(provider: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        if A::supports(algorithm) {
            A::start(provider, algorithm).map(Self::First)
        } else {
            B::start(provider, algorithm).map(Self::Second)
        }
    }

    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()> {
        match self {
            Self::First(hash) => hash.update(provider, data),
            Self::Second(hash) => hash.update(provider, data),
        }
    }

    fn snapshot(&mut self, provider: &mut P) -> Result<Digest> {
        match self {
            Self::First(hash) => hash.snapshot(provider),
            Self::Second(hash) => hash.snapshot(provider),
        }
    }

    fn finish(self, provider: &mut P) -> Result<Digest> {
        match self {
            Self::First(hash) => hash.finish(provider),
            Self::Second(hash) => hash.finish(provider),
        }
    }

    fn digest(provider: &mut P, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Result<Digest> {
        if A::supports(algorithm) {
            A::digest(provider, algorithm, parts)
        } else {
            B::digest(provider, algorithm, parts)
        }
    }

    fn hmac(provider: &mut P, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        if A::supports(algorithm) {
            A::hmac(provider, algorithm, key, parts)
        } else {
            B::hmac(provider, algorithm, key, parts)
        }
    }
}

impl<P: CryptoProvider, A: Aead<P>, B: Aead<P>> Aead<P> for Either<A, B> {
    fn supports(suite: CipherSuite) -> bool {
        A::supports(suite) || B::supports(suite)
    }

    fn from_key(provider: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        if A::supports(suite) {
            A::from_key(provider, suite, key).map(Self::First)
        } else {
            B::from_key(provider, suite, key).map(Self::Second)
        }
    }

    fn from_secret(provider: &mut P, suite: CipherSuite, secret: &P::Secret, label: &Label<'_>) -> Result<Self> {
        if A::supports(suite) {
            A::from_secret(provider, suite, secret, label).map(Self::First)
        } else {
            B::from_secret(provider, suite, secret, label).map(Self::Second)
        }
    }

    fn seal(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        match self {
            Self::First(aead) => aead.seal(provider, nonce, aad, in_out),
            Self::Second(aead) => aead.seal(provider, nonce, aad, in_out),
        }
    }

    fn seal_from(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], text: &[u8], out: &mut [u8]) -> Result<()> {
        match self {
            Self::First(aead) => aead.seal_from(provider, nonce, aad, text, out),
            Self::Second(aead) => aead.seal_from(provider, nonce, aad, text, out),
        }
    }

    fn open(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        match self {
            Self::First(aead) => aead.open(provider, nonce, aad, in_out),
            Self::Second(aead) => aead.open(provider, nonce, aad, in_out),
        }
    }

    fn mask(&mut self, provider: &mut P, sample: &[u8; 16]) -> Result<[u8; 16]> {
        match self {
            Self::First(part) => part.mask(provider, sample),
            Self::Second(part) => part.mask(provider, sample),
        }
    }
}

impl<P: CryptoProvider, A: KeyExchange<P>, B: KeyExchange<P>> KeyExchange<P> for Either<A, B> {
    fn supports(group: NamedGroup) -> bool {
        A::supports(group) || B::supports(group)
    }

    fn start(provider: &mut P, group: NamedGroup) -> Result<Self> {
        if A::supports(group) {
            A::start(provider, group).map(Self::First)
        } else {
            B::start(provider, group).map(Self::Second)
        }
    }

    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
        match self {
            Self::First(exchange) => exchange.poll_generate(provider, share),
            Self::Second(exchange) => exchange.poll_generate(provider, share),
        }
    }

    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
        match self {
            Self::First(exchange) => exchange.poll_decapsulate(provider, peer_share),
            Self::Second(exchange) => exchange.poll_decapsulate(provider, peer_share),
        }
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>> {
        match self {
            Self::First(exchange) => exchange.poll_encapsulate(provider, peer_share, share),
            Self::Second(exchange) => exchange.poll_encapsulate(provider, peer_share, share),
        }
    }
}

impl<P: CryptoProvider, A: SignatureVerifier<P>, B: SignatureVerifier<P>> SignatureVerifier<P> for Either<A, B> {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        A::supports(algorithm) || B::supports(algorithm)
    }

    fn start(provider: &mut P, algorithm: SignatureAlgorithm) -> Result<Self> {
        if A::supports(algorithm) {
            A::start(provider, algorithm).map(Self::First)
        } else {
            B::start(provider, algorithm).map(Self::Second)
        }
    }

    fn poll_verify(
        &mut self,
        provider: &mut P,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>> {
        match self {
            Self::First(verifier) => verifier.poll_verify(provider, public_key, message, signature),
            Self::Second(verifier) => verifier.poll_verify(provider, public_key, message, signature),
        }
    }
}

/// A part that supports nothing: what a switched-off feature leaves. It has no values.
pub enum Nothing {}

impl<P: CryptoProvider> Hash<P> for Nothing {
    fn supports(_: HashAlgorithm) -> bool {
        false
    }

    fn start(_: &mut P, _: HashAlgorithm) -> Result<Self> {
        Err(ProviderFault::Unsupported.into())
    }

    fn update(&mut self, _: &mut P, _: &[u8]) -> Result<()> {
        match *self {}
    }

    fn snapshot(&mut self, _: &mut P) -> Result<Digest> {
        match *self {}
    }
}

impl<P: CryptoProvider> Aead<P> for Nothing {
    fn supports(_: CipherSuite) -> bool {
        false
    }

    fn from_key(_: &mut P, _: CipherSuite, _: &[u8]) -> Result<Self> {
        Err(ProviderFault::Unsupported.into())
    }

    fn seal(&mut self, _: &mut P, _: &Nonce, _: &[u8], _: &mut [u8]) -> Result<()> {
        match *self {}
    }

    fn open(&mut self, _: &mut P, _: &Nonce, _: &[u8], _: &mut [u8]) -> Result<()> {
        match *self {}
    }
}

impl<P: CryptoProvider> KeyExchange<P> for Nothing {
    fn supports(_: NamedGroup) -> bool {
        false
    }

    fn start(_: &mut P, _: NamedGroup) -> Result<Self> {
        Err(ProviderFault::Unsupported.into())
    }

    fn poll_generate(&mut self, _: &mut P, _: &mut [u8]) -> Poll<Result<usize>> {
        match *self {}
    }

    fn poll_decapsulate(&mut self, _: &mut P, _: &[u8]) -> Poll<Result<P::Secret>> {
        match *self {}
    }

    fn poll_encapsulate(&mut self, _: &mut P, _: &[u8], _: &mut [u8]) -> Poll<Result<(usize, P::Secret)>> {
        match *self {}
    }
}

impl<P: CryptoProvider> SignatureVerifier<P> for Nothing {
    fn supports(_: SignatureAlgorithm) -> bool {
        false
    }

    fn start(_: &mut P, _: SignatureAlgorithm) -> Result<Self> {
        Err(ProviderFault::Unsupported.into())
    }

    fn poll_verify(&mut self, _: &mut P, _: &[u8], _: &[u8], _: &[u8]) -> Poll<Result<()>> {
        match *self {}
    }
}
