//! Client certificates in both roles, and who is refused.

use crate::ours::{expect_contains, expect_error, expect_facts, only_facts};
use crate::peers::{Cx, Force, Peer};
use crate::pki::{Key, Who};
use crate::process::Outcome;
use crate::runner::Case;

const KEYS: [Key; 5] = [Key::P256, Key::P384, Key::Ed25519, Key::Rsa, Key::RsaPss];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for key in KEYS {
        for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss] {
            let run = move |cx: &Cx<'_>| client_proves(cx, peer, key);
            let name = format!("client-auth/client/{}-requires-{}", peer.name(), key.name());
            cases.push(Case::new(name, &[peer], run).with_gap(gap(peer, key)));
        }
        for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss, Peer::Curl] {
            let run = move |cx: &Cx<'_>| server_requires(cx, peer, key);
            let name = format!("client-auth/server/{}-has-{}", peer.name(), key.name());
            cases.push(Case::new(name, &[peer], run).with_gap(gap(peer, key)));
        }
    }
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss] {
        let name = peer.name();
        cases.push(Case::new(format!("client-auth/client/{name}-asks-none-given"), &[peer], move |cx| {
            client_declines(cx, peer)
        }));
        cases.push(Case::new(format!("client-auth/client/{name}-requires-none-given"), &[peer], move |cx| {
            client_is_refused(cx, peer)
        }));
        cases.push(Case::new(format!("client-auth/server/{name}-has-none-optional"), &[peer], move |cx| {
            server_lets_in(cx, peer)
        }));
        cases.push(Case::new(format!("client-auth/server/{name}-has-none-required"), &[peer], move |cx| {
            server_refuses(cx, peer, None, "certificate_required")
        }));
        cases.push(Case::new(format!("client-auth/server/{name}-has-another-key"), &[peer], move |cx| {
            server_refuses(cx, peer, Some(Key::P384), "")
        }));
    }
    cases
}

fn gap(peer: Peer, key: Key) -> Option<&'static str> {
    match (peer, key) {
        (Peer::Nss, Key::Ed25519) => Some("NSS 3.87 has no Ed25519 certificates"),
        (Peer::Nss, Key::RsaPss) => Some("NSS 3.87 offers no rsa_pss_pss scheme"),
        _ => None,
    }
}

/// What makes a peer's server ask for a certificate, or insist on one.
fn asking(cx: &Cx<'_>, peer: Peer, insist: bool) -> Force {
    let ca = cx.pki.ca();
    let words: &[&str] = match (peer, insist) {
        (Peer::OpenSsl, true) => &["-Verify", "2", "-verify_return_error", "-CAfile", &ca],
        (Peer::OpenSsl, false) => &["-verify", "2", "-CAfile", &ca],
        (Peer::GnuTls, true) => &["--require-client-cert", "--verify-client-cert", "--x509cafile", &ca],
        (Peer::GnuTls, false) => &["--verify-client-cert", "--x509cafile", &ca],
        (_, true) => &["-r", "-r"],
        (_, false) => &["-r"],
    };
    Force::default().with(words)
}

/// What gives a peer's client a certificate.
fn having(cx: &Cx<'_>, peer: Peer, key: Key) -> Force {
    let (cert, private) = (cx.pki.cert(Who::Client, key), cx.pki.key(Who::Client, key));
    let nickname = cx.pki.nickname(Who::Client, key);
    let words: &[&str] = match peer {
        Peer::OpenSsl => &["-cert", &cert, "-key", &private],
        Peer::GnuTls => &["--x509certfile", &cert, "--x509keyfile", &private],
        Peer::Nss => &["-n", &nickname],
        Peer::Curl | Peer::Nginx | Peer::Node | Peer::Beside(_) => &["--cert", &cert, "--key", &private],
    };
    Force::default().with(words)
}

fn client_proves(cx: &Cx<'_>, peer: Peer, key: Key) -> Outcome {
    let server = cx.http_server(peer, Key::P256, &asking(cx, peer, true))?;
    let (cert, private) = (cx.pki.cert(Who::Client, key), cx.pki.key(Who::Client, key));
    let mut client = cx.our_client(server.port, Key::P256, &["--get", "/", "--cert", &cert, "--key", &private])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_facts(&only_facts(&client)?, &[("client-auth", "yes")])?;
    if peer == Peer::OpenSsl {
        let page = String::from_utf8_lossy(&client.stdout()).into_owned();
        expect_contains("the status page", &page, &format!("saitls client-{}", key.name()))?;
    }
    Ok(())
}

fn client_declines(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let server = cx.http_server(peer, Key::P256, &asking(cx, peer, false))?;
    let mut client = cx.our_client(server.port, Key::P256, &["--get", "/"])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_facts(&only_facts(&client)?, &[("client-auth", "no")])
}

fn client_is_refused(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let server = cx.http_server(peer, Key::P256, &asking(cx, peer, true))?;
    let mut client = cx.our_client(server.port, Key::P256, &["--get", "/"])?;
    expect_error(&mut client, 3, &["alert received: certificate_required"]).map_err(|e| server.process.failure(&e))
}

fn server_requires(cx: &Cx<'_>, peer: Peer, key: Key) -> Outcome {
    let (folder, text) = cx.page()?;
    let pin = cx.pki.pin(Who::Client, key)?;
    let mut server = cx.our_server(Key::P256, &["--pin", &pin, "--www", &folder, "--connections", "1"])?;
    let page = cx.fetch(peer, server.port, "/page.txt", &having(cx, peer, key));
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    let facts = only_facts(&server.process)?;
    expect_facts(&facts, &[("client-auth", "yes")])?;
    expect_contains("peer", facts.get("peer").map_or("", |v| v), &format!("saitls client-{}", key.name()))?;
    let signature = facts.get("signature").map_or("", |v| v);
    if key.can_sign(signature) { Ok(()) } else { Err(format!("signature {signature:?} is none of {key:?}")) }
}

fn server_lets_in(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let (folder, text) = cx.page()?;
    let pin = cx.pki.pin(Who::Client, Key::P256)?;
    let options = ["--pin", &pin, "--client-auth", "optional", "--www", &folder, "--connections", "1"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let page = cx.fetch(peer, server.port, "/page.txt", &Force::default());
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &[("client-auth", "no"), ("peer", "-"), ("signature", "-")])
}

/// A client without the pinned key gets no page; the one after it, with the key, does.
fn server_refuses(cx: &Cx<'_>, peer: Peer, has: Option<Key>, alert: &str) -> Outcome {
    let (folder, text) = cx.page()?;
    let pin = cx.pki.pin(Who::Client, Key::P256)?;
    let server = cx.our_server(Key::P256, &["--pin", &pin, "--www", &folder])?;
    let force = has.map_or_else(Force::default, |key| having(cx, peer, key));
    let refused = cx.fetch(peer, server.port, "/page.txt", &force);
    // tstclnt may end with 0 when the alert comes after its own handshake is over: the page counts.
    if refused.is_ok_and(|page| String::from_utf8_lossy(&page).contains(text)) {
        return Err(server.process.failure("a client without the pinned key got the page"));
    }
    server.process.wait_stderr("one error line", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        text.lines()
            .find(|line| line.starts_with("error: ") && line.contains("alert sent: ") && line.contains(alert))
            .map(|_| ())
    })?;
    let page = cx.fetch(peer, server.port, "/page.txt", &having(cx, peer, Key::P256))?;
    expect_contains("the page of the next client", &String::from_utf8_lossy(&page), text)
}
