//! Bad peers and bad input: the exit status, one clear line, no panic, no hang; a server goes on.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::network::{Cut, through};
use crate::ours::{errors, expect_contains, expect_error};
use crate::peers::{Cx, Force, Peer};
use crate::pki::{Key, Who};
use crate::ports::free_port;
use crate::process::{Outcome, Process};
use crate::runner::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    bad_servers(&mut cases);
    bad_clients(&mut cases);
    bad_input(&mut cases);
    cases
}

/// A server of one connection that says `answer` after the first bytes it reads, then closes.
fn fake_server(answer: &'static [u8]) -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    let port = listener.local_addr().map_err(|e| e.to_string())?.port();
    std::thread::spawn(move || -> std::io::Result<()> {
        let mut stream = listener.accept()?.0;
        let _ = stream.read(&mut [0; 4_096])?;
        stream.write_all(answer)
    });
    Ok(port)
}

fn bad_servers(cases: &mut Vec<Case>) {
    cases.push(Case::new("refused/client/no-listener", &[], |cx| {
        expect_error(&mut cx.our_client(free_port()?, Key::P256, &[])?, 4, &[])
    }));
    let answers: [(&str, &'static [u8]); 4] = [
        ("plain-http", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        ("silence-then-close", b""),
        ("garbage", &[0xff; 200]),
        ("half-a-record", &[22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3]),
    ];
    for (name, answer) in answers {
        cases.push(Case::new(format!("refused/client/{name}"), &[], move |cx| {
            let mut client = cx.our_client(fake_server(answer)?, Key::P256, &[])?;
            expect_error(&mut client, 3, &[])
        }));
    }
    cases.push(Case::new("refused/client/openssl-tls12-only", &[Peer::OpenSsl], |cx| {
        let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default().with(&["-tls1_2"]))?;
        expect_error(&mut cx.our_client(server.port, Key::P256, &[])?, 3, &["alert received: protocol_version"])
    }));
    cases.push(Case::new("refused/client/gnutls-tls12-only", &[Peer::GnuTls], |cx| {
        let force = Force::default().with(&["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2"]);
        let server = cx.http_server(Peer::GnuTls, Key::P256, &force)?;
        expect_error(&mut cx.our_client(server.port, Key::P256, &[])?, 3, &["alert received: "])
    }));
    // In the middle of: ServerHello, EncryptedExtensions and the Certificate flight.
    for stop in [1, 4, 60, 127, 140, 300, 900] {
        cases.push(Case::new(format!("refused/client/cut-after-{stop}"), &[Peer::OpenSsl], move |cx| {
            let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default())?;
            let port = through(server.port, Cut::None, Cut::Stop(stop))?;
            expect_error(&mut cx.our_client(port, Key::P256, &[])?, 3, &[])
        }));
    }
    for (name, who) in [("another-kind", Key::P384), ("same-kind", Key::P256)] {
        cases.push(Case::new(format!("refused/client/pin-of-{name}"), &[Peer::OpenSsl], move |cx| {
            let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default())?;
            let pin = cx.pki.pin(Who::Client, who)?;
            let mut client = cx.our_bare_client(server.port, &["--pin", &pin, "--get", "/"])?;
            expect_error(&mut client, 3, &["alert sent: "])?;
            if client.stdout().is_empty() { Ok(()) } else { Err(client.failure("data of an unverified peer")) }
        }));
    }
    cases.push(Case::new("refused/client/second-pin-fits", &[Peer::OpenSsl], |cx| {
        let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default())?;
        let pins = (cx.pki.pin(Who::Client, Key::P256)?, cx.pki.pin(Who::Server, Key::P256)?);
        cx.our_bare_client(server.port, &["--pin", &pins.0, "--pin", &pins.1, "--get", "/"])?.expect_status(0)
    }));
    cases.push(Case::new("refused/client/insecure-warns", &[Peer::OpenSsl], |cx| {
        let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default())?;
        let mut client = cx.our_bare_client(server.port, &["--insecure", "--get", "/"])?;
        client.expect_status(0)?;
        expect_contains("standard error", &client.stderr_now().to_lowercase(), "warning")
    }));
}

