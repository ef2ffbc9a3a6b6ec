//! A random number generator of the ecosystem over a provider.

use rand_core::{TryCryptoRng, TryRng};
use saitls_core::crypto::CryptoProvider;
use saitls_core::error::{Error, ProviderFault, Result};

/// A [`TryCryptoRng`] that draws from [`CryptoProvider::fill_random`], for algorithms that want one.
///
/// Libraries tend to replace the error of the generator by one of their own: [`failure`](Self::failure)
/// has the original.
///
/// ```
/// use rand_core::TryRng;
/// use saitls_rustcrypto::{RustCrypto, adapters::RngOf};
///
/// let mut provider = RustCrypto::os();
/// let number = RngOf::new(&mut provider).try_next_u64()?;
/// # let _ = number;
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub struct RngOf<'a, P> {
    provider: &'a mut P,
    failure: Option<Error>,
}

impl<'a, P: CryptoProvider> RngOf<'a, P> {
    /// A generator that draws from `provider`.
    pub const fn new(provider: &'a mut P) -> Self {
        Self { provider, failure: None }
    }

    /// The first error of the provider, if there was one.
    #[must_use]
    pub const fn failure(&self) -> Option<Error> {
        self.failure
    }
}

impl<P: CryptoProvider> TryRng for RngOf<'_, P> {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<()> {
        self.provider.fill_random(out).inspect_err(|error| self.failure = self.failure.or(Some(*error)))
    }
}

impl<P: CryptoProvider> TryCryptoRng for RngOf<'_, P> {}

/// A [`TryCryptoRng`] from a function that fills a slice from a cryptographically secure source: for a driver that
/// implements no [`rand_core`], or another version of it.
///
/// ```
/// # struct Trng; impl Trng { fn read(&mut self, out: &mut [u8]) -> Result<(), ()> { out.fill(4); Ok(()) } }
/// # let mut trng = Trng;
/// use saitls_rustcrypto::{RustCrypto, adapters::RngFn};
///
/// let provider = RustCrypto(RngFn(|out: &mut [u8]| trng.read(out).is_ok()));
/// # let _ = provider;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RngFn<F>(
    /// Fills the slice, and says whether it could.
    pub F,
);

impl<F: FnMut(&mut [u8]) -> bool> TryRng for RngFn<F> {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<()> {
        if (self.0)(out) { Ok(()) } else { Err(ProviderFault::RandomFailed.into()) }
    }
}

impl<F: FnMut(&mut [u8]) -> bool> TryCryptoRng for RngFn<F> {}
