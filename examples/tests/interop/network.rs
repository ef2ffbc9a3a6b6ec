//! What the network does: bytes one at a time, the ClientHello in many records, many connections at once; nginx and
//! curl.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::data::{noise, same};
use crate::ours::{expect_contains, expect_facts, facts, only_facts};
use crate::peers::{Cx, Force, Group, Peer};
use crate::pki::Key;
use crate::process::Outcome;
use crate::runner::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let cuts = [
        ("bytewise", Cut::Segments(1)),
        ("segments-of-7", Cut::Segments(7)),
        ("hello-records-of-1", Cut::Records(1)),
        ("hello-records-of-50", Cut::Records(50)),
    ];
    for (name, cut) in cuts {
        for retry in [false, true] {
            let retried = if retry { "-retried" } else { "" };
            cases.push(Case::new(format!("fragments/server/{name}{retried}"), &[Peer::OpenSsl], move |cx| {
                fragmented_to_server(cx, cut, retry)
            }));
        }
        cases.push(Case::new(format!("fragments/client/{name}"), &[Peer::OpenSsl], move |cx| {
            let server = cx.http_server(Peer::OpenSsl, Key::Rsa, &Force::default())?;
            let mut client = cx.our_client(through(server.port, Cut::None, cut)?, Key::Rsa, &["--get", "/"])?;
            client.expect_status(0)?;
            expect_contains("the page", &String::from_utf8_lossy(&client.stdout()), "TLSv1.3")
        }));
    }
    cases.push(Case::new("many/32-curl-at-once", &[Peer::Curl], curl_at_once).with_limit(180));
    cases.push(Case::new("many/32-held-open", &[Peer::OpenSsl], held_open).with_limit(180));
    for key in Key::MATRIX {
        let run = move |cx: &Cx<'_>| nginx_file(cx, key);
        cases.push(Case::new(format!("nginx/10MB-{}", key.name()), &[Peer::Nginx], run).with_limit(180));
    }
    cases.push(Case::new("curl/status", &[Peer::Curl], |cx| {
        let (folder, _) = cx.page()?;
        let server = cx.our_server(Key::P256, &["--www", &folder])?;
        let page = cx.fetch(Peer::Curl, server.port, "/status", &Force::groups(&[Group::P384]))?;
        let page = String::from_utf8_lossy(&page).into_owned();
        expect_facts(
            facts(&page).first().ok_or("no facts in /status")?,
            &[("version", "TLSv1.3"), ("group", "secp384r1"), ("server-name", "localhost")],
        )
    }));
    for (path, code) in [("/nothing", "404"), ("/../page.txt", "404"), ("/..%2f..%2fetc/passwd", "404")] {
        cases.push(Case::new(format!("curl/{}", path.replace('/', "_")), &[Peer::Curl], move |cx| {
            let (folder, _) = cx.page()?;
            let inner = format!("{folder}/inner");
            fs::create_dir_all(&inner).map_err(|e| e.to_string())?;
            let server = cx.our_server(Key::P256, &["--www", &inner])?;
            let force = Force::default().with(&["--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"]);
            let answer = cx.fetch(Peer::Curl, server.port, path, &force)?;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            if answer == code || answer == "400" || answer == "403" { Ok(()) } else { Err(format!("HTTP {answer}")) }
        }));
    }
    cases
}

/// What a [`through`] proxy does to one direction.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    None,
    /// The first 4,000 bytes in TCP segments of this length, the rest as it comes.
    Segments(usize),
    /// Each plaintext handshake record as many records of this length.
    Records(usize),
    /// Nothing after this many bytes: both directions end.
    Stop(usize),
}

/// A proxy for one connection to `port`: returns its own port.
pub(crate) fn through(port: u16, up: Cut, down: Cut) -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| e.to_string())?;
    let own = listener.local_addr().map_err(|e| e.to_string())?.port();
    std::thread::spawn(move || -> std::io::Result<()> {
        let near = listener.accept()?.0;
        let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (near_again, far_again) = (near.try_clone()?, far.try_clone()?);
        std::thread::spawn(move || pass(near_again, far_again, up));
        pass(far, near, down);
        Ok(())
    });
    Ok(own)
}

fn pass(mut from: TcpStream, mut to: TcpStream, cut: Cut) {
    let result = match cut {
        Cut::None => std::io::copy(&mut from, &mut to).map(drop),
        Cut::Segments(len) => segments(&mut from, &mut to, len),
        Cut::Records(len) => records(&mut from, &mut to, len),
        Cut::Stop(len) => {
            let len = u64::try_from(len).unwrap_or(u64::MAX);
            let _ = std::io::copy(&mut Read::by_ref(&mut from).take(len), &mut to);
            let _ = from.shutdown(Shutdown::Both);
            to.shutdown(Shutdown::Both)
        }
    };
    let _ = result.and_then(|()| to.shutdown(Shutdown::Write));
}

