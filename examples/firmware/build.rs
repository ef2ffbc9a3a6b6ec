//! Tells the linker where memory is: on the MPS2 boards with the images AN385 and AN386 by a file that the script of
//! cortex-m-rt reads, on the AST2600 by a script of our own.

use std::{env, fs, path::PathBuf};

/// 8 MiB of the DRAM; all of it is memory that can be written and executed.
const AST2600: &str = "\
ENTRY(_start)
MEMORY { DRAM : ORIGIN = 0x80100000, LENGTH = 8M }
SECTIONS {
    .text : { KEEP(*(.start)) *(.text .text.*) } > DRAM
    .rodata : ALIGN(8) { *(.rodata .rodata.*) } > DRAM
    .data : ALIGN(8) { *(.data .data.*) } > DRAM
    .bss (NOLOAD) : ALIGN(8) { __sbss = .; *(.bss .bss.* COMMON) . = ALIGN(8); __ebss = .; } > DRAM
    __sheap = .;
    _stack_start = ORIGIN(DRAM) + LENGTH(DRAM);
    /DISCARD/ : { *(.ARM.exidx .ARM.exidx.*) }
}
";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-search={}", out.display());
    if env::var_os("CARGO_FEATURE_AST2600").is_some() {
        return fs::write(out.join("link.x"), AST2600).expect("link.x");
    }
    fs::write(
        out.join("memory.x"),
        "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 4M\nRAM : ORIGIN = 0x20000000, LENGTH = 4M }\n",
    )
    .expect("memory.x");
    // What the `device` feature of cortex-m-rt asks for: names of interrupts, of which we have none.
    fs::write(out.join("device.x"), "").expect("device.x");
}
