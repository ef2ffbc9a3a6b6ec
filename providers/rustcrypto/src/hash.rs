//! The hash functions of the suites.

use crate::adapters::DigestOf;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{self, CryptoProvider, Digest};
#[cfg(not(feature = "sha384"))]
use saitls_core::error::ProviderFault;
use saitls_core::error::Result;

/// SHA-256 and, with feature `sha384`, SHA-384: the [`Hash`](crypto::Hash) of any provider.
pub struct Hash(Running);

/// A part of its own for each algorithm.
enum Running {
    Sha256(DigestOf<sha2::Sha256>),
    #[cfg(feature = "sha384")]
    Sha384(DigestOf<sha2::Sha384>),
}

impl<P: CryptoProvider> crypto::Hash<P> for Hash {
    fn supports(algorithm: HashAlgorithm) -> bool {
        match algorithm {
            HashAlgorithm::Sha256 => true,
            HashAlgorithm::Sha384 => cfg!(feature = "sha384"),
        }
    }

    #[inline(never)]
    fn start(provider: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        Ok(Self(match algorithm {
            HashAlgorithm::Sha256 => Running::Sha256(crypto::Hash::start(provider, algorithm)?),
            #[cfg(feature = "sha384")]
            HashAlgorithm::Sha384 => Running::Sha384(crypto::Hash::start(provider, algorithm)?),
            #[cfg(not(feature = "sha384"))]
            HashAlgorithm::Sha384 => return Err(ProviderFault::Unsupported.into()),
        }))
    }

    #[inline(never)]
    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()> {
        match &mut self.0 {
            Running::Sha256(hash) => hash.update(provider, data),
            #[cfg(feature = "sha384")]
            Running::Sha384(hash) => hash.update(provider, data),
        }
    }

    #[inline(never)]
    fn snapshot(&mut self, provider: &mut P) -> Result<Digest> {
        match &mut self.0 {
            Running::Sha256(hash) => hash.snapshot(provider),
            #[cfg(feature = "sha384")]
            Running::Sha384(hash) => hash.snapshot(provider),
        }
    }

    #[inline(never)]
    fn finish(self, provider: &mut P) -> Result<Digest> {
        match self.0 {
            Running::Sha256(hash) => hash.finish(provider),
            #[cfg(feature = "sha384")]
            Running::Sha384(hash) => hash.finish(provider),
        }
    }
}
