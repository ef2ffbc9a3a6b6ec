//! Peers as clients of our server, which echoes.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;

use super::{Beside, What, lines, server};
use crate::data::{count, same};
use crate::ours::only_facts;
use crate::peers::{Cx, Server};
use crate::pki::Key;
use crate::process::{Outcome, Process};

/// `peer` agrees with our server on what that was told to, and every byte comes back to it.
pub(super) fn run(cx: &Cx<'_>, peer: Beside, what: What, options: &[&str]) -> Outcome {
    let mut server = cx.our_server(Key::P256, &[options, &["--connections", "1"]].concat())?;
    let client = start(cx, peer, &server, what, None)?;
    exchange(peer, what, client).map_err(|e| server.process.failure(&e))?;
    if closes(peer) {
        server.process.expect_status(0)?;
    }
    what.check(&only_facts(&server.process)?).map_err(|e| server.process.failure(&e))
}

/// Whether the peer ends a connection with close_notify, of its own accord.
fn closes(peer: Beside) -> bool {
    peer.is_own_program() || peer == Beside::GnuTls
}

/// Sends through the client, to its end or until all has come back.
pub(super) fn exchange(peer: Beside, what: What, mut client: Process) -> Outcome {
    let sent = Arc::new(lines(what.len(), 1));
    match peer {
        // It says nothing that an echo would answer: that it has sent something is all.
        Beside::Mosquitto => client.wait().map(drop),
        // It was given its input as a file.
        Beside::Nss => echo(&client, &sent),
        Beside::OpenSsl3 if what == What::KeyUpdateByPeer => {
            client.write(b"K\n")?;
            client.wait_stdout("the KeyUpdate", |bytes| {
                (count(&String::from_utf8_lossy(bytes), ">>>", "KeyUpdate") > 0).then_some(())
            })?;
            client.write(b"around\n")?;
            client.wait_stdout("the echo", |bytes| {
                String::from_utf8_lossy(bytes).lines().any(|line| line == "around").then_some(())
            })?;
            let answers = count(&client.stdout_now(), "<<<", "KeyUpdate");
            if answers == 1 { Ok(()) } else { Err(client.failure(&format!("{answers} answers to the KeyUpdate"))) }
        }
        Beside::GnuTls if what == What::KeyUpdateByPeer => {
            client.write(b"^rekey1^\n")?;
            client.wait_stdout("word of the rekeying", |bytes| {
                String::from_utf8_lossy(bytes).contains("Rekey was completed").then_some(())
            })?;
            client.write(b"around\n")?;
            client.wait_stdout("the echo", |bytes| {
                String::from_utf8_lossy(bytes).lines().any(|line| line == "around").then_some(())
            })?;
            client.close_stdin();
            client.expect_status(0)
        }
        Beside::OpenSsl3 | Beside::Botan => {
            client.feed(Arc::clone(&sent), false)?;
            echo(&client, &sent)
        }
        // embedded-tls reads all of its input before it sends any.
        _ if what == What::Bulk && peer != Beside::EmbeddedTls => {
            client.feed(Arc::clone(&sent), false)?;
            echo(&client, &sent)?;
            client.close_stdin();
            client.expect_status(0)
        }
        _ => {
            client.feed(Arc::clone(&sent), true)?;
            client.expect_status(0)?;
            echo(&client, &sent)
        }
    }
}

/// Waits until all has come back; the peer may have told something of its own before.
fn echo(client: &Process, sent: &[u8]) -> Outcome {
    let first = sent.get(..63).unwrap_or(sent);
    let begins = |bytes: &[u8]| bytes.windows(first.len()).position(|window| window == first);
    let begun = client.wait_stdout("the beginning of the echo", |bytes| begins(bytes))?;
    client.wait_stdout("all of the echo", |bytes| (bytes.len() >= begun + sent.len()).then_some(()))?;
    let got = client.stdout_so_far();
    same("the echo", got.get(begun..begun + sent.len()).unwrap_or_default(), sent)
}

/// Starts `peer` as a client of our server, with this certificate and key, or nickname and database for NSS.
pub(super) fn start(
    cx: &Cx<'_>,
    peer: Beside,
    server: &Server,
    what: What,
    identity: Option<(&str, &str)>,
) -> Outcome<Process> {
    let (port, ca) = (server.port.to_string(), cx.pki.ca());
    let at = format!("127.0.0.1:{port}");
    let mut words: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
    match peer {
        Beside::OpenSsl3 => {
            add(&["s_client", "-connect", &at, "-servername", "localhost", "-tls1_3", "-CAfile", &ca]);
            add(&["-verify_return_error", "-verify_hostname", "localhost"]);
            add(if what == What::KeyUpdateByPeer { &["-msg"] } else { &["-quiet"] });
            if what == What::Group("SecP256r1MLKEM768") {
                add(&["-groups", "DEFAULT:SecP256r1MLKEM768"]);
            }
            if let Some((cert, key)) = identity {
                add(&["-cert", cert, "-key", key]);
            }
        }
        Beside::GnuTls => {
            add(&["-p", &port, "--x509cafile", &ca, "--sni-hostname=localhost", "--verify-hostname=localhost"]);
            add(&["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"]);
            if what == What::KeyUpdateByPeer {
                add(&["--inline-commands"]);
            }
            if let Some((cert, key)) = identity {
                add(&["--x509certfile", cert, "--x509keyfile", key]);
            }
            add(&["127.0.0.1"]);
        }
        Beside::Nss => {
            // Its identities are nicknames in a database.
            let none = cx.pki.nss_without_keys();
            let (nickname, database) = identity.unwrap_or(("", &none));
            add(&["-h", "127.0.0.1", "-a", "localhost", "-p", &port, "-d", database, "-V", "tls1.3:tls1.3"]);
            add(&["-I", "mlkem768x25519,x25519,P256,P384"]);
            if identity.is_some() {
                add(&["-n", nickname]);
            }
        }
        Beside::Botan => {
            let policy = format!("--policy={}", server::botan_policy(cx)?);
            let (port, ca) = (format!("--port={port}"), format!("--trusted-cas={ca}"));
            add(&["tls_client", "localhost", &port, &ca, "--skip-system-cert-store", "--tls-version=1.3", &policy]);
            if let Some((cert, key)) = identity {
                add(&[&format!("--client-cert={cert}"), &format!("--client-cert-key={key}")]);
            }
        }
        Beside::Mosquitto => {
            add(&[
                "-h",
                "localhost",
                "-p",
                &port,
                "--cafile",
                &ca,
                "--tls-version",
                "tlsv1.3",
                "-t",
                "t",
                "-m",
                "text",
            ]);
            if let Some((cert, key)) = identity {
                add(&["--cert", cert, "--key", key]);
            }
        }
        _ => {
            add(&[if what == What::KeyUpdateByPeer { "updating-client" } else { "client" }, &port, &ca]);
            if let Some((cert, key)) = identity {
                add(&[cert, key]);
            }
        }
    }
    let input = if peer == Beside::Nss {
        // tstclnt does not see the end of a pipe, only that of a file.
        let file = server::written(cx, "input", &lines(what.len(), 1))?;
        Stdio::from(fs::File::open(&file).map_err(|e| e.to_string())?)
    } else {
        Stdio::piped()
    };
    Process::start_with_input(peer.client_program(), words, input, cx.deadline)
}
