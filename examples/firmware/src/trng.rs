//! Random numbers. The emulated boards have no generator: the debugger lends the one of the host. On a board of yours
//! this file is the driver of its TRNG.

use crate::host;
use core::ffi::CStr;
use rand_core::{TryCryptoRng, TryRng};

/// The generator.
pub struct Trng {
    file: usize,
}

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
    /// Opens it.
    ///
    /// # Errors
    /// If the debugger has none.
    pub fn new() -> Result<Self, TrngFailed> {
        const PATH: &CStr = c"/dev/urandom";
        const READ_BINARY: usize = 1;
        let block = [PATH.as_ptr().expose_provenance(), READ_BINARY, PATH.to_bytes().len()];
        // SAFETY: OPEN reads the block, and the path, of the length given.
        let file = unsafe { host::semihosting(host::OPEN, block.as_ptr().expose_provenance()) };
        if file == usize::MAX { Err(TrngFailed) } else { Ok(Self { file }) }
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
        let block = [self.file, out.as_mut_ptr().expose_provenance(), out.len()];
        // SAFETY: READ reads the block, and writes at most the length given to the address given.
        let missing = unsafe { host::semihosting(host::READ, block.as_ptr().expose_provenance()) };
        if missing == 0 { Ok(()) } else { Err(TrngFailed) }
    }
}

impl TryCryptoRng for Trng {}
