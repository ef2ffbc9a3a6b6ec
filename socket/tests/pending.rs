//! A provider whose operations take their time holds up nobody, and can be left at any moment.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Host, Net, RECEIVE_LEN, SERVER, TRANSMIT_LEN, net};
use core::task::Poll;
use saitls::protocol::codes::NamedGroup;
use saitls::protocol::crypto::{CryptoProvider, KeyExchange, SoftwareSecret};
use saitls::protocol::{Operation, Result, WaitingFor};
use saitls::rustcrypto::{self, RustCrypto};
use saitls::smoltcp::time::Duration;
use saitls::{Buffers, ClientConfig, SocketError, TlsSocket, TlsSocketHandle, TlsSocketSet};

/// How often a slow operation is pending.
const POLLS: u8 = 20;

/// A board with a slow accelerator for key exchange, which may hang, and software for the rest.
struct Board(RustCrypto<common::Seeded>, bool);

impl CryptoProvider for Board {
    type Hash = rustcrypto::Hash;
    type Aead = rustcrypto::Aead;
    type KeyExchange = Slow;
    type SignatureVerifier = rustcrypto::SignatureVerifier;
    type Secret = SoftwareSecret;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.fill_random(out)
    }
}

struct Slow(rustcrypto::KeyExchange, u8);

impl Slow {
    fn is_ready(&mut self, board: &Board) -> bool {
        if board.1 {
            return false;
        }
        self.1 = if self.1 == 0 { POLLS } else { self.1 - 1 };
        self.1 == 0
    }
}

impl KeyExchange<Board> for Slow {
    fn supports(group: NamedGroup) -> bool {
        <rustcrypto::KeyExchange as KeyExchange<Board>>::supports(group)
    }

    fn start(provider: &mut Board, group: NamedGroup) -> Result<Self> {
        Ok(Self(KeyExchange::start(provider, group)?, POLLS))
    }

    fn poll_generate(&mut self, provider: &mut Board, share: &mut [u8]) -> Poll<Result<usize>> {
        if self.is_ready(provider) { self.0.poll_generate(provider, share) } else { Poll::Pending }
    }

    fn poll_decapsulate(&mut self, provider: &mut Board, peer_share: &[u8]) -> Poll<Result<SoftwareSecret>> {
        if self.is_ready(provider) { self.0.poll_decapsulate(provider, peer_share) } else { Poll::Pending }
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut Board,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, SoftwareSecret)>> {
        if self.is_ready(provider) { self.0.poll_encapsulate(provider, peer_share, share) } else { Poll::Pending }
    }
}

/// A client on a board; its server is an ordinary one.
struct Client {
    net: Net,
    tls: TlsSocketSet<'static, Board>,
    board: Board,
    client: TlsSocketHandle,
    server: TlsSocketHandle,
    /// Polls with this operation under way.
    pending: Vec<Operation>,
}

impl Client {
    fn new() -> Self {
        let mut net = net();
        let server = net.server.add();
        net.server.listen(server, 443);
        let tcp = net.client.add_plain(4_096);
        let mut tls = TlsSocketSet::new(vec![]);
        let client = tls.add(TlsSocket::new(tcp, Buffers::new(vec![0; RECEIVE_LEN], vec![0; TRANSMIT_LEN])));
        let mut this = Self { net, tls, board: Board(common::provider(7), false), client, server, pending: vec![] };
        this.connect();
        this
    }

    fn connect(&mut self) {
        let trust = Box::leak(Box::new(saitls::protocol::crypto::dangerous::AcceptAnyPeer));
        let config = Box::leak(Box::new(ClientConfig::new(trust)));
        let Host { iface, sockets, .. } = &mut self.net.client;
        self.tls.get_mut(self.client).connect(iface, sockets, config, None, (SERVER, 443), 50_000).unwrap();
    }

    fn step(&mut self) {
        let now = self.net.now;
        let Host { iface, device, sockets, .. } = &mut self.net.client;
        saitls::poll(now, iface, device, sockets, &mut self.tls, &mut self.board);
        let connection = self.tls.get(self.client).connection();
        if let Some(WaitingFor::Operation(operation)) = connection.map(|connection| connection.waiting_for()) {
            self.pending.push(operation);
            let delay = saitls::poll_delay(now, iface, sockets, &self.tls);
            assert_eq!(delay, Some(Duration::ZERO), "there is work to do");
        }
        self.net.server.poll(now);
        self.net.now += Duration::from_millis(1);
    }
}

#[test]
fn each_poll_does_one_share_of_a_slow_operation() {
    let mut this = Client::new();
    let mut steps = 0;
    while !this.tls.get(this.client).is_connected() {
        this.step();
        steps += 1;
        assert!(steps < 1_000);
    }
    let count = |operation| this.pending.iter().filter(|pending| **pending == operation).count();
    // Two keys are made, X25519MLKEM768 and X25519. A second share of the work is possible where bytes moved, as when
    // the operation begins.
    for (operation, times) in [(Operation::KeyGeneration, 2), (Operation::Decapsulation, 1)] {
        let most = times * usize::from(POLLS);
        assert!((most - 2 * times..=most).contains(&count(operation)), "{:?}", this.pending);
    }
    for _ in 0..10 {
        this.step();
    }
    assert!(this.net.server.socket(this.server).is_connected());
}

#[test]
fn a_pending_handshake_can_be_closed_or_aborted_at_any_moment() {
    for abort in [false, true] {
        for steps in 0..70 {
            let mut this = Client::new();
            for _ in 0..steps {
                this.step();
            }
            let socket = this.tls.get_mut(this.client);
            if abort {
                socket.abort()
            } else {
                socket.close()
            }
            for _ in 0..100 {
                this.step();
                let server = this.net.server.socket(this.server);
                if !server.may_recv() && !server.is_listening() {
                    server.close();
                }
            }
            assert!(!this.tls.get(this.client).is_open(), "after {steps} steps");
            if !this.net.server.socket(this.server).is_listening() {
                assert!(!this.net.server.socket(this.server).is_open(), "after {steps} steps");
                this.net.server.listen(this.server, 443);
            }
            this.connect();
            for _ in 0..200 {
                this.step();
            }
            assert!(this.tls.get(this.client).is_connected());
        }
    }
}

#[test]
fn a_device_that_never_finishes_is_thrown_out_by_the_handshake_timeout() {
    for operation in [Operation::KeyGeneration, Operation::Decapsulation] {
        let mut this = Client::new();
        this.tls.get_mut(this.client).set_handshake_timeout(Some(Duration::from_secs(7)));
        while this.pending.last() != Some(&operation) {
            this.step();
        }
        this.board.1 = true;
        let start = this.net.now;
        while this.tls.get(this.client).error().is_none() {
            this.step();
            assert!(this.net.now - start < Duration::from_secs(8));
        }
        assert_eq!(this.tls.get(this.client).error(), Some(SocketError::TimedOut));
        for _ in 0..100 {
            this.step();
            let server = this.net.server.socket(this.server);
            if !server.may_recv() && !server.is_listening() {
                server.close();
            }
        }
        assert!(!this.tls.get(this.client).is_open());
        // The next one finds a device that works.
        this.board.1 = false;
        if !this.net.server.socket(this.server).is_listening() {
            this.net.server.listen(this.server, 443);
        }
        this.connect();
        for _ in 0..200 {
            this.step();
        }
        assert!(this.tls.get(this.client).is_connected(), "{operation:?}");
    }
}