/// After what `disturb` does, the server has said why in one `error:` line (if it is to), and serves the next client.
fn disturbed(cx: &Cx<'_>, says: &str, disturb: impl FnOnce(u16) -> Outcome) -> Outcome {
    let (folder, text) = cx.page()?;
    let server = cx.our_server(Key::P256, &["--www", &folder])?;
    disturb(server.port).map_err(|e| server.process.failure(&e))?;
    server.process.wait_stderr(&format!("an error line with {says:?}"), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        errors(&text).iter().any(|line| line.contains(says)).then_some(())
    })?;
    let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default())?;
    expect_contains("the next client's page", &String::from_utf8_lossy(&page), text)?;
    let stderr = server.process.stderr_now();
    match (errors(&stderr).len(), stderr.contains("panicked")) {
        (1, false) => Ok(()),
        (n, _) => Err(server.process.failure(&format!("{n} `error:` lines, expected one"))),
    }
}

/// Sends `bytes` to `port` and reads to the end.
fn send_raw(port: u16, bytes: &[u8]) -> Outcome {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).map_err(|e| e.to_string())?;
    stream.write_all(bytes).map_err(|e| e.to_string())?;
    stream.shutdown(std::net::Shutdown::Write).map_err(|e| e.to_string())?;
    match stream.read_to_end(&mut Vec::new()) {
        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Err("the server keeps a bad connection open".into()),
        // A reset is an end too: our bytes may have been left unread.
        _ => Ok(()),
    }
}

fn bad_clients(cases: &mut Vec<Case>) {
    let sendings: [(&str, &'static [u8]); 4] = [
        ("plain-http", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("closes-at-once", b""),
        ("garbage", &[0xff; 200]),
        ("half-a-hello", &[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3]),
    ];
    for (name, bytes) in sendings {
        cases.push(Case::new(format!("refused/server/{name}"), &[Peer::OpenSsl], move |cx| {
            disturbed(cx, "", |port| send_raw(port, bytes))
        }));
    }
    let refusals: [(&str, &'static [&'static str], &str, &str); 3] = [
        ("tls12-only", &["-tls1_2"], "alert sent: protocol_version", "alert protocol version"),
        (
            "only-ccm8",
            &["-ciphersuites", "TLS_AES_128_CCM_8_SHA256"],
            "alert sent: handshake_failure",
            "alert handshake failure",
        ),
        ("distrusts-us", &["-CAfile", "{leaf}"], "alert received: unknown_ca", "verify error"),
    ];
    for (name, words, ours, theirs) in refusals {
        cases.push(Case::new(format!("refused/server/openssl-{name}"), &[Peer::OpenSsl], move |cx| {
            disturbed(cx, ours, |port| {
                let words: Vec<_> =
                    words.iter().map(|word| word.replace("{leaf}", &cx.pki.file("second.leaf"))).collect();
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                let mut client = cx.client(Peer::OpenSsl, port, &Force::default().with(&words))?;
                client.expect_status(1)?;
                expect_contains("s_client's error", &client.stderr_now(), theirs)
            })
        }));
    }
    for stop in [3, 100] {
        cases.push(Case::new(format!("refused/server/cut-after-{stop}"), &[Peer::OpenSsl], move |cx| {
            disturbed(cx, "", |port| {
                let mut client =
                    cx.client(Peer::OpenSsl, through(port, Cut::Stop(stop), Cut::None)?, &Force::default())?;
                client.wait().map(drop)
            })
        }));
    }
    cases.push(Case::new("refused/server/silent-one-is-no-hindrance", &[Peer::OpenSsl], |cx| {
        let (folder, text) = cx.page()?;
        let server = cx.our_server(Key::P256, &["--www", &folder])?;
        let silent = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).map_err(|e| e.to_string())?;
        let page = cx.fetch(Peer::OpenSsl, server.port, "/page.txt", &Force::default())?;
        drop(silent);
        expect_contains("the page", &String::from_utf8_lossy(&page), text)
    }));
}

