//! The ends of connections: clean, cut, early, twice, forced (Regressions 37 and 38 of docs/SECURITY.md).
#![allow(clippy::unwrap_used)]

mod common;

use common::{
    CLIENT, Host, Net, RECEIVE_LEN, SERVER, TRANSMIT_LEN, client_config, is_alert, net, pattern, server_config,
    server_config_without_identity,
};
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::Duration;
use saitls::{ConnectError, Error, ListenError, RecvError, SendError, SocketError, TlsSocketHandle};

fn drain(net: &mut Net, handle: TlsSocketHandle) -> (Vec<u8>, Result<(), RecvError>) {
    let mut all = Vec::new();
    for _ in 0..10_000 {
        match net.server.socket(handle).recv(|bytes| (bytes.len(), bytes.to_vec())) {
            Ok(bytes) => all.extend(bytes),
            Err(error) => return (all, Err(error)),
        }
        net.step();
    }
    (all, Ok(()))
}

#[test]
fn data_before_close_is_read_after_the_peers_fin() {
    let (mut net, c, s) = Net::connected();
    let data = pattern(12_000);
    let mut sent = 0;
    net.until("all is written", |net| {
        sent += net.client.socket(c).send_slice(&data[sent..]).unwrap();
        sent == data.len() || {
            // The server takes nothing in the meantime but what its buffers hold.
            false
        }
    });
    net.client.socket(c).close();
    net.settle(Duration::from_secs(5));
    let (received, end) = drain(&mut net, s);
    assert!(received == data);
    assert_eq!(end, Err(RecvError::Finished));
    assert_eq!(net.server.socket(s).error(), None);
    // Again and again.
    assert_eq!(net.server.socket(s).recv_slice(&mut [0; 4]), Err(RecvError::Finished));
}

#[test]
fn fin_without_close_notify_is_truncation_after_the_data() {
    let (mut net, c, s) = Net::connected();
    net.client.socket(c).send_slice(b"the beginning").unwrap();
    net.settle(Duration::from_millis(100));
    // Somebody in between closes TCP.
    net.client.tcp(c).close();
    net.settle(Duration::from_secs(1));
    assert!(net.server.socket(s).may_recv());
    let (received, end) = drain(&mut net, s);
    assert_eq!(received, b"the beginning");
    assert_eq!(end, Err(RecvError::Failed(SocketError::Tls(Error::Truncated))));
    assert_eq!(net.server.socket(s).error(), Some(SocketError::Tls(Error::Truncated)));
    assert_eq!(net.server.socket(s).send_slice(b"?"), Err(SendError::Failed(SocketError::Tls(Error::Truncated))));
    net.until("TCP closes", |net| !net.server.socket(s).is_open());
}

/// A peer that goes on sending is heard out, so that its FIN can come.
#[test]
fn what_comes_after_a_failure_is_thrown_away() {
    let mut net = net();
    let (c, s) = (net.client.add_plain(4_096), net.server.add_with(512, 2_048, 1_024));
    net.server.listen(s, 443);
    net.client
        .sockets
        .get_mut::<tcp::Socket<'_>>(c)
        .connect(net.client.iface.context(), (SERVER, 443), 50_000)
        .unwrap();
    let (mut sent, start) = (0, net.now);
    net.until("all is sent", |net| {
        if net.client.plain(c).may_send() {
            sent += net.client.plain(c).send_slice(&[0xff; 1_000]).unwrap();
        }
        sent > 50_000
    });
    net.client.plain(c).close();
    net.until("both are closed", |net| !net.client.plain(c).is_open() && !net.server.socket(s).is_open());
    assert!(net.now - start < Duration::from_secs(5), "no deadline was needed");
    assert_eq!(
        net.server.socket(s).recv_slice(&mut [0]),
        Err(RecvError::Failed(net.server.socket(s).error().unwrap()))
    );
}

