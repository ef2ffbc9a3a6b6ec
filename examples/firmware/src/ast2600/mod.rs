//! Board support for the ASPEED AST2600 evaluation board (`ast2600-evb`, Cortex-A7), in the state in which QEMU leaves
//! it: one core runs, in secure supervisor mode, MMU and caches are off. A boot loader on silicon sets clocks, pins and
//! the PHY; and where caches are on, the memory that devices share with the processor must not be cached.

#[cfg(feature = "net")]
pub mod ftgmac100;
pub mod hace;
mod start;
pub mod timer;

/// Asks the debugger (Arm semihosting).
///
/// # Safety
/// `argument` is what the call of this number wants: where it is an address, of memory that the call may use so.
pub(crate) unsafe fn semihosting(number: usize, argument: usize) -> usize {
    let result;
    // SAFETY: the debugger keeps all registers but r0. It may read and write memory, as the caller allows.
    unsafe { core::arch::asm!("svc #0x123456", inout("r0") number => result, in("r1") argument, out("lr") _) };
    result
}

/// Waits until memory is as the program has it: before a device is told to use it, and after it says that it has. The
/// compiler moves no access to memory across.
fn barrier() {
    // SAFETY: it has no other effect.
    unsafe { core::arch::asm!("dsb sy", options(nostack, preserves_flags)) };
}
