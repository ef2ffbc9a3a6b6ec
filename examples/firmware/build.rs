//! Tells the linker of cortex-m-rt where memory is on the MPS2 boards with the images AN385 and AN386.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    fs::write(
        out.join("memory.x"),
        "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 4M\nRAM : ORIGIN = 0x20000000, LENGTH = 4M }\n",
    )
    .expect("memory.x");
    // What the `device` feature of cortex-m-rt asks for: names of interrupts, of which we have none.
    fs::write(out.join("device.x"), "").expect("device.x");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
}
