//! Signatures: verifying and signing.

use super::{Broken, Mutation};
use saitls_conformance::Random;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{self, SignatureAlgorithm as A};
use saitls_core::{CertificateFault, Error, PeerFault, Result};
use saitls_rustcrypto as real;
use std::task::Poll;

pub(crate) struct Verifier {
    inner: real::SignatureVerifier,
    algorithm: A,
    waited: u32,
}

impl crypto::SignatureVerifier<Broken> for Verifier {
    fn supports(algorithm: A) -> bool {
        <real::SignatureVerifier as crypto::SignatureVerifier<Broken>>::supports(algorithm)
    }

    fn start(provider: &mut Broken, algorithm: A) -> Result<Self> {
        Ok(Self { inner: real::SignatureVerifier::start(provider, algorithm)?, algorithm, waited: 0 })
    }

    fn poll_verify(
        &mut self,
        provider: &mut Broken,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>> {
        if provider.waits(&mut self.waited) {
            return Poll::Pending;
        }
        let mut signature = signature.to_vec();
        if provider.is(Mutation::VerificationsShareTheirInput) {
            match provider.latch(&signature) {
                None => return Poll::Pending,
                Some(latched) => signature = latched,
            }
        }
        let verified = self.inner.poll_verify(provider, public_key, message, &signature);
        let accepts = match self.algorithm {
            A::EcdsaP256Sha256 => Mutation::AcceptsEcdsa,
            A::Ed25519 => Mutation::AcceptsEd25519,
            A::RsaPkcs1Sha256 => Mutation::AcceptsRsaPkcs1,
            _ => Mutation::AcceptsRsaPss,
        };
        match verified {
            Poll::Ready(Err(Error::Peer(PeerFault::BadSignature))) if provider.is(accepts) => Poll::Ready(Ok(())),
            Poll::Ready(Err(Error::Certificate(CertificateFault::Unsupported)))
                if provider.is(Mutation::AcceptsBadKey) =>
            {
                Poll::Ready(Ok(()))
            }
            verified => verified,
        }
    }
}

pub(crate) struct Signer(pub(crate) real::SigningKey);

impl crypto::Signer<Broken> for Signer {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn poll_sign(
        &self,
        provider: &mut Broken,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        let mut message = message.to_vec();
        if provider.is(Mutation::SignaturesShareTheirInput) {
            match provider.latch(&message) {
                None => return Poll::Pending,
                Some(latched) => message = latched,
            }
        }
        if provider.is(Mutation::SignsBeginningOnly) {
            message.truncate(130 - 1);
        }
        let scheme = if provider.is(Mutation::SignsWithAnyScheme) { self.0.schemes()[0] } else { scheme };
        if provider.is(Mutation::SignsWithoutRandom) {
            provider.random = Random::seeded(2);
        }
        self.0.poll_sign(provider, scheme, &message, signature)
    }
}
