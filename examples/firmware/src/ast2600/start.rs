//! From reset to `main`: a stack, static memory without content set to zero, and vectors that end the program.

use core::arch::global_asm;

global_asm!(
    ".section .start, \"ax\"",
    ".arm",
    ".global _start",
    "_start:",
    "    mrc p15, 0, r0, c0, c0, 5", // MPIDR: which core this is
    "    ands r0, r0, #3",
    "    bne 3f",
    "    cpsid if, #0x13", // supervisor mode, no interrupts
    "    ldr sp, =_stack_start",
    "    ldr r0, =vectors",
    "    mcr p15, 0, r0, c12, c0, 0", // VBAR
    "    ldr r0, =__sbss",
    "    ldr r1, =__ebss",
    "    mov r2, #0",
    "2:  cmp r0, r1",
    "    strlo r2, [r0], #4",
    "    blo 2b",
    "    bl main",
    "3:  wfi",
    "    b 3b",
    ".balign 32",
    "vectors:",
    "    .rept 8",
    "    b 4f",
    "    .endr",
    "4:  ldr sp, =_stack_start", // each mode has its own
    "    bl {fault}",
    ".ltorg",
    fault = sym fault,
);

extern "C" fn fault() -> ! {
    crate::host::print("exception\n");
    crate::host::exit(false)
}
