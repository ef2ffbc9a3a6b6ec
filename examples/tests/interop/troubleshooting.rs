//! The rows of docs/TROUBLESHOOTING.md: both sides say what stands there.

use crate::peers::{Cx, Force, Peer};
use crate::pki::{Key, Who};
use crate::process::{Outcome, Process};
use crate::runner::Case;

const GUIDE: &str = include_str!("../../../docs/TROUBLESHOOTING.md");

/// Words of a command, in which `{ca}`, `{other}`, `{pin}`, `{cert}` and `{key}` stand for files and a pin.
type Words = &'static [&'static str];

struct Row {
    name: &'static str,
    ours: Words,
    theirs: Words,
    /// What we say, and what OpenSSL says: of one row of the guide.
    says: [&'static str; 2],
}

/// Our client; OpenSSL's server has the certificate for `localhost`.
const CLIENTS: [Row; 8] = [
    Row {
        name: "unknown-issuer",
        ours: &["--ca", "{other}"],
        theirs: &[],
        says: ["the peer's certificate is from an unknown issuer", "alert unknown ca"],
    },
    Row {
        name: "another-name",
        ours: &["--ca", "{ca}", "--server-name", "elsewhere.test"],
        theirs: &[],
        says: ["the peer's certificate is for another name", "alert certificate unknown"],
    },
    Row {
        name: "another-pin",
        ours: &["--pin", "{pin}"],
        theirs: &[],
        says: ["the peer's key is none of the pinned ones", "alert certificate unknown"],
    },
    Row {
        name: "expired",
        ours: &["--ca", "{ca}", "--time", "4000000000"],
        theirs: &[],
        says: ["the peer's certificate has expired", "alert certificate expired"],
    },
    Row {
        name: "not-yet-valid",
        ours: &["--ca", "{ca}", "--time", "1000000000"],
        theirs: &[],
        says: ["the peer's certificate is not valid yet", "alert certificate expired"],
    },
    Row {
        name: "protocol-version",
        ours: &["--ca", "{ca}"],
        theirs: &["-tls1_2"],
        says: ["`protocol_version`", "unsupported protocol"],
    },
    Row {
        name: "no-suite",
        ours: &["--ca", "{ca}", "--suite", "TLS_AES_128_CCM_8_SHA256"],
        theirs: &[],
        says: ["`handshake_failure`", "no shared cipher"],
    },
    Row {
        name: "certificate-required",
        ours: &["--ca", "{ca}"],
        theirs: &["-Verify", "1", "-verify_return_error"],
        says: ["`certificate_required`", "peer did not return a certificate"],
    },
];

/// Our server with the certificate for `localhost`; OpenSSL's client.
const SERVERS: [Row; 6] = [
    Row {
        name: "protocol-version",
        ours: &[],
        theirs: &["-tls1_2"],
        says: ["the peer does not speak TLS 1.3", "alert protocol version"],
    },
    Row {
        name: "no-suite",
        ours: &["--suite", "TLS_AES_128_GCM_SHA256"],
        theirs: &["-ciphersuites", "TLS_AES_256_GCM_SHA384"],
        says: ["no cipher suite in common", "alert handshake failure"],
    },
    Row {
        name: "no-group",
        ours: &["--group", "x25519"],
        theirs: &["-groups", "secp384r1"],
        says: ["no group in common", "alert handshake failure"],
    },
    Row {
        name: "no-signature-scheme",
        ours: &[],
        theirs: &["-sigalgs", "ed25519"],
        says: ["no signature scheme in common", "alert handshake failure"],
    },
    Row {
        name: "no-protocol",
        ours: &["--alpn", "h2"],
        theirs: &["-alpn", "http/1.1"],
        says: ["no application protocol in common", "alert no application protocol"],
    },
    Row {
        name: "certificate-required",
        ours: &["--ca", "{ca}"],
        theirs: &[],
        says: ["the client sent no certificate", "alert certificate required"],
    },
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for row in &CLIENTS {
        let name = format!("troubleshooting/client/{}", row.name);
        cases.push(Case::new(name, &[Peer::OpenSsl], |cx| client(cx, row)));
    }
    for row in &SERVERS {
        let name = format!("troubleshooting/server/{}", row.name);
        cases.push(Case::new(name, &[Peer::OpenSsl], |cx| server(cx, row)));
    }
    cases
}

impl Row {
    /// One row of the guide has both sentences.
    fn is_in_the_guide(&self) -> Outcome {
        let has_all = |line: &str| line.starts_with('|') && self.says.iter().all(|said| line.contains(said));
        if GUIDE.lines().any(has_all) { Ok(()) } else { Err(format!("no row of the guide has all of {:?}", self.says)) }
    }

    /// The words of a command of ours.
    fn ours(&self, cx: &Cx<'_>) -> Outcome<Vec<String>> {
        let (ca, other) = (cx.pki.ca(), cx.pki.file("second.leaf"));
        let pin = cx.pki.pin(Who::Client, Key::P256)?;
        Ok(self.ours.iter().map(|w| w.replace("{ca}", &ca).replace("{other}", &other).replace("{pin}", &pin)).collect())
    }
}

/// Waits until a program has said this.
fn says(process: &Process, part: &str) -> Outcome {
    process.wait_stderr(part, |bytes| String::from_utf8_lossy(bytes).contains(part).then_some(()))
}

fn client(cx: &Cx<'_>, row: &Row) -> Outcome {
    row.is_in_the_guide()?;
    let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default().with(row.theirs))?;
    let words = row.ours(cx)?;
    let words: Vec<_> = words.iter().map(String::as_str).chain(["--get", "/"]).collect();
    // The name of the connection, where the row has none of its own.
    let named: &[&str] = if words.contains(&"--server-name") { &[] } else { &["--server-name", "localhost"] };
    let [ours, theirs] = row.says;
    let mut client = cx.our_bare_client(server.port, &[named, &words].concat())?;
    says(&client, ours.trim_matches('`'))?;
    client.wait()?;
    says(&server.process, theirs)
}

fn server(cx: &Cx<'_>, row: &Row) -> Outcome {
    row.is_in_the_guide()?;
    let words = row.ours(cx)?;
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let server = cx.our_server(Key::P256, &words)?;
    let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default().with(row.theirs))?;
    let [ours, theirs] = row.says;
    says(&server.process, ours)?;
    says(&client, theirs)?;
    client.close_stdin();
    client.wait().map(drop)
}
