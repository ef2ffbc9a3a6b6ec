//! Tells the linker where memory is: on boards with a Cortex-M by a file that the script of cortex-m-rt reads, on
//! others by a script of our own.

use std::{env, fs, path::PathBuf};

/// 8 MiB of DRAM; all of it is memory that can be written and executed.
const DRAM: &str = "\
ENTRY(_start)
SECTIONS {
    .text : { KEEP(*(.start)) *(.text .text.*) } > DRAM
    .rodata : ALIGN(8) { *(.rodata .rodata.* .srodata .srodata.*) } > DRAM
    .data : ALIGN(8) { __sdata = .; *(.data .data.* .sdata .sdata.*) . = ALIGN(8); __edata = .; } > DRAM
    __sidata = __sdata;
    .bss (NOLOAD) : ALIGN(8) { __sbss = .; *(.bss .bss.* .sbss .sbss.* COMMON) . = ALIGN(8); __ebss = .; } > DRAM
    __sheap = .;
    _stack_start = ORIGIN(DRAM) + LENGTH(DRAM);
    /DISCARD/ : { *(.ARM.exidx .ARM.exidx.*) }
}
";

/// A HiFive1: 16 kB of RAM, and flash behind a serial line, of which the emulator has as much as anybody wants.
const HIFIVE1: &str = "\
MEMORY { FLASH : ORIGIN = 0x20400000, LENGTH = 4M RAM : ORIGIN = 0x80000000, LENGTH = 16K }
ENTRY(_start)
SECTIONS {
    .text : { KEEP(*(.start)) *(.text .text.*) } > FLASH
    .rodata : ALIGN(8) { *(.rodata .rodata.* .srodata .srodata.*) } > FLASH
    .data : ALIGN(8) { __sdata = .; *(.data .data.* .sdata .sdata.*) . = ALIGN(8); __edata = .; } > RAM AT > FLASH
    __sidata = LOADADDR(.data);
    .bss (NOLOAD) : ALIGN(8) { __sbss = .; *(.bss .bss.* .sbss .sbss.* COMMON) . = ALIGN(8); __ebss = .; } > RAM
    __sheap = .;
    _stack_start = ORIGIN(RAM) + LENGTH(RAM);
}
";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-search={}", out.display());
    let board = |name: &str| env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    let dram = |origin: &str| format!("MEMORY {{ DRAM : ORIGIN = {origin}, LENGTH = 8M }}\n{DRAM}");
    if board("AST2600") {
        return fs::write(out.join("link.x"), dram("0x80100000")).expect("link.x");
    }
    if board("VIRT") {
        return fs::write(out.join("link.x"), dram("0x80000000")).expect("link.x");
    }
    if board("SIFIVE_E") {
        return fs::write(out.join("link.x"), HIFIVE1).expect("link.x");
    }
    let memory = if board("MICROBIT") {
        "FLASH : ORIGIN = 0x00000000, LENGTH = 256K\nRAM : ORIGIN = 0x20000000, LENGTH = 16K"
    } else if board("AN505") {
        // All of it in the secure world, in which the processor starts.
        "FLASH : ORIGIN = 0x10000000, LENGTH = 4M\nRAM : ORIGIN = 0x38000000, LENGTH = 4M"
    } else {
        "FLASH : ORIGIN = 0x00000000, LENGTH = 4M\nRAM : ORIGIN = 0x20000000, LENGTH = 4M"
    };
    fs::write(out.join("memory.x"), format!("MEMORY {{ {memory} }}\n")).expect("memory.x");
    // What the `device` feature of cortex-m-rt asks for: names of interrupts, of which we have none.
    fs::write(out.join("device.x"), "").expect("device.x");
}
