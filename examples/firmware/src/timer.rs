//! TIMER0 of the board (CMSDK APB timer), which counts down.

use crate::Register;

/// Where it is; on the Cortex-M33, in the secure world.
const BASE: usize = if cfg!(feature = "an505") { 0x5000_0000 } else { 0x4000_0000 };
const CTRL: Register = Register(BASE);
const VALUE: Register = Register(BASE + 4);
const RELOAD: Register = Register(BASE + 8);

/// The frequency in Hz.
pub const FREQUENCY: u32 = if cfg!(feature = "an505") { 20_000_000 } else { 25_000_000 };

/// Starts it.
pub fn start() {
    RELOAD.write(u32::MAX);
    VALUE.write(u32::MAX);
    CTRL.write(1);
}

/// Ticks since the start, modulo 2^32: the counter goes round in 171 s at least.
pub fn ticks() -> u32 {
    u32::MAX.wrapping_sub(VALUE.read())
}
