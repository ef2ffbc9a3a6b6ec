//! Code written against `embedded_nal`, over TLS.
#![allow(clippy::unwrap_used)]

mod common;

use common::{
    ByName, Host, Provider, SERVER, cable::CableEnd, client_config, client_config_with_wrong_key, net, server_config,
    server_config_without_identity,
};
use core::cell::Cell;
use core::fmt::Debug;
use core::net::{Ipv4Addr, SocketAddr};
use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack, nb};
use saitls::nal::{NalError, NalSocket, TlsStack};
use saitls::protocol::codes::MaxFragmentLength;
use saitls::protocol::error::{ByteCount, Misconfiguration};
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::Instant;
use saitls::{CertificateFault, ClientConfig, ConnectError, Error, ListenError, ServerName, SocketError};

const REMOTE: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 443);

type Clock<'c> = Box<dyn FnMut() -> Instant + 'c>;
type Stack<'s, 'c> = TlsStack<'s, 'static, 'static, CableEnd, Provider, Clock<'c>>;

fn stack<'s, 'c>(host: &'s mut Host, now: &'c Cell<i64>) -> Stack<'s, 'c> {
    let Host { iface, device, sockets, tls, provider } = host;
    let clock: Clock<'c> = Box::new(|| Instant::from_millis(now.get()));
    TlsStack::new(iface, device, sockets, tls, provider, clock)
        .with_client(client_config(), Some(ServerName::try_from("server.test").unwrap()))
        .with_server(server_config())
}

/// Repeats an operation of one stack; the other one does its part in the meantime.
fn block<T, E: Debug>(
    now: &Cell<i64>,
    other: &mut Stack<'_, '_>,
    mut operation: impl FnMut() -> nb::Result<T, E>,
) -> Result<T, E> {
    for _ in 0..100_000 {
        match operation() {
            Ok(value) => return Ok(value),
            Err(nb::Error::Other(error)) => return Err(error),
            Err(nb::Error::WouldBlock) => {
                other.poll();
                now.set(now.get() + 1);
            }
        }
    }
    panic!("it blocks for ever")
}

fn send_all<S: TcpClientStack>(
    stack: &mut S,
    socket: &mut S::TcpSocket,
    data: &[u8],
    now: &Cell<i64>,
    other: &mut Stack<'_, '_>,
) where
    S::Error: Debug,
{
    let mut sent = 0;
    while sent < data.len() {
        sent += block(now, other, || stack.send(socket, &data[sent..])).unwrap();
    }
}

/// Waits for a client on `server` while `connect` goes on on the other side.
fn meet(
    now: &Cell<i64>,
    client: &mut Stack<'_, '_>,
    server: &mut Stack<'_, '_>,
    listener: &mut NalSocket,
) -> (NalSocket, NalSocket) {
    let mut socket = client.socket().unwrap();
    let (mut connected, mut accepted) = (false, None);
    for _ in 0..10_000 {
        if connected && let Some(accepted) = accepted.take() {
            return (socket, accepted);
        }
        if let Ok((socket, _)) = server.accept(listener) {
            accepted = Some(socket);
        }
        if !connected {
            match client.connect(&mut socket, REMOTE) {
                Ok(()) => connected = true,
                Err(nb::Error::WouldBlock) => {}
                Err(nb::Error::Other(error)) => panic!("{error:?}"),
            }
        }
        now.set(now.get() + 1);
    }
    panic!("they do not meet")
}

#[test]
fn an_echo_written_for_plain_tcp_runs_over_tls() {
    let mut net = net();
    net.client.add_with(512, common::RECEIVE_LEN, 2_048);
    for _ in 0..2 {
        net.server.add_with(512, common::RECEIVE_LEN, 2_048);
    }
    let now = Cell::new(1_000);
    let (mut client, mut server) = (stack(&mut net.client, &now), stack(&mut net.server, &now));

    let mut listener = server.socket().unwrap();
    server.bind(&mut listener, 443).unwrap();
    server.listen(&mut listener).unwrap();
    assert!(matches!(server.accept(&mut listener), Err(nb::Error::WouldBlock)));

    // Twice over the same socket.
    for round in 0..2 {
        let mut socket = client.socket().unwrap();
        assert_eq!(client.connect(&mut socket, REMOTE), Err(nb::Error::WouldBlock), "{round}");
        block(&now, &mut server, || client.connect(&mut socket, REMOTE)).unwrap();
        let (mut connection, remote) = block(&now, &mut client, || server.accept(&mut listener)).unwrap();
        assert_eq!(remote.ip(), Ipv4Addr::new(10, 0, 0, 1));
        assert!(remote.port() >= 49_152);

        let data = common::pattern(20_000 + round);
        let mut buffer = [0; 700];
        assert!(matches!(client.receive(&mut socket, &mut buffer), Err(nb::Error::WouldBlock)));
        for part in data.chunks(1_500) {
            send_all(&mut client, &mut socket, part, &now, &mut server);
            let mut echoed = 0;
            while echoed < part.len() {
                let len = block(&now, &mut client, || server.receive(&mut connection, &mut buffer)).unwrap();
                send_all(&mut server, &mut connection, &buffer[..len], &now, &mut client);
                let len = block(&now, &mut server, || client.receive(&mut socket, &mut buffer)).unwrap();
                assert_eq!(&buffer[..len], &part[echoed..echoed + len]);
                echoed += len;
            }
        }
        client.close(socket).unwrap();
        let end = block(&now, &mut client, || server.receive(&mut connection, &mut buffer)).unwrap_err();
        assert_eq!(end.kind(), TcpErrorKind::PipeClosed);
        server.close(connection).unwrap();
        for _ in 0..10 {
            client.poll();
            server.poll();
        }
    }
    server.close(listener).unwrap();
    let mut socket = client.socket().unwrap();
    let refused = block(&now, &mut server, || client.connect(&mut socket, REMOTE));
    assert_eq!(refused, Err(NalError::Failed(SocketError::Refused)));
}

