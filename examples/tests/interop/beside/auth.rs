//! Client certificates: taken, and refused for want of one or of a known authority.

use super::{Beside, Role, What, client, server};
use crate::ours::{errors, expect_contains, only_facts};
use crate::peers::Cx;
use crate::pki::{Key, Who};
use crate::process::{Outcome, output};

/// A certificate and a key.
type Files = (String, String);

/// A self-signed certificate that nobody knows.
fn stranger(cx: &Cx<'_>) -> Outcome<Files> {
    let (cert, key) = (cx.scratch("stranger.pem"), cx.scratch("stranger.key"));
    let words = ["req", "-x509", "-nodes", "-days", "9", "-subj", "/CN=stranger", "-keyout", &key, "-out", &cert];
    output("openssl", words.iter().chain(Key::P256.openssl()))?;
    Ok((cert, key))
}

/// What the client has in this case.
fn identity(cx: &Cx<'_>, what: What) -> Outcome<Option<Files>> {
    match what {
        What::ClientAuth => Ok(Some((cx.pki.cert(Who::Client, Key::P256), cx.pki.key(Who::Client, Key::P256)))),
        What::ClientAuthStranger => stranger(cx).map(Some),
        _ => Ok(None),
    }
}

/// The same for NSS: a nickname and a database.
fn identity_of_nss(cx: &Cx<'_>, what: What) -> Outcome<Option<Files>> {
    match what {
        What::ClientAuth => Ok(Some((cx.pki.nickname(Who::Client, Key::P256), cx.pki.nss()))),
        What::ClientAuthStranger => {
            let (cert, key) = stranger(cx)?;
            let (p12, folder) = (cx.scratch("stranger.p12"), cx.scratch("nss"));
            let database = format!("sql:{folder}");
            std::fs::create_dir_all(&folder).map_err(|e| format!("{folder}: {e}"))?;
            output("certutil", ["-N", "-d", &database, "--empty-password"])?;
            output("certutil", ["-A", "-d", &database, "-n", "ca", "-t", "CT,C,C", "-i", &cx.pki.ca()])?;
            let words = ["pkcs12", "-export", "-in", &cert, "-inkey", &key, "-name", "stranger", "-out", &p12];
            output("openssl", words.into_iter().chain(["-passout", "pass:"]))?;
            output("pk12util", ["-i", &p12, "-d", &database, "-W", ""])?;
            Ok(Some(("stranger".into(), database)))
        }
        _ => Ok(None),
    }
}

pub(super) fn run(cx: &Cx<'_>, peer: Beside, role: Role, what: What, options: &[&str]) -> Outcome {
    match role {
        Role::Server => by_the_peer(cx, peer, what, options),
        Role::Client => by_us(cx, peer, what, options),
    }
}

/// The peer is the server, and judges our certificate.
fn by_the_peer(cx: &Cx<'_>, peer: Beside, what: What, options: &[&str]) -> Outcome {
    let mut server = server::start(cx, peer, what, true)?;
    let own = identity(cx, what)?;
    let identity = own.as_ref().map(|(cert, key)| vec!["--cert", cert, "--key", key]).unwrap_or_default();
    let mut client = server::our_client(cx, peer, &server, &[options, &identity].concat())?;
    if what == What::ClientAuth {
        server::exchange(peer, what, &mut server, &mut client).map_err(|e| server.process.failure(&e))?;
        return what.check(&only_facts(&client)?);
    }
    // Our end of the handshake is over before the peer judges. What we sent then could turn its alert into a reset.
    let status = client.wait_to_end()?;
    let stderr = client.stderr_now();
    let error = errors(&stderr).concat();
    let fits = refusals(peer, what).iter().any(|refusal| match refusal {
        Refusal::Alert(alert) => status == 3 && error.ends_with(&format!("(alert received: {alert})")),
        Refusal::Closed => status == 0 && error.is_empty(),
        Refusal::Cut => status == 1 && error.contains("without close_notify"),
        // For the client, the handshake is over by then.
        Refusal::Reset => status == 4 && error.contains("the connection was reset: data may be missing"),
    });
    match fits && client.stdout().is_empty() {
        true => Ok(()),
        false => Err(client.failure(&format!("exit status {status}, not refused as this peer does"))),
    }
}

/// How a server refuses a client.
enum Refusal {
    Alert(&'static str),
    /// close_notify, at once.
    Closed,
    /// The end of TCP, and no alert.
    Cut,
    /// The same, with what we sent unread.
    Reset,
}

/// What a peer is known to do; one of these must come.
fn refusals(peer: Beside, what: What) -> &'static [Refusal] {
    match (peer, what) {
        // `ssl_verify_client` of a stream: it ends the session.
        (Beside::Nginx, _) => &[Refusal::Closed],
        // It has not read our request.
        (Beside::Nss, What::ClientAuthNone) => &[Refusal::Alert("certificate_required"), Refusal::Reset],
        (Beside::Nss, _) => &[Refusal::Alert("unknown_ca"), Refusal::Reset],
        // Its alert is not always out before it closes.
        (Beside::Deno, What::ClientAuthNone) => &[Refusal::Alert("certificate_required"), Refusal::Cut],
        (_, What::ClientAuthNone) => &[Refusal::Alert("certificate_required")],
        (Beside::Bun | Beside::Deno, _) => &[Refusal::Cut],
        (Beside::GnuTls, _) => &[Refusal::Alert("access_denied")],
        (Beside::WolfSsl, _) => &[Refusal::Alert("bad_certificate")],
        _ => &[Refusal::Alert("unknown_ca")],
    }
}

/// We are the server, and judge the peer's certificate.
fn by_us(cx: &Cx<'_>, peer: Beside, what: What, options: &[&str]) -> Outcome {
    let ca = cx.pki.ca();
    let mut server = cx.our_server(Key::P256, &[options, &["--ca", &ca, "--connections", "1"]].concat())?;
    let own = if peer == Beside::Nss { identity_of_nss(cx, what)? } else { identity(cx, what)? };
    let own = own.as_ref().map(|(cert, key)| (cert.as_str(), key.as_str()));
    let mut client = client::start(cx, peer, &server, what, own)?;
    if what == What::ClientAuth {
        client::exchange(peer, what, client).map_err(|e| server.process.failure(&e))?;
        let facts = only_facts(&server.process)?;
        expect_contains("peer", facts.get("peer").map_or("", |name| name), "saitls client-p256")?;
        return what.check(&facts);
    }
    let alert = match (peer, what) {
        // It offers only what an authority that we name has issued.
        (Beside::Botan, _) | (_, What::ClientAuthNone) => "certificate_required",
        _ => "unknown_ca",
    };
    let _ = client.write(b"nobody may read this\n");
    server.process.wait_stderr("its error line", |bytes| {
        let line = format!("(alert sent: {alert})");
        String::from_utf8_lossy(bytes).contains(&line).then_some(())
    })?;
    client.close_stdin();
    client.wait_to_end()?;
    server.process.expect_status(0)?;
    if String::from_utf8_lossy(&client.stdout()).contains("nobody may read") {
        return Err(client.failure("it was let in"));
    }
    Ok(())
}
