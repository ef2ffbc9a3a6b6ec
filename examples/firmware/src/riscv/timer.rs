//! The processor's counter of instructions.

/// Starts it: it counts from reset.
pub fn start() {}

/// Instructions since reset, modulo 2^32.
pub fn ticks() -> u32 {
    let ticks;
    // SAFETY: it only reads a counter.
    unsafe { core::arch::asm!("csrr {}, minstret", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}
