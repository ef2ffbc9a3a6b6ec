//! What is agreed on in the hellos: our own lists, signature schemes, HelloRetryRequest, ALPN, server_name; and the key
//! log.

use std::collections::BTreeSet;
use std::fs;

use crate::ours::{expect_contains, expect_error, expect_facts, only_facts};
use crate::peers::{Cx, Force, Group, Peer, Suite};
use crate::pki::{Key, Who};
use crate::process::Outcome;
use crate::runner::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    forced_by_us(&mut cases);
    signatures(&mut cases);
    retries(&mut cases);
    alpn(&mut cases);
    names_and_keys(&mut cases);
    for suite in [Suite::Aes128Gcm, Suite::Aes256Gcm] {
        let run = move |cx: &Cx<'_>| key_log_of_client(cx, suite);
        cases.push(Case::new(format!("key-log/client-{}", suite.iana()), &[Peer::OpenSsl], run));
        let run = move |cx: &Cx<'_>| key_log_of_server(cx, suite);
        cases.push(Case::new(format!("key-log/server-{}", suite.iana()), &[Peer::OpenSsl], run));
    }
    cases
}

/// The peer has all, our option leaves one: it is what the peer reports.
fn forced_by_us(cases: &mut Vec<Case>) {
    for (suite, group) in Suite::ALL.into_iter().zip(Group::ALL.into_iter().cycle()) {
        let name = format!("{}+{}", suite.iana(), group.iana());
        cases.push(Case::new(format!("own-lists/client/{name}"), &[Peer::OpenSsl], move |cx| {
            let peer = Force { suites: Suite::ALL.to_vec(), ..Force::groups(&Group::ALL) };
            let server = cx.http_server(Peer::OpenSsl, Key::P256, &peer)?;
            let options = ["--get", "/", "--suite", suite.iana(), "--group", group.iana()];
            let mut client = cx.our_client(server.port, Key::P256, &options)?;
            client.expect_status(0)?;
            let page = String::from_utf8_lossy(&client.stdout()).into_owned();
            expect_contains("the status page", &page, &format!("Cipher is {}", suite.iana()))?;
            expect_facts(&only_facts(&client)?, &[("suite", suite.iana()), ("group", group.iana())])
        }));
        cases.push(Case::new(format!("own-lists/server/{name}"), &[Peer::OpenSsl], move |cx| {
            let (folder, _) = cx.page()?;
            let options = ["--suite", suite.iana(), "--group", group.iana(), "--www", &folder, "--connections", "1"];
            let mut server = cx.our_server(Key::P256, &options)?;
            let peer = Force { suites: Suite::ALL.to_vec(), ..Force::groups(&Group::ALL) };
            let seen = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &peer);
            let seen = seen.map_err(|e| server.process.failure(&e))?;
            expect_contains(
                "s_client's report",
                &String::from_utf8_lossy(&seen),
                &format!("Cipher is {}", suite.iana()),
            )?;
            server.process.expect_status(0)?;
            expect_facts(&only_facts(&server.process)?, &[("suite", suite.iana()), ("group", group.iana())])
        }));
    }
    cases.push(Case::new("own-lists/client/preference", &[Peer::GnuTls], |cx| {
        // GnuTLS takes the client's order unless told otherwise.
        let server = cx.http_server(Peer::GnuTls, Key::P256, &Force::default())?;
        let options = ["--get", "/", "--suite", "TLS_CHACHA20_POLY1305_SHA256", "--suite", "TLS_AES_128_GCM_SHA256"];
        let mut client = cx.our_client(server.port, Key::P256, &options)?;
        client.expect_status(0)?;
        expect_facts(&only_facts(&client)?, &[("suite", "TLS_CHACHA20_POLY1305_SHA256")])
    }));
    for (what, words) in [
        ("suite", ["-ciphersuites", "TLS_AES_256_GCM_SHA384"]),
        // One that we do not have.
        ("group", ["-groups", "X448"]),
        ("scheme", ["-sigalgs", "RSA-PSS+SHA256"]),
    ] {
        cases.push(Case::new(format!("own-lists/server/no-common-{what}"), &[Peer::OpenSsl], move |cx| {
            let (folder, text) = cx.page()?;
            let server = cx.our_server(Key::P256, &["--suite", "TLS_AES_128_GCM_SHA256", "--www", &folder])?;
            let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default().with(&words))?;
            client.expect_status(1)?;
            expect_contains("s_client's error", &client.stderr_now(), "alert handshake failure")?;
            server.process.wait_stderr("its error line", |bytes| {
                let line = "(alert sent: handshake_failure)";
                String::from_utf8_lossy(bytes).contains(line).then_some(())
            })?;
            let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default())?;
            expect_contains("the next client's page", &String::from_utf8_lossy(&page), text)
        }));
        cases.push(Case::new(format!("own-lists/client/no-common-{what}"), &[Peer::OpenSsl], move |cx| {
            let words: &[&str] = if what == "scheme" { &[] } else { &words };
            let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default().with(words))?;
            let options: &[&str] = match what {
                "suite" => &["--suite", "TLS_AES_128_GCM_SHA256"],
                "group" => &[],
                // The server has a P-256 certificate only; we take nothing but RSA.
                _ => &["--sigalg", "rsa_pss_rsae_sha256"],
            };
            let mut client = cx.our_client(server.port, Key::P256, options)?;
            expect_error(&mut client, 3, &["alert received: handshake_failure"])
        }));
    }
}

