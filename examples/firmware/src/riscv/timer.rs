//! The processor's counter of instructions, without those that wait for the host.

use core::sync::atomic::{AtomicU32, Ordering};

/// Instructions that do not count.
static UNCOUNTED: AtomicU32 = AtomicU32::new(0);

/// Starts it: it counts from reset.
pub fn start() {}

/// Instructions since reset, modulo 2^32.
pub fn ticks() -> u32 {
    executed().wrapping_sub(UNCOUNTED.load(Ordering::Relaxed))
}

/// Does what takes as many instructions as the host takes time, and does not count them.
#[cfg(feature = "virt")]
pub(crate) fn uncounted<T>(wait: impl FnOnce() -> T) -> T {
    let before = executed();
    let waited = wait();
    let taken = executed().wrapping_sub(before);
    // One processor, no interrupts: nothing comes in between.
    UNCOUNTED.store(UNCOUNTED.load(Ordering::Relaxed).wrapping_add(taken), Ordering::Relaxed);
    waited
}

fn executed() -> u32 {
    let ticks;
    // SAFETY: it only reads a counter.
    unsafe { core::arch::asm!("csrr {}, minstret", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
    ticks
}
