//! One instruction that the emulator refuses: `ldm.w r4, {r6}`, a load of several registers that has only one, of which
//! the assembler of `p256-cm4` makes use and which a Cortex-M4 executes. On a board of silicon nobody comes here.

use core::arch::naked_asm;

/// Lets this fault be taken, instead of a hard fault.
pub fn start() {
    const SHCSR: crate::Register = crate::Register(0xe000_ed24);
    const USAGE_FAULT_ENABLE: u32 = 1 << 18;
    SHCSR.write(SHCSR.read() | USAGE_FAULT_ENABLE);
}

/// Does what the instruction should have done, and goes on behind it.
///
/// The processor has put r0 to r3, r12, lr, pc and xPSR on the stack, and takes them from there again: pc is the
/// seventh word, with or without floating-point registers behind. Of the others, r6 is what the instruction loads and
/// none is changed beside. Flags come back with xPSR; the instruction is in no IT block, whose state would have to move
/// on.
// SAFETY: the name is that of cortex-m-rt for this handler, and the code keeps to what the processor wants of one.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn UsageFault() {
    naked_asm!(
        "ldr r0, [sp, #24]", // where it was
        "ldr r1, [r0]",
        "movw r2, #0xe894",
        "movt r2, #0x0040",
        "cmp r1, r2",
        "bne {other}",
        "ldr r6, [r4]",
        "adds r0, #4",
        "str r0, [sp, #24]",
        "bx lr",
        other = sym other,
    )
}

extern "C" fn other() -> ! {
    crate::host::print("usage fault\n");
    crate::host::exit(false)
}
