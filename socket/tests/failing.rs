//! A device that fails ends its connections, and nothing else; what was received before is still there. Whatever fails,
//! the socket serves for the next try.
#![allow(clippy::unwrap_used)]

mod common;

use common::{
    ByName, Host, Net, Provider, RECEIVE_LEN, SERVER, TRANSMIT_LEN, client_config, client_config_with_wrong_key, net,
    server_config, server_config_without_identity,
};
use saitls::protocol::codes::CipherSuite;
use saitls::protocol::codes::MaxFragmentLength;
use saitls::protocol::crypto::{Aead, CryptoProvider, Nonce, SoftwareSecret};
use saitls::protocol::error::{ByteCount, Misconfiguration};
use saitls::protocol::{CertificateFault, Error, ProviderFault, Result};
use saitls::rustcrypto::{self, RustCrypto};
use saitls::smoltcp::time::Duration;
use saitls::smoltcp::wire::IpAddress;
use saitls::{
    Buffers, ClientConfig, ConnectError, ListenError, RecvError, SendError, ServerConfig, ServerName, SocketError,
    TlsSocket, TlsSocketHandle, TlsSocketSet,
};

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
        if provider.broken {
            Err(ProviderFault::CryptoFailed.into())
        } else {
            self.0.seal(provider, nonce, aad, in_out)
        }
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
    let trust = saitls::protocol::crypto::dangerous::AcceptAnyPeer;
    let config = ClientConfig::new(&trust);
    {
        let Host { iface, sockets, .. } = &mut net.client;
        tls.get_mut(client).connect(iface, sockets, &config, None, (SERVER, 443), 50_000).unwrap();
    }
    let mut step = |net: &mut Net, tls: &mut TlsSocketSet<'_, Board>, broken: bool| {
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
    assert_eq!(socket.error(), Some(SocketError::Tls(Error::Provider(ProviderFault::CryptoFailed))));
    assert_eq!(
        socket.send_slice(b"more"),
        Err(SendError::Failed(SocketError::Tls(Error::Provider(ProviderFault::CryptoFailed))))
    );
    assert!(socket.may_recv());
    let mut buffer = [0; 32];
    assert_eq!(socket.recv_slice(&mut buffer), Ok(14));
    assert_eq!(&buffer[..14], b"the last words");
    assert!(!socket.may_recv());
    assert_eq!(
        socket.recv_slice(&mut buffer),
        Err(RecvError::Failed(SocketError::Tls(Error::Provider(ProviderFault::CryptoFailed))))
    );
    // What could not be encrypted has not left.
    assert!(!net.client.device.tap.windows(10).any(|bytes| bytes == b"never seen"));
    // The peer has learnt that something is wrong, and has no data.
    step(&mut net, &mut tls, true);
    assert_eq!(
        net.server.socket(server).recv_slice(&mut buffer),
        Err(RecvError::Failed(SocketError::Tls(Error::Truncated)))
    );
    assert!(!tls.get(client).is_open());
}