/// Every CertificateVerify scheme, forced by the one who verifies.
fn signatures(cases: &mut Vec<Case>) {
    const SCHEMES: [(&str, &str, Key); 9] = [
        ("ecdsa_secp256r1_sha256", "ECDSA+SHA256", Key::P256),
        ("ecdsa_secp384r1_sha384", "ECDSA+SHA384", Key::P384),
        ("ed25519", "ed25519", Key::Ed25519),
        ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha256", Key::Rsa),
        ("rsa_pss_rsae_sha384", "rsa_pss_rsae_sha384", Key::Rsa),
        ("rsa_pss_rsae_sha512", "rsa_pss_rsae_sha512", Key::Rsa),
        ("rsa_pss_pss_sha256", "rsa_pss_pss_sha256", Key::RsaPss),
        ("rsa_pss_pss_sha384", "rsa_pss_pss_sha384", Key::RsaPss),
        ("rsa_pss_pss_sha512", "rsa_pss_pss_sha512", Key::RsaPss),
    ];
    for (scheme, openssl, key) in SCHEMES {
        cases.push(Case::new(format!("signature/verified/{scheme}"), &[Peer::OpenSsl], move |cx| {
            let server = cx.http_server(Peer::OpenSsl, key, &Force::default())?;
            let mut client = cx.our_client(server.port, key, &["--get", "/", "--sigalg", scheme])?;
            client.expect_status(0).map_err(|e| server.process.failure(&e))?;
            expect_facts(&only_facts(&client)?, &[("signature", scheme)])
        }));
        cases.push(Case::new(format!("signature/made/{scheme}"), &[Peer::OpenSsl], move |cx| {
            let (folder, text) = cx.page()?;
            let server = cx.our_server(key, &["--www", &folder])?;
            // The chain's own signatures are ECDSA with SHA-256: s_client must accept those too.
            let schemes = if key == Key::P256 { openssl.into() } else { format!("{openssl}:ECDSA+SHA256") };
            let force = Force::default().with(&["-sigalgs", &schemes]);
            let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &force)?;
            let page = String::from_utf8_lossy(&page);
            expect_contains("the page", &page, text)?;
            let digest = scheme.rsplit("sha").next().filter(|_| scheme.contains("sha"));
            digest
                .map_or(Ok(()), |bits| expect_contains("the report", &page, &format!("Peer signing digest: SHA{bits}")))
        }));
    }
    for (name, key, file) in [("sec1", Key::P256, "server-p256.sec1"), ("pkcs1", Key::Rsa, "server-rsa.pkcs1")] {
        cases.push(Case::new(format!("signature/key-file/{name}"), &[Peer::OpenSsl], move |cx| {
            let (folder, text) = cx.page()?;
            let (cert, private) = (cx.pki.cert(Who::Server, key), cx.pki.file(file));
            let server = cx.our_bare_server(&["--cert", &cert, "--key", &private, "--www", &folder])?;
            let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default())?;
            expect_contains("the page", &String::from_utf8_lossy(&page), text)
        }));
    }
}

