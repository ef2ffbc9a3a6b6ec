//! Hashing from a `digest` implementation.

use digest::array::typenum::Unsigned;
use digest::{FixedOutput, OutputSizeUser, Update};
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Digest, Hash};
use saitls_core::error::{ProviderFault, Result};

/// The [`Hash`] of one algorithm, from a type that implements [`Update`], [`FixedOutput`], `Clone` and `Default`.
///
/// A type with 32 bytes of output is taken for SHA-256, one with 48 bytes for SHA-384; others do not compile.
///
/// ```
/// type MyHash = saitls_rustcrypto::adapters::DigestOf<sha2::Sha256>;
/// ```
#[derive(Clone, Default)]
pub struct DigestOf<D>(D);

impl<D: OutputSizeUser> DigestOf<D> {
    const ALGORITHM: HashAlgorithm = match D::OutputSize::USIZE {
        32 => HashAlgorithm::Sha256,
        48 => HashAlgorithm::Sha384,
        _ => panic!("no hash function of TLS 1.3 has this length of output"),
    };
}

/// The hash of all data. Out of line: it is the largest part of a hash that is not its compression function.
#[inline(never)]
pub(crate) fn finalize<D: FixedOutput>(hash: D) -> Result<Digest> {
    Digest::new(&hash.finalize_fixed())
}

impl<P, D> Hash<P> for DigestOf<D>
where
    P: CryptoProvider,
    D: Update + FixedOutput + Clone + Default,
{
    fn supports(algorithm: HashAlgorithm) -> bool {
        algorithm == Self::ALGORITHM
    }

    fn start(_: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        if algorithm == Self::ALGORITHM { Ok(Self(D::default())) } else { Err(ProviderFault::Unsupported.into()) }
    }

    fn update(&mut self, _: &mut P, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn snapshot(&mut self, _: &mut P) -> Result<Digest> {
        finalize(self.0.clone())
    }

    fn finish(self, _: &mut P) -> Result<Digest> {
        finalize(self.0)
    }
}
