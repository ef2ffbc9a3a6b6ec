//! Random numbers, from the generator of the board: the file `generator.rs` of each is the driver.

use crate::generator::Generator;
use rand_core::{TryCryptoRng, TryRng};

/// The generator.
pub struct Trng(Generator);

/// It is not there, or has nothing to say.
#[derive(Debug)]
pub struct TrngFailed;

impl core::fmt::Display for TrngFailed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the random number generator failed")
    }
}

impl core::error::Error for TrngFailed {}

impl Trng {
    /// Starts it.
    ///
    /// # Errors
    /// If there is none.
    pub fn new() -> Result<Self, TrngFailed> {
        Generator::start().map(Self).ok_or(TrngFailed)
    }
}

impl TryRng for Trng {
    type Error = TrngFailed;

    fn try_next_u32(&mut self) -> Result<u32, TrngFailed> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, TrngFailed> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), TrngFailed> {
        if self.0.fill(out) { Ok(()) } else { Err(TrngFailed) }
    }
}

impl TryCryptoRng for Trng {}
