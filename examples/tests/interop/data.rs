//! Application data: 20 MB each way, KeyUpdate from either side, small buffers and records, padding, half-close.

use std::fs;
use std::sync::Arc;

use crate::ours::{expect_contains, expect_error, only_facts};
use crate::peers::{Cx, Force, Peer};
use crate::pki::Key;
use crate::process::{Outcome, Process};
use crate::runner::Case;

const BULK: usize = 20_000_000;

/// Bytes that repeat nowhere soon (xorshift64), the same in every run.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub(crate) fn same(what: &str, got: &[u8], expected: &[u8]) -> Outcome {
    if got == expected {
        return Ok(());
    }
    let at = got.iter().zip(expected).position(|(a, b)| a != b).unwrap_or_else(|| got.len().min(expected.len()));
    Err(format!("{what}: {} bytes, expected {}; the first difference is at {at}", got.len(), expected.len()))
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("bulk/client/openssl-both-ways", &[Peer::OpenSsl], bulk_client).with_limit(240),
        Case::new("bulk/server/openssl-echo", &[Peer::OpenSsl], |cx| {
            let server = cx.our_server(Key::P256, &[])?;
            echoed(cx, Peer::OpenSsl, server.port, BULK, &Force::default())
        })
        .with_limit(240),
        Case::new("bulk/client/gnutls-download", &[Peer::GnuTls], |cx| {
            let expected = noise(BULK, 3);
            let file = cx.scratch("file");
            fs::write(&file, &expected).map_err(|e| e.to_string())?;
            let server = cx.http_server(Peer::GnuTls, Key::P256, &Force::default().with(&["--httpdata", &file]))?;
            let mut client = cx.our_client(server.port, Key::P256, &["--get", "/"])?;
            client.expect_status(0)?;
            same("the page", &client.stdout(), &expected)
        })
        .with_limit(240),
        Case::new("bulk/server/curl-download", &[Peer::Curl], |cx| {
            let expected = noise(BULK, 4);
            let folder = cx.scratch("www");
            fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
            fs::write(format!("{folder}/file"), &expected).map_err(|e| e.to_string())?;
            let server = cx.our_server(Key::P256, &["--www", &folder])?;
            same("the file", &cx.fetch(Peer::Curl, server.port, "/file", &Force::default())?, &expected)
        })
        .with_limit(240),
    ];
    for record in [512, 1_500] {
        cases.push(Case::new(format!("records/client/openssl-sends-{record}"), &[Peer::OpenSsl], move |cx| {
            let record = record.to_string();
            let force = Force::default().with(&["-max_send_frag", &record, "-record_padding", "100"]);
            both_ways(cx, &force, 300_000, &[])
        }));
        cases.push(Case::new(format!("records/server/openssl-sends-{record}"), &[Peer::OpenSsl], move |cx| {
            let record = record.to_string();
            let server = cx.our_server(Key::P256, &[])?;
            let force = Force::default().with(&["-max_send_frag", &record, "-record_padding", "100"]);
            echoed(cx, Peer::OpenSsl, server.port, 300_000, &force)
        }));
    }
    key_updates(&mut cases);
    small_buffers(&mut cases);
    closing(&mut cases);
    cases
}

fn bulk_client(cx: &Cx<'_>) -> Outcome {
    both_ways(cx, &Force::default(), BULK, &[])
}

/// Our client and `openssl s_server -quiet`, each sending `len` bytes of its own at once.
fn both_ways(cx: &Cx<'_>, force: &Force, len: usize, options: &[&str]) -> Outcome {
    let (up, down) = (Arc::new(noise(len, 1)), Arc::new(noise(len, 2)));
    let force = force.clone().with(&["-quiet", "-naccept", "1"]);
    let mut server = cx.server(Peer::OpenSsl, Key::P256, &force)?;
    server.process.feed(Arc::clone(&down), false)?;
    let mut client = cx.our_client(server.port, Key::P256, options)?;
    client.feed(Arc::clone(&up), false)?;
    let all = |bytes: &[u8]| (bytes.len() >= len).then_some(());
    client.wait_stdout("all that the server sent", all)?;
    server.process.wait_stdout("all that the client sent", all).map_err(|e| client.failure(&e))?;
    client.close_stdin();
    client.expect_status(0)?;
    same("what our client received", &client.stdout(), &down)?;
    same("what our client sent", &server.process.stdout(), &up)
}

