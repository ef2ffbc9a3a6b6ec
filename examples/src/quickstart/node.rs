//! One end: an interface, its sockets, and the crypto.

use saitls::{Buffers, TlsSocket, TlsSocketHandle, TlsSocketSet};
use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::backend::RustCrypto;
use crate::net::cable::CableEnd;

/// The length of each buffer of a TCP socket, in bytes.
const TCP_BUFFER_LEN: usize = 2048;

/// A device on the cable with one TLS socket.
pub(super) struct Node<'a> {
    pub(super) iface: Interface,
    pub(super) sockets: SocketSet<'a>,
    device: CableEnd,
    tls: TlsSocketSet<'a, RustCrypto>,
    handle: TlsSocketHandle,
    provider: RustCrypto,
}

impl<'a> Node<'a> {
    pub(super) fn new(mut device: CableEnd, address: IpAddress, buffers: Buffers<'a>, now: Instant) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = getrandom::u64().unwrap_or(1);
        let mut iface = Interface::new(config, &mut device, now);
        iface.update_ip_addrs(|addresses| addresses.push(IpCidr::new(address, 24)).expect("room for an address"));

        let buffer = || tcp::SocketBuffer::new(vec![0; TCP_BUFFER_LEN]);
        let mut sockets = SocketSet::new(Vec::new());
        let tcp = sockets.add(tcp::Socket::new(buffer(), buffer()));
        let mut tls = TlsSocketSet::new(Vec::new());
        let handle = tls.add(TlsSocket::new(tcp, buffers));
        Self { iface, sockets, device, tls, handle, provider: RustCrypto::os() }
    }

    /// Everything happens in here.
    pub(super) fn poll(&mut self, now: Instant) {
        let Self { iface, sockets, device, tls, provider, .. } = self;
        saitls::poll(now, iface, device, sockets, tls, provider);
    }

    pub(super) fn socket(&mut self) -> &mut TlsSocket<'a, RustCrypto> {
        self.tls.get_mut(self.handle)
    }

    /// The parts that a socket needs to connect or listen.
    pub(super) fn parts(&mut self) -> (&mut Interface, &mut SocketSet<'a>, &mut TlsSocket<'a, RustCrypto>) {
        (&mut self.iface, &mut self.sockets, self.tls.get_mut(self.handle))
    }

    /// How many bytes of IP packets it has sent.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.device.sent_bytes()
    }
}
