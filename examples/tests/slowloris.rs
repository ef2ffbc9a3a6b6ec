//! Peers that take a place and do nothing with it: a thousand of them do not keep the server from serving others.
#![allow(clippy::unwrap_used)]

#[path = "support/running.rs"]
mod running;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use running::Running;
use saitls::rustcrypto::RustCrypto;
use saitls_core::config::ClientConfig;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::{Buffers, Connection};

const HALF_OPEN: usize = 1_000;

fn start(transport: &str) -> (Running, SocketAddr) {
    let identities = concat!(env!("CARGO_MANIFEST_DIR"), "/identities");
    let mut child = Running(
        Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["127.0.0.1:0", "--transport", transport])
            .args(["--cert", &format!("{identities}/p256.pem"), "--key", &format!("{identities}/p256.key")])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let listening = lines.find_map(|line| line.strip_prefix("listening ")?.parse().ok()).unwrap();
    // It has more to say, and must not wait for us to hear it.
    std::thread::spawn(move || lines.for_each(drop));
    (child, listening)
}

fn client_hello() -> Vec<u8> {
    let config = ClientConfig::new(&AcceptAnyPeer);
    let buffers = Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = Connection::client(&config, None, buffers).unwrap();
    client.process(&mut RustCrypto::os()).unwrap();
    client.records().to_vec()
}

/// Sends a line and reads it back.
fn is_served(address: SocketAddr) -> bool {
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"))
        .args([&address.to_string(), "--insecure", "--transport", "std"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(b"is anybody there?").unwrap();
    let mut answer = String::new();
    client.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    client.wait().unwrap().success() && answer == "is anybody there?"
}

/// Some say nothing, some half a ClientHello, some a whole one and no more.
fn besiege(address: SocketAddr) -> Vec<TcpStream> {
    let hello = client_hello();
    let says = [&[][..], &hello[..hello.len() / 2], &hello];
    let peers = (0..HALF_OPEN).map(|peer| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(says[peer % says.len()]).unwrap();
        stream
    });
    peers.collect()
}

fn honest_client_is_served(transport: &str) {
    let (_server, address) = start(transport);
    assert!(is_served(address), "{transport}: nobody else is there");
    let begin = Instant::now();
    let peers = besiege(address);
    let mut tries = 0;
    while !is_served(address) {
        tries += 1;
        // On a machine that is busy it may be too slow itself, and lose its place as they do.
        assert!(tries < 50, "{transport}: never, behind {HALF_OPEN} half-open handshakes");
    }
    let took = begin.elapsed().as_millis();
    println!(
        "{transport}: served after {took} ms and {tries} attempts in vain, behind {HALF_OPEN} half-open handshakes"
    );
    drop(peers);
}

/// One after the other: each takes a thousand file descriptors, which is what many systems allow a process.
#[test]
fn half_open_handshakes_starve_nobody() {
    honest_client_is_served("std");
    honest_client_is_served("smoltcp");
}