/// A program that must say `part` in its one error line and end with status 2.
fn usage(mut process: Process, part: &str) -> Outcome {
    process.close_stdin();
    expect_error(&mut process, 2, &[part])
}

fn bad_input(cases: &mut Vec<Case>) {
    let lines: [(&str, &'static [&'static str], &str); 14] = [
        ("unknown-option", &["--nonsense"], "nonsense"),
        ("unknown-suite", &["--suite", "TLS_NONE"], "TLS_NONE"),
        ("unknown-group", &["--group", "secp1"], "secp1"),
        ("unknown-sigalg", &["--sigalg", "md5"], "md5"),
        ("bad-pin", &["--pin", "xyz"], "xyz"),
        ("short-pin", &["--pin", "aabb"], "pin"),
        ("missing-cert", &["--cert", "{no}", "--key", "{key}"], "none-such"),
        ("missing-key", &["--cert", "{cert}", "--key", "{no}"], "none-such"),
        ("cert-without-key", &["--cert", "{cert}"], "--key"),
        ("key-is-no-key", &["--cert", "{cert}", "--key", "{cert}"], ""),
        ("cert-is-no-cert", &["--cert", "{text}", "--key", "{key}"], ""),
        ("key-of-another", &["--cert", "{cert}", "--key", "{other}"], ""),
        ("bad-number", &["--rx-buffer", "many"], "many"),
        ("bad-fragment-length", &["--max-fragment-length", "777"], "777"),
    ];
    for (name, words, part) in lines {
        for role in ["client", "server"] {
            let part = part.to_owned();
            cases.push(Case::new(format!("bad-input/{role}/{name}"), &[Peer::OpenSsl], move |cx| {
                let text = cx.scratch("text");
                fs::write(&text, "no PEM\n").map_err(|e| e.to_string())?;
                let words: Vec<_> = words
                    .iter()
                    .map(|word| {
                        word.replace("{no}", &cx.scratch("none-such"))
                            .replace("{cert}", &cx.pki.cert(Who::Client, Key::P256))
                            .replace("{key}", &cx.pki.key(Who::Client, Key::P256))
                            .replace("{other}", &cx.pki.key(Who::Server, Key::P256))
                            .replace("{text}", &text)
                    })
                    .collect();
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                let process = if role == "client" {
                    // Nobody listens there, and nobody is asked.
                    cx.our_client(1, Key::P256, &words)?
                } else {
                    let (cert, key) = (cx.pki.cert(Who::Server, Key::Rsa), cx.pki.key(Who::Server, Key::Rsa));
                    cx.our_server_process(&[&["--cert", &cert, "--key", &key], words.as_slice()].concat())?
                };
                usage(process, &part)
            }));
        }
    }
    cases.push(Case::new("bad-input/server/no-identity", &[], |cx| usage(cx.our_server_process(&[])?, "--cert")));
    cases.push(Case::new("bad-input/client/contradiction", &[], |cx| {
        usage(cx.our_bare_client(1, &["--insecure", "--ca", "x"])?, "--insecure contradicts")
    }));
    cases.push(Case::new("bad-input/client/no-anchors", &[], |cx| {
        usage(cx.our_bare_client(1, &["--ca", "/dev/null"])?, "no certificate in it")
    }));
    cases.push(Case::new("bad-input/client/early-data-is-no-file", &[], |cx| {
        let words = ["--session", &cx.scratch("session"), "--early-data", &cx.scratch("none-such")];
        usage(cx.our_client(1, Key::P256, &words)?, "none-such")
    }));
}
