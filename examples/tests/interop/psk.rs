//! External pre-shared keys, with a key agreement and without, and beside certificates.

use crate::ours::{expect_contains, expect_error, expect_facts, only_facts};
use crate::peers::{Cx, Force, Peer};
use crate::pki::Key;
use crate::process::Outcome;
use crate::runner::Case;

const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OURS: &str = "pump-17:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER: &str = "pump-17:ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What a handshake with a PSK shows.
const BY_PSK: [(&str, &str); 4] = [("resumed", "psk"), ("signature", "-"), ("peer", "-"), ("client-auth", "no")];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in ["smoltcp", "std"] {
        for peer in [Peer::OpenSsl, Peer::GnuTls] {
            for mode in ["dhe", "ke"] {
                let name = format!("psk/client/{}-{mode}-{transport}", peer.name());
                cases.push(Case::new(name, &[peer], move |cx| our_client(cx, peer, mode, transport)));
            }
            let name = format!("psk/server/{}-dhe-{transport}", peer.name());
            cases.push(Case::new(name, &[peer], move |cx| our_server(cx, peer, transport)));
        }
    }
    for peer in [Peer::OpenSsl, Peer::GnuTls] {
        cases.push(Case::new(format!("psk/client/{}-retry", peer.name()), &[peer], move |cx| retried(cx, peer)));
        let name = format!("psk/server/{}-wrong-key", peer.name());
        cases.push(Case::new(name, &[peer], move |cx| wrong_key(cx, peer)));
    }
    cases.push(Case::new("psk/client/openssl-certificate", &[Peer::OpenSsl], falls_back));
    cases.push(Case::new("psk/ours/dhe", &[Peer::OpenSsl], |cx| both_ours(cx, "dhe", "X25519MLKEM768")));
    cases.push(Case::new("psk/ours/ke", &[Peer::OpenSsl], |cx| both_ours(cx, "ke", "-")));
    cases
}

/// A server of the peer's that knows the key.
fn peer_server(cx: &Cx<'_>, peer: Peer, more: &[&str]) -> Outcome<crate::peers::Server> {
    let file = cx.scratch("psk.txt");
    std::fs::write(&file, format!("pump-17:{HEX}\n")).map_err(|e| e.to_string())?;
    let words = match peer {
        Peer::GnuTls => vec!["--pskpasswd", &file, "--http"],
        _ => [&["-psk", HEX, "-psk_identity", "pump-17"], more].concat(),
    };
    let force = Force::default().with(&words);
    match peer {
        Peer::GnuTls => cx.server(peer, Key::P256, &force.priority(":+ECDHE-PSK:+PSK")),
        _ => cx.http_server(peer, Key::P256, &force),
    }
}

fn our_client(cx: &Cx<'_>, peer: Peer, mode: &str, transport: &str) -> Outcome {
    let server = peer_server(cx, peer, &["-allow_no_dhe_kex"])?;
    let options = ["--psk", OURS, "--psk-mode", mode, "--transport", transport, "--get", "/"];
    let mut client = cx.our_bare_client(server.port, &options)?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    let facts = only_facts(&client)?;
    expect_facts(&facts, &BY_PSK)?;
    let without = facts.get("group").is_some_and(|group| group == "-");
    if without == (mode == "ke") { Ok(()) } else { Err(format!("{mode} with the facts {facts:?}")) }
}

/// What a client of the peer's says to use the key.
fn peer_client(peer: Peer, hex: &str) -> Force {
    match peer {
        Peer::GnuTls => {
            Force::default().with(&["--pskusername", "pump-17", "--pskkey", hex]).priority(":+ECDHE-PSK:+PSK")
        }
        _ => Force::default().with(&["-psk", hex, "-psk_identity", "pump-17"]),
    }
}

fn our_server(cx: &Cx<'_>, peer: Peer, transport: &str) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--psk", OURS, "--transport", transport, "--www", &folder, "--connections", "1"];
    let mut server = cx.our_bare_server(&options)?;
    let page = cx.fetch(peer, server.port, "/page.txt", &peer_client(peer, HEX));
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &BY_PSK)
}

/// With a HelloRetryRequest: the binders are made anew, over both hellos.
fn retried(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let server = peer_server(cx, peer, &[])?;
    let mut client = cx.our_bare_client(server.port, &["--psk", OURS, "--key-share", "none", "--get", "/"])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    let facts = only_facts(&client)?;
    expect_facts(&facts, &BY_PSK)?;
    expect_facts(&facts, &[("retry", "yes")])
}

fn wrong_key(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let mut server = cx.our_bare_server(&["--psk", OTHER, "--connections", "1"])?;
    if cx.fetch(peer, server.port, "/", &peer_client(peer, HEX)).is_ok() {
        return Err("a client with another key was let in".into());
    }
    expect_error(&mut server.process, 0, &["alert sent: decrypt_error"])
}

/// A server that knows no key goes on with its certificate.
fn falls_back(cx: &Cx<'_>) -> Outcome {
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default())?;
    let mut client = cx.our_client(server.port, Key::P256, &["--psk", OURS, "--get", "/"])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_facts(&only_facts(&client)?, &[("resumed", "no"), ("signature", "ecdsa_secp256r1_sha256")])?;
    // Unless the client wants no certificate: it can do without in no way that the server has.
    let mut client = cx.our_bare_client(server.port, &["--psk", OURS, "--get", "/"])?;
    expect_error(&mut client, 3, &["alert received"])
}

fn both_ours(cx: &Cx<'_>, mode: &str, group: &str) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--psk", OURS, "--psk-mode", mode, "--www", &folder, "--connections", "1"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let options = ["--psk", OURS, "--psk-mode", mode, "--get", "/page.txt"];
    let mut client = cx.our_bare_client(server.port, &options)?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), text)?;
    server.process.expect_status(0)?;
    for process in [&client, &server.process] {
        let facts = only_facts(process)?;
        expect_facts(&facts, &BY_PSK)?;
        expect_facts(&facts, &[("group", group)])?;
    }
    Ok(())
}
