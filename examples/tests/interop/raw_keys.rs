//! Raw public keys (RFC 7250), and OCSP responses that are stapled.

use crate::hierarchy::HIERARCHIES;
use crate::ours::{expect_contains, expect_error, expect_facts, only_facts};
use crate::peers::{Cx, Force, Peer};
use crate::pki::{Key, Who};
use crate::process::{Outcome, output};
use crate::runner::Case;

/// Peers with raw public keys: OpenSSL has them from 3.2 on.
const RAW: &str = ":+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for key in [Key::P256, Key::Ed25519, Key::Rsa] {
        let name = format!("raw-public-key/client/gnutls-{}", key.name());
        cases.push(Case::new(name, &[Peer::GnuTls], move |cx| client_of_raw_key(cx, key)));
        let name = format!("raw-public-key/server/gnutls-{}", key.name());
        cases.push(Case::new(name, &[Peer::GnuTls], move |cx| server_with_raw_key(cx, key)));
        let name = format!("raw-public-key/ours/{}", key.name());
        cases.push(Case::new(name, &[Peer::OpenSsl], move |cx| both_ours(cx, key)));
    }
    cases.push(Case::new("raw-public-key/client/openssl-has-none", &[Peer::OpenSsl], client_takes_certificate));
    cases.push(Case::new("ocsp/server/openssl-asks", &[Peer::OpenSsl], staples));
    cases
}

/// The public key of an identity in PEM.
fn public_key(cx: &Cx<'_>, who: Who, key: Key) -> Outcome<String> {
    let file = cx.scratch("public.pem");
    output("openssl", ["pkey", "-in", &cx.pki.key(who, key), "-pubout", "-out", &file])?;
    Ok(file)
}

/// Our client takes GnuTLS's key by its pin, and no other.
fn client_of_raw_key(cx: &Cx<'_>, key: Key) -> Outcome {
    let (public, private) = (public_key(cx, Who::Server, key)?, cx.pki.key(Who::Server, key));
    let words = ["--rawpkkeyfile", &private, "--rawpkfile", &public, "--http"];
    let server = cx.server(Peer::GnuTls, key, &Force::default().with(&words).priority(RAW))?;
    let mut client = cx.our_client(server.port, key, &["--raw-public-key", "--get", "/"])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    // A raw public key has no subject.
    expect_facts(&only_facts(&client)?, &[("peer", "?")])?;
    let other = cx.pki.pin(Who::Client, key)?;
    let mut client = cx.our_bare_client(server.port, &["--pin", &other, "--raw-public-key", "--get", "/"])?;
    expect_error(&mut client, 3, &["none of the pinned ones", "alert sent: certificate_unknown"])
}

/// GnuTLS asks our server for its raw public key and presents its own.
fn server_with_raw_key(cx: &Cx<'_>, key: Key) -> Outcome {
    let (folder, text) = cx.page()?;
    let pin = cx.pki.pin(Who::Client, key)?;
    let options = ["--pin", &pin, "--raw-public-key", "--www", &folder, "--connections", "1"];
    let mut server = cx.our_server(Key::P256, &options)?;
    let (public, private) = (public_key(cx, Who::Client, key)?, cx.pki.key(Who::Client, key));
    // It has no way to be told whose raw public key to expect.
    let words = ["--rawpkkeyfile", &private, "--rawpkfile", &public, "--no-ca-verification"];
    let page = cx.fetch(Peer::GnuTls, server.port, "/page.txt", &Force::default().with(&words).priority(RAW));
    let page = String::from_utf8_lossy(&page.map_err(|e| server.process.failure(&e))?).into_owned();
    expect_contains("the page", &page, text)?;
    expect_contains("gnutls-cli's report", &page, "Raw Public Key")?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &[("client-auth", "yes"), ("peer", "?")])
}

fn both_ours(cx: &Cx<'_>, key: Key) -> Outcome {
    let (folder, text) = cx.page()?;
    let pin = cx.pki.pin(Who::Client, key)?;
    let options = ["--pin", &pin, "--raw-public-key", "--www", &folder, "--connections", "1"];
    let mut server = cx.our_server(key, &options)?;
    let (cert, private) = (cx.pki.cert(Who::Client, key), cx.pki.key(Who::Client, key));
    let options = ["--raw-public-key", "--cert", &cert, "--key", &private, "--get", "/page.txt"];
    let mut client = cx.our_client(server.port, key, &options)?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), text)?;
    expect_facts(&only_facts(&client)?, &[("peer", "?"), ("client-auth", "yes")])?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &[("peer", "?"), ("client-auth", "yes")])
}

/// A client that would like a raw public key takes a certificate with the pinned key in it.
fn client_takes_certificate(cx: &Cx<'_>) -> Outcome {
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default())?;
    let mut client = cx.our_client(server.port, Key::P256, &["--raw-public-key", "--get", "/"])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_contains("peer", only_facts(&client)?.get("peer").map_or("", |v| v), "saitls server-p256")
}

/// OpenSSL asks for the OCSP response (RFC 9846 4.5.1.1), gets it and verifies it.
fn staples(cx: &Cx<'_>) -> Outcome {
    let made = cx.pki.hierarchy(&HIERARCHIES[1])?;
    let folder = std::path::Path::new(&made.root).parent().map_or_else(String::new, |f| f.display().to_string());
    let (issuer, issuer_key) = (format!("{folder}/level-1.pem"), format!("{folder}/level-1.key"));
    let [index, request, response] = ["index.txt", "request.der", "response.der"].map(|name| cx.scratch(name));
    let serial = output("openssl", ["x509", "-in", &made.server.leaf, "-noout", "-serial"])?;
    let serial = String::from_utf8_lossy(&serial).trim().trim_start_matches("serial=").to_owned();
    std::fs::write(&index, format!("V\t400101000000Z\t\t{serial}\tunknown\t/CN=server.leaf\n"))
        .map_err(|e| e.to_string())?;
    output("openssl", ["ocsp", "-issuer", &issuer, "-cert", &made.server.leaf, "-reqout", &request, "-no_nonce"])?;
    let arguments = ["ocsp", "-index", &index, "-CA", &issuer, "-rsigner", &issuer, "-rkey", &issuer_key];
    let files = ["-reqin", &request, "-respout", &response, "-ndays", "1"];
    output("openssl", arguments.iter().chain(&files))?;

    let (page, _) = cx.page()?;
    let own = ["--cert", &made.server.chain, "--key", &made.server.key, "--www", &page];
    let server = cx.our_bare_server(&[&own[..], &["--ocsp", &response]].concat())?;
    let asking = Force::default().trusting(&made.root).with(&["-status"]);
    let seen = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &asking)?;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    expect_contains("s_client's report", &seen, "OCSP Response Status: successful")?;
    expect_contains("s_client's report", &seen, "Cert Status: good")?;
    // Who does not ask does not get it.
    let seen = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default().trusting(&made.root))?;
    if String::from_utf8_lossy(&seen).contains("OCSP Response Data") {
        return Err("an OCSP response for a client that did not ask".into());
    }
    Ok(())
}