/// HelloRetryRequest, from the peer and from us.
fn retries(cases: &mut Vec<Case>) {
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss] {
        for (name, share) in [("other-share", "x25519"), ("no-share", "none")] {
            cases.push(Case::new(format!("hello-retry/client/{}-{name}", peer.name()), &[peer], move |cx| {
                let server = cx.http_server(peer, Key::P256, &Force::groups(&[Group::P384]))?;
                let options = ["--get", "/", "--group", "x25519", "--group", "secp384r1", "--key-share", share];
                let mut client = cx.our_client(server.port, Key::P256, &options)?;
                client.expect_status(0).map_err(|e| server.process.failure(&e))?;
                expect_facts(&only_facts(&client)?, &[("retry", "yes"), ("group", "secp384r1")])
            }));
        }
        cases.push(Case::new(format!("hello-retry/client/{}-none-needed", peer.name()), &[peer], move |cx| {
            let server = cx.http_server(peer, Key::P256, &Force::groups(&[Group::P384]))?;
            let options = ["--get", "/", "--key-share", "x25519", "--key-share", "secp384r1"];
            let mut client = cx.our_client(server.port, Key::P256, &options)?;
            client.expect_status(0).map_err(|e| server.process.failure(&e))?;
            expect_facts(&only_facts(&client)?, &[("retry", "no"), ("group", "secp384r1")])
        }));
    }
    // NSS puts a cookie into each of its HelloRetryRequests, so `hello-retry/client/nss-no-share` shows that it is
    // echoed. OpenSSL's `s_server -stateless` does so too, but cannot finish the handshake with any client in
    // compatibility mode, its own included.
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nss, Peer::Curl] {
        cases.push(Case::new(format!("hello-retry/server/{}", peer.name()), &[peer], move |cx| {
            let (folder, text) = cx.page()?;
            let options = ["--group", "secp384r1", "--www", &folder, "--connections", "1"];
            let mut server = cx.our_server(Key::P256, &options)?;
            let single: &[&str] = if peer == Peer::GnuTls { &["--single-key-share"] } else { &[] };
            let force = Force::groups(&[Group::X25519, Group::P384]).with(single);
            let page = cx.fetch(peer, server.port, "/page.txt", &force).map_err(|e| server.process.failure(&e))?;
            expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
            server.process.expect_status(0)?;
            expect_facts(&only_facts(&server.process)?, &[("retry", "yes"), ("group", "secp384r1")])
        }));
    }
}

fn alpn(cases: &mut Vec<Case>) {
    for (peer, word) in [(Peer::OpenSsl, "-alpn"), (Peer::GnuTls, "--alpn")] {
        cases.push(Case::new(format!("alpn/client/{}", peer.name()), &[peer], move |cx| {
            let server = cx.http_server(peer, Key::P256, &Force::default().with(&[word, "http/1.1"]))?;
            let options = ["--get", "/", "--alpn", "h2", "--alpn", "http/1.1"];
            let mut client = cx.our_client(server.port, Key::P256, &options)?;
            client.expect_status(0).map_err(|e| server.process.failure(&e))?;
            expect_facts(&only_facts(&client)?, &[("alpn", "http/1.1")])
        }));
        cases.push(Case::new(format!("alpn/client/{}-has-none", peer.name()), &[peer], move |cx| {
            let server = cx.http_server(peer, Key::P256, &Force::default())?;
            let mut client = cx.our_client(server.port, Key::P256, &["--get", "/", "--alpn", "http/1.1"])?;
            client.expect_status(0).map_err(|e| server.process.failure(&e))?;
            expect_facts(&only_facts(&client)?, &[("alpn", "-")])
        }));
    }
    for (peer, word) in [(Peer::OpenSsl, "-alpn"), (Peer::GnuTls, "--alpn"), (Peer::Curl, "--alpn")] {
        cases.push(Case::new(format!("alpn/server/{}", peer.name()), &[peer], move |cx| {
            let (folder, text) = cx.page()?;
            let options = ["--alpn", "h2", "--alpn", "http/1.1", "--www", &folder, "--connections", "1"];
            let mut server = cx.our_server(Key::P256, &options)?;
            let force = if peer == Peer::Curl { Force::default() } else { Force::default().with(&[word, "http/1.1"]) };
            let page = cx.fetch(peer, server.port, "/page.txt", &force).map_err(|e| server.process.failure(&e))?;
            let page = String::from_utf8_lossy(&page);
            expect_contains("the page", &page, text)?;
            if peer == Peer::OpenSsl {
                expect_contains("s_client's report", &page, "ALPN protocol: http/1.1")?;
            }
            server.process.expect_status(0)?;
            expect_facts(&only_facts(&server.process)?, &[("alpn", "http/1.1")])
        }));
    }
    cases.push(Case::new("alpn/server/order-is-ours", &[Peer::OpenSsl], |cx| {
        let (folder, _) = cx.page()?;
        let options = ["--alpn", "second", "--alpn", "first", "--www", &folder];
        let server = cx.our_server(Key::P256, &options)?;
        let force = Force::default().with(&["-alpn", "first,second"]);
        let seen = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &force)?;
        expect_contains("s_client's report", &String::from_utf8_lossy(&seen), "ALPN protocol: second")
    }));
    cases.push(Case::new("alpn/server/nothing-common", &[Peer::OpenSsl], |cx| {
        let server = cx.our_server(Key::P256, &["--alpn", "h2"])?;
        let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default().with(&["-alpn", "http/1.1"]))?;
        client.expect_status(1)?;
        expect_contains("s_client's error", &client.stderr_now(), "alert no application protocol")
    }));
    cases.push(Case::new("alpn/client/nothing-common", &[Peer::OpenSsl], |cx| {
        let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default().with(&["-alpn", "http/1.1"]))?;
        let mut client = cx.our_client(server.port, Key::P256, &["--alpn", "h2"])?;
        expect_error(&mut client, 3, &["alert received: no_application_protocol"])
    }));
}

