//! A client that has said all it has to say is still answered at full speed: no timer of TCP gets in the way, however
//! small the buffers.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Host, Net, net, pattern};
use saitls::smoltcp::iface::{Config, Interface, PollResult, SocketSet};
use saitls::smoltcp::phy::{Loopback, Medium};
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::{Duration, Instant};
use saitls::smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use saitls::{Buffers, RecvError, TlsSocket, TlsSocketHandle};

const LEN: usize = 1_000_000;
const RECORD_LEN: usize = 8_192;

fn add(host: &mut Host, tcp_receive: usize, tcp_transmit: usize) -> TlsSocketHandle {
    let buffer = |len| tcp::SocketBuffer::new(vec![0; len]);
    let mut tcp = tcp::Socket::new(buffer(tcp_receive), buffer(tcp_transmit));
    // So that it says that its window is shut before it opens it again.
    tcp.set_ack_delay(None);
    let tcp = host.sockets.add(tcp);
    host.tls.add(TlsSocket::new(tcp, Buffers::new(vec![0; 16_645], vec![0; RECORD_LEN + 100])))
}

/// Lets both hosts do what can be done at this moment.
fn quiesce(net: &mut Net) {
    while [net.client.poll(net.now), net.server.poll(net.now)].contains(&PollResult::SocketStateChanged) {}
}

/// One side sends all it has and closes; the other side, a little at a time, reads it and then closes too. How long
/// that took, from the first byte to the end of TCP on both sides.
fn transfer(net: &mut Net, c: TlsSocketHandle, s: TlsSocketHandle, data: &[u8], client_closes_first: bool) -> Duration {
    if client_closes_first {
        net.client.socket(c).close();
        quiesce(net);
        assert_eq!(net.server.socket(s).recv_slice(&mut [0]), Err(RecvError::Finished));
        assert_eq!(net.server.tcp(s).state(), tcp::State::CloseWait);
    }
    let start = net.now;
    let (mut sent, mut received) = (0, Vec::new());
    loop {
        let server = net.server.socket(s);
        if server.may_send() {
            let record = &data[sent..data.len().min(sent + RECORD_LEN)];
            sent += server.send_slice(record).unwrap();
            if sent == data.len() {
                server.close();
            }
        }
        // The application is slower than the network: the window shuts again and again.
        quiesce(net);
        match net.client.socket(c).recv(|bytes| (bytes.len().min(3_000), bytes[..bytes.len().min(3_000)].to_vec())) {
            Ok(bytes) if bytes.is_empty() => assert!(net.step(), "nothing moves any more"),
            Ok(bytes) => received.extend(bytes),
            Err(RecvError::Finished) => break,
            Err(error) => panic!("{error:?}"),
        }
        assert!(net.now - start < Duration::from_secs(100), "{} of {} bytes", received.len(), data.len());
    }
    assert!(received == data);
    net.client.socket(c).close();
    net.until("TCP is closed", |net| !net.client.socket(c).is_open() && !net.server.socket(s).is_open());
    assert_eq!((net.client.socket(c).error(), net.server.socket(s).error()), (None, None));
    net.now - start
}

#[test]
fn a_large_answer_after_the_client_has_closed_waits_for_no_timer() {
    let data = pattern(LEN);
    for (window, queue) in [(2_048, 65_535), (16_384, 262_144), (32_768, 32_768)] {
        for client_closes_first in [true, false] {
            let mut net = net();
            let (c, s) = (add(&mut net.client, window, 4_096), add(&mut net.server, 4_096, queue));
            net.server.listen(s, 443);
            net.client.connect(c, 443);
            net.until_connected(c, s);
            let took = transfer(&mut net, c, s, &data, client_closes_first);
            let what = format!("window {window}, queue {queue}, client first: {client_closes_first}: {took}");
            assert!(took < Duration::from_millis(500), "{what}");
        }
    }
}

