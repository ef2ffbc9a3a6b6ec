//! Random numbers: from the true random number generator.

use crate::hal::Trng;
use saitls_core::{ProviderFault, Result};

/// What [`CryptoProvider::fill_random`](saitls_core::crypto::CryptoProvider::fill_random) calls. A generator with a
/// driver that implements `rand_core::TryCryptoRng` needs not even this: `RustCrypto(driver)`.
///
/// # Errors
/// [`ProviderFault::RandomFailed`] if the noise fails its health test.
pub fn fill_random(trng: &mut Trng, out: &mut [u8]) -> Result<()> {
    for chunk in out.chunks_mut(4) {
        let word = trng.read().ok_or(ProviderFault::RandomFailed)?;
        chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
    }
    Ok(())
}
