//! Hash: SHA-256 on the SHA engine.

use crate::Devices;
use crate::hal::ShaContext;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Digest, Hash};
use saitls_core::{ProviderFault, Result};

/// A running hash. Transcripts of several connections run at once, and HMACs between their messages: the engine's one
/// context is swapped in for each piece and out again.
pub struct ShaEngine(ShaContext);

impl<P: CryptoProvider + AsMut<Devices>> Hash<P> for ShaEngine {
    fn supports(algorithm: HashAlgorithm) -> bool {
        algorithm == HashAlgorithm::Sha256
    }

    fn start(_: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        match algorithm {
            HashAlgorithm::Sha256 => Ok(Self(ShaContext::default())),
            HashAlgorithm::Sha384 => Err(ProviderFault::Unsupported.into()),
        }
    }

    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()> {
        let sha = &mut provider.as_mut().sha;
        sha.restore(&self.0);
        sha.update(data);
        self.0 = sha.save();
        Ok(())
    }

    fn snapshot(&mut self, provider: &mut P) -> Result<Digest> {
        let sha = &mut provider.as_mut().sha;
        sha.restore(&self.0);
        Digest::new(&sha.digest())
    }
}
