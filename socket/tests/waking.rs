//! Tasks are woken when what they wait for may have come, and when there is no more to wait for.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Host, Net, net};
use saitls::TlsSocketHandle;
use saitls::smoltcp::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn wait_to_recv(host: &mut Host, handle: TlsSocketHandle) -> Arc<Count> {
    let count = Arc::new(Count::default());
    host.socket(handle).register_recv_waker(&Waker::from(count.clone()));
    count
}

fn wait_to_send(host: &mut Host, handle: TlsSocketHandle) -> Arc<Count> {
    let count = Arc::new(Count::default());
    host.socket(handle).register_send_waker(&Waker::from(count.clone()));
    count
}

#[test]
fn data_wakes_the_reader_once() {
    let (mut net, c, s) = Net::connected();
    let reader = wait_to_recv(&mut net.server, s);
    while net.step() {}
    assert_eq!(reader.get(), 0, "nothing has come");
    net.client.socket(c).send_slice(b"x").unwrap();
    net.until("it is there", |net| net.server.socket(s).can_recv());
    assert_eq!(reader.get(), 1);
    net.client.socket(c).send_slice(b"y").unwrap();
    while net.step() {}
    assert_eq!(reader.get(), 1);
}

#[test]
fn room_wakes_the_writer() {
    let (mut net, c, s) = Net::connected();
    // Nobody reads; after a second without a taker all is full.
    let mut written = 1;
    while written > 0 {
        net.settle(Duration::from_secs(1));
        written = net.client.socket(c).send_slice(&[0; 10_000]).unwrap();
    }
    let writer = wait_to_send(&mut net.client, c);
    net.settle(Duration::from_secs(1));
    assert_eq!(writer.get(), 0, "there is no room");
    net.until("there is room", |net| {
        net.server.socket(s).recv(|bytes| (bytes.len(), ())).unwrap();
        net.client.socket(c).can_send()
    });
    assert_eq!(writer.get(), 1);
}

#[test]
fn the_handshake_wakes_both() {
    let mut net = net();
    let (c, s) = (net.client.add(), net.server.add());
    net.server.listen(s, 443);
    net.client.connect(c, 443);
    for _ in 0..100 {
        let (reader, writer) = (wait_to_recv(&mut net.client, c), wait_to_send(&mut net.client, c));
        net.step();
        if net.client.socket(c).may_send() {
            assert_eq!((reader.get(), writer.get()), (1, 1));
            return;
        }
    }
    panic!("not connected");
}

#[test]
fn every_end_wakes_both() {
    type End = fn(&mut Net, TlsSocketHandle, TlsSocketHandle);
    let ends: [(&str, End); 5] = [
        ("the peer closes", |net, c, _| net.client.socket(c).close()),
        ("the peer aborts", |net, c, _| net.client.socket(c).abort()),
        ("we close", |net, _, s| net.server.socket(s).close()),
        ("we abort", |net, _, s| net.server.socket(s).abort()),
        ("garbage comes", |net, c, _| {
            net.client.tcp(c).send_slice(&[0xff; 40]).unwrap();
        }),
    ];
    for (what, end) in ends {
        let (mut net, c, s) = Net::connected();
        while net.step() {}
        let (reader, writer) = (wait_to_recv(&mut net.server, s), wait_to_send(&mut net.server, s));
        end(&mut net, c, s);
        while net.step() {}
        assert_eq!((reader.get(), writer.get()), (1, 1), "{what}");
    }
}