#[test]
fn clients_wait_while_there_are_no_sockets_and_slow_ones_block_nobody() {
    let mut net = net();
    let silent = net.client.add_plain(500);
    for _ in 0..3 {
        net.client.add();
        net.server.add();
    }
    let now = Cell::new(1_000);
    let mut listener = {
        let mut server = stack(&mut net.server, &now);
        let mut listener = server.socket().unwrap();
        server.bind(&mut listener, 443).unwrap();
        server.listen(&mut listener).unwrap();
        let mut second = server.socket().unwrap();
        assert_eq!(server.bind(&mut second, 443), Err(NalError::PortInUse));
        server.close(second).unwrap();
        listener
    };
    // A stack holds nothing: this is another one over the same set.
    let Host { iface, sockets, .. } = &mut net.client;
    sockets.get_mut::<tcp::Socket<'_>>(silent).connect(iface.context(), (SERVER, 443), 50_000).unwrap();
    let (mut client, mut server) = (stack(&mut net.client, &now), stack(&mut net.server, &now));
    for _ in 0..20 {
        client.poll();
        assert!(matches!(server.accept(&mut listener), Err(nb::Error::WouldBlock)));
        now.set(now.get() + 1);
    }
    let (first, first_there) = meet(&now, &mut client, &mut server, &mut listener);
    let (second, second_there) = meet(&now, &mut client, &mut server, &mut listener);
    // All three sockets of the server are in use now, one by the silent client.
    assert_eq!(server.socket().unwrap_err(), NalError::NoFreeSocket);
    let mut third = client.socket().unwrap();
    let refused = block(&now, &mut server, || client.connect(&mut third, REMOTE));
    assert_eq!(refused, Err(NalError::Failed(SocketError::Refused)));
    // A socket that is given back takes the next client.
    server.close(first_there).unwrap();
    client.close(first).unwrap();
    for _ in 0..20 {
        client.poll();
        server.poll();
        now.set(now.get() + 1);
    }
    let (fourth, fourth_there) = meet(&now, &mut client, &mut server, &mut listener);
    for (stack, socket) in [(&mut client, fourth), (&mut server, fourth_there)] {
        stack.close(socket).unwrap();
    }
    client.close(second).unwrap();
    server.close(second_there).unwrap();
}

#[test]
fn a_server_that_is_not_trusted_is_an_error_of_connect_and_no_client_for_accept() {
    let mut net = net();
    net.client.add();
    net.server.add();
    net.server.add();
    let now = Cell::new(1_000);
    let mut server = stack(&mut net.server, &now);
    let mut client = stack(&mut net.client, &now).with_client(client_config_with_wrong_key(), None);
    let mut listener = server.socket().unwrap();
    assert_eq!(server.listen(&mut listener), Err(NalError::InvalidState));
    server.bind(&mut listener, 443).unwrap();
    server.listen(&mut listener).unwrap();
    let mut socket = client.socket().unwrap();
    let result = block(&now, &mut server, || client.connect(&mut socket, REMOTE));
    assert_eq!(result, Err(NalError::Failed(SocketError::Tls(Error::Certificate(CertificateFault::KeyNotPinned)))));
    for _ in 0..20 {
        assert!(matches!(server.accept(&mut listener), Err(nb::Error::WouldBlock)));
        client.poll();
        now.set(now.get() + 1);
    }
    // Both sockets of the listener wait for clients again.
    drop(server);
    assert_eq!(net.server.tls.iter().filter(|(_, socket)| socket.is_listening()).count(), 2);
    let mut server = stack(&mut net.server, &now);
    // The socket can connect again, and the listener serves the next one.
    let mut client = client.with_client(client_config(), None);
    block(&now, &mut server, || client.connect(&mut socket, REMOTE)).unwrap();
    block(&now, &mut client, || server.accept(&mut listener)).unwrap();
}

