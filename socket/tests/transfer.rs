//! Data of all sizes arrives whole, through buffers of all sizes (Regressions 35 and 36 of docs/SECURITY.md).
#![allow(clippy::unwrap_used)]

mod common;

use common::{Net, net, pattern};
use saitls::smoltcp::iface::PollResult;
use saitls::{RecvError, TlsSocketHandle};

/// Sends `data` from one side to the other and closes; receives with a buffer of `read_len`.
fn transfer(
    net: &mut Net,
    from_client: bool,
    (c, s): (TlsSocketHandle, TlsSocketHandle),
    data: &[u8],
    read_len: usize,
) {
    let (mut sent, mut received, mut finished) = (0, Vec::new(), false);
    let mut buffer = vec![0; read_len];
    net.until("all has arrived", |net| {
        let (sender, receiver) = if from_client {
            (net.client.socket(c), net.server.socket(s))
        } else {
            (net.server.socket(s), net.client.socket(c))
        };
        if sender.may_send() {
            sent += sender.send_slice(&data[sent..]).unwrap();
            if sent == data.len() {
                sender.close();
            }
        }
        loop {
            match receiver.recv_slice(&mut buffer) {
                Ok(0) => break,
                Ok(len) => received.extend_from_slice(&buffer[..len]),
                Err(RecvError::Finished) => {
                    finished = true;
                    break;
                }
                Err(error) => panic!("{error:?} after {} of {} bytes", received.len(), data.len()),
            }
        }
        finished
    });
    assert!(received == data, "{} bytes sent, {} received, or others", data.len(), received.len());
}

fn transfer_over(tcp_len: usize, receive_len: usize, transmit_len: usize, data_len: usize, read_len: usize) {
    for from_client in [true, false] {
        let mut net = net();
        let c = net.client.add_with(tcp_len, receive_len, transmit_len);
        let s = net.server.add_with(tcp_len, receive_len, transmit_len);
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        net.until_connected(c, s);
        transfer(&mut net, from_client, (c, s), &pattern(data_len), read_len);
    }
}

const FULL: (usize, usize) = (16_645, 16_645 + 512);

#[test]
fn every_size_arrives_whole_through_512_bytes_of_tcp() {
    for len in [0, 1, 1_023, 1_024, 16_384, 16_385, 1_000_000] {
        transfer_over(512, FULL.0, FULL.1, len, 4_096);
    }
}

#[test]
fn every_size_arrives_whole_through_small_records() {
    for len in [0, 1, 1_023, 1_024, 16_384, 16_385] {
        transfer_over(512, 2_048, 1_024, len, 4_096);
    }
}

#[test]
fn one_byte_at_a_time_drains_full_records() {
    transfer_over(4_096, FULL.0, FULL.1, 3 * 16_384 + 5, 1);
}

#[test]
fn both_directions_flow_at_once() {
    let mut net = net();
    let (c, s) = (net.client.add_with(512, 2_048, 1_024), net.server.add_with(700, 4_096, 2_048));
    net.server.listen(s, 443);
    net.client.connect(c, 443);
    net.until_connected(c, s);
    let data = pattern(50_000);
    let mut sent = [0; 2];
    let mut received = [Vec::new(), Vec::new()];
    let mut buffer = [0; 333];
    net.until("both have all", |net| {
        for (side, socket) in [net.client.socket(c), net.server.socket(s)].into_iter().enumerate() {
            sent[side] += socket.send_slice(&data[sent[side]..]).unwrap();
            let len = socket.recv_slice(&mut buffer).unwrap();
            received[side].extend_from_slice(&buffer[..len]);
        }
        received.iter().all(|received| received.len() >= data.len())
    });
    assert!(received.iter().all(|received| *received == data));
}

