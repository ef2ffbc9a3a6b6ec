//! A device that fails ends its connections, and nothing else; what was received before is still there.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Host, RECEIVE_LEN, SERVER, TRANSMIT_LEN, net};
use saitls::core::codes::CipherSuite;
use saitls::core::crypto::{Aead, CryptoProvider, Nonce, SoftwareSecret};
use saitls::core::{Error, Result};
use saitls::rustcrypto::{self, RustCrypto};
use saitls::smoltcp::time::Duration;
use saitls::{Buffers, ClientConfig, RecvError, SendError, TlsSocket, TlsSocketSet};

/// A board whose AES engine can break.
struct Board {
    software: RustCrypto<common::Seeded>,
    broken: bool,
}

impl CryptoProvider for Board {
    type Hash = rustcrypto::Hash;
    type Aead = Engine;
    type KeyExchange = rustcrypto::KeyExchange;
    type SignatureVerifier = rustcrypto::SignatureVerifier;
    type Secret = SoftwareSecret;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.software.fill_random(out)
    }
}

struct Engine(rustcrypto::Aead);

impl Aead<Board> for Engine {
    fn supports(suite: CipherSuite) -> bool {
        <rustcrypto::Aead as Aead<Board>>::supports(suite)
    }

    fn from_key(provider: &mut Board, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        Aead::from_key(provider, suite, key).map(Self)
    }

    fn seal(&mut self, provider: &mut Board, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        if provider.broken { Err(Error::CryptoFailed) } else { self.0.seal(provider, nonce, aad, in_out) }
    }

    fn open(&mut self, provider: &mut Board, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        self.0.open(provider, nonce, aad, in_out)
    }
}

#[test]
fn data_received_before_a_failure_is_read_before_the_error() {
    let mut net = net();
    let server = net.server.add();
    net.server.listen(server, 443);
    let tcp = net.client.add_plain(4_096);
    let mut tls = TlsSocketSet::new(vec![]);
    let client = tls.add(TlsSocket::new(tcp, Buffers::new(vec![0; RECEIVE_LEN], vec![0; TRANSMIT_LEN])));
    let mut board = Board { software: common::provider(7), broken: false };
    let trust = saitls::core::crypto::dangerous::AcceptAnyPeer;
    let config = ClientConfig::new(&trust);
    {
        let Host { iface, sockets, .. } = &mut net.client;
        tls.get_mut(client).connect(iface, sockets, &config, None, (SERVER, 443), 50_000).unwrap();
    }
    let mut step = |net: &mut common::Net, tls: &mut TlsSocketSet<'_, Board>, broken: bool| {
        board.broken = broken;
        for _ in 0..20 {
            let Host { iface, device, sockets, .. } = &mut net.client;
            saitls::poll(net.now, iface, device, sockets, tls, &mut board);
            net.server.poll(net.now);
            net.now += Duration::from_millis(10);
        }
    };
    step(&mut net, &mut tls, false);
    net.server.socket(server).send_slice(b"the last words").unwrap();
    step(&mut net, &mut tls, false);
    let socket = tls.get_mut(client);
    assert!(socket.can_recv());
    socket.send_slice(b"never seen").unwrap();
    step(&mut net, &mut tls, true);
    let socket = tls.get_mut(client);
    assert_eq!(socket.error(), Some(Error::CryptoFailed));
    assert_eq!(socket.send_slice(b"more"), Err(SendError::Tls(Error::CryptoFailed)));
    assert!(socket.may_recv());
    let mut buffer = [0; 32];
    assert_eq!(socket.recv_slice(&mut buffer), Ok(14));
    assert_eq!(&buffer[..14], b"the last words");
    assert!(!socket.may_recv());
    assert_eq!(socket.recv_slice(&mut buffer), Err(RecvError::Tls(Error::CryptoFailed)));
    // What could not be encrypted has not left.
    assert!(!net.client.device.tap.windows(10).any(|bytes| bytes == b"never seen"));
    // The peer has learnt that something is wrong, and has no data.
    step(&mut net, &mut tls, true);
    assert_eq!(net.server.socket(server).recv_slice(&mut buffer), Err(RecvError::Tls(Error::Truncated)));
    assert!(!tls.get(client).is_open());
}
