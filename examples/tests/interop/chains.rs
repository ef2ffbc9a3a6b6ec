//! Certificate chains and mutual authentication: hierarchies of all shapes, in both roles, and who is refused.

use crate::hierarchy::{HIERARCHIES, Hierarchy, Made, TOO_LONG};
use crate::ours::{expect_contains, expect_error, expect_facts, only_facts};
use crate::peers::{Cx, Force, Peer};
use crate::pki::Key;
use crate::process::Outcome;
use crate::runner::Case;

/// Whose signature verification serves the chains.
const PROVIDERS: &[&str] = if cfg!(feature = "aws-lc") { &["rustcrypto", "aws-lc"] } else { &["rustcrypto"] };

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for hierarchy in &HIERARCHIES {
        for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nginx] {
            let name = format!("chains/client/{}-{}", peer.name(), hierarchy.name);
            cases.push(Case::new(name, &[peer], move |cx| client_and_server_prove(cx, peer, hierarchy)));
        }
        for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Curl] {
            let name = format!("chains/server/{}-{}", peer.name(), hierarchy.name);
            cases.push(Case::new(name, &[peer], move |cx| server_and_client_prove(cx, peer, hierarchy)));
        }
        for provider in PROVIDERS {
            let name = format!("chains/ours-{provider}/{}", hierarchy.name);
            cases.push(Case::new(name, &[Peer::OpenSsl], move |cx| both_ours_prove(cx, provider, hierarchy)));
        }
    }
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Nginx] {
        let name = peer.name();
        cases.push(Case::new(format!("chains/client/{name}-asks-in-vain"), &[peer], move |cx| {
            client_may_decline(cx, peer)
        }));
        cases.push(Case::new(format!("chains/client/{name}-insists-in-vain"), &[peer], move |cx| {
            client_must_not_decline(cx, peer)
        }));
        cases.push(Case::new(format!("chains/client/{name}-knows-another-root"), &[peer], move |cx| {
            client_is_unknown(cx, peer)
        }));
    }
    for peer in [Peer::OpenSsl, Peer::GnuTls, Peer::Curl] {
        let name = peer.name();
        for required in [false, true] {
            let how = if required { "required" } else { "optional" };
            cases.push(Case::new(format!("chains/server/{name}-without-certificate-{how}"), &[peer], move |cx| {
                server_asks_in_vain(cx, peer, required)
            }));
            cases.push(Case::new(format!("chains/server/{name}-of-another-root-{how}"), &[peer], move |cx| {
                server_knows_another_root(cx, peer, required)
            }));
        }
    }
    cases.push(Case::new("chains/server/openssl-without-eligible-key", &[Peer::OpenSsl], server_wants_another_kind));
    cases.push(Case::new("chains/server/openssl-hears-authorities", &[Peer::OpenSsl], server_names_authorities));
    cases.push(Case::new("chains/client/refuses", &[Peer::OpenSsl], client_refuses));
    cases.push(Case::new("chains/client/trusts-the-system", &[Peer::OpenSsl], client_trusts_the_system));
    cases.push(Case::new("chains/client/pin-beside-ca", &[Peer::OpenSsl], client_takes_pin_or_chain));
    cases
}

/// What makes a peer's server present its chain, and ask for a certificate or insist on one.
fn serving(peer: Peer, made: &Made, trusts: &str, insist: bool) -> Force {
    let Made { server, .. } = made;
    let words: Vec<&str> = match (peer, insist) {
        (Peer::OpenSsl, true) => vec!["-Verify", "5", "-verify_return_error", "-CAfile", trusts],
        (Peer::OpenSsl, false) => vec!["-verify", "5", "-CAfile", trusts],
        (Peer::GnuTls, true) => vec!["--require-client-cert", "--verify-client-cert", "--x509cafile", trusts],
        (Peer::GnuTls, false) => vec!["--verify-client-cert", "--x509cafile", trusts],
        _ => vec![],
    };
    let verify = if insist { "on" } else { "optional" };
    let directives =
        format!("ssl_client_certificate {trusts}; ssl_verify_client {verify}; ssl_verify_depth 5; {NGINX_PAGE}");
    let force = Force::default().with(&words).identity(&server.leaf, &server.chain, &server.key);
    if peer == Peer::Nginx { force.directives(&directives) } else { force }
}

/// nginx says itself whom it sees.
const NGINX_PAGE: &str = "add_header X-Client \"$ssl_client_verify $ssl_client_s_dn\" always; \
                          location / { return 200 \"seen $ssl_client_verify $ssl_client_s_dn\\n\"; }";

