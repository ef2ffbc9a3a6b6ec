//! Building an image.

use super::board::Board;
use crate::sizes::{self, Sizes};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a program of `examples/firmware`; where it is.
pub(super) fn build(root: &Path, program: &str, board: &Board, features: &str) -> Result<PathBuf, String> {
    let folder = root.join("examples/firmware");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(&folder)
        .args(["build", "--quiet", "--release", "--bin", program, "--target", board.target, "--no-default-features"])
        .args(["--features", board.feature, "--features", features])
        // These would replace the flags of the firmware's own configuration.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("{program} with {features} does not build"));
    }
    Ok(root.join("target/firmware").join(board.target).join("release").join(program))
}

/// What an image takes, by who wrote it.
pub(super) struct Flash {
    pub(super) all: u64,
    pub(super) ours: u64,
    pub(super) provider: u64,
    pub(super) webpki: u64,
    /// The standard library, board support and the program itself; and what no symbol has: the vectors, constants.
    pub(super) rest: u64,
    pub(super) static_ram: u64,
}

/// Crates that belong to chain verification; those of the protocol; those that are neither cryptography.
const WEBPKI: &[&str] = &["webpki", "saitls_webpki", "saitls_chain", "untrusted", "rustls_pki_types"];
const OURS: &[&str] = &["saitls_core", "saitls"];
const REST: &[&str] = &[
    "(other)",
    "core",
    "alloc",
    "compiler_builtins",
    "tls_uart",
    "tls_uart_server",
    "saitls_firmware",
    "smoltcp",
    "cortex_m",
    "cortex_m_rt",
    "cortex_m_semihosting",
    "static_cell",
    "managed",
    "heapless",
    "embedded_alloc",
    "linked_list_allocator",
    "critical_section",
    "__rustc",
];

pub(super) fn flash(image: &Path) -> Result<Flash, String> {
    let elf = std::fs::read(image).map_err(|error| format!("{}: {error}", image.display()))?;
    let Sizes { code, data, bss, crates } = sizes::measure(&elf)?;
    let sum =
        |names: &[&str]| crates.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, size)| size).sum();
    let (ours, webpki, rest): (u64, u64, u64) = (sum(OURS), sum(WEBPKI), sum(REST));
    let provider = crates.values().sum::<u64>() - ours - webpki - rest;
    let all = code + data;
    Ok(Flash { all, ours, provider, webpki, rest: all - ours - provider - webpki, static_ram: data + bss })
}
