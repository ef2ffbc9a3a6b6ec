//! What 32-bit RISC-V processors without atomic instructions (rv32imc) have in common, started without firmware.

mod start;
pub mod timer;

core::arch::global_asm!(
    ".section .text.semihosting, \"ax\"",
    ".global semihosting_call",
    ".balign 16", // all three on one page, and none of them compressed
    ".option push",
    ".option norvc",
    "semihosting_call:",
    "    slli zero, zero, 0x1f",
    "    ebreak",
    "    srai zero, zero, 7",
    "    ret",
    ".option pop",
);

unsafe extern "C" {
    fn semihosting_call(number: usize, argument: usize) -> usize;
}

/// Asks the debugger (RISC-V semihosting).
///
/// # Safety
/// `argument` is what the call of this number wants: where it is an address, of memory that the call may use so.
pub(crate) unsafe fn semihosting(number: usize, argument: usize) -> usize {
    // SAFETY: as of the caller.
    unsafe { semihosting_call(number, argument) }
}