/// `peer` sends `len` bytes to our echo server and compares what comes back.
fn echoed(cx: &Cx<'_>, peer: Peer, port: u16, len: usize, force: &Force) -> Outcome {
    let sent = Arc::new(noise(len, 5));
    let mut client = cx.client(peer, port, &force.clone().with(&["-quiet"]))?;
    client.feed(Arc::clone(&sent), false)?;
    client.wait_stdout("all of the echo", |bytes| (bytes.len() >= len).then_some(()))?;
    same("the echo", &client.stdout_so_far(), &sent)
}

fn says(process: &Process, text: &str) -> Outcome {
    process.wait_stdout(text, |bytes| String::from_utf8_lossy(bytes).contains(text).then_some(()))
}

/// `-msg` prints received messages after `<<<` and sent ones after `>>>`.
pub(crate) fn count(text: &str, arrow: &str, message: &str) -> usize {
    text.lines().filter(|line| line.starts_with(arrow) && line.ends_with(message)).count()
}

fn key_updates(cases: &mut Vec<Case>) {
    for (name, key, answers) in [("plain", "k\n", 0), ("requesting", "K\n", 1)] {
        cases.push(Case::new(format!("key-update/client/openssl-sends-{name}"), &[Peer::OpenSsl], move |cx| {
            let mut server = cx.server(Peer::OpenSsl, Key::P256, &Force::default().with(&["-msg", "-naccept", "1"]))?;
            let mut client = cx.our_client(server.port, Key::P256, &[])?;
            for round in 0..3 {
                let (up, down) = (format!("up {round}\n"), format!("down {round}\n"));
                client.write(up.as_bytes())?;
                says(&server.process, &up)?;
                server.process.write(key.as_bytes())?;
                server.process.wait_stdout("the KeyUpdate", |bytes| {
                    (count(&String::from_utf8_lossy(bytes), ">>>", "KeyUpdate") > round).then_some(())
                })?;
                server.process.write(down.as_bytes())?;
                says(&client, &down)?;
            }
            client.write(b"last\n")?;
            says(&server.process, "last\n")?;
            client.close_stdin();
            client.expect_status(0)?;
            let seen = count(&server.process.stdout_now(), "<<<", "KeyUpdate");
            if seen == answers * 3 { Ok(()) } else { Err(server.process.failure(&format!("{seen} answers"))) }
        }));
        cases.push(Case::new(format!("key-update/server/openssl-sends-{name}"), &[Peer::OpenSsl], move |cx| {
            let server = cx.our_server(Key::P256, &[])?;
            let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default().with(&["-msg"]))?;
            for round in 0..3 {
                client.write(key.as_bytes())?;
                client.wait_stdout("the KeyUpdate", |bytes| {
                    (count(&String::from_utf8_lossy(bytes), ">>>", "KeyUpdate") > round).then_some(())
                })?;
                let text = format!("around {round}\n");
                client.write(text.as_bytes())?;
                says(&client, &text)?;
            }
            let seen = count(&client.stdout_now(), "<<<", "KeyUpdate");
            if seen == answers * 3 { Ok(()) } else { Err(client.failure(&format!("{seen} answers"))) }
        }));
    }
    cases.push(Case::new("key-update/client/ours", &[Peer::OpenSsl], |cx| {
        let mut server = cx.server(Peer::OpenSsl, Key::P256, &Force::default().with(&["-msg", "-naccept", "1"]))?;
        let mut client = cx.our_client(server.port, Key::P256, &["--key-update"])?;
        client.write(b"up\n")?;
        says(&server.process, "up\n")?;
        server.process.write(b"down\n")?;
        says(&client, "down\n")?;
        client.close_stdin();
        client.expect_status(0)?;
        let seen = server.process.stdout_now();
        let counts = (count(&seen, "<<<", "KeyUpdate"), count(&seen, ">>>", "KeyUpdate"));
        if counts == (1, 1) { Ok(()) } else { Err(server.process.failure(&format!("KeyUpdates: {counts:?}"))) }
    }));
    cases.push(Case::new("key-update/server/ours", &[Peer::OpenSsl], |cx| {
        let server = cx.our_server(Key::P256, &["--key-update"])?;
        let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default().with(&["-msg"]))?;
        client.write(b"around\n")?;
        says(&client, "around\n")?;
        client.write(b"again\n")?;
        says(&client, "again\n")?;
        let seen = client.stdout_now();
        let counts = (count(&seen, "<<<", "KeyUpdate"), count(&seen, ">>>", "KeyUpdate"));
        if counts == (1, 1) { Ok(()) } else { Err(client.failure(&format!("KeyUpdates: {counts:?}"))) }
    }));
    cases.push(Case::new("key-update/server/gnutls-rekey", &[Peer::GnuTls], |cx| {
        let server = cx.our_server(Key::P256, &[])?;
        let mut client = cx.client(Peer::GnuTls, server.port, &Force::default().with(&["--inline-commands"]))?;
        for (command, text) in [("^rekey^\n", "one\n"), ("^rekey1^\n", "two\n")] {
            client.write(command.as_bytes())?;
            client.wait_stdout("word of the rekeying", |bytes| {
                let told = String::from_utf8_lossy(bytes).matches("Rekey was completed").count();
                (told > usize::from(text == "two\n")).then_some(())
            })?;
            client.write(text.as_bytes())?;
            says(&client, text)?;
        }
        client.close_stdin();
        client.expect_status(0)
    }));
    cases.push(Case::new("key-update/client/bulk-after", &[Peer::OpenSsl], |cx| {
        both_ways(cx, &Force::default(), 1_000_000, &["--key-update"])
    }));
}

