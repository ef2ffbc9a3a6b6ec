//! Many sockets on one interface, and one socket many times (Regressions 34 and 39 of docs/SECURITY.md).
#![allow(clippy::unwrap_used)]

mod common;

use common::{CLIENT, Host, Net, SERVER, net, pattern};
use saitls::smoltcp::iface::SocketHandle;
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::Duration;
use saitls::{Error, RecvError, SocketError, TlsSocketHandle};

fn connect_plain(host: &mut Host, handle: SocketHandle, port: u16, local: u16) {
    host.sockets.get_mut::<tcp::Socket<'_>>(handle).connect(host.iface.context(), (SERVER, port), local).unwrap();
}

/// Echoes on the server, once.
fn echo(net: &mut Net, c: TlsSocketHandle, s: TlsSocketHandle, data: &[u8]) {
    let (mut sent, mut received) = (0, Vec::new());
    net.until("the echo is back", |net| {
        sent += net.client.socket(c).send_slice(&data[sent..]).unwrap();
        let server = net.server.socket(s);
        let bytes = server.peek(usize::MAX).unwrap().to_vec();
        let len = server.send_slice(&bytes).unwrap();
        server.recv(|_| (len, ())).unwrap();
        received.extend(net.client.socket(c).recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap());
        received.len() >= data.len()
    });
    assert!(received == data);
}

#[test]
fn two_tls_sockets_and_a_plain_one_work_at_once() {
    let mut net = net();
    let clients = [net.client.add(), net.client.add()];
    let servers = [net.server.add(), net.server.add()];
    let (plain_client, plain_server) = (net.client.add_plain(600), net.server.add_plain(600));
    net.server.listen(servers[0], 443);
    net.server.listen(servers[1], 444);
    net.server.plain(plain_server).listen(80).unwrap();
    net.client.connect(clients[0], 443);
    net.client.connect(clients[1], 444);
    connect_plain(&mut net.client, plain_client, 80, 50_000);

    let data = [pattern(30_000), pattern(40_000), pattern(50_000)];
    let mut sent = [0; 3];
    let mut received = [const { Vec::new() }; 3];
    net.until("all three have all", |net| {
        for i in 0..2 {
            if net.client.socket(clients[i]).may_send() {
                sent[i] += net.client.socket(clients[i]).send_slice(&data[i][sent[i]..]).unwrap();
            }
            if net.server.socket(servers[i]).may_recv() {
                let bytes = net.server.socket(servers[i]).recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap();
                received[i].extend(bytes);
            }
        }
        if net.client.plain(plain_client).may_send() {
            sent[2] += net.client.plain(plain_client).send_slice(&data[2][sent[2]..]).unwrap();
        }
        if net.server.plain(plain_server).can_recv() {
            let bytes = net.server.plain(plain_server).recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap();
            received[2].extend(bytes);
        }
        (0..3).all(|i| received[i].len() >= data[i].len())
    });
    assert!(received == data);
}

#[test]
fn a_socket_is_used_again_and_shows_nothing_of_the_connection_before() {
    let mut net = net();
    let (c, s) = (net.client.add(), net.server.add());
    for round in 0..5u8 {
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        // Neither data nor facts nor errors of the last round.
        for socket in [net.client.socket(c), net.server.socket(s)] {
            assert!(!socket.is_connected() && !socket.can_recv() && !socket.can_send());
            assert_eq!(socket.error(), None);
            assert_eq!(socket.recv_slice(&mut [0]), Err(RecvError::InvalidState));
        }
        net.until_connected(c, s);
        assert_eq!(net.server.socket(s).recv_slice(&mut [0; 100]), Ok(0));
        let secret = [round; 100];
        net.client.socket(c).send_slice(&secret).unwrap();
        net.until("it is there", |net| net.server.socket(s).can_recv());
        assert_eq!(net.server.socket(s).peek(100), Ok(&secret[..]));
        // Closed in a different way each time; the data is never read.
        match round {
            0 => net.client.socket(c).close(),
            1 => net.server.socket(s).close(),
            2 => net.client.socket(c).abort(),
            3 => net.server.socket(s).abort(),
            _ => net.client.tcp(c).abort(),
        }
        net.settle(Duration::from_millis(100));
        net.client.socket(c).close();
        net.server.socket(s).close();
        net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
    }
}

#[test]
fn a_client_socket_can_be_a_server_socket_next() {
    let (mut net, c, s) = Net::connected();
    net.client.socket(c).close();
    net.server.socket(s).close();
    net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
    net.client.listen(c, 443);
    net.server.connect_to((CLIENT, 443), s);
    net.until_connected(c, s);
    echo(&mut net, c, s, &pattern(10_000));
}

#[test]
fn two_sockets_listen_on_one_port() {
    let mut net = net();
    let servers = [net.server.add(), net.server.add()];
    for s in servers {
        net.server.listen(s, 443);
    }
    let clients = [net.client.add(), net.client.add(), net.client.add()];
    for c in clients {
        net.client.connect(c, 443);
    }
    net.until("two are served", |net| servers.iter().all(|s| net.server.socket(*s).may_send()));
    net.until("the third is refused", |net| {
        clients.iter().any(|c| net.client.socket(*c).error() == Some(SocketError::Refused))
    });
    net.until("two are connected", |net| clients.iter().filter(|c| net.client.socket(**c).may_send()).count() == 2);
}

