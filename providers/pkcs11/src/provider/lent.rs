//! What stays in software: parts of another provider, to which that is lent.

use super::TokenProvider;
use saitls_core::Result;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Digest, Hash, SignatureAlgorithm, SignatureVerifier};
use std::task::Poll;

/// The hash functions of the software provider.
pub struct TokenHash<H>(H);

impl<S: CryptoProvider> Hash<TokenProvider<S>> for TokenHash<S::Hash> {
    fn supports(algorithm: HashAlgorithm) -> bool {
        S::Hash::supports(algorithm)
    }

    fn start(provider: &mut TokenProvider<S>, algorithm: HashAlgorithm) -> Result<Self> {
        S::Hash::start(&mut provider.software, algorithm).map(Self)
    }

    fn update(&mut self, provider: &mut TokenProvider<S>, data: &[u8]) -> Result<()> {
        self.0.update(&mut provider.software, data)
    }

    fn snapshot(&mut self, provider: &mut TokenProvider<S>) -> Result<Digest> {
        self.0.snapshot(&mut provider.software)
    }

    fn finish(self, provider: &mut TokenProvider<S>) -> Result<Digest> {
        self.0.finish(&mut provider.software)
    }

    fn digest(provider: &mut TokenProvider<S>, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Result<Digest> {
        S::Hash::digest(&mut provider.software, algorithm, parts)
    }

    fn hmac(provider: &mut TokenProvider<S>, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        S::Hash::hmac(&mut provider.software, algorithm, key, parts)
    }
}

/// The verification of signatures of the software provider.
pub struct TokenVerifier<V>(V);

impl<S: CryptoProvider> SignatureVerifier<TokenProvider<S>> for TokenVerifier<S::SignatureVerifier> {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        S::SignatureVerifier::supports(algorithm)
    }

    fn start(provider: &mut TokenProvider<S>, algorithm: SignatureAlgorithm) -> Result<Self> {
        S::SignatureVerifier::start(&mut provider.software, algorithm).map(Self)
    }

    fn poll_verify(
        &mut self,
        provider: &mut TokenProvider<S>,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>> {
        self.0.poll_verify(&mut provider.software, public_key, message, signature)
    }
}