/// A client that acknowledges nothing more keeps no socket, also where FIN waits for the acknowledgement.
#[test]
fn a_client_that_is_gone_after_it_closed_does_not_hold_the_answer_for_ever() {
    let mut net = net();
    let (c, s) = (add(&mut net.client, 2_048, 4_096), add(&mut net.server, 4_096, 16_384));
    net.server.listen(s, 443);
    net.client.connect(c, 443);
    net.until_connected(c, s);
    net.client.socket(c).close();
    quiesce(&mut net);
    net.client.device.faults.unplugged = true;
    let server = net.server.socket(s);
    assert_eq!(server.send_slice(&[7; 5_000]), Ok(5_000));
    server.close();
    let start = net.now;
    while net.server.socket(s).is_open() {
        net.server.poll(net.now);
        let Some(due) = net.server.poll_at(net.now) else { break };
        net.now = due.max(net.now + Duration::from_millis(1));
        assert!(net.now - start < Duration::from_secs(100), "it is held for ever");
    }
    assert!(!net.server.socket(s).is_open(), "nothing is due, and it is still open");
    assert!(net.now - start > Duration::from_secs(30), "it was tried again and again");
    net.client.device.faults.unplugged = false;
    net.server.listen(s, 443);
    let c = add(&mut net.client, 2_048, 4_096);
    net.client.connect(c, 443);
    net.until_connected(c, s);
}

/// Two sockets of smoltcp, nothing else: one has data for the other, which reads when nothing else moves. How long it
/// takes if the sender closes at once (`eager`), or once all was acknowledged; in CLOSE-WAIT if the reader closed
/// before.
fn bare(eager: bool, reader_closes_first: bool) -> Duration {
    const HERE: IpAddress = IpAddress::v4(127, 0, 0, 1);
    let mut device = Loopback::new(Medium::Ip);
    let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, Instant::ZERO);
    iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(HERE, 8)).unwrap());
    let mut sockets = SocketSet::new(vec![]);
    let mut add = |receive, transmit| {
        let buffer = |len| tcp::SocketBuffer::new(vec![0; len]);
        let mut socket = tcp::Socket::new(buffer(receive), buffer(transmit));
        // So that the reader says that its window is shut before it opens it again.
        socket.set_ack_delay(None);
        sockets.add(socket)
    };
    let (reader, sender) = (add(1_024, 64), add(64, 16_384));
    sockets.get_mut::<tcp::Socket<'_>>(sender).listen(80).unwrap();
    let socket = sockets.get_mut::<tcp::Socket<'_>>(reader);
    socket.connect(iface.context(), (HERE, 80), 50_000).unwrap();
    let mut now = Instant::ZERO;
    let (mut has_sent, mut received) = (false, 0);
    while received < 16_384 {
        while iface.poll(now, &mut device, &mut sockets) == PollResult::SocketStateChanged {}
        let socket = sockets.get_mut::<tcp::Socket<'_>>(reader);
        if reader_closes_first && socket.state() == tcp::State::Established {
            socket.close();
            continue;
        }
        let taken = socket.recv(|bytes| (bytes.len(), bytes.len())).unwrap_or(0);
        received += taken;
        let socket = sockets.get_mut::<tcp::Socket<'_>>(sender);
        let waits = if reader_closes_first { tcp::State::CloseWait } else { tcp::State::Established };
        if !has_sent && socket.state() == waits {
            has_sent = socket.send_slice(&[7; 16_384]) == Ok(16_384);
        }
        if has_sent && (eager || socket.send_queue() == 0) {
            socket.close();
        }
        if taken == 0
            && let Some(due) = iface.poll_at(now, &sockets)
        {
            now = due.max(now);
        }
        assert!(now < Instant::from_secs(100), "{received} bytes");
    }
    now - Instant::ZERO
}

/// What [`docs/upstream/smoltcp-last-ack-window.md`](../../docs/upstream/smoltcp-last-ack-window.md) says of
/// smoltcp 0.14.
#[test]
fn smoltcp_waits_for_its_probe_only_where_it_closed_with_data_in_close_wait() {
    for (eager, reader_closes_first) in [(false, true), (true, false), (false, false)] {
        let took = bare(eager, reader_closes_first);
        assert!(took < Duration::from_millis(500), "eager {eager}, reader first {reader_closes_first}: {took}");
    }
    let took = bare(true, true);
    assert!(
        took >= Duration::from_secs(5),
        "smoltcp is mended ({took}): `close` needs not wait for `send_queue` any more"
    );
}
