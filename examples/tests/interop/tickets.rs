//! Clients of others that come back to our server with a ticket.

use crate::ours::{Facts, expect_contains, expect_facts, facts};
use crate::peers::{Cx, Force, Peer, Server};
use crate::pki::Key;
use crate::process::Outcome;
use crate::runner::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for transport in ["smoltcp", "std"] {
        let name = format!("tickets/server/openssl-{transport}");
        cases.push(Case::new(name, &[Peer::OpenSsl], move |cx| openssl(cx, transport)));
        let name = format!("tickets/server/gnutls-{transport}");
        cases.push(Case::new(name, &[Peer::GnuTls], move |cx| gnutls(cx, transport)));
    }
    for transport in ["smoltcp", "std"] {
        let name = format!("tickets/server/openssl-early-data-{transport}");
        cases.push(Case::new(name, &[Peer::OpenSsl], move |cx| early_data(cx, transport)));
    }
    cases.push(Case::new("tickets/server/openssl-early-data-retry", &[Peer::OpenSsl], early_data_retried));
    cases.push(Case::new("tickets/server/openssl-none", &[Peer::OpenSsl], none));
    cases
}

/// The facts of so many connections, in their order.
fn all_facts(server: &Server, count: usize) -> Outcome<Vec<Facts>> {
    server.process.wait_stderr("all blocks of facts", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        (text.matches("\n\n").count() >= count).then(|| facts(&text))
    })
}

fn expect_resumed(server: &Server, expected: &[(&str, &str)]) -> Outcome {
    let all = all_facts(server, expected.len())?;
    all.iter().zip(expected).try_for_each(|(facts, (resumed, retry))| {
        expect_facts(facts, &[("resumed", resumed), ("retry", retry), ("server-name", "localhost")])
    })
}

/// Comes back twice, the second time with what it got when it came back first, and through a HelloRetryRequest.
fn openssl(cx: &Cx<'_>, transport: &str) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--www", &folder, "--transport", transport, "--group", "X25519", "--connections", "3"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let session = cx.scratch("session.pem");
    for more in [&[][..], &["-sess_in"], &["-sess_in", "-groups", "P-384:X25519"]] {
        let mut words = vec!["-sess_out", session.as_str()];
        for word in more {
            words.push(word);
            words.extend((*word == "-sess_in").then_some(session.as_str()));
        }
        let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default().with(&words));
        let page = page.map_err(|e| server.process.failure(&e))?;
        expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    }
    server.process.expect_status(0)?;
    expect_resumed(&server, &[("no", "no"), ("ticket", "no"), ("ticket", "yes")])
}

/// It comes back by itself.
fn gnutls(cx: &Cx<'_>, transport: &str) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--www", &folder, "--transport", transport, "--connections", "2"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let page = cx.fetch(Peer::GnuTls, server.port, "/page.txt", &Force::default().with(&["--resume"]));
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    expect_resumed(&server, &[("no", "no"), ("ticket", "no")])
}

/// A first connection, for its ticket; then one with early data. What the second printed.
fn with_early_data(cx: &Cx<'_>, port: u16, path: &str, more: &[&str]) -> Outcome<String> {
    let (session, early) = (cx.scratch("session.pem"), cx.scratch("early.txt"));
    std::fs::write(&early, format!("GET {path} HTTP/1.0\r\n\r\n")).map_err(|e| e.to_string())?;
    cx.fetch(Peer::OpenSsl, port, path, &Force::default().with(&["-sess_out", &session]))?;
    let words = [&["-sess_in", session.as_str(), "-early_data", &early], more].concat();
    let page = cx.fetch(Peer::OpenSsl, port, path, &Force::default().with(&words))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The request is early data, and answered once.
fn early_data(cx: &Cx<'_>, transport: &str) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--www", &folder, "--transport", transport, "--max-early-data", "4096", "--connections", "2"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let page = with_early_data(cx, server.port, "/page.txt", &[]).map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &page, text)?;
    expect_contains("what s_client says", &page, "Early data was accepted")?;
    server.process.expect_status(0)?;
    let all = all_facts(&server, 2)?;
    expect_facts(&all[0], &[("resumed", "no"), ("early-data", "none")])?;
    expect_facts(&all[1], &[("resumed", "ticket"), ("early-data", "accepted")])
}

/// A HelloRetryRequest rejects it, and the handshake goes on.
fn early_data_retried(cx: &Cx<'_>) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = ["--www", &folder, "--group", "X25519", "--max-early-data", "4096", "--connections", "2"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let page = with_early_data(cx, server.port, "/page.txt", &["-groups", "P-384:X25519"]);
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &page, text)?;
    server.process.expect_status(0)?;
    expect_facts(&all_facts(&server, 2)?[1], &[("resumed", "ticket"), ("early-data", "rejected"), ("retry", "yes")])
}

/// A server that gives none.
fn none(cx: &Cx<'_>) -> Outcome {
    let (folder, _) = cx.page()?;
    let server = cx.our_server(Key::P256, &["--www", &folder, "--tickets", "0"])?;
    let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default())?;
    let text = String::from_utf8_lossy(&page);
    if text.contains("New Session Ticket arrived") { Err("there is a ticket".into()) } else { Ok(()) }
}
