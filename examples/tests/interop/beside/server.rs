//! Peers as servers of our client.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::sync::Arc;

use super::{Beside, What, lines};
use crate::data::{count, same};
use crate::ours::only_facts;
use crate::peers::{Cx, Peer, Server};
use crate::pki::{Key, Who};
use crate::process::{Outcome, Process};

/// How a server answers.
enum Answer {
    /// It echoes, also after our close_notify.
    Echo,
    /// It echoes, and forgets what is left when close_notify comes.
    EchoWhileOpen,
    /// It sends what it reads, and shows what it receives.
    Pipe,
    /// HTTP: it serves a file, by its whole path.
    File,
    /// MQTT: it sends what is published to who subscribes.
    Broker,
}

fn answer(peer: Beside) -> Answer {
    match peer {
        Beside::OpenSsl3 => Answer::Pipe,
        Beside::GnuTls | Beside::Botan => Answer::EchoWhileOpen,
        Beside::Nss => Answer::File,
        Beside::Mosquitto => Answer::Broker,
        _ => Answer::Echo,
    }
}

/// Our client agrees with `peer` on what it was told to, and every byte comes back.
pub(super) fn run(cx: &Cx<'_>, peer: Beside, what: What, options: &[&str]) -> Outcome {
    let mut server = start(cx, peer, what, false)?;
    let mut client = our_client(cx, peer, &server, options)?;
    exchange(peer, what, &mut server, &mut client).map_err(|e| server.process.failure(&e))?;
    what.check(&only_facts(&client)?).map_err(|e| client.failure(&e))
}

/// Our client, told what the peer's protocol needs beside `options`.
pub(super) fn our_client(cx: &Cx<'_>, peer: Beside, server: &Server, options: &[&str]) -> Outcome<Process> {
    let file = cx.scratch("file");
    let get: &[&str] = if matches!(answer(peer), Answer::File) { &["--get", &file] } else { &[] };
    cx.our_client(server.port, Key::P256, &[options, get].concat())
}

/// Sends and receives as the server answers, to the end of our client.
pub(super) fn exchange(peer: Beside, what: What, server: &mut Server, client: &mut Process) -> Outcome {
    let sent = Arc::new(lines(what.len(), 1));
    // nginx answers close_notify with the end of TCP alone.
    let status = i32::from(peer == Beside::Nginx);
    match answer(peer) {
        Answer::Echo if what == What::Bulk => open_echo(client, &sent, &sent, status),
        Answer::Echo => {
            client.feed(Arc::clone(&sent), true)?;
            client.expect_status(status)?;
            same("the echo", &client.stdout(), &sent)
        }
        Answer::EchoWhileOpen => open_echo(client, &sent, &sent, status),
        Answer::Pipe => {
            let down = Arc::new(lines(what.len(), 2));
            if what == What::KeyUpdateByPeer {
                server.process.write(b"K\n")?;
                server.process.wait_stdout("the KeyUpdate", |bytes| {
                    (count(&String::from_utf8_lossy(bytes), ">>>", "KeyUpdate") > 0).then_some(())
                })?;
                server.process.feed(Arc::clone(&down), false)?;
                open_echo(client, &sent, &down, status)?;
                let answers = count(&server.process.stdout_now(), "<<<", "KeyUpdate");
                return if answers == 1 { Ok(()) } else { Err(format!("{answers} answers to the KeyUpdate")) };
            }
            server.process.feed(Arc::clone(&down), false)?;
            open_echo(client, &sent, &down, status)?;
            server.process.wait_stdout("all that we sent", |bytes| (bytes.len() >= sent.len()).then_some(()))?;
            same("what it received", &server.process.stdout_so_far(), &sent)
        }
        Answer::File => {
            client.expect_status(0)?;
            same("the file", &client.stdout(), &sent)
        }
        Answer::Broker => {
            let (connect, subscribe) =
                (mqtt(0x10, b"\0\x04MQTT\x04\x02\0\0\0\x06saitls"), mqtt(0x82, b"\0\x01\0\x01t\0"));
            let publish = mqtt(0x30, &[b"\0\x01t", sent.as_slice()].concat());
            let (accepted, subscribed) = (mqtt(0x20, &[0, 0]), mqtt(0x90, &[0, 1, 0]));
            let out = [connect, subscribe, publish.clone()].concat();
            open_echo(client, &out, &[accepted, subscribed, publish].concat(), status)
        }
    }
}

/// Sends `sent`, waits for `expected`, and only then closes; our client then ends with this status.
fn open_echo(client: &mut Process, sent: &[u8], expected: &[u8], status: i32) -> Outcome {
    client.feed(Arc::new(sent.to_vec()), false)?;
    client.wait_stdout("all of the answer", |bytes| (bytes.len() >= expected.len()).then_some(()))?;
    client.close_stdin();
    client.expect_status(status)?;
    same("the answer", &client.stdout(), expected)
}

