//! How `client` and `server` end, seen by peers that end TCP late, or badly; and the order of what they say.
#![allow(clippy::unwrap_used)]

#[path = "support/running.rs"]
mod running;

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use running::Running;
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::{Buffers, Connection};
use saitls_examples::backend::RustCrypto;
use saitls_examples::identity::{LoadedIdentity, identities};

const TRANSPORTS: [&str; 2] = ["smoltcp", "std"];

/// How long `client` waits for a peer that does not close; see its `LINGER`.
const CLIENT_LINGER: Duration = Duration::from_secs(1);

/// The same of `server`.
const SERVER_LINGER: Duration = Duration::from_secs(30);

/// A peer in this process, on a blocking socket.
struct Peer<'a> {
    tcp: TcpStream,
    tls: Connection<'a, RustCrypto>,
    provider: RustCrypto,
    /// What it says in one flight with the end of its handshake.
    greeting: &'static [u8],
    /// The lengths of the records that came after that.
    records: Vec<usize>,
}

impl<'a> Peer<'a> {
    fn new(tcp: TcpStream, tls: Connection<'a, RustCrypto>) -> Self {
        tcp.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { tcp, tls, provider: RustCrypto::os(), greeting: &[], records: Vec::new() }
    }

    /// Computes, and sends what there is.
    fn turn(&mut self) {
        self.tls.process(&mut self.provider).unwrap();
        if self.tls.is_connected() && !self.greeting.is_empty() {
            let greeting = std::mem::take(&mut self.greeting);
            assert_eq!(self.tls.write(greeting).unwrap(), greeting.len());
            self.tls.process(&mut self.provider).unwrap();
        }
        while !self.tls.records().is_empty() {
            let sent = self.tcp.write(self.tls.records()).unwrap();
            self.tls.records_sent(sent);
        }
    }