#[test]
fn garbage_in_one_socket_does_not_stop_the_others() {
    let mut net = net();
    let good = (net.client.add(), net.server.add());
    let (bad_client, bad_server) = (net.client.add_plain(1_024), net.server.add());
    // The bad one comes first in the set as well as last.
    let (worse_client, worse_server) = (net.client.add_plain(1_024), net.server.add());
    net.server.listen(bad_server, 1);
    net.server.listen(good.1, 2);
    net.server.listen(worse_server, 3);
    net.client.connect(good.0, 2);
    connect_plain(&mut net.client, bad_client, 1, 50_001);
    connect_plain(&mut net.client, worse_client, 3, 50_003);
    net.until_connected(good.0, good.1);
    net.client.plain(bad_client).send_slice(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    net.client.plain(worse_client).send_slice(&[0xff; 1_000]).unwrap();
    net.until("both have failed", |net| {
        net.server.socket(bad_server).error().is_some() && net.server.socket(worse_server).error().is_some()
    });
    echo(&mut net, good.0, good.1, &pattern(20_000));
    // The peer is told why: an alert, then FIN.
    net.until("the alert is there", |net| {
        !net.client.plain(bad_client).may_recv() || net.client.plain(bad_client).can_recv()
    });
    let alert = net.client.plain(bad_client).recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap();
    assert!(common::is_alert(&alert), "{alert:02x?}");
    net.until("FIN follows", |net| !net.client.plain(bad_client).may_recv());
    echo(&mut net, good.0, good.1, &pattern(20_000));
}

#[test]
fn garbage_after_the_handshake_ends_that_connection_with_an_alert() {
    let (mut net, c, s) = Net::connected();
    net.client.socket(c).send_slice(b"first").unwrap();
    net.settle(Duration::from_millis(50));
    net.client.tcp(c).send_slice(&[0xff; 40]).unwrap();
    net.settle(Duration::from_millis(50));
    // What came before is read first.
    assert_eq!(net.server.socket(s).error(), None);
    let mut buffer = [0; 16];
    assert_eq!(net.server.socket(s).recv_slice(&mut buffer), Ok(5));
    net.until("it is noticed", |net| net.server.socket(s).error().is_some());
    net.until("the client is told", |net| {
        matches!(net.client.socket(c).error(), Some(SocketError::Tls(Error::AlertReceived(_))))
    });
    net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
}

#[test]
fn sockets_in_lent_storage_need_no_allocator() {
    use saitls::smoltcp::iface::{SocketSet, SocketStorage};
    use saitls::{Buffers, TlsSocket, TlsSocketSet, TlsSocketStorage};
    let (mut rx, mut tx) = ([0; 1_024], [0; 1_024]);
    let (mut receive, mut transmit) = ([0; common::RECEIVE_LEN], [0; common::TRANSMIT_LEN]);
    let mut storage = [SocketStorage::EMPTY; 1];
    let mut tls_storage = [TlsSocketStorage::EMPTY; 1];
    let mut net = net();
    let s = net.server.add();
    net.server.listen(s, 443);

    let mut sockets = SocketSet::new(&mut storage[..]);
    let tcp = sockets.add(tcp::Socket::new(tcp::SocketBuffer::new(&mut rx[..]), tcp::SocketBuffer::new(&mut tx[..])));
    let mut tls = TlsSocketSet::<common::Provider>::new(&mut tls_storage[..]);
    let c = tls.add(TlsSocket::new(tcp, Buffers::new(&mut receive[..], &mut transmit[..])));
    let copy = c;
    let iface = &mut net.client.iface;
    tls.get_mut(c).connect(iface, &mut sockets, common::client_config(), None, (SERVER, 443), 50_000).unwrap();
    for _ in 0..100 {
        let Host { iface, device, provider, .. } = &mut net.client;
        saitls::poll(net.now, iface, device, &mut sockets, &mut tls, provider);
        net.server.poll(net.now);
        net.now += Duration::from_millis(10);
    }
    assert!(tls.get(copy).is_connected() && net.server.socket(s).is_connected());
    assert_eq!(tls.iter().count(), 1);
    assert_eq!(tls.remove(c).tcp_handle(), tcp);
    assert_eq!(tls.iter_mut().count(), 0);
}

#[test]
#[should_panic(expected = "full TlsSocketSet")]
fn a_full_set_in_lent_storage_says_so() {
    use saitls::{Buffers, TlsSocket, TlsSocketSet, TlsSocketStorage};
    let mut host = net().client;
    let mut storage = [TlsSocketStorage::EMPTY; 1];
    let mut set = TlsSocketSet::<common::Provider>::new(&mut storage[..]);
    for _ in 0..2 {
        let tcp = host.add_plain(64);
        set.add(TlsSocket::new(tcp, Buffers::new(vec![0; 600], vec![0; 600])));
    }
}

/// Sockets change threads, with their set.
#[test]
fn a_set_of_sockets_can_be_sent() {
    fn is_sent<T: Send>() {}
    is_sent::<saitls::TlsSocketSet<'static, common::Provider>>();
}