fn segments(from: &mut TcpStream, to: &mut TcpStream, len: usize) -> std::io::Result<()> {
    let mut left = 4_000;
    let mut chunk = vec![0; len];
    while left > 0 {
        let n = from.read(&mut chunk)?;
        if n == 0 {
            return Ok(());
        }
        to.write_all(chunk.get(..n).unwrap_or_default())?;
        // Long enough for most to leave, and be read, alone.
        std::thread::sleep(Duration::from_micros(100));
        left -= n.min(left);
    }
    std::io::copy(from, to).map(drop)
}

fn records(from: &mut TcpStream, to: &mut TcpStream, len: usize) -> std::io::Result<()> {
    const HANDSHAKE: u8 = 22;
    loop {
        let mut header = [0; 5];
        if from.read_exact(&mut header).is_err() {
            return Ok(());
        }
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        from.read_exact(&mut body)?;
        let len = if header[0] == HANDSHAKE { len } else { body.len().max(1) };
        for part in body.chunks(len) {
            let length = u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
            to.write_all(&[&header[..3], &length, part].concat())?;
        }
    }
}

fn fragmented_to_server(cx: &Cx<'_>, cut: Cut, retry: bool) -> Outcome {
    let (folder, text) = cx.page()?;
    let mut server = cx.our_server(Key::P256, &["--group", "secp256r1", "--www", &folder, "--connections", "1"])?;
    let groups: &[Group] = if retry { &[Group::X25519, Group::P256] } else { &[Group::P256] };
    let port = through(server.port, cut, Cut::None)?;
    let page = cx.fetch(Peer::OpenSsl, port, "/page.txt", &Force::groups(groups));
    let page = page.map_err(|e| server.process.failure(&e))?;
    expect_contains("the page", &String::from_utf8_lossy(&page), text)?;
    server.process.expect_status(0)?;
    expect_facts(&only_facts(&server.process)?, &[("retry", if retry { "yes" } else { "no" })])
}

fn curl_at_once(cx: &Cx<'_>) -> Outcome {
    let expected = noise(200_000, 9);
    let folder = cx.scratch("www");
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    fs::write(format!("{folder}/file"), &expected).map_err(|e| e.to_string())?;
    let mut server = cx.our_server(Key::P256, &["--www", &folder, "--connections", "32"])?;
    let url = format!("https://localhost:{}/file", server.port);
    let start = |_| cx.client(Peer::Curl, server.port, &Force::default().with(&[&url]));
    let clients = (0..32).map(start).collect::<Outcome<Vec<_>>>()?;
    for mut client in clients {
        client.expect_status(0).map_err(|e| server.process.failure(&e))?;
        same("the file", &client.stdout(), &expected)?;
    }
    server.process.expect_status(0)?;
    let blocks = facts(&server.process.stderr_now());
    if blocks.len() != 32 {
        return Err(server.process.failure(&format!("{} blocks of facts, expected 32", blocks.len())));
    }
    // Whole blocks, never interleaved.
    blocks
        .iter()
        .try_for_each(|block| expect_facts(block, &[("version", "TLSv1.3"), ("alpn", "-"), ("client-auth", "no")]))
}

fn held_open(cx: &Cx<'_>) -> Outcome {
    let server = cx.our_server(Key::P256, &[])?;
    let start = |_| cx.client(Peer::OpenSsl, server.port, &Force::default().with(&["-quiet"]));
    let mut clients = (0..32).map(start).collect::<Outcome<Vec<_>>>()?;
    for round in 0..2 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.write(format!("round {round} of {number}\n").as_bytes())?;
        }
        for (number, client) in clients.iter().enumerate() {
            let echo = format!("round {round} of {number}\n");
            client.wait_stdout(&echo, |bytes| String::from_utf8_lossy(bytes).contains(&echo).then_some(()))?;
        }
    }
    Ok(())
}

fn nginx_file(cx: &Cx<'_>, key: Key) -> Outcome {
    let expected = Arc::new(noise(10_000_000, 10));
    let folder = cx.scratch("www");
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    fs::write(format!("{folder}/file"), expected.as_slice()).map_err(|e| e.to_string())?;
    let server = cx.server(Peer::Nginx, key, &Force::default())?;
    let mut client = cx.our_client(server.port, key, &["--get", "/file"])?;
    client.expect_status(0).map_err(|e| server.process.failure(&e))?;
    same("the file", &client.stdout(), &expected)
}