    /// Goes on until `done`.
    fn until(&mut self, done: impl Fn(&Connection<'a, RustCrypto>) -> bool) {
        self.turn();
        while !done(&self.tls) {
            let received = self.tcp.read(self.tls.records_room()).unwrap();
            assert!(received > 0, "the program closed early");
            if self.tls.is_connected() {
                // The records of these tests come whole.
                let mut bytes = &self.tls.records_room()[..received];
                while let [_, _, _, high, low, rest @ ..] = bytes {
                    let len = usize::from(u16::from_be_bytes([*high, *low]));
                    self.records.push(len);
                    bytes = &rest[len..];
                }
            }
            self.tls.records_filled(received);
            self.turn();
        }
    }

    /// Reads this text, then sends it back.
    fn echo(&mut self, text: &[u8]) {
        self.until(|tls| tls.data().len() >= text.len());
        assert_eq!(self.tls.data(), text);
        self.tls.data_read(text.len());
        assert_eq!(self.tls.write(text).unwrap(), text.len());
        self.turn();
    }

    /// Ends TCP with RST.
    fn reset(self) {
        socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

fn buffers<'a>() -> Buffers<'a> {
    Buffers::new(vec![0; 16_645], vec![0; 4_096])
}

fn identity_file(name: &str) -> String {
    format!("{}/identities/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A `client` that connected to us: what it says goes through its pipes.
fn with_client(transport: &str, serve: impl FnOnce(Running, Peer<'_>)) {
    let loaded = LoadedIdentity::load(identity_file("p256.pem").as_ref(), identity_file("p256.key").as_ref()).unwrap();
    let lent = [loaded.lend()];
    let identities = identities(&lent, false);
    let config = ServerConfig::new(&identities);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let child = Running(
        Command::new(env!("CARGO_BIN_EXE_client"))
            .args([&address, "--insecure", "--transport", transport])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let (tcp, _) = listener.accept().unwrap();
    let mut peer = Peer::new(tcp, Connection::server(&config, buffers()).unwrap());
    peer.until(Connection::is_connected);
    serve(child, peer);
}

/// A `server` that we are connected to, and have greeted.
fn with_server(transport: &str, options: &[&str], greeting: &'static [u8], visit: impl FnOnce(Running, Peer<'_>)) {
    let mut child = Running(
        Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["127.0.0.1:0", "--transport", transport])
            .args(["--cert", &identity_file("p256.pem"), "--key", &identity_file("p256.key")])
            .args(options)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !line.starts_with("listening ") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0);
    }
    child.stderr = Some(stderr.into_inner());
    let address: SocketAddr = line.trim_end().strip_prefix("listening ").unwrap().parse().unwrap();
    let config = ClientConfig::new(&AcceptAnyPeer);
    let mut peer =
        Peer::new(TcpStream::connect(address).unwrap(), Connection::client(&config, None, buffers()).unwrap());
    peer.greeting = greeting;
    peer.until(Connection::is_connected);
    visit(child, peer);
}

/// Waits for a program, and says how it ended and what it said to `stderr`.
fn end_of(mut child: Running) -> (ExitStatus, String) {
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    (child.wait().unwrap(), said)
}

/// The peer keeps TCP open until the program has ended, so it waits for FIN in vain.
#[test]
fn a_client_ends_when_both_sides_have_said_close_notify() {
    for transport in TRANSPORTS {
        // The machine may be busy; a client that lingers is never faster.
        let is_prompt = (0..10).any(|_| {
            let mut took = Duration::MAX;
            with_client(transport, |mut child, mut peer| {
                child.stdin.take().unwrap().write_all(b"hello").unwrap();
                peer.echo(b"hello");
                peer.until(Connection::is_peer_closed);
                peer.tls.close();
                peer.turn();
                let start = Instant::now();
                let mut output = String::new();
                child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
                let (status, said) = end_of(child);
                took = start.elapsed();
                assert_eq!((status.code(), &output[..]), (Some(0), "hello"), "{transport}: {said}");
                // It has passed on its own end before.
                assert_eq!(peer.tcp.read(&mut [0]).unwrap(), 0);
            });
            took < CLIENT_LINGER
        });
        assert!(is_prompt, "{transport}");
    }
}

#[test]
fn a_server_counts_a_connection_whose_sides_have_both_said_close_notify() {
    for transport in TRANSPORTS {
        with_server(transport, &["--connections", "1"], b"hello", |child, mut peer| {
            peer.until(|tls| tls.data() == b"hello");
            peer.tls.data_read(5);
            peer.tls.close();
            peer.until(Connection::is_peer_closed);
            let start = Instant::now();
            let (status, said) = end_of(child);
            assert_eq!(status.code(), Some(0), "{transport}: {said}");
            assert!(start.elapsed() < SERVER_LINGER, "{transport}");
            assert_eq!(peer.tcp.read(&mut [0]).unwrap(), 0);
        });
    }
}

#[test]
fn a_reset_after_the_handshake_is_called_that() {
    for transport in TRANSPORTS {
        with_client(transport, |mut child, mut peer| {
            let mut input = child.stdin.take().unwrap();
            input.write_all(b"hello").unwrap();
            peer.echo(b"hello");
            let mut output = [0; 5];
            let mut stdout = child.stdout.take().unwrap();
            stdout.read_exact(&mut output).unwrap();
            peer.reset();
            let (status, said) = end_of(child);
            assert!(said.ends_with("error: the connection was reset: data may be missing\n"), "{transport}: {said}");
            assert_eq!(status.code(), Some(4), "{transport}: {said}");
        });
        with_server(transport, &["--connections", "1"], b"hello", |child, mut peer| {
            peer.until(|tls| tls.data() == b"hello");
            peer.reset();
            let (status, said) = end_of(child);
            assert!(said.ends_with("error: the connection was reset: data may be missing\n"), "{transport}: {said}");
            assert_eq!(status.code(), Some(0), "it has served one, {transport}: {said}");
        });
    }
}

/// FIN without close_notify, and a reset before the handshake is complete, are something else.
#[test]
fn other_ends_keep_their_names() {
    for transport in TRANSPORTS {
        with_client(transport, |mut child, mut peer| {
            let mut input = child.stdin.take().unwrap();
            input.write_all(b"hello").unwrap();
            peer.echo(b"hello");
            peer.tcp.shutdown(std::net::Shutdown::Write).unwrap();
            let (status, said) = end_of(child);
            assert_eq!(status.code(), Some(1), "{transport}: {said}");
            drop(input);
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let child = Running(
            Command::new(env!("CARGO_BIN_EXE_client"))
                .args([&listener.local_addr().unwrap().to_string(), "--insecure", "--transport", transport])
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let (mut tcp, _) = listener.accept().unwrap();
        // The ClientHello has begun.
        assert_eq!(tcp.read(&mut [0]).map_err(|error| error.kind()), Ok::<_, ErrorKind>(1));
        socket2::SockRef::from(&tcp).set_linger(Some(Duration::ZERO)).unwrap();
        drop(tcp);
        let (status, said) = end_of(child);
        assert_eq!(status.code(), Some(3), "{transport}: {said}");
        assert!(said.ends_with("error: the connection was reset during the handshake\n"), "{transport}: {said}");
    }
}

/// What the application says after `update_keys` follows the KeyUpdate, also if it has something to say at once.
#[test]
fn a_server_updates_its_keys_before_it_answers() {
    const KEY_UPDATE_LEN: usize = 5 + 1 + 16;
    for transport in TRANSPORTS {
        with_server(transport, &["--key-update", "--connections", "1"], b"a greeting", |child, mut peer| {
            peer.until(|tls| tls.data() == b"a greeting");
            assert_eq!(peer.records, [KEY_UPDATE_LEN, b"a greeting".len() + 1 + 16], "{transport}");
            peer.tls.data_read(10);
            peer.tls.close();
            peer.until(Connection::is_peer_closed);
            let (status, said) = end_of(child);
            assert_eq!(status.code(), Some(0), "{transport}: {said}");
        });
    }
}