#[test]
fn what_is_sent_leaves_at_once() {
    let mut net = net();
    net.client.add();
    net.server.add();
    let now = Cell::new(1_000);
    let (mut client, mut server) = (stack(&mut net.client, &now), stack(&mut net.server, &now));
    let mut listener = server.socket().unwrap();
    server.bind(&mut listener, 443).unwrap();
    server.listen(&mut listener).unwrap();
    let (mut socket, mut accepted) = meet(&now, &mut client, &mut server, &mut listener);
    for _ in 0..5 {
        client.poll();
        server.poll();
        now.set(now.get() + 20);
    }
    assert_eq!(client.send(&mut socket, b"now"), Ok(3));
    // No further call on the client.
    assert_eq!(server.receive(&mut accepted, &mut [0; 8]), Ok(3));
}

/// A peer that does not close, or is not there any more, keeps no socket.
#[test]
fn a_closed_socket_comes_back_to_the_set() {
    let mut net = net();
    net.client.add();
    net.server.add();
    net.server.add();
    let now = Cell::new(1_000);
    let (mut client, mut server) = (stack(&mut net.client, &now), stack(&mut net.server, &now));
    let mut listener = server.socket().unwrap();
    server.bind(&mut listener, 443).unwrap();
    server.listen(&mut listener).unwrap();
    let (socket, mut accepted) = meet(&now, &mut client, &mut server, &mut listener);
    client.close(socket).unwrap();
    for _ in 0..20 {
        client.poll();
        assert_ne!(server.send(&mut accepted, b"are you there?"), Err(nb::Error::Other(NalError::InvalidState)));
        now.set(now.get() + 10);
    }
    // The server has acknowledged FIN and goes on sending.
    let socket = client.socket().unwrap();
    client.close(socket).unwrap();
    drop((client, server));

    // Now there is nobody to acknowledge it.
    for host in [&mut net.client, &mut net.server] {
        host.poll(Instant::from_millis(now.get()));
    }
    let mut client = stack(&mut net.client, &now);
    let mut server = stack(&mut net.server, &now);
    server.close(accepted).unwrap();
    let (socket, _accepted) = meet(&now, &mut client, &mut server, &mut listener);
    drop((client, server));
    net.client.device.faults.unplugged = true;
    let mut client = stack(&mut net.client, &now);
    client.close(socket).unwrap();
    assert_eq!(client.socket().unwrap_err(), NalError::NoFreeSocket);
    // Its close_notify is on its way, for as long as anything may be.
    now.set(now.get() + 59_000);
    assert_eq!(client.socket().unwrap_err(), NalError::NoFreeSocket);
    now.set(now.get() + 2_000);
    client.socket().unwrap();
}

#[test]
fn sockets_that_the_application_uses_itself_are_left_alone() {
    let mut net = net();
    let (own, s) = (net.client.add(), net.server.add());
    net.server.listen(s, 443);
    net.client.connect(own, 443);
    net.until_connected(own, s);
    let now = Cell::new(net.now.total_millis());
    assert_eq!(stack(&mut net.client, &now).socket().unwrap_err(), NalError::NoFreeSocket);
    assert!(net.client.socket(own).may_send());
}

#[test]
fn each_connection_has_a_port_of_its_own() {
    let mut net = net();
    net.client.provider = common::stuck_provider();
    for _ in 0..3 {
        net.client.add();
        net.server.add();
    }
    let now = Cell::new(1_000);
    let (mut client, mut server) = (stack(&mut net.client, &now), stack(&mut net.server, &now));
    let mut listener = server.socket().unwrap();
    server.bind(&mut listener, 443).unwrap();
    server.listen(&mut listener).unwrap();
    let mut ports = Vec::new();
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut socket = client.socket().unwrap();
        let mut accepted = Err(nb::Error::WouldBlock);
        while accepted.is_err() {
            assert!(!matches!(client.connect(&mut socket, REMOTE), Err(nb::Error::Other(_))));
            accepted = server.accept(&mut listener);
            now.set(now.get() + 1);
        }
        let (accepted, remote) = accepted.unwrap();
        ports.push(remote.port());
        open.push((socket, accepted));
    }
    ports.sort_unstable();
    assert!(ports[0] >= 49_152 && ports.windows(2).all(|pair| pair[0] < pair[1]), "{ports:?}");
}