/// What gives a peer's client trust, and a certificate.
fn proving(peer: Peer, made: &Made, certificate: bool) -> Force {
    let Made { root, client, .. } = made;
    let words: &[&str] = match (peer, certificate) {
        (Peer::OpenSsl, true) if client.is_bare => &["-cert", &client.leaf, "-key", &client.key],
        (Peer::OpenSsl, true) => &["-cert", &client.leaf, "-key", &client.key, "-cert_chain", &client.intermediates],
        (Peer::GnuTls, true) => &["--x509certfile", &client.chain, "--x509keyfile", &client.key],
        (_, true) => &["--cert", &client.chain, "--key", &client.key],
        (_, false) => &[],
    };
    Force::default().with(words).trusting(root)
}

/// Our client and a peer's server, both with a chain.
fn client_and_server_prove(cx: &Cx<'_>, peer: Peer, hierarchy: &'static Hierarchy) -> Outcome {
    let made = cx.pki.hierarchy(hierarchy)?;
    let server = cx.http_server(peer, Key::P256, &serving(peer, &made, &made.root, true))?;
    let Made { root, client: own, .. } = &made;
    let options = ["--server-name", "localhost", "--ca", root, "--cert", &own.chain, "--key", &own.key, "--get", "/"];
    let mut client = cx.our_bare_client(server.port, &options)?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    let facts = only_facts(&client)?;
    expect_facts(&facts, &[("client-auth", "yes"), ("server-name", "localhost")])?;
    expect_contains("peer", facts.get("peer").map_or("", |v| v), "server.leaf")?;
    if peer == Peer::Nginx {
        let page = String::from_utf8_lossy(&client.stdout()).into_owned();
        expect_contains("what nginx saw", &page, "seen SUCCESS CN=client.leaf")?;
    }
    // A name under the wildcard, and the address itself.
    for name in ["a.wild.test", "127.0.0.1"] {
        let options = ["--server-name", name, "--ca", root, "--cert", &own.chain, "--key", &own.key, "--get", "/"];
        let mut client = cx.our_bare_client(server.port, &options)?;
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    }
    Ok(())
}

/// Our server and a peer's client, both with a chain.
fn server_and_client_prove(cx: &Cx<'_>, peer: Peer, hierarchy: &'static Hierarchy) -> Outcome {
    let made = cx.pki.hierarchy(hierarchy)?;
    let (folder, text) = cx.page()?;
    let Made { root, server: own, .. } = &made;
    let options = ["--cert", &own.chain, "--key", &own.key, "--ca", root, "--www", &folder, "--connections", "1"];
    let mut server = cx.our_bare_server(&options)?;
    let page = cx.fetch(peer, server.port, "/page.txt", &proving(peer, &made, true));
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    let facts = only_facts(&server.process)?;
    expect_facts(&facts, &[("client-auth", "yes")])?;
    expect_contains("peer", facts.get("peer").map_or("", |v| v), "client.leaf")
}

fn both_ours_prove(cx: &Cx<'_>, provider: &str, hierarchy: &'static Hierarchy) -> Outcome {
    let made = cx.pki.hierarchy(hierarchy)?;
    let (folder, text) = cx.page()?;
    let Made { root, server: of_server, client: of_client } = &made;
    let options =
        ["--cert", &of_server.chain, "--key", &of_server.key, "--ca", root, "--www", &folder, "--connections", "1"];
    let mut server = cx.our_bare_server(&[&options[..], &["--provider", provider]].concat())?;
    let options = ["--server-name", "localhost", "--ca", root, "--cert", &of_client.chain, "--key", &of_client.key];
    let mut client =
        cx.our_bare_client(server.port, &[&options[..], &["--get", "/page.txt", "--provider", provider]].concat())?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), text)?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &[("client-auth", "yes")])
}

// ---- clients without a certificate that helps

/// A client whose key is of a kind that the server does not verify is one without a certificate.
fn only_rsa(peer: Peer) -> (Force, &'static Hierarchy) {
    let rsa = &HIERARCHIES[3];
    let force = match peer {
        Peer::OpenSsl => Force::default().with(&["-client_sigalgs", "rsa_pss_rsae_sha256"]),
        Peer::Nginx => Force::default().directives("ssl_conf_command ClientSignatureAlgorithms rsa_pss_rsae_sha256;"),
        // GnuTLS has one list for both directions.
        _ => Force::default().priority(":-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256"),
    };
    (force, rsa)
}

fn client_may_decline(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let (force, rsa) = only_rsa(peer);
    let (made, ecdsa) = (cx.pki.hierarchy(rsa)?, cx.pki.hierarchy(&HIERARCHIES[1])?);
    let server = cx.http_server(peer, Key::P256, &serving(peer, &made, &made.root, false).and(force))?;
    let trust = ["--server-name", "localhost", "--ca", &made.root, "--get", "/"];
    for identity in [&[][..], &["--cert", &ecdsa.client.chain, "--key", &ecdsa.client.key]] {
        let mut client = cx.our_bare_client(server.port, &[&trust[..], identity].concat())?;
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
        expect_facts(&only_facts(&client)?, &[("client-auth", "no")])?;
    }
    Ok(())
}

