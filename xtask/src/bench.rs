//! `cargo xtask bench`: runs the benchmarks, and prints what a connection adds to the cryptography it uses.

use std::path::Path;
use std::process::Command;

const SUITES: [&str; 4] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256"];

/// Runs criterion, then prints the table from the medians it left in `target/criterion`.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "-q", "-p", "saitls-xtask"])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !status.success() {
        return Err("cargo bench failed".into());
    }
    println!("\nrecords through a connection, as a share of the provider's raw AEAD in the same run (medians)\n");
    println!("| suite | bytes | raw seal, MB/s | send | raw open, MB/s | receive |");
    println!("|---|---|---|---|---|---|");
    for suite in SUITES {
        for len in [16_384_u32, 1_400] {
            let nanoseconds = |what: &str| median(root, &format!("{suite}/{what}/{len}"));
            let (raw_seal, send) = (nanoseconds("raw seal")?, nanoseconds("send")?);
            let (raw_open, receive) = (nanoseconds("raw open")?, nanoseconds("receive")?);
            println!(
                "| {suite} | {len} | {:.0} | {:.0} % | {:.0} | {:.0} % |",
                f64::from(len) * 1e3 / raw_seal,
                raw_seal / send * 100.0,
                f64::from(len) * 1e3 / raw_open,
                raw_open / receive * 100.0,
            );
        }
    }
    println!("\nwhole handshakes, both sides together, X25519, TLS_AES_128_GCM_SHA256\n");
    println!("| key | ms |\n|---|---|");
    for key in ["P-256", "P-384", "Ed25519", "RSA-2048"] {
        println!("| {key} | {:.2} |", median(root, &format!("handshake/{key}"))? / 1e6);
    }
    Ok(())
}

/// The median of a benchmark, in nanoseconds.
fn median(root: &Path, benchmark: &str) -> Result<f64, String> {
    let path = root.join("target/criterion").join(benchmark).join("new/estimates.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let estimates: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    estimates["median"]["point_estimate"].as_f64().ok_or_else(|| format!("{}: no median", path.display()))
}
