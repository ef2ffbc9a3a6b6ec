//! Our client comes back: with a ticket, and with early data.

use crate::ours::{expect_contains, expect_facts, only_facts};
use crate::peers::{Cx, Force, Peer, Server};
use crate::pki::Key;
use crate::process::Outcome;
use crate::runner::Case;
use std::time::Duration;

const EARLY: &str = "said before the answer\n";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss, Peer::Node, Peer::Nginx] {
        for transport in ["smoltcp", "std"] {
            let name = format!("sessions/client/{}-{transport}", peer.name());
            cases.push(Case::new(name, &[peer], move |cx| resumed(cx, peer, &["--transport", transport])));
        }
        // The ticket is bound to both hellos.
        let name = format!("sessions/client/{}-retry", peer.name());
        cases.push(Case::new(name, &[peer], move |cx| resumed(cx, peer, &["--key-share", "none"])));
        let name = format!("sessions/client/{}-key-update", peer.name());
        cases.push(Case::new(name, &[peer], move |cx| resumed(cx, peer, &["--key-update"])));
    }
    cases.push(Case::new("sessions/client/openssl-forgotten", &[Peer::OpenSsl], forgotten));
    cases.push(Case::new("sessions/ours", &[Peer::OpenSsl], ours));
    cases.push(Case::new("early-data/ours", &[Peer::OpenSsl], early_ours));
    for transport in ["smoltcp", "std"] {
        let name = format!("early-data/client/openssl-accepted-{transport}");
        cases.push(Case::new(name, &[Peer::OpenSsl], move |cx| early(cx, &["-early_data"], transport, "accepted")));
        let name = format!("early-data/client/openssl-rejected-{transport}");
        let words = &["-early_data", "-groups", "P-384"];
        cases.push(Case::new(name, &[Peer::OpenSsl], move |cx| early(cx, words, transport, "rejected")));
    }
    cases
}

/// A server of the peer's that gives tickets.
fn server(cx: &Cx<'_>, peer: Peer) -> Outcome<Server> {
    let force = if peer == Peer::Nss { Force::default().with(&["-u"]) } else { Force::default() };
    cx.http_server(peer, Key::P256, &force)
}

/// Once in full, then twice with what the connection before got; a peer that gives no ticket to a session that was
/// resumed gets a full handshake the third time.
fn resumed(cx: &Cx<'_>, peer: Peer, options: &[&str]) -> Outcome {
    let server = server(cx, peer)?;
    let session = cx.scratch("session");
    let third = if peer == Peer::Node { "no" } else { "ticket" };
    let retry = if options.contains(&"none") { "yes" } else { "no" };
    for expected in ["no", "ticket", third] {
        let words = [&["--session", &session, "--get", "/"], options].concat();
        let mut client = cx.our_client(server.port, Key::P256, &words)?;
        // Nginx says no close_notify.
        client.wait_to_end().map_err(|e| server.process.failure(&e))?;
        let signature = if expected == "no" { "ecdsa_secp256r1_sha256" } else { "-" };
        let expected = [("resumed", expected), ("signature", signature), ("retry", retry), ("early-data", "none")];
        expect_facts(&only_facts(&client)?, &expected).map_err(|e| client.failure(&e))?;
    }
    Ok(())
}

/// Of another server: it cannot open the ticket, and shows its certificate.
fn forgotten(cx: &Cx<'_>) -> Outcome {
    let session = cx.scratch("session");
    for _ in 0..2 {
        let server = server(cx, Peer::OpenSsl)?;
        let mut client = cx.our_client(server.port, Key::P256, &["--session", &session, "--get", "/"])?;
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
        expect_facts(&only_facts(&client)?, &[("resumed", "no"), ("signature", "ecdsa_secp256r1_sha256")])?;
    }
    Ok(())
}

fn ours(cx: &Cx<'_>) -> Outcome {
    let (folder, text) = cx.page()?;
    let mut server = cx.our_server(Key::P256, &["--www", &folder, "--connections", "3"])?;
    let session = cx.scratch("session");
    for expected in ["no", "ticket", "ticket"] {
        let words = ["--session", &session, "--get", "/page.txt"];
        let mut client = cx.our_client(server.port, Key::P256, &words)?;
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
        expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), text)?;
        expect_facts(&only_facts(&client)?, &[("resumed", expected), ("server-name", "localhost")])?;
    }
    server.process.expect_status(0)
}

/// What the server takes before it has answered it shows; and what it does not take comes once, behind the handshake.
fn early(cx: &Cx<'_>, words: &[&str], transport: &str, expected: &str) -> Outcome {
    let server = cx.server(Peer::OpenSsl, Key::P256, &Force::default().with(words))?;
    let (session, text) = (cx.scratch("session"), cx.scratch("early.txt"));
    std::fs::write(&text, EARLY).map_err(|e| e.to_string())?;
    for (count, expected) in [(1, "none"), (2, expected)] {
        let options = ["--session", &session, "--early-data", &text, "--transport", transport, "--key-share", "X25519"];
        let options = [&options[..], &["--group", "X25519", "--group", "secp384r1"]].concat();
        let mut client = cx.our_client(server.port, Key::P256, &options)?;
        server.process.wait_stdout("what was said", |bytes| {
            (String::from_utf8_lossy(bytes).matches(EARLY.trim_end()).count() >= count).then_some(())
        })?;
        // For tickets, which are behind the handshake.
        client.wait_stderr("the facts", |bytes| String::from_utf8_lossy(bytes).contains("\n\n").then_some(()))?;
        wait_for_file(&session)?;
        client.close_stdin();
        client.wait_to_end()?;
        expect_facts(&only_facts(&client)?, &[("early-data", expected)]).map_err(|e| client.failure(&e))?;
        let said = server.process.stdout_now().matches(EARLY.trim_end()).count();
        if said != count {
            return Err(server.process.failure(&format!("said {said} times, not {count}")));
        }
    }
    let said = server.process.stdout_now().contains("End of early data");
    if said == (expected == "accepted") { Ok(()) } else { Err(server.process.failure("as early data, or not")) }
}

/// A request as early data, of which the server answers each once.
fn early_ours(cx: &Cx<'_>) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--www", &folder, "--max-early-data", "4096", "--connections", "3"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let (session, early) = (cx.scratch("session"), cx.scratch("early.txt"));
    std::fs::write(&early, "GET /page.txt HTTP/1.0\r\n\r\n").map_err(|e| e.to_string())?;
    for expected in ["none", "accepted", "accepted"] {
        let mut client = cx.our_client(server.port, Key::P256, &["--session", &session, "--early-data", &early])?;
        client.wait_stdout("the page", |bytes| String::from_utf8_lossy(bytes).contains(text).then_some(()))?;
        client.close_stdin();
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
        expect_facts(&only_facts(&client)?, &[("early-data", expected)])?;
        let pages = String::from_utf8_lossy(&client.stdout()).matches(text).count();
        if pages != 1 {
            return Err(client.failure(&format!("{pages} pages")));
        }
    }
    server.process.expect_status(0)
}

fn wait_for_file(path: &str) -> Outcome {
    for _ in 0..500 {
        if std::path::Path::new(path).exists() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(format!("no {path}"))
}
