//! Suites x groups x keys with every peer, both roles. The peer is made to use exactly one suite and one group; our
//! side has its defaults, and must say that it used what was forced.

use crate::ours::{Facts, expect_contains, expect_facts, only_facts};
use crate::peers::{Cx, Force, Group, Peer, Suite};
use crate::pki::Key;
use crate::process::{Outcome, Process};
use crate::runner::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (key, suite, group) in cells() {
        with_every_peer(&mut cases, "", (key, suite, group), &[]);
    }
    if cfg!(feature = "aws-lc") {
        aws_lc(&mut cases);
    }
    if cfg!(feature = "pending") {
        pending(&mut cases);
    }
    if std::env::var_os("SAITLS_INTEROP_CONTROL").is_some_and(|value| value == "1") {
        cases.extend(control());
    }
    cases
}

/// Every key with every suite and every group.
fn cells() -> impl Iterator<Item = (Key, Suite, Group)> {
    let pairs = Key::MATRIX.into_iter().flat_map(|key| Suite::ALL.map(|suite| (key, suite)));
    pairs.flat_map(|(key, suite)| Group::ALL.map(|group| (key, suite, group)))
}

/// A cell with every peer, in both roles. The names of the cases begin with `prefix`; our side has these options.
fn with_every_peer(
    cases: &mut Vec<Case>,
    prefix: &str,
    (key, suite, group): (Key, Suite, Group),
    options: &'static [&str],
) {
    let cell = format!("{}+{}+{}", suite.iana(), group.iana(), key.name());
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss] {
        let name = format!("{prefix}client/{}/{cell}", peer.name());
        let run = move |cx: &Cx<'_>| as_client(cx, peer, suite, group, key, options);
        cases.push(Case::new(name, &[peer], run).with_gap(gap(peer, suite, key)));
    }
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss, Peer::Curl] {
        let name = format!("{prefix}server/{}/{cell}", peer.name());
        let run = move |cx: &Cx<'_>| as_server(cx, peer, suite, group, key, options);
        cases.push(Case::new(name, &[peer], run).with_gap(gap(peer, suite, key)));
    }
}

/// The same on AWS-LC, for each suite and each kind of key; the groups take turns.
fn aws_lc(cases: &mut Vec<Case>) {
    const OPTIONS: &[&str] = &["--provider", "aws-lc"];
    let mut groups = Group::ALL.into_iter().cycle();
    for key in Key::MATRIX {
        for suite in Suite::ALL.into_iter().filter(|suite| *suite != Suite::Aes128Ccm) {
            for (peer, group) in [Peer::OpenSsl, Peer::GnuTls].into_iter().zip(&mut groups) {
                let cell = format!("{}+{}+{}", suite.iana(), group.iana(), key.name());
                let run = move |cx: &Cx<'_>| as_client(cx, peer, suite, group, key, OPTIONS);
                cases.push(Case::new(format!("client-aws-lc/{}/{cell}", peer.name()), &[peer], run));
                let run = move |cx: &Cx<'_>| as_server(cx, peer, suite, group, key, OPTIONS);
                cases.push(Case::new(format!("server-aws-lc/{}/{cell}", peer.name()), &[peer], run));
            }
        }
    }
}

/// All of it again while each of our slow operations is pending for a while, over each transport in turn.
fn pending(cases: &mut Vec<Case>) {
    const PENDING: &[&str] = &["--provider", "pending"];
    const PENDING_STD: &[&str] = &["--provider", "pending", "--transport", "std"];
    for (cell, options) in cells().zip([PENDING, PENDING_STD].into_iter().cycle()) {
        with_every_peer(cases, "pending/", cell, options);
    }
}

/// What a peer cannot do, and why. A cell listed here must fail.
fn gap(peer: Peer, suite: Suite, key: Key) -> Option<&'static str> {
    match (peer, suite, key) {
        (Peer::Nss, _, Key::Ed25519) => Some("NSS 3.87 has no Ed25519 certificates"),
        (Peer::Nss, Suite::Aes128Ccm, _) => Some("NSS has no AES-CCM suite"),
        _ => None,
    }
}

