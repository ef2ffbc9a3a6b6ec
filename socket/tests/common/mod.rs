//! Two hosts and a cable, all in this process, with a clock that is turned by hand.
#![allow(dead_code, unreachable_pub)]

pub mod cable;
pub mod identity;
pub mod scenario;

use cable::{CableEnd, cable};
pub use identity::*;
use saitls::smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use saitls::smoltcp::socket::tcp;
use saitls::smoltcp::time::{Duration, Instant};
use saitls::smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use saitls::{Buffers, ClientConfig, ConnectError, ServerName, TlsSocket, TlsSocketHandle, TlsSocketSet};
use std::sync::atomic::{AtomicU16, Ordering};

pub const CLIENT: IpAddress = IpAddress::v4(10, 0, 0, 1);
pub const SERVER: IpAddress = IpAddress::v4(10, 0, 0, 2);

/// Enough for the records of any peer, and for ours.
pub const RECEIVE_LEN: usize = 16_645;
pub const TRANSMIT_LEN: usize = 4_096;

pub struct Host {
    pub iface: Interface,
    pub device: CableEnd,
    pub sockets: SocketSet<'static>,
    pub tls: TlsSocketSet<'static, Provider>,
    pub provider: Provider,
}

impl Host {
    fn new(address: IpAddress, mut device: CableEnd, seed: u64) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut iface = Interface::new(config, &mut device, Instant::ZERO);
        iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address, 24)).unwrap());
        Self {
            iface,
            device,
            sockets: SocketSet::new(vec![]),
            tls: TlsSocketSet::new(vec![]),
            provider: provider(seed),
        }
    }

    pub fn add_plain(&mut self, tcp_len: usize) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; tcp_len]);
        self.sockets.add(tcp::Socket::new(buffer(), buffer()))
    }

    pub fn add(&mut self) -> TlsSocketHandle {
        self.add_with(4_096, RECEIVE_LEN, TRANSMIT_LEN)
    }

    pub fn add_with(&mut self, tcp_len: usize, receive_len: usize, transmit_len: usize) -> TlsSocketHandle {
        let tcp = self.add_plain(tcp_len);
        self.tls.add(TlsSocket::new(tcp, Buffers::new(vec![0; receive_len], vec![0; transmit_len])))
    }

    pub fn connect(&mut self, handle: TlsSocketHandle, port: u16) {
        self.connect_to((SERVER, port), handle);
    }

    pub fn connect_to(&mut self, remote: (IpAddress, u16), handle: TlsSocketHandle) {
        self.connect_with(handle, client_config(), remote).unwrap();
    }

    pub fn connect_with(
        &mut self,
        handle: TlsSocketHandle,
        config: &'static ClientConfig<'static, Provider>,
        remote: (IpAddress, u16),
    ) -> Result<(), ConnectError> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let local = 49_152 + NEXT.fetch_add(1, Ordering::Relaxed) % 16_384;
        let name = ServerName::try_from("server.test").unwrap();
        let Self { iface, sockets, tls, .. } = self;
        tls.get_mut(handle).connect(iface, sockets, config, Some(name), remote, local)
    }

    pub fn listen(&mut self, handle: TlsSocketHandle, port: u16) {
        self.tls.get_mut(handle).listen(&mut self.sockets, server_config(), port).unwrap();
    }

    pub fn socket(&mut self, handle: TlsSocketHandle) -> &mut TlsSocket<'static, Provider> {
        self.tls.get_mut(handle)
    }

    pub fn tcp(&mut self, handle: TlsSocketHandle) -> &mut tcp::Socket<'static> {
        let tcp = self.tls.get(handle).tcp_handle();
        self.sockets.get_mut(tcp)
    }

    pub fn plain(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    pub fn poll(&mut self, now: Instant) -> PollResult {
        let Self { iface, device, sockets, tls, provider } = self;
        saitls::poll(now, iface, device, sockets, tls, provider)
    }

    pub fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        saitls::poll_at(now, &mut self.iface, &self.sockets, &self.tls)
    }
}

/// A client and a server.
pub struct Net {
    pub now: Instant,
    pub client: Host,
    pub server: Host,
}

pub fn net() -> Net {
    let (client, server) = cable();
    Net { now: Instant::from_secs(1), client: Host::new(CLIENT, client, 1), server: Host::new(SERVER, server, 2) }
}

impl Net {
    /// A client and a server socket, connected.
    pub fn connected() -> (Self, TlsSocketHandle, TlsSocketHandle) {
        let mut net = net();
        let (c, s) = (net.client.add(), net.server.add());
        net.server.listen(s, 443);
        net.client.connect(c, 443);
        net.until_connected(c, s);
        (net, c, s)
    }

    pub fn until_connected(&mut self, c: TlsSocketHandle, s: TlsSocketHandle) {
        self.until("both are connected", |net| {
            assert_eq!((net.client.socket(c).error(), net.server.socket(s).error()), (None, None));
            net.client.socket(c).may_send() && net.server.socket(s).may_send()
        });
    }

    /// Both hosts once; if nothing moves, the clock goes on to when something is due. False: nothing is.
    pub fn step(&mut self) -> bool {
        let changed =
            [self.client.poll(self.now), self.server.poll(self.now)].contains(&PollResult::SocketStateChanged);
        if changed {
            return true;
        }
        let due = [self.client.poll_at(self.now), self.server.poll_at(self.now)].into_iter().flatten().min();
        match due {
            Some(due) => {
                self.now = due.max(self.now + Duration::from_millis(1));
                true
            }
            None => false,
        }
    }

    /// Steps until `done`.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let start = self.now;
        for _ in 0..2_000_000 {
            if done(self) {
                return;
            }
            // `done` may read or write, and so bring new work.
            if !self.step() {
                let done = done(self) || self.step();
                assert!(done, "nothing moves any more, but not: {what}");
            }
            assert!(self.now - start < Duration::from_secs(600), "ten minutes without: {what}");
        }
        panic!("never: {what}");
    }

    /// Steps for as long as anything moves, but no more than this much time.
    pub fn settle(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end && self.step() {}
    }
}

/// Bytes that tell where they belong.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i as u64).wrapping_mul(0x9e37_79b9).to_be_bytes()[5] ^ (i >> 16) as u8).collect()
}

/// An alert record, in the clear.
pub fn is_alert(record: &[u8]) -> bool {
    record.len() == 7 && record.starts_with(&[21, 3, 3, 0, 2])
}
