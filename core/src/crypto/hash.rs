//! Hashes, and HMAC over them.

use super::{CryptoProvider, Digest, hkdf};
use crate::codes::HashAlgorithm;
use crate::error::Result;

/// The longest key of an HMAC in bytes: a block of SHA-256. Those of the key schedule are as long as a hash.
pub const MAX_HMAC_KEY_LEN: usize = 64;

/// A running hash.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `Hash` of the provider `{P}`",
    note = "write `impl Hash<{P}> for {Self}`, or wrap a type of the ecosystem in `DigestOf`"
)]
pub trait Hash<P: CryptoProvider>: Sized {
    /// Whether this part has the algorithm.
    fn supports(algorithm: HashAlgorithm) -> bool;

    /// Begins a hash.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for an algorithm the part does not have;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed), here and below, if the device fails.
    fn start(provider: &mut P, algorithm: HashAlgorithm) -> Result<Self>;

    /// Takes in more data, of any length.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()>;

    /// The hash of all data so far; more may follow. An engine that cannot fork may keep the input and
    /// hash it again, or swap its context out and in.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn snapshot(&mut self, provider: &mut P) -> Result<Digest>;

    /// The hash of all data.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn finish(mut self, provider: &mut P) -> Result<Digest> {
        self.snapshot(provider)
    }

    /// The hash of the joined `parts`, most of them short. For parts that are faster in one go.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn digest(provider: &mut P, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Result<Digest> {
        let mut hash = Self::start(provider, algorithm)?;
        for part in parts {
            hash.update(provider, part)?;
        }
        hash.finish(provider)
    }

    /// HMAC (RFC 2104) over the joined `parts`, most of them short: all that HKDF asks for. For engines that have HMAC,
    /// and for parts that are faster in one go. `key` is at most [`MAX_HMAC_KEY_LEN`] bytes long, which is no more than
    /// a block.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    fn hmac(provider: &mut P, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        hkdf::hmac::<P, Self>(provider, algorithm, key, parts)
    }
}
