//! Our `client` and `server` programs against OpenSSL, GnuTLS, NSS, curl, nginx and Node.js, on loopback, every byte of
//! ours through the smoltcp socket.
//!
//! Part of `cargo test`. A peer that is not installed is skipped with a word about it, or a failure with
//! `SAITLS_REQUIRE_PEERS=1` as in CI. Options after `--`: a part of a case's name, `--list`, `--nocapture` (one line a
//! case), `--test-threads N`. Any failure shows the commands, to be typed again by hand.

mod auth;
mod beside;
mod chains;
mod data;
mod force;
mod hierarchy;
mod hybrids;
mod matrix;
mod negotiate;
mod network;
mod ours;
mod peers;
mod pki;
mod ports;
mod process;
mod psk;
mod raw_keys;
mod refused;
mod runner;
mod sessions;
mod tickets;
mod troubleshooting;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut cases = matrix::cases();
    cases.extend(
        [
            auth::cases(),
            beside::cases(),
            chains::cases(),
            data::cases(),
            hybrids::cases(),
            negotiate::cases(),
            network::cases(),
            psk::cases(),
            raw_keys::cases(),
            refused::cases(),
            sessions::cases(),
            tickets::cases(),
            troubleshooting::cases(),
        ]
        .into_iter()
        .flatten(),
    );
    runner::run(cases)
}