fn small_buffers(cases: &mut Vec<Case>) {
    const SMALL: [&str; 4] = ["--rx-buffer", "2048", "--tx-buffer", "2048"];
    const LEN: usize = 200_000;
    for len in ["512", "1024"] {
        cases.push(Case::new(format!("buffers/client/openssl-max-fragment-{len}"), &[Peer::OpenSsl], move |cx| {
            both_ways(cx, &Force::default(), LEN, &[&SMALL[..], &["--max-fragment-length", len]].concat())
        }));
        cases.push(Case::new(format!("buffers/server/openssl-max-fragment-{len}"), &[Peer::OpenSsl], move |cx| {
            let server = cx.our_server(Key::P256, &SMALL)?;
            echoed(cx, Peer::OpenSsl, server.port, LEN, &Force::default().with(&["-maxfraglen", len]))
        }));
    }
    for peer in [Peer::GnuTls, Peer::OpenSsl] {
        let run = move |cx: &Cx<'_>| {
            let expected = noise(LEN, 6);
            if peer == Peer::OpenSsl {
                return both_ways(cx, &Force::default(), LEN, &SMALL);
            }
            let file = cx.scratch("file");
            fs::write(&file, &expected).map_err(|e| e.to_string())?;
            let server = cx.http_server(peer, Key::P256, &Force::default().with(&["--httpdata", &file]))?;
            let mut client = cx.our_client(server.port, Key::P256, &[&SMALL[..], &["--get", "/"]].concat())?;
            client.expect_status(0).map_err(|e| server.process.failure(&e))?;
            same("the page", &client.stdout(), &expected)
        };
        let name = format!("buffers/client/{}-asked-for-short-records", peer.name());
        cases.push(Case::new(name, &[peer], run));
    }
    cases.push(Case::new("buffers/server/gnutls-record-size-limit", &[Peer::GnuTls], |cx| {
        let server = cx.our_server(Key::P256, &SMALL)?;
        // gnutls-cli loses what does not fit into one record (with gnutls-serv too), so it gets a kilobyte at a time.
        let sent: String = (0..1_000).map(|line| format!("line {line:>34}\n")).collect();
        let mut client = cx.client(Peer::GnuTls, server.port, &Force::default())?;
        for chunk in sent.as_bytes().chunks(1_000) {
            client.write(chunk)?;
            says(&client, String::from_utf8_lossy(chunk).trim_end())?;
        }
        let got = client.stdout_now();
        let echo = got.get(got.find("line ").ok_or("no echo")?..).unwrap_or_default();
        same("the echo", echo.as_bytes(), sent.as_bytes())
    }));
    for tx in ["512", "600"] {
        cases.push(Case::new(format!("buffers/client/tx-{tx}"), &[Peer::OpenSsl], move |cx| {
            both_ways(cx, &Force::default(), LEN, &["--tx-buffer", tx])
        }));
    }
}

