//! How deep the stack has been: paints what is free, and later looks how much of it is left.

const PAINT: u32 = 0x5a5a_5a5a;

unsafe extern "C" {
    /// The end of static memory, and the top of the stack: names of cortex-m-rt's linker script.
    static mut __sheap: u32;
    static mut _stack_start: u32;
}

/// No stack of ours is deeper.
const MOST: usize = 96 * 1024;

fn top() -> usize {
    (&raw const _stack_start).addr()
}

fn bottom() -> usize {
    (&raw const __sheap).addr().max(top() - MOST)
}

/// Paints the stack below the caller's. Returns how deep that is.
#[inline(never)]
pub fn paint() -> u32 {
    let here: usize;
    // SAFETY: it only reads the stack pointer.
    #[cfg(target_arch = "arm")]
    unsafe {
        core::arch::asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags))
    };
    // SAFETY: as above.
    #[cfg(not(target_arch = "arm"))]
    unsafe {
        core::arch::asm!("mv {}, sp", out(reg) here, options(nomem, nostack, preserves_flags))
    };
    let mut at = bottom();
    while at < here - 64 {
        // SAFETY: it is RAM, and the address a multiple of four. Between static memory, which ends at `__sheap` (the
        // heap is part of it), and what of the stack is in use there is nothing: this function calls none, and an
        // exception that comes in between has gone when it goes on.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(at).write_volatile(PAINT) };
        at += 4;
    }
    (top() - here) as u32
}

/// The deepest that the stack was since [`paint`], in bytes from its top.
#[inline(never)]
pub fn peak() -> u32 {
    let mut at = bottom();
    // SAFETY: as in `paint`. Volatile, since no variable is there that the compiler knows: up to the first word that is
    // not paint, all were written by `paint`, or left by functions that have returned.
    while at < top() && unsafe { core::ptr::with_exposed_provenance::<u32>(at).read_volatile() } == PAINT {
        at += 4;
    }
    (top() - at) as u32
}
