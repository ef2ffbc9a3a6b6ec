//! The Hash and Crypto Engine (HACE). It reads a message from memory by itself and writes the digest back. As the
//! emulator has it, it hashes whole messages only: no hash can be continued, none can be copied.

use super::barrier;
use crate::Register;
use crate::accelerated::MessageHasher;
use core::cell::UnsafeCell;
use saitls_core::error::{ProviderFault, Result};

const STATUS: Register = Register(0x1e6d_001c);
const SOURCE: Register = Register(0x1e6d_0020);
const DESTINATION: Register = Register(0x1e6d_0024);
const SOURCE_LEN: Register = Register(0x1e6d_002c);
const COMMAND: Register = Register(0x1e6d_0030);

/// In STATUS: a hash is done. Written, it is taken back.
const HASH_DONE: u32 = 1 << 9;

/// SHA-256 of nothing, with which the engine never ends.
const OF_NOTHING: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// What may be wrong with an engine, for tests.
#[derive(Clone, Copy, PartialEq)]
pub enum Defect {
    /// It never ends.
    Silent,
    /// It hashes without the last byte.
    Wrong,
}

/// The engine.
pub struct Hace {
    /// Messages that it has hashed.
    pub messages: u32,
    defect: Option<Defect>,
    /// It did not end once. It may still be at work: nothing is asked of it again.
    hangs: bool,
}

/// Where the engine writes, at an address that is a multiple of eight.
#[repr(C, align(8))]
struct Output(UnsafeCell<[u8; 32]>);

// SAFETY: only `Hace::sha256` touches it, through `&mut` of the one engine that there is.
unsafe impl Sync for Output {}

static OUTPUT: Output = Output(UnsafeCell::new([0; 32]));

impl Hace {
    /// The engine: `None` the second time.
    pub fn take(defect: Option<Defect>) -> Option<Self> {
        use core::sync::atomic::{AtomicBool, Ordering};
        static TAKEN: AtomicBool = AtomicBool::new(false);
        let first = !TAKEN.swap(true, Ordering::Relaxed);
        first.then_some(Self { messages: 0, defect, hangs: false })
    }
}

impl MessageHasher for Hace {
    fn sha256(&mut self, message: &[u8]) -> Result<[u8; 32]> {
        /// How often to look; silicon takes about a cycle a byte.
        const PATIENCE: usize = 1_000_000;
        const SHA_256: u32 = 1 << 6 | 1 << 4;
        const BIG_ENDIAN: u32 = 1 << 3;
        let len = message.len() - usize::from(self.defect == Some(Defect::Wrong) && !message.is_empty());
        if len == 0 {
            return Ok(OF_NOTHING);
        }
        if self.hangs {
            return Err(ProviderFault::CryptoFailed.into());
        }
        STATUS.write(HASH_DONE);
        SOURCE.write(address(message.as_ptr()));
        DESTINATION.write(address(OUTPUT.0.get().cast()));
        SOURCE_LEN.write(u32::try_from(len).map_err(|_| ProviderFault::CryptoFailed)?);
        barrier();
        if self.defect != Some(Defect::Silent) {
            COMMAND.write(SHA_256 | BIG_ENDIAN);
        }
        if !(0..PATIENCE).any(|_| STATUS.read() & HASH_DONE != 0) {
            self.hangs = true;
            return Err(ProviderFault::CryptoFailed.into());
        }
        barrier();
        self.messages = self.messages.wrapping_add(1);
        // SAFETY: the engine has said that it is done, and nobody else reads or writes there. Volatile: it is not the
        // program that wrote it. Some of what is hashed makes keys: nothing stays.
        unsafe {
            let digest = OUTPUT.0.get().read_volatile();
            OUTPUT.0.get().write_volatile([0; 32]);
            Ok(digest)
        }
    }
}

/// An address as the engine wants it: memory is where the processor sees it.
fn address(pointer: *const u8) -> u32 {
    pointer.expose_provenance() as u32
}
