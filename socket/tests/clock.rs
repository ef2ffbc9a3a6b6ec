//! `poll_at` and `poll_delay` know what TLS has to do, and a poll does a bounded amount of work.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Host, Net, net};
use saitls::smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use saitls::smoltcp::time::{Duration, Instant};

fn delay(host: &mut Host, now: Instant) -> Option<Duration> {
    saitls::poll_delay(now, &mut host.iface, &host.sockets, &host.tls)
}

#[test]
fn an_idle_connection_waits_for_packets_alone() {
    let (mut net, c, s) = Net::connected();
    while net.step() {}
    assert_eq!(delay(&mut net.client, net.now), None);
    assert_eq!(delay(&mut net.server, net.now), None);
    // Calls bring work.
    net.client.socket(c).send_slice(b"x").unwrap();
    assert_eq!(delay(&mut net.client, net.now), Some(Duration::ZERO));
    net.until("it is there", |net| net.server.socket(s).can_recv());
    while net.step() {}
    assert_eq!(delay(&mut net.server, net.now), None);
    net.server.socket(s).recv_slice(&mut [0; 8]).unwrap();
    assert_eq!(delay(&mut net.server, net.now), Some(Duration::ZERO));
    while net.step() {}
    net.server.socket(s).close();
    assert_eq!(delay(&mut net.server, net.now), Some(Duration::ZERO));
}

#[test]
fn records_that_wait_for_the_reader_are_work_when_it_reads() {
    let (mut net, c, s) = Net::connected();
    for _ in 0..3 {
        // Three records.
        net.client.socket(c).send_slice(b"record").unwrap();
        while net.step() {}
    }
    for left in (0..3).rev() {
        assert_eq!(delay(&mut net.server, net.now), None, "nothing to do until somebody reads");
        assert!(net.server.socket(s).can_recv());
        net.server.socket(s).recv(|bytes| (bytes.len(), ())).unwrap();
        assert_eq!(delay(&mut net.server, net.now), Some(Duration::ZERO));
        while net.step() {}
        assert_eq!(net.server.socket(s).can_recv(), left > 0);
    }
}

#[test]
fn the_handshake_timeout_is_a_due_time() {
    let mut net = net();
    let (c, s) = (net.client.add(), net.server.add_plain(4_096));
    net.server.plain(s).listen(443).unwrap();
    net.client.socket(c).set_handshake_timeout(Some(Duration::from_secs(7)));
    net.client.connect(c, 443);
    assert_eq!(delay(&mut net.client, net.now), Some(Duration::ZERO));
    let start = net.now;
    for _ in 0..100 {
        net.client.poll(net.now);
        net.server.poll(net.now);
        net.now += Duration::from_millis(10);
    }
    // The server has acknowledged all there is; nothing but this timeout is left to wait for.
    assert_eq!(net.client.poll_at(net.now), Some(start + Duration::from_secs(7)));
}

/// A device whose packets never end.
struct Flood(u64);

impl Device for Flood {
    type RxToken<'a> = Packet;
    type TxToken<'a> = Packet;

    fn receive(&mut self, _: Instant) -> Option<(Packet, Packet)> {
        self.0 += 1;
        Some((Packet, Packet))
    }

    fn transmit(&mut self, _: Instant) -> Option<Packet> {
        Some(Packet)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities
    }
}

struct Packet;

impl RxToken for Packet {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&[0; 40])
    }
}

impl TxToken for Packet {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        f(&mut vec![0; len])
    }
}

#[test]
fn a_flood_of_packets_does_not_keep_poll_from_returning() {
    let mut host = net().client;
    let mut flood = Flood(0);
    let now = Instant::from_secs(1);
    let Host { iface, sockets, tls, provider, .. } = &mut host;
    saitls::poll(now, iface, &mut flood, sockets, tls, provider);
    assert!(flood.0 < 10_000);
    // The rest has to wait, but not for long.
    assert_eq!(delay(&mut host, now), Some(Duration::ZERO));
}
