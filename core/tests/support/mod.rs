//! What the tests share: identities, a seeded provider, and a pair of connections with a wire between them.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use rand_core::{TryCryptoRng, TryRng};
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::{Buffers, Connection, Error, ServerName};
use saitls_rustcrypto::{RustCrypto, SigningKey};

/// Random numbers that are the same in every run (SplitMix64).
pub struct Seeded(pub u64);

impl TryRng for Seeded {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

pub type Provider = RustCrypto<Seeded>;

pub fn provider(seed: u64) -> Provider {
    RustCrypto(Seeded(seed))
}

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
            key: SigningKey::from_pkcs8_der(include_bytes!(concat!("../data/", $name, ".key.der"))).unwrap(),
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
    pub fn identity(&self) -> Identity<'_, Provider> {
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

/// Moves at most `most` bytes from one transmit buffer to the other's receive buffer, and returns how many.
pub fn carry(from: &mut Connection<'_, Provider>, to: &mut Connection<'_, Provider>, most: usize) -> usize {
    let data = from.transmit_data();
    let room = to.receive_buffer();
    let len = data.len().min(room.len()).min(most);
    room[..len].copy_from_slice(&data[..len]);
    to.received(len);
    from.transmitted(len);
    len
}

/// Two connections, each with its provider, and what went over the wire.
pub struct Pair<'a> {
    pub client: Connection<'a, Provider>,
    pub server: Connection<'a, Provider>,
    pub client_provider: Provider,
    pub server_provider: Provider,
    /// The most bytes carried at once.
    pub chunk: usize,
}

impl<'a> Pair<'a> {
    pub fn new(client: Connection<'a, Provider>, server: Connection<'a, Provider>) -> Self {
        Self { client, server, client_provider: provider(1), server_provider: provider(2), chunk: usize::MAX }
    }

    /// Until nothing moves any more. The first error of either side, with the other one having heard of it.
    pub fn run(&mut self) -> (Result<(), Error>, Result<(), Error>) {
        let (mut client, mut server) = (Ok(()), Ok(()));
        loop {
            let result = self.client.process(&mut self.client_provider);
            client = client.and(result);
            let there = carry(&mut self.client, &mut self.server, self.chunk);
            let result = self.server.process(&mut self.server_provider);
            server = server.and(result);
            let back = carry(&mut self.server, &mut self.client, self.chunk);
            if there + back == 0 {
                let result = self.client.process(&mut self.client_provider);
                if self.client.transmit_data().is_empty() && self.server.transmit_data().is_empty() {
                    return (client.and(result), server);
                }
                if self.client.is_closed()
                    || self.server.is_closed()
                    || self.client.receive_buffer().is_empty()
                    || self.server.receive_buffer().is_empty()
                {
                    return (client.and(result), server);
                }
            }
        }
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
            let (from, to) =
                if from_client { (&mut self.client, &mut self.server) } else { (&mut self.server, &mut self.client) };
            written += from.write(&data[written..]).unwrap();
            let (client, server) = self.run();
            assert_eq!((client, server), (Ok(()), Ok(())));
            let to = if from_client { &mut self.server } else { &mut self.client };
            loop {
                let mut some = [0; 1000];
                let len = to.read(&mut some).unwrap();
                read.extend_from_slice(&some[..len]);
                if len == 0 {
                    break;
                }
            }
            idle = if before == (written, read.len()) { idle + 1 } else { 0 };
            assert!(idle < 3, "no progress: {} of {} written, {} read", written, data.len(), read.len());
        }
        assert!(read == data);
    }
}