/// A full transmit buffer takes nothing, and what it took before is neither lost nor sent twice.
#[test]
fn a_full_socket_takes_nothing_and_loses_nothing() {
    let (mut net, c, s) = Net::connected();
    let data = pattern(200_000);
    let mut sent = 0;
    // Nobody reads: everything fills up.
    loop {
        let len = net.client.socket(c).send_slice(&data[sent..]).unwrap();
        sent += len;
        if len == 0 && !net.client.socket(c).can_send() {
            break;
        }
        while [net.client.poll(net.now), net.server.poll(net.now)].contains(&PollResult::SocketStateChanged) {}
    }
    assert!(sent < data.len());
    assert_eq!(net.client.socket(c).send_slice(&data[sent..]), Ok(0));
    net.client.socket(c).close();
    let mut received = Vec::new();
    net.until("the rest arrives", |net| {
        loop {
            match net.server.socket(s).recv(|bytes| (bytes.len(), bytes.to_vec())) {
                Ok(bytes) if bytes.is_empty() => break false,
                Ok(bytes) => received.extend(bytes),
                Err(RecvError::Finished) => break true,
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    assert!(received == data[..sent]);
}

#[test]
fn lost_and_swapped_packets_change_nothing() {
    for seed in 1..=4 {
        let mut net = net();
        let c = net.client.add_with(2_048, 4_096, 2_048);
        let s = net.server.add_with(2_048, 4_096, 2_048);
        for (host, seed) in [(&mut net.client, seed), (&mut net.server, seed + 100)] {
            host.device.mtu = 576;
            host.device.faults.drop_percent = 10;
            host.device.faults.swap_percent = 20;
            host.device.faults.seed = seed;
        }
        net.client.socket(c).set_handshake_timeout(None);
        net.server.socket(s).set_handshake_timeout(None);
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        net.until_connected(c, s);
        transfer(&mut net, seed % 2 == 0, (c, s), &pattern(40_000), 1_000);
    }
}

#[test]
fn peeking_leaves_the_bytes_and_closures_may_take_some() {
    let (mut net, c, s) = Net::connected();
    let sent = net.client.socket(c).send(|room| {
        room[..5].copy_from_slice(b"hello");
        (5, "sent")
    });
    assert_eq!(sent, Ok("sent"));
    core::fmt::Write::write_str(net.client.socket(c), " world").unwrap();
    net.until("it is there", |net| net.server.socket(s).can_recv());
    let server = net.server.socket(s);
    assert_eq!(server.peek(4), Ok(&b"hell"[..]));
    let mut buffer = [0; 64];
    assert_eq!(server.peek_slice(&mut buffer), Ok(11));
    assert_eq!(&buffer[..11], b"hello world");
    assert_eq!(server.recv(|bytes| (6, bytes.len())), Ok(11));
    assert_eq!(server.recv_slice(&mut buffer), Ok(5));
    assert_eq!(&buffer[..5], b"world");
    assert_eq!(server.recv_slice(&mut buffer), Ok(0));
    assert!(core::fmt::Write::write_str(server, &"x".repeat(100_000)).is_err());
}

/// What TLS drops (here a KeyUpdate) makes room like what the application reads: the bytes that wait in TCP's buffer
/// are fetched, although nothing moves.
#[test]
fn nothing_is_left_in_the_buffer_of_tcp() {
    for first in 1_900..2_100 {
        let mut net = net();
        let c = net.client.add_with(16_384, 4_096, 4_096);
        let s = net.server.add_with(16_384, 16_645, 16_645);
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        net.until_connected(c, s);
        net.server.socket(s).send_slice(&pattern(first)).unwrap();
        while net.step() {}
        net.server.socket(s).connection_mut().unwrap().update_keys(false).unwrap();
        while net.step() {}
        net.server.socket(s).send_slice(&pattern(3_000)).unwrap();
        while net.step() {}
        let mut data = vec![0; first];
        assert_eq!(net.client.socket(c).recv_slice(&mut data), Ok(first));
        net.until("the rest arrives", |net| net.client.socket(c).recv_queue() == 3_000);
    }
}
