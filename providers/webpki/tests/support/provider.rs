//! A provider that counts the signatures it verifies, and may take its time.

use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier};
use saitls_core::error::{ProviderFault, Result};
use saitls_rustcrypto as real;
use std::task::Poll;

#[derive(Default)]
pub struct Counting {
    /// Signatures verified.
    pub verified: u32,
    /// How often each verification says `Pending`.
    pub pends: u32,
    /// How often one did.
    pub pended: u32,
    /// The verification that fails, the first being 1.
    pub fails_at: Option<u32>,
    /// Takes every signature to be right.
    pub credulous: bool,
}

impl CryptoProvider for Counting {
    type Hash = real::Hash;
    type Secret = real::Secret;
    type Aead = real::Aead;
    type KeyExchange = real::KeyExchange;
    type SignatureVerifier = Verifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        real::RustCrypto::os().fill_random(out)
    }
}

pub struct Verifier {
    real: real::SignatureVerifier,
    waited: u32,
}

impl SignatureVerifier<Counting> for Verifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        <real::SignatureVerifier as SignatureVerifier<Counting>>::supports(algorithm)
    }

    fn start(provider: &mut Counting, algorithm: SignatureAlgorithm) -> Result<Self> {
        Ok(Self { real: real::SignatureVerifier::start(provider, algorithm)?, waited: 0 })
    }

    fn poll_verify(
        &mut self,
        provider: &mut Counting,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>> {
        if self.waited < provider.pends {
            self.waited += 1;
            provider.pended += 1;
            return Poll::Pending;
        }
        provider.verified += 1;
        if provider.fails_at == Some(provider.verified) {
            return Poll::Ready(Err(ProviderFault::CryptoFailed.into()));
        }
        if provider.credulous {
            return Poll::Ready(Ok(()));
        }
        self.real.poll_verify(provider, public_key, message, signature)
    }
}
