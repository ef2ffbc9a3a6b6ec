//! What the tests share: identities, a seeded provider, and a pair of connections with a wire between them.
#![allow(dead_code, unreachable_pub)]

pub mod appendix_a;
pub mod forger;
pub mod hellos;
mod seeded;

pub use seeded::Seeded;

pub use hellos::{ClientHelloParts, ExtensionsParts, ServerHelloParts, written};

use saitls_core::config::*;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::crypto::{CryptoProvider, KeyLog};
use saitls_core::{Buffers, Connection, Error, ServerName, WaitingFor};
use std::sync::Mutex;

pub use crate::cryptography::{Provider, SigningKey, provider};

/// A self-signed certificate with its key.
pub struct TestIdentity {
    pub certificate: &'static [u8],
    pub chain: [&'static [u8]; 1],
    pub key: SigningKey,
}

macro_rules! identity {
    ($name:literal) => {
        TestIdentity {
            certificate: include_bytes!(concat!("../data/", $name, ".cert.der")),
            chain: [include_bytes!(concat!("../data/", $name, ".cert.der"))],
            key: crate::cryptography::signing_key(
                include_bytes!(concat!("../data/", $name, ".cert.der")),
                include_bytes!(concat!("../data/", $name, ".key.der")),
            ),
        }
    };
}

pub fn p256() -> TestIdentity {
    identity!("p256")
}
pub fn p384() -> TestIdentity {
    identity!("p384")
}
pub fn ed25519() -> TestIdentity {
    identity!("ed25519")
}
pub fn rsa2048() -> TestIdentity {
    identity!("rsa2048")
}
pub fn rsapss2048() -> TestIdentity {
    identity!("rsapss2048")
}

impl TestIdentity {
    pub fn identity<P: CryptoProvider>(&self) -> Identity<'_, P> {
        Identity::new(&self.chain, &self.key)
    }
}

pub static ANY: AcceptAnyPeer = AcceptAnyPeer;

pub fn name(name: &'static str) -> Option<ServerName<'static>> {
    Some(ServerName::try_from(name).unwrap())
}

pub fn buffers(receive: usize, transmit: usize) -> Buffers<'static> {
    Buffers::new(vec![0; receive], vec![0; transmit]).with_peer_buffer(vec![0; 2048])
}

pub fn full_buffers() -> Buffers<'static> {
    buffers(saitls_core::limits::FULL_RECEIVE_BUFFER_LEN, 20_000)
}

pub fn client<'a>(config: &'a ClientConfig<'a, Provider>) -> Connection<'a, Provider> {
    Connection::client(config, name("localhost"), full_buffers()).unwrap()
}

pub fn server<'a>(config: &'a ServerConfig<'a, Provider>) -> Connection<'a, Provider> {
    Connection::server(config, full_buffers()).unwrap()
}

/// Moves at most `most` bytes from one transmit buffer to the other's receive buffer, and returns them.
pub fn carry<P: CryptoProvider>(from: &mut Connection<'_, P>, to: &mut Connection<'_, P>, most: usize) -> Vec<u8> {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len()).min(most);
    room[..len].copy_from_slice(&data[..len]);
    let carried = data[..len].to_vec();
    to.records_filled(len);
    from.records_sent(len);
    carried
}

/// Two connections, each with its provider, and what went over the wire.
pub struct Pair<'a, P: CryptoProvider = Provider> {
    pub client: Connection<'a, P>,
    pub server: Connection<'a, P>,
    pub client_provider: P,
    pub server_provider: P,
    /// The most bytes carried at once.
    pub chunk: usize,
    /// What the client sent.
    pub client_wire: Vec<u8>,
    /// What the server sent.
    pub server_wire: Vec<u8>,
}

impl<'a> Pair<'a> {
    pub fn new(client: Connection<'a, Provider>, server: Connection<'a, Provider>) -> Self {
        Self::with(client, provider(1), server, provider(2))
    }
}

impl<'a, P: CryptoProvider> Pair<'a, P> {
    pub fn with(client: Connection<'a, P>, client_provider: P, server: Connection<'a, P>, server_provider: P) -> Self {
        Self {
            client,
            server,
            client_provider,
            server_provider,
            chunk: usize::MAX,
            client_wire: Vec::new(),
            server_wire: Vec::new(),
        }
    }