#[test]
fn calls_that_do_not_fit_the_socket_are_refused() {
    let mut net = net();
    net.client.add();
    let now = Cell::new(1_000);
    let mut client = stack(&mut net.client, &now);
    let mut socket = client.socket().unwrap();
    assert_eq!(client.send(&mut socket, b"x"), Err(nb::Error::Other(NalError::InvalidState)));
    assert_eq!(client.receive(&mut socket, &mut [0]), Err(nb::Error::Other(NalError::InvalidState)));
    assert!(matches!(client.accept(&mut socket), Err(nb::Error::Other(NalError::InvalidState))));
    client.close(socket).unwrap();
    let Host { iface, device, sockets, tls, provider } = &mut net.client;
    let mut bare = TlsStack::new(iface, device, sockets, tls, provider, || Instant::ZERO);
    let mut socket = bare.socket().unwrap();
    assert_eq!(bare.connect(&mut socket, REMOTE), Err(nb::Error::Other(NalError::NoConfiguration)));
    bare.bind(&mut socket, 0).unwrap();
    assert_eq!(bare.listen(&mut socket), Err(NalError::NoConfiguration));
}

/// A pool of sockets, and whatever may go wrong with a connection: each next try works, twelve of twelve.
#[test]
fn after_every_failed_attempt_the_pool_is_as_good_as_before() {
    let mut net = net();
    for _ in 0..4 {
        net.client.add_with(4_096, 2_048, 2_048);
        net.server.add_with(4_096, 2_048, 2_048);
    }
    let now = Cell::new(1_000);
    let by_name: &'static _ = Box::leak(Box::new(ClientConfig::new(&ByName)));
    let long_fragments: &'static _ =
        Box::leak(Box::new(ClientConfig::new(&ByName).with_max_fragment_length(MaxFragmentLength::BYTES_4096)));
    let server_name = || ServerName::try_from("server.test").ok();
    let misconfigured = |what| ConnectError::Tls(Error::InvalidConfiguration(what));
    let (any, port_0) = (SocketAddr::from(([0, 0, 0, 0], 443)), SocketAddr::from(([10, 0, 0, 2], 0)));

    let mut server = stack(&mut net.server, &now);
    let mut listener = server.socket().unwrap();
    server.bind(&mut listener, 443).unwrap();
    server = server.with_server(server_config_without_identity());
    let no_identity = ListenError::Tls(Error::InvalidConfiguration(Misconfiguration::NoIdentity));
    for _ in 0..12 {
        assert_eq!(server.listen(&mut listener), Err(NalError::Listen(no_identity)));
    }
    server = server.with_server(server_config());
    server.listen(&mut listener).unwrap();
    for round in 0..12 {
        for (config, name, remote, error) in [
            (by_name, None, REMOTE, misconfigured(Misconfiguration::NoServerName)),
            (
                long_fragments,
                server_name(),
                REMOTE,
                ConnectError::Tls(Error::ReceiveBufferTooSmall(ByteCount::new(4_096 + 22))),
            ),
            (client_config(), server_name(), any, ConnectError::Unaddressable),
            (client_config(), server_name(), port_0, ConnectError::Unaddressable),
        ] {
            let mut client = stack(&mut net.client, &now).with_client(config, name);
            let mut socket = client.socket().unwrap();
            for _ in 0..2 {
                assert_eq!(client.connect(&mut socket, remote), Err(nb::Error::Other(NalError::Connect(error))));
            }
            // Half of them try something better with the socket they have, the others give it back.
            if round % 2 == 0 {
                client.close(socket).unwrap();
                socket = client.socket().unwrap();
            }
            client = client.with_client(client_config(), server_name());
            block(&now, &mut server, || client.connect(&mut socket, REMOTE)).unwrap();
            let (accepted, _) = block(&now, &mut client, || server.accept(&mut listener)).unwrap();
            client.close(socket).unwrap();
            server.close(accepted).unwrap();
            for _ in 0..4 {
                client.poll();
                server.poll();
                now.set(now.get() + 20);
            }
        }
        // Nobody is there; then somebody else than was expected; then nobody who may listen.
        let mut client = stack(&mut net.client, &now);
        let mut socket = client.socket().unwrap();
        let closed = SocketAddr::new(REMOTE.ip(), 444);
        let refused = block(&now, &mut server, || client.connect(&mut socket, closed));
        assert_eq!(refused, Err(NalError::Failed(SocketError::Refused)));
        client = client.with_client(client_config_with_wrong_key(), server_name());
        let refused = block(&now, &mut server, || client.connect(&mut socket, REMOTE));
        assert_eq!(
            refused,
            Err(NalError::Failed(SocketError::Tls(Error::Certificate(CertificateFault::KeyNotPinned))))
        );
        server = server.with_server(server_config_without_identity());
        let listening = block(&now, &mut client, || server.accept(&mut listener).map(|_| ()));
        assert_eq!(listening, Err(NalError::Listen(no_identity)));
        server = server.with_server(server_config());
        assert!(matches!(server.accept(&mut listener), Err(nb::Error::WouldBlock)));
        client.close(socket).unwrap();
    }
}
