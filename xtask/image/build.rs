//! Tells the linker of cortex-m-rt where memory is.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("OUT_DIR"));
    fs::write(
        out.join("memory.x"),
        "MEMORY { FLASH : ORIGIN = 0x08000000, LENGTH = 1M\nRAM : ORIGIN = 0x20000000, LENGTH = 192K }\n",
    )
    .expect("memory.x");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
}