    /// Each side once: processes, then sends. Returns how many bytes moved.
    pub fn turn(&mut self) -> (Result<(), Error>, Result<(), Error>, usize) {
        let client = self.client.process(&mut self.client_provider);
        let there = carry(&mut self.client, &mut self.server, self.chunk);
        self.client_wire.extend_from_slice(&there);
        let server = self.server.process(&mut self.server_provider);
        let back = carry(&mut self.server, &mut self.client, self.chunk);
        self.server_wire.extend_from_slice(&back);
        (client, server, there.len() + back.len())
    }

    /// Until nothing moves any more. The first error of either side, with the other one having heard of it.
    pub fn run(&mut self) -> (Result<(), Error>, Result<(), Error>) {
        let (mut client, mut server) = (Ok(()), Ok(()));
        for _ in 0..1_000_000 {
            let (client_result, server_result, moved) = self.turn();
            client = client.and(client_result);
            server = server.and(server_result);
            let works = |connection: &Connection<'_, P>| matches!(connection.waiting_for(), WaitingFor::Operation(_));
            if moved > 0 || works(&self.client) || works(&self.server) {
                continue;
            }
            let result = self.client.process(&mut self.client_provider);
            client = client.and(result);
            let is_stuck = |connection: &mut Connection<'_, P>| connection.records_room().is_empty();
            if (self.client.records().is_empty() && self.server.records().is_empty())
                || is_stuck(&mut self.client)
                || is_stuck(&mut self.server)
            {
                return (client, server);
            }
        }
        panic!("the connections never come to rest");
    }

    pub fn connect(&mut self) {
        let (client, server) = self.run();
        assert_eq!((client, server), (Ok(()), Ok(())));
        assert!(self.client.is_connected(), "client waits for {:?}", self.client.waiting_for());
        assert!(self.server.is_connected(), "server waits for {:?}", self.server.waiting_for());
    }

    /// Sends data from the client to the server (or back) and checks that it arrives whole.
    pub fn exchange(&mut self, data: &[u8], from_client: bool) {
        let (mut written, mut read) = (0, Vec::new());
        let mut idle = 0;
        while read.len() < data.len() {
            let before = (written, read.len());
            let from = if from_client { &mut self.client } else { &mut self.server };
            written += from.write(&data[written..]).unwrap();
            assert_eq!(self.run(), (Ok(()), Ok(())));
            let to = if from_client { &mut self.server } else { &mut self.client };
            read.extend_from_slice(&drain(to));
            idle = if before == (written, read.len()) { idle + 1 } else { 0 };
            assert!(idle < 3, "no progress: {} of {} written, {} read", written, data.len(), read.len());
        }
        assert!(read == data);
    }
}

/// Takes the data that was received.
pub fn drain<P: CryptoProvider>(connection: &mut Connection<'_, P>) -> Vec<u8> {
    let data = connection.data().to_vec();
    connection.data_read(data.len());
    data
}

/// One call of a key log: label, client random, secret.
pub type Logged = (String, [u8; 32], Vec<u8>);

/// All secrets of a connection, as a key log gets them.
#[derive(Default)]
pub struct Secrets(pub Mutex<Vec<Logged>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        self.0.lock().unwrap().push((label.to_owned(), *client_random, secret.to_vec()));
    }
}

impl Secrets {
    pub fn find(&self, label: &str) -> Vec<u8> {
        let secrets = self.0.lock().unwrap();
        secrets.iter().find(|(found, ..)| found == label).unwrap_or_else(|| panic!("no {label}")).2.clone()
    }
}

/// Bytes of which each stretch is different.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251 + at / 65_521) as u8).collect()
}

/// What takes seconds in other runs, or, under Miri, where it would take hours, less of it.
pub const fn fewer<T: Copy>(all: T, under_miri: T) -> T {
    if cfg!(miri) { under_miri } else { all }
}

/// All of them, the first and the last among them; under Miri, where a handshake takes seconds, one from between.
pub fn some<T>(all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    let all: Vec<T> = all.into_iter().collect();
    let (last, step) = (all.len().saturating_sub(1), if cfg!(miri) { (all.len() / 2).max(1) } else { 1 });
    all.into_iter().enumerate().filter(move |(at, _)| at % step == 0 || *at == last).map(|(_, item)| item)
}
