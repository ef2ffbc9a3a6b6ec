//! Groups with ML-KEM in them, against Node.js with OpenSSL 3.5.

use crate::ours::{expect_contains, expect_facts, only_facts};
use crate::peers::{Cx, Force, Group, Peer};
use crate::pki::Key;
use crate::process::Outcome;
use crate::runner::Case;

/// Options of ours, and what is to be agreed on: the group, and whether a HelloRetryRequest asks for it.
type Row = (&'static str, &'static [&'static str], &'static [Group], Group, &'static str);

const CLIENT: [Row; 7] = [
    ("offered-first", &[], &[Group::X25519MlKem768, Group::X25519], Group::X25519MlKem768, "no"),
    ("peer-has-x25519-only", &[], &[Group::X25519], Group::X25519, "no"),
    ("peer-has-P-256-only", &[], &[Group::P256MlKem768], Group::P256MlKem768, "yes"),
    ("no-share", &["--key-share", "none"], &[Group::X25519MlKem768], Group::X25519MlKem768, "yes"),
    ("small-buffers", &["--rx-buffer", "2048", "--tx-buffer", "2048"], &[], Group::X25519MlKem768, "no"),
    ("smaller-buffers", &["--rx-buffer", "2048", "--tx-buffer", "2047"], &[], Group::X25519, "no"),
    ("by-name", &["--group", "SecP256r1MLKEM768"], &[Group::P256MlKem768], Group::P256MlKem768, "no"),
];

const SERVER: [Row; 6] = [
    ("taken-first", &[], &[Group::X25519MlKem768, Group::X25519], Group::X25519MlKem768, "no"),
    ("P-256", &[], &[Group::P256MlKem768], Group::P256MlKem768, "no"),
    ("not-offered", &[], &[Group::X25519], Group::X25519, "no"),
    ("small-buffers", &["--rx-buffer", "2048", "--tx-buffer", "2048"], &[], Group::X25519MlKem768, "no"),
    ("smaller-buffers", &["--rx-buffer", "2048", "--tx-buffer", "2047"], &[], Group::X25519, "no"),
    (
        "retried",
        &["--group", "SecP256r1MLKEM768"],
        &[Group::X25519MlKem768, Group::P256MlKem768],
        Group::P256MlKem768,
        "yes",
    ),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let providers: &[_] = if cfg!(feature = "aws-lc") { &["rustcrypto", "aws-lc"] } else { &["rustcrypto"] };
    for (key, provider) in [Key::P256, Key::Rsa].into_iter().flat_map(|key| providers.iter().map(move |p| (key, *p))) {
        for row in CLIENT {
            let name = format!("hybrids/client-{provider}/{}+{}", row.0, key.name());
            cases.push(Case::new(name, &[Peer::Node], move |cx| as_client(cx, key, provider, &row)));
        }
        for row in SERVER {
            let name = format!("hybrids/server-{provider}/{}+{}", row.0, key.name());
            cases.push(Case::new(name, &[Peer::Node], move |cx| as_server(cx, key, provider, &row)));
        }
    }
    cases
}

fn as_client(cx: &Cx<'_>, key: Key, provider: &str, (_, options, groups, group, retry): &Row) -> Outcome {
    let server = cx.http_server(Peer::Node, key, &Force::groups(groups))?;
    let mut client = cx.our_client(server.port, key, &[&["--get", "/", "--provider", provider], *options].concat())?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), "TLS_")?;
    expect_facts(&only_facts(&client)?, &[("group", group.iana()), ("retry", retry)])
}

fn as_server(cx: &Cx<'_>, key: Key, provider: &str, (_, options, groups, group, retry): &Row) -> Outcome {
    let (folder, text) = cx.page()?;
    let options = [&["--www", &folder, "--connections", "1", "--provider", provider], *options].concat();
    let mut server = cx.our_server(key, &options)?;
    let page = cx.fetch(Peer::Node, server.port, "/page.txt", &Force::groups(groups));
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &[("group", group.iana()), ("retry", retry)])
}
