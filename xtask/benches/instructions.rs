//! Handshakes to be counted: `cargo xtask instructions` runs this under callgrind and prints the table.
//!
//! `count WHAT IDENTITY GROUP TIMES`, where WHAT is an implementation, or `primitives-` and a provider: runs it that
//! many times after a few that are not counted. Without these words, as among the other benchmarks, everything once.

mod support;

use saitls_core::codes::{CipherSuite, NamedGroup};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use support::saitls::{Backend, handshakes, primitives, resumptions, shared_keys};
use support::{COUNTED, GROUPS, IDENTITIES, Identity, Times, peer};

type RustCrypto = saitls_rustcrypto::RustCrypto<getrandom::SysRng>;
type AwsLc = saitls_aws_lc::AwsLc;

/// What can be counted, in the order of the table.
const ALL: [&str; 8] = [
    RustCrypto::NAME,
    AwsLc::NAME,
    peer::NAME,
    "primitives-rustcrypto",
    "primitives-aws-lc",
    "resumed-aws-lc",
    "resumed-rustls",
    "psk-aws-lc",
];

/// Handshakes that fill what is filled once.
const WARM: u64 = 3;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let known = if let ["count", what, identity, group, times] = words.as_slice() {
        let identity = IDENTITIES.iter().find(|known| known.name == *identity);
        let group = GROUPS.iter().find(|known| known.to_string() == *group);
        match (identity, group, times.parse()) {
            (Some(identity), Some(group), Ok(times)) => count(what, identity, *group, times),
            _ => false,
        }
    } else {
        let cells = IDENTITIES.iter().flat_map(|identity| GROUPS.map(|group| (identity, group)));
        cells
            .flat_map(|cell| ALL.map(|what| (what, cell)))
            .all(|(what, (identity, group))| count(what, identity, group, 1))
    };
    if known { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs `what` a few times, then, counted, so many times. False if there is no such thing.
fn count(what: &str, identity: &Identity, group: NamedGroup, times: u64) -> bool {
    let run: Box<dyn Fn(u64) -> Times> = match what {
        "rustcrypto" => Box::new(|times| handshakes::<RustCrypto>(identity, group, times)),
        "aws-lc" => Box::new(|times| handshakes::<AwsLc>(identity, group, times)),
        peer::NAME => {
            let configs = peer::Configs::new(CipherSuite::AES_128_GCM_SHA256, group, identity);
            Box::new(move |times| configs.handshakes(times))
        }
        "primitives-rustcrypto" => Box::new(|times| primitives::<RustCrypto>(identity, group, times)),
        "primitives-aws-lc" => Box::new(|times| primitives::<AwsLc>(identity, group, times)),
        "resumed-aws-lc" => Box::new(|times| resumptions::<AwsLc>(identity, group, times)),
        "resumed-rustls" => {
            let configs = peer::Configs::resuming(CipherSuite::AES_128_GCM_SHA256, group, identity);
            // The first one is a full handshake.
            configs.handshakes(1);
            Box::new(move |times| configs.handshakes(times))
        }
        "psk-aws-lc" => Box::new(shared_keys::<AwsLc>),
        _ => return false,
    };
    run(WARM);
    COUNTED.store(true, Ordering::Relaxed);
    run(times);
    COUNTED.store(false, Ordering::Relaxed);
    true
}