/// The end of an earlier connection hides nothing.
#[test]
fn truncation_is_noticed_in_every_connection_of_a_socket() {
    let (mut net, c, s) = Net::connected();
    for round in 0..3 {
        net.settle(Duration::from_millis(100));
        if round == 0 {
            net.client.socket(c).close();
            net.server.socket(s).close();
        } else {
            net.client.tcp(c).close();
        }
        net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
        let expected =
            if round == 0 { RecvError::Finished } else { RecvError::Failed(SocketError::Tls(Error::Truncated)) };
        assert_eq!(net.server.socket(s).recv_slice(&mut [0]), Err(expected));
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        net.until_connected(c, s);
    }
}

#[test]
fn a_reset_is_not_a_clean_end() {
    let (mut net, c, s) = Net::connected();
    net.client.socket(c).send_slice(b"the beginning").unwrap();
    net.settle(Duration::from_millis(100));
    net.client.socket(c).abort();
    assert!(!net.client.socket(c).is_open());
    let (received, end) = drain(&mut net, s);
    assert_eq!(received, b"the beginning");
    assert_eq!(end, Err(RecvError::Failed(SocketError::Reset)));
    assert!(!net.server.socket(s).is_open());
}

#[test]
fn after_close_the_other_half_goes_on() {
    let (mut net, c, s) = Net::connected();
    net.client.socket(c).send_slice(b"GET /").unwrap();
    net.client.socket(c).close();
    assert!(!net.client.socket(c).may_send());
    assert_eq!(net.client.socket(c).send_slice(b"more"), Err(SendError::InvalidState));
    let (request, end) = drain(&mut net, s);
    assert_eq!((&request[..], end), (&b"GET /"[..], Err(RecvError::Finished)));

    let answer = pattern(100_000);
    let (mut sent, mut received) = (0, Vec::new());
    net.until("the answer is there", |net| {
        let server = net.server.socket(s);
        if server.may_send() {
            sent += server.send_slice(&answer[sent..]).unwrap();
            if sent == answer.len() {
                server.close();
            }
        }
        match net.client.socket(c).recv(|bytes| (bytes.len(), bytes.to_vec())) {
            Ok(bytes) => received.extend(bytes),
            Err(RecvError::Finished) => return true,
            Err(error) => panic!("{error:?}"),
        }
        false
    });
    assert!(received == answer);
    net.until("both are closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
    assert_eq!((net.client.socket(c).error(), net.server.socket(s).error()), (None, None));
}

/// Whenever a side closes, however often, both sides come to an end, and can be used again.
#[test]
fn close_at_every_moment_and_twice_ends_both_sides() {
    for closer_is_client in [true, false] {
        for abort in [false, true] {
            for steps in 0..40 {
                let mut net = net();
                let (c, s) = (net.client.add(), net.server.add());
                net.server.listen(s, 443);
                net.client.connect(c, 443);
                for _ in 0..steps {
                    // One host a time, to stop between its packets and the other's.
                    if steps % 2 == 0 {
                        net.step();
                    } else {
                        net.client.poll(net.now);
                        net.step();
                    }
                }
                for _ in 0..2 {
                    let socket = if closer_is_client { net.client.socket(c) } else { net.server.socket(s) };
                    if abort {
                        socket.abort()
                    } else {
                        socket.close()
                    }
                    assert!(!socket.may_send() && !socket.can_send());
                }
                // The other side closes as soon as it sees that there is nothing more to read.
                net.until("both are closed", |net| {
                    let other = if closer_is_client { net.server.socket(s) } else { net.client.socket(c) };
                    if other.is_connected() && !other.may_recv() || other.is_listening() {
                        other.close();
                    }
                    !net.client.socket(c).is_open() && !net.server.socket(s).is_open()
                });
                net.server.listen(s, 443);
                net.client.connect(c, 443);
                net.until_connected(c, s);
            }
        }
    }
}

#[test]
fn a_listener_without_identity_is_refused_when_it_listens() {
    let mut net = net();
    let s = net.server.add();
    let config = server_config_without_identity();
    let result = net.server.tls.get_mut(s).listen(&mut net.server.sockets, config, 443);
    assert!(matches!(result, Err(ListenError::Tls(Error::InvalidConfiguration(_)))), "{result:?}");
    assert!(!net.server.socket(s).is_open());
    // And the socket is as good as before.
    net.server.listen(s, 443);
    assert!(net.server.socket(s).is_listening());
}

#[test]
fn a_refused_connection_says_so() {
    let mut net = net();
    let c = net.client.add();
    net.client.connect(c, 443);
    net.until("it is refused", |net| !net.client.socket(c).is_open());
    assert_eq!(net.client.socket(c).error(), Some(SocketError::Refused));
    assert_eq!(net.client.socket(c).recv_slice(&mut [0]), Err(RecvError::Failed(SocketError::Refused)));
    assert_eq!(net.client.socket(c).send_slice(&[0]), Err(SendError::Failed(SocketError::Refused)));
}

#[test]
fn a_silent_peer_ends_in_a_timeout() {
    // The cable is cut before, during and after the TCP handshake.
    for packets in 0..2 {
        let mut net = net();
        let (c, s) = (net.client.add(), net.server.add_plain(1_024));
        if packets > 0 {
            net.server.plain(s).listen(443).unwrap();
        }
        net.server.device.faults.unplugged = packets == 0;
        net.client.socket(c).set_handshake_timeout(Some(Duration::from_secs(7)));
        net.client.connect(c, 443);
        let start = net.now;
        net.until("the client gives up", |net| net.client.socket(c).error().is_some());
        assert_eq!(net.client.socket(c).error(), Some(SocketError::TimedOut));
        assert!(!net.client.socket(c).is_handshaking());
        let waited = net.now - start;
        assert!(waited >= Duration::from_secs(7) && waited < Duration::from_secs(8), "{waited}");
        net.until("TCP is closed", |net| !net.client.socket(c).is_open());
    }
}

#[test]
fn a_client_that_says_nothing_is_thrown_out() {
    let mut net = net();
    let (c, s) = (net.client.add_plain(1_024), net.server.add());
    net.server.socket(s).set_handshake_timeout(Some(Duration::from_secs(7)));
    net.server.listen(s, 443);
    // A listening socket has all the time in the world.
    net.now += Duration::from_secs(100);
    net.step();
    assert_eq!(net.server.poll_at(net.now), None);
    net.client
        .sockets
        .get_mut::<tcp::Socket<'_>>(c)
        .connect(net.client.iface.context(), (SERVER, 443), 50_000)
        .unwrap();
    let start = net.now;
    net.until("the server gives up", |net| net.server.socket(s).error().is_some());
    assert_eq!(net.server.socket(s).error(), Some(SocketError::TimedOut));
    assert!(net.now - start < Duration::from_secs(8));
    // The client is told, in the clear, since nothing was agreed on.
    net.until("the alert is there", |net| net.client.plain(c).can_recv());
    let alert = net.client.plain(c).recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap();
    let (canceled, closed) = alert.split_at(alert.len() / 2);
    assert!(is_alert(canceled) && canceled.ends_with(&[1, 90]), "{alert:02x?}");
    assert!(is_alert(closed) && closed.ends_with(&[1, 0]), "{alert:02x?}");
    net.until("FIN follows", |net| !net.client.plain(c).may_recv());
    // It ends even though the client never closes, and the socket can listen again.
    net.until("TCP is closed", |net| !net.server.socket(s).is_open());
    net.server.listen(s, 443);
    let c = net.client.add();
    net.client.connect(c, 443);
    net.until_connected(c, s);
}

/// A peer that takes a few bytes now and then shows life, but does not hold the socket for as long as it likes.
#[test]
fn a_peer_that_reads_a_little_now_and_then_is_thrown_out() {
    for connects in [false, true] {
        let mut net = net();
        let s = net.server.add();
        net.server.socket(s).set_handshake_timeout(Some(Duration::from_secs(7)));
        net.server.listen(s, 443);
        let c = if connects {
            let c = net.client.add_with(64, RECEIVE_LEN, TRANSMIT_LEN);
            net.client.connect(c, 443);
            net.until_connected(c, s);
            net.settle(Duration::from_secs(1));
            let data = pattern(4_000);
            let mut sent = 0;
            for _ in 0..100 {
                sent += net.server.socket(s).send_slice(&data[sent..]).unwrap_or(0);
                net.server.poll(net.now);
            }
            assert!(sent > 2_000, "{sent}");
            // What is no record ends it.
            let c = net.client.tls.get(c).tcp_handle();
            assert_eq!(net.client.plain(c).send_slice(&[&[23, 3, 3, 0, 32][..], &[0; 32]].concat()), Ok(37));
            c
        } else {
            let c = net.client.add_plain(64);
            let local = 50_000;
            let Host { iface, sockets, .. } = &mut net.client;
            sockets.get_mut::<tcp::Socket<'_>>(c).connect(iface.context(), (SERVER, 443), local).unwrap();
            net.until("TCP is connected", |net| net.client.plain(c).may_send());
            let hello = client_hello();
            let mut sent = 0;
            while sent < hello.len() {
                sent += net.client.plain(c).send_slice(&hello[sent..]).unwrap();
                net.step();
            }
            net.until("the server gives up", |net| net.server.socket(s).error().is_some());
            assert_eq!(net.server.socket(s).error(), Some(SocketError::TimedOut));
            c
        };
        let start = net.now;
        let mut reads = 0;
        while net.server.socket(s).is_open() {
            // TLS of this client is not asked any more.
            let Host { iface, device, sockets, .. } = &mut net.client;
            iface.poll(net.now, device, sockets);
            reads += net.client.plain(c).recv(|bytes| (bytes.len().min(32), bytes.len().min(32))).unwrap_or(0);
            for _ in 0..20 {
                let Host { iface, device, sockets, .. } = &mut net.client;
                iface.poll(net.now, device, sockets);
                net.server.poll(net.now);
                net.now += Duration::from_millis(20);
            }
            net.now += Duration::from_secs(5);
            let (error, state) = (net.server.socket(s).error(), net.server.tcp(s).state());
            assert!(net.now - start < Duration::from_secs(1_000), "open after 1,000 s: {error:?} {state}");
        }
        // It did hang on to it.
        assert!(reads > 100, "{reads}");
        let most = if connects { 620 } else { 80 };
        assert!(net.now - start < Duration::from_secs(most), "{connects}: {} s", (net.now - start).secs());
    }
}

/// TCP has room for a little of what TLS has left: that its queue stays full is no sign that nothing is delivered.
#[test]
fn a_slow_peer_is_given_all_that_tls_has_left() {
    let mut net = net();
    let s = net.server.add_with(512, RECEIVE_LEN, 8_192);
    net.server.listen(s, 443);
    let c = net.client.add_with(64, RECEIVE_LEN, TRANSMIT_LEN);
    net.client.connect(c, 443);
    net.until_connected(c, s);
    net.settle(Duration::from_secs(1));
    let data = pattern(6_000);
    let mut sent = 0;
    for _ in 0..100 {
        sent += net.server.socket(s).send_slice(&data[sent..]).unwrap_or(0);
        net.server.poll(net.now);
    }
    assert!(sent > 5_000, "{sent}");
    // What is no record ends it: what was sent before is delivered all the same.
    let c = net.client.tls.get(c).tcp_handle();
    assert_eq!(net.client.plain(c).send_slice(&[&[23, 3, 3, 0, 32][..], &[0; 32]].concat()), Ok(37));
    let (start, mut reads) = (net.now, 0);
    while net.server.socket(s).is_open() {
        let Host { iface, device, sockets, .. } = &mut net.client;
        iface.poll(net.now, device, sockets);
        reads += net.client.plain(c).recv(|bytes| (bytes.len().min(64), bytes.len().min(64))).unwrap_or(0);
        for _ in 0..20 {
            let Host { iface, device, sockets, .. } = &mut net.client;
            iface.poll(net.now, device, sockets);
            net.server.poll(net.now);
            net.now += Duration::from_millis(20);
        }
        net.now += Duration::from_secs(4);
        assert!(net.now - start < Duration::from_secs(1_000), "open after 1,000 s");
    }
    assert!(reads > sent, "{reads} of more than {sent} bytes");
}

/// What a client of ours says first.
fn client_hello() -> Vec<u8> {
    let mut net = net();
    let (c, s) = (net.client.add(), net.server.add_plain(4_096));
    net.server.plain(s).listen(443).unwrap();
    net.client.connect(c, 443);
    // In as many segments as it takes.
    net.until("all of it is there", |net| {
        let socket = net.server.plain(s);
        let Ok([.., high, low]) = socket.peek(5) else { return false };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        socket.recv_queue() == 5 + len
    });
    net.server.plain(s).recv(|bytes| (bytes.len(), bytes.to_vec())).unwrap()
}

#[test]
fn half_a_tcp_handshake_leaves_the_listener_listening() {
    let mut net = net();
    let (c, s) = (net.client.add_plain(1_024), net.server.add());
    net.server.socket(s).set_handshake_timeout(Some(Duration::from_secs(7)));
    net.server.listen(s, 443);
    net.server.device.faults.unplugged = true;
    net.client
        .sockets
        .get_mut::<tcp::Socket<'_>>(c)
        .connect(net.client.iface.context(), (SERVER, 443), 50_000)
        .unwrap();
    net.until("the SYN is there", |net| net.server.socket(s).is_active());
    net.client.plain(c).abort();
    net.client.device.faults.unplugged = true;
    net.until("it listens again", |net| net.server.socket(s).is_listening());
    assert_eq!(net.server.socket(s).error(), None);
    net.client.device.faults.unplugged = false;
    net.server.device.faults.unplugged = false;
    let c = net.client.add();
    net.client.connect(c, 443);
    net.until_connected(c, s);
}

#[test]
fn without_a_timeout_a_silent_peer_may_be_silent() {
    let mut net = net();
    let (c, s) = (net.client.add(), net.server.add_plain(1_024));
    net.server.plain(s).listen(443).unwrap();
    net.client.socket(c).set_handshake_timeout(None);
    net.client.connect(c, 443);
    net.settle(Duration::from_secs(3_600));
    assert!(net.client.socket(c).is_handshaking());
    assert_eq!(net.client.socket(c).error(), None);
    assert_eq!(net.server.plain(s).remote_endpoint().map(|endpoint| endpoint.addr), Some(CLIENT));
}

#[test]
fn connecting_an_open_socket_changes_nothing() {
    let (mut net, c, s) = Net::connected();
    let result = net.client.connect_with(c, client_config(), (SERVER, 444));
    assert_eq!(result, Err(ConnectError::InvalidState));
    assert_eq!(
        net.server.tls.get_mut(s).listen(&mut net.server.sockets, server_config(), 443),
        Err(ListenError::InvalidState)
    );
    net.client.socket(c).send_slice(b"still here").unwrap();
    net.until("it arrives", |net| net.server.socket(s).can_recv());
}

/// The peer said that it will send no more, and then that it will hear no more.
#[test]
fn a_reset_behind_close_notify_ends_the_sending_half() {
    for unread in [false, true] {
        let (mut net, c, s) = Net::connected();
        if unread {
            net.client.socket(c).send_slice(b"GET /").unwrap();
        }
        net.client.socket(c).close();
        net.until("the server heard it", |net| {
            let socket = net.server.socket(s);
            socket.can_recv() || socket.connection().unwrap().is_peer_closed()
        });
        assert!(net.server.socket(s).may_send());
        net.client.tcp(c).abort();
        net.until("the server's TCP is closed", |net| !net.server.socket(s).is_open());
        assert!(!net.server.socket(s).may_send() && !net.server.socket(s).can_send());
        assert_eq!(net.server.socket(s).send_slice(b"?"), Err(SendError::Failed(SocketError::Reset)));
        if unread {
            // What came before it is not lost.
            assert_eq!(net.server.socket(s).recv_slice(&mut [0; 9]), Ok(5));
            net.step();
        }
        assert_eq!(net.server.socket(s).error(), Some(SocketError::Reset));
        assert!(!net.server.socket(s).is_connected());
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        net.until_connected(c, s);
    }
}

#[test]
fn a_timeout_beyond_all_clocks_never_comes() {
    let mut net = net();
    let (c, s) = (net.client.add(), net.server.add());
    net.client.socket(c).set_handshake_timeout(Some(Duration::MAX));
    net.server.socket(s).set_handshake_timeout(Some(Duration::from_micros(u64::MAX / 2)));
    net.server.listen(s, 443);
    net.client.connect(c, 443);
    net.until_connected(c, s);
}