fn as_client(cx: &Cx<'_>, peer: Peer, suite: Suite, group: Group, key: Key, options: &[&str]) -> Outcome {
    let mut server = cx.http_server(peer, key, &Force::new(suite, group))?;
    let mut client = cx.our_client(server.port, key, &[&["--get", "/"], options].concat())?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    if client.stdout().is_empty() {
        return Err(client.failure("no page came"));
    }
    let facts = only_facts(&client)?;
    check(&facts, suite, group, &client)?;
    expect_facts(&facts, &[("client-auth", "no"), ("server-name", "localhost"), ("alpn", "-")])?;
    let signature = facts.get("signature").map_or("", String::as_str);
    if !key.can_sign(signature) {
        return Err(client.failure(&format!("signature {signature:?} is none of {key:?}")));
    }
    let peer_name = facts.get("peer").map_or("", String::as_str);
    expect_contains("peer", peer_name, &format!("saitls server-{}", key.name()))?;
    if server.process.has_ended() { Err(server.process.failure("the server died")) } else { Ok(()) }
}

fn as_server(cx: &Cx<'_>, peer: Peer, suite: Suite, group: Group, key: Key, options: &[&str]) -> Outcome {
    let (folder, text) = cx.page()?;
    let mut server = cx.our_server(key, &[&["--www", &folder, "--connections", "1"], options].concat())?;
    let fetched = cx.fetch(peer, server.port, "/page.txt", &Force::new(suite, group));
    let fetched = fetched.map_err(|e| server.process.failure(&e))?;
    expect_contains("the fetched page", &String::from_utf8_lossy(&fetched), text)?;
    server.process.expect_status(0)?;
    let facts = only_facts(&server.process)?;
    check(&facts, suite, group, &server.process)?;
    expect_facts(&facts, &[("client-auth", "no"), ("server-name", "localhost"), ("peer", "-")])
}

fn check(facts: &Facts, suite: Suite, group: Group, process: &Process) -> Outcome {
    let expected = [
        ("version", "TLSv1.3"),
        ("suite", suite.iana()),
        ("group", group.iana()),
        ("resumed", "no"),
        ("early-data", "none"),
    ];
    expect_facts(facts, &expected).map_err(|e| process.failure(&e))
}

/// The same cells between two peers, to tell a peer's limits from our faults: only with `SAITLS_INTEROP_CONTROL=1`.
fn control() -> Vec<Case> {
    let mut cases = Vec::new();
    let servers = [Peer::GnuTls, Peer::Nss].map(|peer| (peer, Peer::OpenSsl));
    let clients = [Peer::OpenSsl, Peer::GnuTls, Peer::Curl].map(|peer| (Peer::OpenSsl, peer));
    for (server, client) in servers.into_iter().chain(clients).chain([(Peer::Nss, Peer::Nss)]) {
        for key in Key::MATRIX {
            for suite in Suite::ALL {
                for group in Group::ALL {
                    let (from, to) = (client.name(), server.name());
                    let name = format!("control/{from}-{to}/{}+{}+{}", suite.iana(), group.iana(), key.name());
                    let run = move |cx: &Cx<'_>| {
                        let force = Force::new(suite, group);
                        let server = cx.http_server(server, key, &force)?;
                        let page =
                            cx.fetch(client, server.port, "/", &force).map_err(|e| server.process.failure(&e))?;
                        expect_contains("the page", &String::from_utf8_lossy(&page), "HTTP")
                            .or_else(|e| if client == Peer::Curl { Ok(()) } else { Err(e) })
                    };
                    let gap = gap(server, suite, key).or(gap(client, suite, key));
                    cases.push(Case::new(name, &[server, client], run).with_gap(gap));
                }
            }
        }
    }
    cases
}