/// Several identities on one server: chosen by name, then by what the client can verify.
fn names_and_keys(cases: &mut Vec<Case>) {
    for name in ["localhost", "second.test"] {
        cases.push(Case::new(format!("server-name/{name}"), &[Peer::OpenSsl], move |cx| {
            let (folder, text) = cx.page()?;
            let (cert, key) = (cx.pki.file("second.pem"), cx.pki.file("second.key"));
            let server =
                cx.our_server(Key::P256, &["--cert", &cert, "--key", &key, "--www", &folder, "--connections", "1"])?;
            let force = Force::default().with(&["-servername", name, "-verify_hostname", name]);
            let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &force)?;
            expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
            expect_facts(&only_facts(&server.process)?, &[("server-name", name)])
        }));
    }
    for (key, scheme) in [
        (Key::P256, "ECDSA+SHA256"),
        (Key::Ed25519, "ed25519:ECDSA+SHA256"),
        (Key::Rsa, "rsa_pss_rsae_sha256:RSA+SHA256"),
    ] {
        cases.push(Case::new(format!("server-name/one-name-key-{}", key.name()), &[Peer::OpenSsl], move |cx| {
            let (folder, text) = cx.page()?;
            let mut options = vec!["--www".to_owned(), folder];
            for other in [Key::Rsa, Key::Ed25519] {
                options.extend(["--cert".into(), cx.pki.cert(Who::Server, other)]);
                options.extend(["--key".into(), cx.pki.key(Who::Server, other)]);
            }
            // Ed25519 and RSA first, P-256 last; the client's list decides.
            options.extend(["--cert".into(), cx.pki.cert(Who::Server, Key::P256)]);
            options.extend(["--key".into(), cx.pki.key(Who::Server, Key::P256)]);
            let server = cx.our_bare_server(&options.iter().map(String::as_str).collect::<Vec<_>>())?;
            let force = Force::default().with(&["-sigalgs", scheme]);
            let page =
                cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &force).map_err(|e| server.process.failure(&e))?;
            let page = String::from_utf8_lossy(&page);
            expect_contains("the page", &page, text)?;
            expect_contains("s_client's report", &page, &format!("saitls server-{}", key.name()))
        }));
    }
}

const KEY_LOG_LABELS: [&str; 5] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
];

/// The lines of a key log, after a look at their form.
fn key_log(file: &str, suite: Suite) -> Outcome<BTreeSet<String>> {
    let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let lines: BTreeSet<String> = text.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
    let digits = if suite == Suite::Aes256Gcm { 96 } else { 64 };
    let hex = |word: &str, len: usize| word.len() == len && word.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    for label in KEY_LOG_LABELS {
        let fits = |line: &&String| {
            let words: Vec<_> = line.split(' ').collect();
            matches!(words.as_slice(), [name, random, secret] if *name == label && hex(random, 64) && hex(secret, digits))
        };
        if lines.iter().filter(fits).count() != 1 {
            return Err(format!("{file}: not one line of {label}:\n{text}"));
        }
    }
    Ok(lines)
}

fn same_key_logs(ours: &str, peers: &str, suite: Suite) -> Outcome {
    let (ours, peers) = (key_log(ours, suite)?, key_log(peers, suite)?);
    if ours == peers { Ok(()) } else { Err(format!("key logs differ:\nours {ours:#?}\npeer's {peers:#?}")) }
}

fn key_log_of_client(cx: &Cx<'_>, suite: Suite) -> Outcome {
    let (ours, theirs) = (cx.scratch("ours.log"), cx.scratch("theirs.log"));
    let force = Force { suites: vec![suite], ..Force::default() }.with(&["-keylogfile", &theirs]);
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &force)?;
    let mut client = cx.our_client(server.port, Key::P256, &["--get", "/", "--key-log", &ours])?;
    client.expect_status(0)?;
    same_key_logs(&ours, &theirs, suite)
}

fn key_log_of_server(cx: &Cx<'_>, suite: Suite) -> Outcome {
    let (folder, _) = cx.page()?;
    let (ours, theirs) = (cx.scratch("ours.log"), cx.scratch("theirs.log"));
    let mut server = cx.our_server(Key::P256, &["--www", &folder, "--key-log", &ours, "--connections", "1"])?;
    let force = Force { suites: vec![suite], ..Force::default() }.with(&["-keylogfile", &theirs]);
    cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &force)?;
    server.process.expect_status(0)?;
    same_key_logs(&ours, &theirs, suite)
}
