//! `cargo xtask instructions`: what a handshake takes, in instructions that callgrind counts. Other than times, they do
//! not depend on what else the machine does.
//!
//! `xtask/benches/instructions.rs` makes the handshakes, both ends in one process, over memory. callgrind collects only
//! inside the functions through which it does what is to be counted (`--toggle-collect`): those of one end at a time,
//! after a few handshakes that fill caches. It shows the program a processor without AVX-512.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Handshakes that are counted at once.
const TIMES: u64 = 10;
const IDENTITIES: [&str; 3] = ["P-256", "Ed25519", "RSA-2048"];
const GROUPS: [&str; 2] = ["x25519", "X25519MLKEM768"];
const ROLES: [&str; 2] = ["client", "server"];

/// What `--limits` allows for P-256 and x25519, in instructions: a name in the benchmark, whether its public-key
/// operations are taken off, client, server. Only where AWS-LC's code is the same: on x86-64.
const LIMITS: [(&str, Option<&str>, [u64; 2]); 3] = [
    ("rustcrypto", None, [3_820_000, 2_250_000]),
    ("aws-lc", None, [1_490_000, 940_000]),
    ("aws-lc", Some("primitives-aws-lc"), [283_000, 282_000]),
];

const TABLE: &str = "
| key | group | end | SaiTLS, RustCrypto | SaiTLS, AWS-LC | rustls 0.23, AWS-LC | share of rustls, % |
|---|---|---|---|---|---|---|";

/// Prints the tables, or holds our own handshakes to their limits.
pub(crate) fn run(root: &Path, options: &[&str]) -> Result<(), String> {
    let limits = match options {
        [] => false,
        ["--limits"] => true,
        _ => return Err(format!("instructions: no option {}", options.join(" "))),
    };
    let program = build(root)?;
    if limits { hold(&program) } else { table(&program) }
}

fn hold(program: &Path) -> Result<(), String> {
    if !cfg!(target_arch = "x86_64") {
        println!("NOT HELD TO LIMITS: these are instructions of x86-64");
        return Ok(());
    }
    let mut over = Vec::new();
    for (what, without, limits) in LIMITS {
        let mut counts = both(program, what, "P-256", "x25519")?;
        let mut name = what.to_owned();
        if let Some(without) = without {
            let less = both(program, without, "P-256", "x25519")?;
            counts = [0, 1].map(|role| counts[role].saturating_sub(less[role]));
            name += " above its public-key operations";
        }
        for ((role, count), limit) in ROLES.into_iter().zip(counts).zip(limits) {
            println!("{role}, {name}: {count} instructions (limit {limit})");
            if count > limit {
                over.push(format!("{role}, {name}: {count} instructions are more than {limit}"));
            }
        }
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("\n")) }
}

fn table(program: &Path) -> Result<(), String> {
    let kinds = || IDENTITIES.into_iter().flat_map(|identity| GROUPS.map(|group| (identity, group)));
    let mut above = Vec::new();
    println!("thousands of instructions of a handshake\n{TABLE}");
    for (identity, group) in kinds() {
        let counts = |what: &str| both(program, what, identity, group);
        let whole = [counts("rustcrypto")?, counts("aws-lc")?, counts("rustls")?];
        let (slow, fast) = (counts("primitives-rustcrypto")?, counts("primitives-aws-lc")?);
        for (role, name) in ROLES.into_iter().enumerate() {
            let row = |bare: [u64; 3]| {
                let [slow, ours, theirs] = [0, 1, 2].map(|of| whole[of][role].saturating_sub(bare[of]));
                let [a, b, c] = [slow, ours, theirs].map(|count| (count + 500) / 1_000);
                format!("| {identity} | {group} | {name} | {a} | {b} | {c} | {} |", 100 * ours / theirs.max(1))
            };
            println!("{}", row([0; 3]));
            above.push(row([slow[role], fast[role], fast[role]]));
        }
    }
    println!("\nthe same above its public-key operations\n{TABLE}\n{}", above.join("\n"));
    Ok(())
}

/// Instructions of one handshake, client and server.
fn both(program: &Path, what: &str, identity: &str, group: &str) -> Result<[u64; 2], String> {
    let counts = std::thread::scope(|scope| {
        ROLES
            .map(|role| scope.spawn(move || count(program, role, what, identity, group)))
            .map(|run| run.join().unwrap_or_else(|_| Err("valgrind: its thread ended".into())))
    });
    let [client, server] = counts;
    Ok([client?, server?])
}

/// Has callgrind count what one end does.
fn count(program: &Path, role: &str, what: &str, identity: &str, group: &str) -> Result<u64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect=*support::counted_{role}*"))
        .arg(program)
        .args(["count", what, identity, group, &TIMES.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error} (Debian: valgrind)"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    // `==PID== Collected : 123`.
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, count)| count.trim().parse::<u64>().ok()) {
        Some(count) if output.status.success() && count > 0 => Ok(count / TIMES),
        _ => Err(format!("valgrind did not count {what}, {identity}, {group}:\n{told}")),
    }
}

/// Builds the benchmark; its executable.
fn build(root: &Path) -> Result<PathBuf, String> {
    let output = Command::new(env!("CARGO"))
        .args(["bench", "-q", "-p", "saitls-benches", "--bench", "instructions", "--no-run", "--message-format=json"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo bench: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let message = Some(message).filter(|message| message["target"]["name"] == "instructions")?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.filter(|_| output.status.success()).ok_or_else(|| "cargo bench: no executable".into())
}
