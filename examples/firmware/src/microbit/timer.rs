//! TIMER0 of the nRF51, which counts up at 16 MHz.

use crate::Register;

const START: Register = Register(0x4000_8000);
const CLEAR: Register = Register(0x4000_800c);
const CAPTURE: Register = Register(0x4000_8040);
const MODE: Register = Register(0x4000_8504);
const BITMODE: Register = Register(0x4000_8508);
const PRESCALER: Register = Register(0x4000_8510);
const CAPTURED: Register = Register(0x4000_8540);

/// The frequency in Hz.
pub const FREQUENCY: u32 = 16_000_000;

/// Starts it.
pub fn start() {
    const BITS_32: u32 = 3;
    MODE.write(0);
    BITMODE.write(BITS_32);
    PRESCALER.write(0);
    CLEAR.write(1);
    START.write(1);
}

/// Ticks since the start, modulo 2^32: the counter goes round in 268 s.
pub fn ticks() -> u32 {
    CAPTURE.write(1);
    CAPTURED.read()
}
