//! What a device needs for which selection, and what each feature adds to a client: the tables of docs/FOOTPRINT.md.

use super::board::{AN385, Board, MICROBIT};
use super::measure::{CLIENT, Figures, PSK, Row};
use std::path::Path;

/// What every client of the second table has.
const BASE: &str = "aes128gcm,p256,small-records";

/// What works by itself, from the smallest to the largest.
const SELECTIONS: [Row; 7] = [
    Row {
        what: "client, pre-shared key without key exchange",
        features: "aes128gcm,psk-ke,small-records",
        identity: "",
        words: PSK,
        ..CLIENT
    },
    Row {
        what: "client, pre-shared key with X25519",
        features: "aes128gcm,x25519,psk,small-records",
        identity: "",
        words: PSK,
        ..CLIENT
    },
    Row { what: "client, pinned key, P-256", features: BASE, ..CLIENT },
    Row {
        what: "client, pinned key, X25519 and Ed25519, ChaCha20",
        features: "chacha20poly1305,x25519,ed25519,small-records",
        identity: "ed25519",
        ..CLIENT
    },
    Row { what: "client, chain in its order, P-256", features: "aes128gcm,p256,ordered,small-records", ..CLIENT },
    Row { what: "client, any chain, P-256", features: "aes128gcm,p256,chain,small-records", ..CLIENT },
    Row {
        what: "server, P-256, two certificates sent",
        features: "aes128gcm,p256,small-records",
        is_server: true,
        ..CLIENT
    },
];

/// What can be added to a client with a pinned key.
struct Feature {
    what: &'static str,
    features: &'static str,
    /// What does not work without it.
    without: &'static str,
}

const FEATURES: [Feature; 9] = [
    Feature {
        what: "`saitls-chain`",
        features: "aes128gcm,p256,small-records,ordered",
        without: "servers whose key changes: it is pinned",
    },
    Feature {
        what: "`saitls-webpki`",
        features: "aes128gcm,p256,small-records,chain",
        without: "the same; with `saitls-chain` in its place, chains out of order, and with name constraints",
    },
    Feature { what: "`x25519`", features: "aes128gcm,p256,small-records,x25519", without: "servers with x25519 alone" },
    Feature {
        what: "`chacha20poly1305`",
        features: "aes128gcm,p256,small-records,chacha20poly1305",
        without: "nothing; but a byte takes five times the instructions",
    },
    Feature {
        what: "`aes256gcm`",
        features: "aes128gcm,p256,small-records,aes256gcm",
        without: "servers whose policy asks for 256 bits, and certificates signed with SHA-384",
    },
    Feature {
        what: "`aes128ccm`",
        features: "aes128gcm,p256,small-records,aes128ccm",
        without: "servers of small devices that have no GCM",
    },
    Feature {
        what: "`p384`",
        features: "aes128gcm,p256,small-records,p384",
        without: "chains of authorities with P-384, as many public ones are",
    },
    Feature {
        what: "`ed25519`",
        features: "aes128gcm,p256,small-records,ed25519",
        without: "servers with keys of Ed25519, which public authorities do not certify",
    },
    Feature {
        what: "records of 16 kB",
        features: "aes128gcm,p256",
        without: "servers that do not know max_fragment_length (RFC 6066), and send long records",
    },
];

/// Prints the tables.
pub(super) fn print(root: &Path) -> Result<(), String> {
    selections(root, &AN385);
    println!("\n| with | more flash | more RAM | what breaks without it |\n|---|---|---|---|");
    let of = |features| Row { name: features, features, ..CLIENT }.measure(root);
    let base = of(BASE)?;
    for Feature { what, features, without } in FEATURES {
        println!("| {what} | {} | {without} |", cells(of(features), |figures| difference(figures, &base)));
    }
    selections(root, &MICROBIT);
    Ok(())
}

/// Prints what each selection takes on a board.
fn selections(root: &Path, board: &Board) {
    println!("\n| on the {} | flash | RAM |\n|---|---|---|", board.processor);
    for row in SELECTIONS {
        let what = row.what;
        println!("| {what} | {} |", cells(Row { name: what, board: board.clone(), ..row }.measure(root), kilo));
    }
}

/// The two cells of a board, which may have too little memory.
fn cells(figures: Result<Figures, String>, show: impl FnOnce(&Figures) -> String) -> String {
    figures.as_ref().map_or_else(
        |error| {
            eprintln!("{error}");
            "- | -".into()
        },
        show,
    )
}

/// Flash and RAM in kilobytes.
fn kilo(figures: &Figures) -> String {
    format!("{:.1} | {:.1}", figures["flash"] / 1e3, figures["ram"] / 1e3)
}

/// How much more than another row it takes, in kilobytes.
fn difference(figures: &Figures, base: &Figures) -> String {
    let more = |name| (figures[name] - base[name]) / 1e3;
    format!("{:+.1} | {:+.1}", more("flash"), more("ram"))
}