fn client_must_not_decline(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let (force, rsa) = only_rsa(peer);
    let (made, ecdsa) = (cx.pki.hierarchy(rsa)?, cx.pki.hierarchy(&HIERARCHIES[1])?);
    let server = cx.http_server(peer, Key::P256, &serving(peer, &made, &made.root, true).and(force))?;
    let trust = ["--server-name", "localhost", "--ca", &made.root, "--get", "/"];
    for identity in [&[][..], &["--cert", &ecdsa.client.chain, "--key", &ecdsa.client.key]] {
        let mut client = cx.our_bare_client(server.port, &[&trust[..], identity].concat())?;
        if peer == Peer::Nginx {
            // It answers by HTTP.
            client.expect_status(0)?;
            expect_facts(&only_facts(&client)?, &[("client-auth", "no")])?;
            let page = String::from_utf8_lossy(&client.stdout()).into_owned();
            expect_contains("the page", &page, "No required SSL certificate was sent")?;
        } else {
            expect_error(&mut client, 3, &["alert received: certificate_required"])
                .map_err(|e| server.process.failure(&e))?;
        }
    }
    Ok(())
}

fn client_is_unknown(cx: &Cx<'_>, peer: Peer) -> Outcome {
    let (made, other) = (cx.pki.hierarchy(&HIERARCHIES[1])?, cx.pki.hierarchy(&HIERARCHIES[2])?);
    let server = cx.http_server(peer, Key::P256, &serving(peer, &made, &made.root, true))?;
    let own = &other.client;
    let options = ["--server-name", "localhost", "--ca", &made.root, "--cert", &own.chain, "--key", &own.key];
    let mut client = cx.our_bare_client(server.port, &[&options[..], &["--get", "/"]].concat())?;
    match peer {
        Peer::Nginx => {
            client.expect_status(0)?;
            let page = String::from_utf8_lossy(&client.stdout()).into_owned();
            expect_contains("the page", &page, "The SSL certificate error")
        }
        Peer::OpenSsl => expect_error(&mut client, 3, &["alert received: unknown_ca"]),
        _ => expect_error(&mut client, 3, &["alert received: "]),
    }
    .map_err(|e| server.process.failure(&e))
}

// ---- servers that ask

fn server_asks_in_vain(cx: &Cx<'_>, peer: Peer, required: bool) -> Outcome {
    let made = cx.pki.hierarchy(&HIERARCHIES[2])?;
    let options = ["--ca", &made.root, "--client-auth", if required { "required" } else { "optional" }];
    serve(cx, peer, &made, &options, &proving(peer, &made, false), required.then_some("certificate_required"))
}

fn server_knows_another_root(cx: &Cx<'_>, peer: Peer, required: bool) -> Outcome {
    let (made, other) = (cx.pki.hierarchy(&HIERARCHIES[2])?, cx.pki.hierarchy(&HIERARCHIES[1])?);
    let options = ["--ca", &other.root, "--client-auth", if required { "required" } else { "optional" }];
    // A wrong one is refused even where none would do.
    serve(cx, peer, &made, &options, &proving(peer, &made, true), Some("unknown_ca"))
}

/// OpenSSL has a P-256 key, the server verifies Ed25519 alone.
fn server_wants_another_kind(cx: &Cx<'_>) -> Outcome {
    let made = cx.pki.hierarchy(&HIERARCHIES[1])?;
    let options = ["--ca", &made.root, "--sigalg", "ed25519"];
    serve(cx, Peer::OpenSsl, &made, &options, &proving(Peer::OpenSsl, &made, true), Some("certificate_required"))
}

/// Our server with the chain of `made` and a client without a certificate that helps: it gets the page, or this alert.
fn serve(cx: &Cx<'_>, peer: Peer, made: &Made, options: &[&str], client: &Force, alert: Option<&str>) -> Outcome {
    let (folder, text) = cx.page()?;
    let own = ["--cert", &made.server.chain, "--key", &made.server.key, "--www", &folder, "--connections", "1"];
    let mut server = cx.our_bare_server(&[&own, options].concat())?;
    let page = cx.fetch(peer, server.port, "/page.txt", client);
    server.process.expect_status(0)?;
    let stderr = server.process.stderr_now();
    let got_page = page.is_ok_and(|page| String::from_utf8_lossy(&page).contains(text));
    match alert {
        None if got_page => expect_facts(&only_facts(&server.process)?, &[("client-auth", "no"), ("peer", "-")]),
        Some(alert) if !got_page => expect_contains("standard error", &stderr, &format!("(alert sent: {alert})")),
        _ => Err(server.process.failure(&format!("got the page: {got_page}, expected alert: {alert:?}"))),
    }
}

