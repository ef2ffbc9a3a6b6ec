//! TIMER0 of the board (CMSDK APB timer), which counts down at 25 MHz.

use crate::Register;

const CTRL: Register = Register(0x4000_0000);
const VALUE: Register = Register(0x4000_0004);
const RELOAD: Register = Register(0x4000_0008);

/// The frequency in Hz.
pub const FREQUENCY: u32 = 25_000_000;

/// Starts it.
pub fn start() {
    RELOAD.write(u32::MAX);
    VALUE.write(u32::MAX);
    CTRL.write(1);
}

/// Ticks since the start, modulo 2^32: the counter goes round in 171 s.
pub fn ticks() -> u32 {
    u32::MAX.wrapping_sub(VALUE.read())
}