/// A packet of MQTT 3.1.1.
fn mqtt(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let digit = u8::try_from(left % 128).unwrap_or(0);
        left /= 128;
        packet.push(if left > 0 { digit | 0x80 } else { digit });
        if left == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// Starts `peer` as a server, which requires a client certificate of our authority if `required`.
pub(super) fn start(cx: &Cx<'_>, peer: Beside, what: What, required: bool) -> Outcome<Server> {
    let echo = if peer == Beside::Nginx { plain_echo()? } else { 0 };
    if matches!(answer(peer), Answer::File) {
        written(cx, "file", &lines(what.len(), 1))?;
    }
    cx.server_on_free_port(Peer::Beside(peer), |port| {
        let words = match peer {
            Beside::Nginx => {
                let file = written(cx, "nginx.conf", nginx(cx, port, echo, required).as_bytes())?;
                ["-e", "stderr", "-c", &file].map(String::from).to_vec()
            }
            Beside::Mosquitto => {
                let file = written(cx, "mosquitto.conf", mosquitto(cx, port, required).as_bytes())?;
                ["-c", &file].map(String::from).to_vec()
            }
            _ => words(cx, peer, what, port, required)?,
        };
        cx.start(peer.server_program(), words)
    })
}

/// The command line of a server that is told everything there.
fn words(cx: &Cx<'_>, peer: Beside, what: What, port: u16, required: bool) -> Outcome<Vec<String>> {
    let (cert, key, ca) = (cx.pki.cert(Who::Server, Key::P256), cx.pki.key(Who::Server, Key::P256), cx.pki.ca());
    let port = port.to_string();
    let mut words: Vec<String> = Vec::new();
    let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
    match peer {
        Beside::OpenSsl3 => {
            add(&["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", &cert, "-key", &key, "-tls1_3"]);
            add(&["-chainCAfile", &ca, "-naccept", "1"]);
            add(&[if what == What::KeyUpdateByPeer { "-msg" } else { "-quiet" }]);
            if required {
                add(&["-Verify", "2", "-verify_return_error", "-CAfile", &ca]);
            }
            if what == What::Group("SecP256r1MLKEM768") {
                add(&["-groups", "DEFAULT:SecP256r1MLKEM768"]);
            }
        }
        Beside::GnuTls => {
            add(&["--echo", "-p", &port, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"]);
            add(&["--x509certfile", &cert, "--x509keyfile", &key]);
            let asks = ["--require-client-cert", "--verify-client-cert", "--x509cafile", &ca];
            add(if required { &asks } else { &["--disable-client-cert"] });
        }
        Beside::Nss => {
            let (database, nickname) = (cx.pki.nss(), cx.pki.nickname(Who::Server, Key::P256));
            add(&["-d", &database, "-p", &port, "-n", &nickname, "-V", "tls1.3:tls1.3"]);
            add(&["-I", "mlkem768x25519,x25519,P256,P384"]);
            add(if required { &["-r", "-r"] } else { &[] });
        }
        Beside::Botan => {
            let policy = botan_policy(cx)?;
            add(&["tls_server", &cert, &key, &format!("--port={port}"), &format!("--policy={policy}")]);
        }
        _ => {
            add(&[if what == What::KeyUpdateByPeer { "updating-server" } else { "server" }, &port, &cert, &key]);
            if required {
                add(&[&ca]);
            }
        }
    }
    Ok(words)
}

/// A configuration in which nginx takes TLS off before what listens on `echo`.
fn nginx(cx: &Cx<'_>, port: u16, echo: u16, required: bool) -> String {
    const MODULE: &str = command!("../debian/root/usr/lib/nginx/modules/ngx_stream_module.so");
    let (cert, key, ca) = (cx.pki.cert(Who::Server, Key::P256), cx.pki.key(Who::Server, Key::P256), cx.pki.ca());
    let verify = if required { format!("ssl_verify_client on; ssl_client_certificate {ca};") } else { String::new() };
    let here = cx.scratch("");
    format!(
        "daemon off; master_process off; worker_processes 1; pid {here}nginx.pid; error_log stderr;\n\
         load_module {MODULE}; events {{ worker_connections 64; }}\n\
         stream {{ server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3; {verify}\n\
         ssl_certificate {cert}; ssl_certificate_key {key};\n\
         proxy_half_close on; proxy_pass 127.0.0.1:{echo}; }} }}\n"
    )
}

/// The configuration of a broker.
fn mosquitto(cx: &Cx<'_>, port: u16, required: bool) -> String {
    let (cert, key, ca) = (cx.pki.cert(Who::Server, Key::P256), cx.pki.key(Who::Server, Key::P256), cx.pki.ca());
    let verify = if required { format!("cafile {ca}\nrequire_certificate true\n") } else { String::new() };
    // As root it would become a user who cannot read the key.
    format!(
        "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\ntls_version tlsv1.3\n\
         certfile {cert}\nkeyfile {key}\n{verify}"
    )
}

/// Everything that Botan has for TLS 1.3, and nothing of TLS 1.2.
pub(super) fn botan_policy(cx: &Cx<'_>) -> Outcome<String> {
    const POLICY: &str = "allow_tls12 = false\nallow_tls13 = true\n\
                          key_exchange_groups = x25519/ML-KEM-768 secp256r1/ML-KEM-768 x25519 secp256r1 secp384r1\n";
    written(cx, "policy", POLICY.as_bytes())
}

/// A file of this case.
pub(super) fn written(cx: &Cx<'_>, name: &str, content: &[u8]) -> Outcome<String> {
    let file = cx.scratch(name);
    fs::write(&file, content).map_err(|e| format!("{file}: {e}"))?;
    Ok(file)
}

/// An echo server without TLS, for a proxy to stand before.
fn plain_echo() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    std::thread::spawn(move || -> std::io::Result<()> {
        let mut stream = listener.accept()?.0;
        let mut chunk = [0; 8_192];
        loop {
            let len = stream.read(&mut chunk)?;
            if len == 0 {
                return stream.shutdown(Shutdown::Write);
            }
            stream.write_all(chunk.get(..len).unwrap_or_default())?;
        }
    });
    Ok(port)
}