fn connect(
    net: &mut Net,
    c: TlsSocketHandle,
    config: &'static ClientConfig<'static, Provider>,
    name: Option<&'static str>,
    (remote, local): ((IpAddress, u16), u16),
) -> Result<(), ConnectError> {
    let name = name.map(|name| ServerName::try_from(name).unwrap());
    let Host { iface, sockets, tls, .. } = &mut net.client;
    tls.get_mut(c).connect(iface, sockets, config, name, remote, local)
}

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// However an attempt of either side fails, the next one works, again and again.
#[test]
fn after_every_failed_attempt_the_next_one_works() {
    let mut net = net();
    let (c, s) = (net.client.add_with(4_096, 2_048, 2_048), net.server.add());
    let by_name = leaked(ClientConfig::new(&ByName));
    let long_fragments = leaked(ClientConfig::new(&ByName).with_max_fragment_length(MaxFragmentLength::BYTES_4096));
    let suites = leaked([CipherSuite::AES_128_GCM_SHA256; 2]);
    let named_twice = leaked(ClientConfig::new(&ByName).with_cipher_suites(suites));
    let misconfigured = |what| ConnectError::Tls(Error::InvalidConfiguration(what));
    let here = (SERVER, 443);
    let name = Some("server.test");
    let mut local = 50_000;
    for _ in 0..12 {
        for (config, name, to, error) in [
            (by_name, None, (here, 50_000), misconfigured(Misconfiguration::NoServerName)),
            (named_twice, name, (here, 50_000), misconfigured(Misconfiguration::NamedTwice)),
            (
                long_fragments,
                name,
                (here, 50_000),
                ConnectError::Tls(Error::ReceiveBufferTooSmall(ByteCount::new(4_096 + 22))),
            ),
            (client_config(), name, ((SERVER, 0), 50_000), ConnectError::Unaddressable),
            (client_config(), name, ((IpAddress::v4(0, 0, 0, 0), 443), 50_000), ConnectError::Unaddressable),
            (client_config(), name, (here, 0), ConnectError::Unaddressable),
        ] {
            assert_eq!(connect(&mut net, c, config, name, to), Err(error));
            assert!(!net.client.socket(c).is_open() && net.client.socket(c).error().is_none());
        }
        // No way leads there; nobody is there; somebody else is.
        local += 1;
        connect(&mut net, c, client_config(), name, ((IpAddress::v4(192, 0, 2, 1), 443), local)).unwrap();
        net.until("it gives up", |net| !net.client.socket(c).is_open());
        assert_eq!(net.client.socket(c).error(), Some(SocketError::TimedOut));
        local += 1;
        connect(&mut net, c, client_config(), name, (here, local)).unwrap();
        net.until("it is refused", |net| !net.client.socket(c).is_open());
        assert_eq!(net.client.socket(c).error(), Some(SocketError::Refused));
        local += 1;
        listen_after_failures(&mut net, s);
        connect(&mut net, c, client_config_with_wrong_key(), name, (here, local)).unwrap();
        net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
        assert_eq!(
            net.client.socket(c).error(),
            Some(SocketError::Tls(Error::Certificate(CertificateFault::KeyNotPinned)))
        );

        local += 1;
        listen_after_failures(&mut net, s);
        connect(&mut net, c, client_config(), name, (here, local)).unwrap();
        // What an open socket is asked in vain disturbs nothing.
        assert_eq!(connect(&mut net, c, client_config(), name, (here, local)), Err(ConnectError::InvalidState));
        net.until_connected(c, s);
        let listened = net.server.tls.get_mut(s).listen(&mut net.server.sockets, server_config(), 443);
        assert_eq!(listened, Err(ListenError::InvalidState));
        net.client.socket(c).close();
        net.server.socket(s).close();
        net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
        assert_eq!((net.client.socket(c).error(), net.server.socket(s).error()), (None, None));
    }
}

/// Listens, after all that can go wrong with it has.
fn listen_after_failures(net: &mut Net, s: TlsSocketHandle) {
    let mut listen = |config: &'static ServerConfig<'static, Provider>, port: u16| {
        net.server.tls.get_mut(s).listen(&mut net.server.sockets, config, port)
    };
    let no_identity = Err(ListenError::Tls(Error::InvalidConfiguration(Misconfiguration::NoIdentity)));
    assert_eq!(listen(server_config(), 0), Err(ListenError::Unaddressable));
    assert_eq!(listen(server_config_without_identity(), 443), no_identity);
    assert_eq!(listen(server_config(), 443), Ok(()));
    // Also where it listened already.
    assert_eq!(listen(server_config_without_identity(), 443), no_identity);
    assert_eq!(listen(server_config(), 443), Ok(()));
}

/// The error stays the same, and says what to do.
#[test]
fn buffers_that_are_too_small_are_called_so_every_time() {
    let mut net = net();
    let (c, s) = (net.client.add_with(4_096, 100, 2_048), net.server.add_with(4_096, 2_048, 100));
    for local in 50_000..50_012 {
        let connected = connect(&mut net, c, client_config(), Some("server.test"), ((SERVER, 443), local));
        assert!(matches!(connected, Err(ConnectError::Tls(Error::ReceiveBufferTooSmall(_)))), "{connected:?}");
        let listened = net.server.tls.get_mut(s).listen(&mut net.server.sockets, server_config(), 443);
        assert!(matches!(listened, Err(ListenError::Tls(Error::TransmitBufferTooSmall(_)))), "{listened:?}");
    }
}