/// The names of the authorities reach the client (RFC 9846 4.3.4).
fn server_names_authorities(cx: &Cx<'_>) -> Outcome {
    let made = cx.pki.hierarchy(&HIERARCHIES[1])?;
    let (folder, _) = cx.page()?;
    let own = ["--cert", &made.server.chain, "--key", &made.server.key, "--www", &folder, "--connections", "1"];
    let server = cx.our_bare_server(&[&own[..], &["--ca", &made.root, "--client-auth", "optional"]].concat())?;
    let seen = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default().trusting(&made.root))?;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    expect_contains("s_client's report", &seen, "Acceptable client certificate CA names")?;
    expect_contains("s_client's report", &seen, "O = SaiTLS interop, OU = ecdsa-1, CN = level-0")
}

// ---- whom our client refuses, and whom it trusts

fn client_refuses(cx: &Cx<'_>) -> Outcome {
    let made = cx.pki.hierarchy(&HIERARCHIES[2])?;
    let other = cx.pki.hierarchy(&HIERARCHIES[1])?;
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &serving(Peer::OpenSsl, &made, &made.root, false))?;
    let refused = |options: &[&str], parts: &[&str]| {
        let mut client = cx.our_bare_client(server.port, &[options, &["--get", "/"]].concat())?;
        expect_error(&mut client, 3, parts).map_err(|e| server.process.failure(&e))
    };
    let named = ["--server-name", "localhost", "--ca", &made.root];
    refused(&[&named[..], &["--time", "1700000000"]].concat(), &["not valid yet", "alert sent: certificate_expired"])?;
    refused(&[&named[..], &["--time", "4000000000"]].concat(), &["has expired", "alert sent: certificate_expired"])?;
    refused(
        &["--server-name", "other.test", "--ca", &made.root],
        &["another name", "alert sent: certificate_unknown"],
    )?;
    refused(&["--server-name", "wild.test", "--ca", &made.root], &["another name"])?;
    refused(&["--server-name", "localhost", "--ca", &other.root], &["unknown issuer", "alert sent: unknown_ca"])?;
    // The time is right, but not by much: the last of the twenty days is a good one.
    let mut client = cx.our_bare_client(server.port, &[&named[..], &["--get", "/"]].concat())?;
    client.expect_status(0)?;

    let long = cx.pki.hierarchy(&TOO_LONG)?;
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &serving(Peer::OpenSsl, &long, &long.root, false))?;
    let options = ["--server-name", "localhost", "--ca", &long.root, "--get", "/"];
    let mut client = cx.our_bare_client(server.port, &options)?;
    expect_error(&mut client, 3, &["chain is too long", "alert sent: unknown_ca"])
}

/// Without options, the trust anchors of the operating system count.
fn client_trusts_the_system(cx: &Cx<'_>) -> Outcome {
    let made = cx.pki.hierarchy(&HIERARCHIES[2])?;
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &serving(Peer::OpenSsl, &made, &made.root, false))?;
    let client = |anchors: &str| {
        let anchors = format!("SSL_CERT_FILE={anchors}");
        let to = format!("127.0.0.1:{}", server.port);
        cx.start(
            "env",
            ["-u", "SSL_CERT_DIR", &anchors, crate::ours::CLIENT, &to, "--server-name", "localhost", "--get", "/"],
        )
    };
    client(&made.root)?.expect_status(0).map_err(|e| server.process.failure(&e))?;
    expect_error(&mut client(&cx.pki.ca())?, 3, &["unknown issuer", "alert sent: unknown_ca"])?;
    expect_error(&mut client("/nowhere")?, 2, &["no trust anchors", "--ca"])
}

fn client_takes_pin_or_chain(cx: &Cx<'_>) -> Outcome {
    let (made, other) = (cx.pki.hierarchy(&HIERARCHIES[1])?, cx.pki.hierarchy(&HIERARCHIES[2])?);
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &serving(Peer::OpenSsl, &made, &made.root, false))?;
    let (right, wrong) = (cx.pki.pin_of(&made.server.leaf)?, cx.pki.pin_of(&other.server.leaf)?);
    for (pin, root, passes) in [(&right, &other.root, true), (&wrong, &made.root, true), (&wrong, &other.root, false)] {
        let options = ["--server-name", "localhost", "--pin", pin, "--ca", root, "--get", "/"];
        let mut client = cx.our_bare_client(server.port, &options)?;
        match passes {
            true => client.expect_status(0)?,
            false => expect_error(&mut client, 3, &["unknown issuer"])?,
        }
    }
    Ok(())
}