fn closing(cases: &mut Vec<Case>) {
    cases.push(Case::new("close/client/half-close", &[Peer::OpenSsl], |cx| {
        // Our echo server still answers after the client's close_notify; the client prints it all, then ends with 0.
        let mut server = cx.our_server(Key::P256, &["--connections", "1"])?;
        let mut client = cx.our_client(server.port, Key::P256, &[])?;
        let sent = Arc::new(noise(500_000, 8));
        client.feed(Arc::clone(&sent), true)?;
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
        same("the echo", &client.stdout(), &sent)?;
        server.process.expect_status(0)
    }));
    cases.push(Case::new("close/client/truncated", &[Peer::OpenSsl], |cx| {
        let mut server = cx.server(Peer::OpenSsl, Key::P256, &Force::default().with(&["-naccept", "1"]))?;
        let mut client = cx.our_client(server.port, Key::P256, &[])?;
        server.process.write(b"some\n")?;
        says(&client, "some\n")?;
        server.process.kill();
        expect_error(&mut client, 1, &[])
    }));
    cases.push(Case::new("close/server/openssl-cut", &[Peer::OpenSsl], |cx| {
        let server = cx.our_server(Key::P256, &[])?;
        let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default())?;
        client.write(b"some\n")?;
        says(&client, "some\n")?;
        client.kill();
        server.process.wait_stderr("word of the truncation", |bytes| {
            String::from_utf8_lossy(bytes).contains("error: ").then_some(())
        })?;
        echoed(cx, Peer::OpenSsl, server.port, 1_000, &Force::default())
    }));
    cases.push(Case::new("close/server/connections-counted", &[Peer::OpenSsl], |cx| {
        let mut server = cx.our_server(Key::P256, &["--connections", "3"])?;
        for _ in 0..3 {
            let mut client = cx.client(Peer::OpenSsl, server.port, &Force::default())?;
            client.write(b"a line\n")?;
            says(&client, "a line\n")?;
            client.write(b"Q\n")?;
            client.expect_status(0)?;
        }
        server.process.expect_status(0)
    }));
    cases.push(Case::new("close/server/sigterm", &[Peer::OpenSsl], |cx| {
        let mut server = cx.our_server(Key::P256, &[])?;
        echoed(cx, Peer::OpenSsl, server.port, 1_000, &Force::default())?;
        server.process.terminate()?;
        server.process.expect_status(0)?;
        only_facts(&server.process).map(drop)
    }));
    cases.push(Case::new("close/client/tickets-ignored", &[Peer::OpenSsl], |cx| {
        let server = cx.http_server(Peer::OpenSsl, Key::P256, &Force::default().with(&["-num_tickets", "20"]))?;
        let mut client = cx.our_client(server.port, Key::P256, &["--get", "/"])?;
        client.expect_status(0)?;
        expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), "TLSv1.3")
    }));
    cases.push(Case::new("close/client/no-compatibility-mode", &[Peer::OpenSsl], |cx| {
        both_ways(cx, &Force::default().with(&["-no_middlebox"]), 1_000, &[])
    }));
    cases.push(Case::new("close/server/no-compatibility-mode", &[Peer::OpenSsl], |cx| {
        let server = cx.our_server(Key::P256, &[])?;
        echoed(cx, Peer::OpenSsl, server.port, 1_000, &Force::default().with(&["-no_middlebox"]))
    }));
}
