//! Tasks of SaiTLS development, run as `cargo xtask TASK` from anywhere in the workspace.

mod bench;
mod coverage;
#[cfg(test)]
mod features;
mod firmware;
mod floors;
mod instructions;
#[cfg(test)]
mod pages;
mod panics;
mod peers;
mod secrets;
mod security;
mod sizes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask coverage [TARGET]   what the corpora of the fuzz targets reach of saitls-core (nightly, cargo-fuzz, llvm-tools)
cargo xtask firmware            builds examples/firmware, runs each program in QEMU against openssl, prints what it takes
            [PROGRAM]           only tls_uart, primitives, https_client, https_server,
                                constant (equal instructions whatever the secret, on every board),
                                vectors (P-256 in assembly) or engine (the AST2600);
                                footprint: only if named, the tables of docs/FOOTPRINT.md
            [--row NAME]        only this selection of suites
            [--budgets]         fails where a figure is over its budget in examples/firmware/budgets.json
cargo xtask floors              in no crate modules use each other in a circle, and each of core only those below it
cargo xtask instructions        what a handshake takes in instructions, ours and that of rustls, counted by callgrind
            [--limits]          fails if one of ours takes more than its limit
cargo xtask panics              no code of saitls-core can panic: inspects a linked image
cargo xtask peers [WORDS]       has newer and rarer TLS implementations under target/peers, runs the cases of
                                interoperability with them (or those whose names have WORDS), prints a table
            [--diagonal]        half of the cases: each over one transport
            [--fetch]           only has them
            [--table]           only prints the table of the last run again
cargo xtask secrets             nothing branches on a secret: runs connections under valgrind (x86-64)
cargo xtask security            every test that docs/SECURITY.md names exists
cargo xtask sizes [--crates]    links the bare-metal images and prints their sizes (--crates: what each crate takes)
            [--image NAME]      only this image
            [--limits]          fails if an image is larger than the limit beside it
cargo xtask bench               runs the benchmarks and prints records and handshakes as tables";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["coverage", only @ ..] => coverage::print(&root(), only.first().copied()),
        ["bench"] => bench::run(&root()),
        ["firmware", options @ ..] => {
            firmware::Options::parse(options).and_then(|options| firmware::run(&root(), &options))
        }
        ["floors"] => floors::check(&root()),
        ["instructions", options @ ..] => instructions::run(&root(), options),
        ["panics"] => panics::check(&root()),
        ["peers", options @ ..] => peers::Options::parse(options).and_then(|options| peers::run(&root(), &options)),
        ["secrets"] => secrets::check(&root()),
        ["security"] => security::check(&root()),
        ["sizes", options @ ..] => sizes::Options::parse(options).and_then(|options| sizes::print(&root(), &options)),
        _ => Err(format!("usage:\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}
