//! `cargo xtask bench`: runs the benchmarks and prints what they found as tables, in the form of
//! docs/PERFORMANCE.md.

use std::path::Path;
use std::process::Command;

const SUITES: [&str; 4] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256"];
const LENGTHS: [u32; 2] = [16_384, 1_400];
const IDENTITIES: [&str; 3] = ["P-256", "Ed25519", "RSA-2048"];
const GROUPS: [&str; 2] = ["x25519", "X25519MLKEM768"];
const ROLES: [&str; 2] = ["client", "server"];

/// Implementations, the name for a table, and the provider whose bare operations they are held against.
const IMPLEMENTATIONS: [(&str, &str, &str); 3] = [
    ("rustcrypto", "SaiTLS, RustCrypto", "rustcrypto"),
    ("aws-lc", "SaiTLS, AWS-LC", "aws-lc"),
    ("rustls", "rustls 0.23, AWS-LC", "aws-lc"),
];

/// Runs criterion, then prints the tables from the medians it left in `target/criterion`.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "-q", "-p", "saitls-benches"])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !status.success() {
        return Err("cargo bench failed".into());
    }
    handshakes(root)?;
    without_certificates(root)?;
    records(root)?;
    streams(root)
}

/// Each key with each group.
fn handshake_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    IDENTITIES.into_iter().flat_map(|identity| GROUPS.map(|group| (identity, group)))
}

fn handshakes(root: &Path) -> Result<(), String> {
    println!("\nhandshakes per second on one core\n");
    println!("| key | group | end | {} |", IMPLEMENTATIONS.map(|(_, name, _)| name).join(" | "));
    println!("|---|---|---|---|---|---|");
    for (identity, group) in handshake_kinds() {
        for role in ROLES {
            print!("| {identity} | {group} | {role} |");
            for (implementation, ..) in IMPLEMENTATIONS {
                let time = median(root, &format!("handshake/{implementation}"), &format!("{identity}/{group}/{role}"))?;
                print!(" {:.0} |", 1e9 / time);
            }
            println!();
        }
    }
    above_primitives(root)
}

/// Handshakes of clients that come back, and of those that share a key with their server.
fn without_certificates(root: &Path) -> Result<(), String> {
    println!("\nhandshakes per second without certificates: AES-128-GCM, and x25519 where there is a key agreement\n");
    println!("| what | end | {} |", IMPLEMENTATIONS.map(|(_, name, _)| name).join(" | "));
    println!("|---|---|---|---|---|");
    for (what, group, of) in [
        ("resumed, with a key agreement, one ticket", "resumed", "x25519"),
        ("a pre-shared key alone", "psk", "psk_ke"),
    ] {
        for role in ROLES {
            print!("| {what} | {role} |");
            for (implementation, ..) in IMPLEMENTATIONS {
                match median(root, &format!("{group}/{implementation}"), &format!("{of}/{role}")) {
                    Ok(time) => print!(" {:.0} |", 1e9 / time),
                    // rustls has none.
                    Err(_) => print!(" - |"),
                }
            }
            println!();
        }
    }
    Ok(())
}

/// What a handshake takes above its bare operations, those with public keys and all of them, in both libraries that use
/// AWS-LC.
fn above_primitives(root: &Path) -> Result<(), String> {
    let symmetric = median(root, "symmetric/aws-lc", "")?;
    for (what, more) in [("public-key operations", 0.0), ("public-key and symmetric operations", symmetric)] {
        println!("\nmicroseconds of a handshake above its {what}, on AWS-LC\n");
        println!("| key | group | end | SaiTLS | rustls 0.23 | share, % |");
        println!("|---|---|---|---|---|---|");
        for (identity, group) in handshake_kinds() {
            for role in ROLES {
                let time = |of: &str| median(root, of, &format!("{identity}/{group}/{role}"));
                let bare = time("primitives/aws-lc")? + more;
                let (ours, theirs) = (time("handshake/aws-lc")? - bare, time("handshake/rustls")? - bare);
                let share = 100.0 * ours / theirs;
                println!("| {identity} | {group} | {role} | {:.1} | {:.1} | {share:.0} |", ours / 1e3, theirs / 1e3);
            }
        }
    }
    println!("\nsymmetric operations of a handshake: {:.1} microseconds", symmetric / 1e3);
    Ok(())
}

fn records(root: &Path) -> Result<(), String> {
    println!("\nrecords: the bare AEAD, and what is left of its speed, in percent of it\n");
    println!(
        "| suite | bytes | library | bare AEAD, GB/s | sent in place | sent from where it stands | sent, copied | received |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (suite, len) in SUITES.into_iter().flat_map(|suite| LENGTHS.map(|len| (suite, len))) {
        for (implementation, name, backend) in IMPLEMENTATIONS {
            let time = |of: &str, what: &str| median(root, &format!("{suite}/{len}/{of}"), what);
            // Not every suite is in every library.
            if time(implementation, "send").is_err() {
                continue;
            }
            let (seal, open) = (time(backend, "raw seal")?, time(backend, "raw open")?);
            print!("| {suite} | {len} | {name} | {:.1} |", f64::from(len) / seal);
            for (way, bare) in [("send in place", seal), ("send sealed", seal), ("send", seal), ("receive", open)] {
                match time(implementation, way) {
                    Ok(time) => print!(" {:.0} |", 100.0 * bare / time),
                    // Only we can.
                    Err(_) => print!(" - |"),
                }
            }
            println!();
        }
    }
    Ok(())
}

/// Bytes a second that two ends carry both ways at once, as a share of what rustls carries, and what it is without TLS.
fn streams(root: &Path) -> Result<(), String> {
    println!(
        "\nstreams, both directions at once, AES-128-GCM on AWS-LC: rustls' processor time for the same bytes as a multiple of ours\n"
    );
    println!("| transport | writes | `TlsStream` | with a record for each write | without TLS |");
    println!("|---|---|---|---|---|");
    for (transport, piece) in
        ["socket pair", "loopback"].into_iter().flat_map(|of| ["16 kB", "100 bytes"].map(|piece| (of, piece)))
    {
        let time = |of: &str| median(root, &format!("streams/{transport}/{piece}"), of);
        let theirs = time("rustls")?;
        print!("| {transport} | {piece} |");
        for of in ["ours", "ours, each write", "in the clear"] {
            print!(" {:.2} |", theirs / time(of)?);
        }
        println!();
    }
    Ok(())
}

/// The median of a benchmark, in nanoseconds.
fn median(root: &Path, group: &str, benchmark: &str) -> Result<f64, String> {
    let folder = root.join("target/criterion").join(group.replace('/', "_")).join(benchmark.replace('/', "_"));
    let path = folder.join("new/estimates.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let estimates: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    estimates["median"]["point_estimate"].as_f64().ok_or_else(|| format!("{}: no median", path.display()))
}
