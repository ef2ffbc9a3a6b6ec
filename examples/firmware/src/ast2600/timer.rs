//! Timer 1 of the board, which counts down at 1 MHz.

use crate::Register;

const COUNT: Register = Register(0x1e78_2000);
const RELOAD: Register = Register(0x1e78_2004);
const CONTROL: Register = Register(0x1e78_2030);

/// The frequency in Hz.
pub const FREQUENCY: u32 = 1_000_000;

/// Starts it.
pub fn start() {
    const ENABLE: u32 = 1;
    const ONE_MEGAHERTZ: u32 = 1 << 1;
    RELOAD.write(u32::MAX);
    CONTROL.write(ENABLE | ONE_MEGAHERTZ);
}

/// Ticks since the start, modulo 2^32: the counter goes round in 71 minutes.
pub fn ticks() -> u32 {
    u32::MAX.wrapping_sub(COUNT.read())
}
