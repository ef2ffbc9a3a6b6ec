//! The random number generator of the nRF51, which gives a byte at a time.

use crate::Register;
use core::convert::Infallible;
use rand_core::{TryCryptoRng, TryRng};

const START: Register = Register(0x4000_d000);
const READY: Register = Register(0x4000_d100);
const CONFIG: Register = Register(0x4000_d504);
const VALUE: Register = Register(0x4000_d508);

/// The generator.
pub struct Trng(());

/// It has no way to fail.
pub type TrngFailed = Infallible;

impl Trng {
    /// Starts it, with its correction of bias.
    ///
    /// # Errors
    /// None.
    pub fn new() -> Result<Self, TrngFailed> {
        CONFIG.write(1);
        START.write(1);
        Ok(Self(()))
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
        for byte in out {
            READY.write(0);
            while READY.read() == 0 {}
            *byte = VALUE.read() as u8;
        }
        Ok(())
    }
}

impl TryCryptoRng for Trng {}
