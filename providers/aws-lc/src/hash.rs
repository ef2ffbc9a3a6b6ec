//! The hash functions of the suites.

use aws_lc_rs::digest::{Context, SHA256, SHA384};
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{self, CryptoProvider, Digest};
use saitls_core::error::Result;

/// SHA-256 and SHA-384: the [`Hash`](crypto::Hash) of any provider.
pub struct Hash(Context);

impl<P: CryptoProvider> crypto::Hash<P> for Hash {
    fn supports(_: HashAlgorithm) -> bool {
        true
    }

    fn start(_: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        Ok(Self(Context::new(match algorithm {
            HashAlgorithm::Sha256 => &SHA256,
            HashAlgorithm::Sha384 => &SHA384,
        })))
    }

    fn update(&mut self, _: &mut P, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn snapshot(&mut self, _: &mut P) -> Result<Digest> {
        Digest::new(self.0.clone().finish().as_ref())
    }

    fn finish(self, _: &mut P) -> Result<Digest> {
        Digest::new(self.0.finish().as_ref())
    }
}
