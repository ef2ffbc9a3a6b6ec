//! `cargo xtask bench`: runs the benchmarks and prints what they found as tables, in the form of README.md.

use std::path::Path;
use std::process::Command;

const SUITES: [&str; 4] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256"];
const LENGTHS: [u32; 2] = [16_384, 1_400];
const IDENTITIES: [&str; 3] = ["P-256", "Ed25519", "RSA-2048"];
const GROUPS: [&str; 2] = ["x25519", "X25519MLKEM768"];

/// Implementations, the name for a table, and the provider whose bare operations they are held against.
const IMPLEMENTATIONS: [(&str, &str, &str); 3] = [
    ("rustcrypto", "SaiTLS, RustCrypto", "rustcrypto"),
    ("aws-lc", "SaiTLS, AWS-LC", "aws-lc"),
    ("rustls", "rustls 0.23, AWS-LC", "aws-lc"),
];

/// Runs criterion, then prints the tables from the medians it left in `target/criterion`.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "-q", "-p", "saitls-xtask"])
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo bench: {error}"))?;
    if !status.success() {
        return Err("cargo bench failed".into());
    }
    handshakes(root)?;
    records(root)?;
    streams(root)
}

/// Client and server, in nanoseconds.
fn both(root: &Path, group: &str, of: &str) -> Result<[f64; 2], String> {
    Ok([median(root, group, &format!("{of}/client"))?, median(root, group, &format!("{of}/server"))?])
}

fn handshakes(root: &Path) -> Result<(), String> {
    println!("\nhandshakes per second on one core: client, server\n");
    println!("| key, group | {} |", IMPLEMENTATIONS.map(|(_, name, _)| name).join(" | "));
    println!("|---|---|---|---|");
    for (identity, group) in IDENTITIES.into_iter().flat_map(|identity| GROUPS.map(|group| (identity, group))) {
        print!("| {identity}, {group} |");
        for (implementation, ..) in IMPLEMENTATIONS {
            let whole = both(root, &format!("handshake/{implementation}"), &format!("{identity}/{group}"))?;
            print!(" {:.0}, {:.0} |", 1e9 / whole[0], 1e9 / whole[1]);
        }
        println!();
    }
    above_primitives(root)
}

/// What a handshake takes above its bare operations, those with public keys and all of them, in both libraries that use AWS-LC.
fn above_primitives(root: &Path) -> Result<(), String> {
    let symmetric = median(root, "symmetric/aws-lc", "")?;
    println!(
        "\nmicroseconds of a handshake above its public-key operations, and above these and the symmetric operations ({:.1}), on AWS-LC: client, server\n",
        symmetric / 1e3
    );
    println!(
        "| key, group | above public-key operations: SaiTLS | rustls | share | above all: SaiTLS | rustls | share |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (identity, group) in IDENTITIES.into_iter().flat_map(|identity| GROUPS.map(|group| (identity, group))) {
        let of = format!("{identity}/{group}");
        let bare = both(root, "primitives/aws-lc", &of)?;
        let (ours, theirs) = (both(root, "handshake/aws-lc", &of)?, both(root, "handshake/rustls", &of)?);
        print!("| {identity}, {group} |");
        for more in [0.0, symmetric] {
            let above = |whole: [f64; 2]| [0, 1].map(|role| (whole[role] - bare[role] - more) / 1e3);
            let ([client, server], [other_client, other_server]) = (above(ours), above(theirs));
            let share = [client / other_client, server / other_server].map(|share| 100.0 * share);
            print!(" {client:.1}, {server:.1} | {other_client:.1}, {other_server:.1} |");
            print!(" {:.0}, {:.0} % |", share[0], share[1]);
        }
        println!();
    }
    Ok(())
}

fn records(root: &Path) -> Result<(), String> {
    println!(
        "\nrecords, as a share of the bare AEAD of the same library: sending what was written in place, is sealed from where it stands, or is copied; receiving\n"
    );
    println!("| suite, bytes | bare AEAD, GB/s | {} |", IMPLEMENTATIONS.map(|(_, name, _)| name).join(" | "));
    println!("|---|---|---|---|---|");
    for (suite, len) in SUITES.into_iter().flat_map(|suite| LENGTHS.map(|len| (suite, len))) {
        let nanoseconds = |of: &str, what: &str| median(root, &format!("{suite}/{len}/{of}"), what);
        // Suites that only one of them has are in the table all the same.
        let is_there = |of: &str| nanoseconds(of, "send").is_ok();
        let speeds = ["rustcrypto", "aws-lc"].into_iter().filter(|backend| is_there(backend));
        let speeds: Result<Vec<_>, _> = speeds
            .map(|backend| nanoseconds(backend, "raw seal").map(|time| format!("{:.1}", f64::from(len) / time)))
            .collect();
        print!("| {suite}, {len} | {} |", speeds?.join(", "));
        for (implementation, _, backend) in IMPLEMENTATIONS {
            if !is_there(implementation) {
                print!(" - |");
                continue;
            }
            let seal = nanoseconds(backend, "raw seal")?;
            let send = seal / nanoseconds(implementation, "send")?;
            // Only we can.
            for way in ["send in place", "send sealed"] {
                if let Ok(time) = nanoseconds(implementation, way) {
                    print!(" {:.0},", seal / time * 100.0);
                }
            }
            let receive = nanoseconds(backend, "raw open")? / nanoseconds(implementation, "receive")?;
            print!(" {:.0}; {:.0} % |", send * 100.0, receive * 100.0);
        }
        println!();
    }
    Ok(())
}

/// Bytes a second that two ends carry both ways at once, as a share of what rustls carries, and what it is without TLS.
fn streams(root: &Path) -> Result<(), String> {
    println!(
        "\nstreams, both directions at once, AES-128-GCM on AWS-LC: rustls' processor time for the same bytes as a multiple of ours\n"
    );
    println!("| transport, writes | `TlsStream` | with a record for each write | without TLS |");
    println!("|---|---|---|---|");
    for (transport, piece) in
        ["socket pair", "loopback"].into_iter().flat_map(|of| ["16 kB", "100 bytes"].map(|piece| (of, piece)))
    {
        let time = |of: &str| median(root, &format!("streams/{transport}/{piece}"), of);
        let theirs = time("rustls")?;
        print!("| {transport}, {piece} |");
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
