//! From reset to `main`: one core, a stack, static memory with its content or set to zero, and traps that end the
//! program.

use core::arch::global_asm;

global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "    csrr t0, mhartid",
    "    bnez t0, 3f",
    "    la sp, _stack_start",
    "    la t0, trap",
    "    csrw mtvec, t0",
    "    la t2, __sidata", // where the content is, if it is not in place already
    "    la t0, __sdata",
    "    la t1, __edata",
    "    beq t0, t2, 0f",
    "4:  bgeu t0, t1, 0f",
    "    lw t3, 0(t2)",
    "    sw t3, 0(t0)",
    "    addi t0, t0, 4",
    "    addi t2, t2, 4",
    "    j 4b",
    "0:  la t0, __sbss",
    "    la t1, __ebss",
    "1:  bgeu t0, t1, 2f",
    "    sw zero, 0(t0)",
    "    addi t0, t0, 4",
    "    j 1b",
    "2:  call main",
    "3:  wfi",
    "    j 3b",
    ".section .text.trap, \"ax\"",
    ".balign 4", // the lowest two bits of `mtvec` are its mode
    ".global trap",
    "trap:",
    "    la sp, _stack_start",
    "    call {fault}",
    fault = sym fault,
);

extern "C" fn fault() -> ! {
    crate::host::print("exception\n");
    crate::host::exit(false)
}
