//! The random number generator of the nRF51, which gives a byte at a time.

use crate::Register;

const START: Register = Register(0x4000_d000);
const READY: Register = Register(0x4000_d100);
const CONFIG: Register = Register(0x4000_d504);
const VALUE: Register = Register(0x4000_d508);

/// The generator.
pub(crate) struct Generator(());

impl Generator {
    /// Starts it, with its correction of bias. It is always there.
    pub(crate) fn start() -> Option<Self> {
        CONFIG.write(1);
        START.write(1);
        Some(Self(()))
    }

    /// Fills all of `out`. It has no way to fail.
    pub(crate) fn fill(&mut self, out: &mut [u8]) -> bool {
        for byte in out {
            READY.write(0);
            while READY.read() == 0 {}
            *byte = VALUE.read() as u8;
        }
        true
    }
}
