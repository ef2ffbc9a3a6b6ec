//! What smoltcp's interface is plugged into: the cable with its gateway, or a TAP device.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd as _;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use smoltcp::iface::{Config, Interface};
use smoltcp::phy::{Device, Medium, TunTapInterface};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, Ipv4Address, Ipv6Address};

use super::cable::{CableEnd, cable};
use super::event_loop::FIRST_FREE_TOKEN;
use super::gateway::{DEVICE_V4, DEVICE_V6, GATEWAY_V4, GATEWAY_V6, Gateway};

/// The longest IP packet on the cable, in bytes. The cable is as fast as memory, so fewer packets are better.
const CABLE_MTU: usize = 16_384;

/// A way for packets.
pub trait Network {
    /// The device to plug an interface into.
    type Device: Device;

    /// The device.
    fn device(&mut self) -> &mut Self::Device;

    /// Moves what can be moved on the other side. The device has sockets for `room` more connections. Returns whether
    /// anything moved.
    fn poll(&mut self, now: Instant, room: usize) -> bool;

    /// How long there is nothing to do on the other side.
    fn poll_delay(&mut self, now: Instant) -> Option<Duration>;

    /// The source with this token is ready.
    fn wake(&mut self, token: Token);

    /// Whether the other side still has to deliver something.
    fn is_busy(&self) -> bool;

    /// Whether the other side has passed on all that it was sent, up to the end of every connection.
    fn has_delivered(&self) -> bool;

    /// Why a connection could not be made, if more is known than that it could not.
    fn take_connect_error(&mut self) -> Option<io::Error>;

    /// Lets connections to `address` come to `port` of the device; returns the address that is listened on.
    ///
    /// # Errors
    /// What the operating system says.
    fn listen(&mut self, address: SocketAddr, port: u16) -> io::Result<SocketAddr>;
}

/// The cable inside the process.
pub struct Cable {
    device: CableEnd,
    gateway: Gateway,
}

impl Cable {
    /// A cable with a gateway at its far end.
    #[must_use]
    pub fn new(registry: Registry, now: Instant) -> Self {
        let (device, far_end) = cable(CABLE_MTU, false);
        Self { device, gateway: Gateway::new(far_end, registry, now) }
    }

    /// An interface at the near end.
    pub fn interface(&mut self, now: Instant) -> Interface {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = getrandom::u64().unwrap_or(1);
        let addresses = [IpCidr::new(DEVICE_V4.into(), 24), IpCidr::new(DEVICE_V6.into(), 64)];
        interface(config, &mut self.device, &addresses, (GATEWAY_V4, GATEWAY_V6), now)
    }
}

impl Network for Cable {
    type Device = CableEnd;

    fn device(&mut self) -> &mut CableEnd {
        &mut self.device
    }

    fn poll(&mut self, now: Instant, room: usize) -> bool {
        self.gateway.poll(now, room)
    }

    fn poll_delay(&mut self, now: Instant) -> Option<Duration> {
        if self.device.has_incoming() { Some(Duration::ZERO) } else { self.gateway.poll_delay(now) }
    }

    fn wake(&mut self, token: Token) {
        self.gateway.wake(token);
    }

    fn is_busy(&self) -> bool {
        self.gateway.is_busy()
    }

    fn has_delivered(&self) -> bool {
        self.gateway.has_delivered()
    }

    fn take_connect_error(&mut self) -> Option<io::Error> {
        self.gateway.take_connect_error()
    }

    fn listen(&mut self, address: SocketAddr, port: u16) -> io::Result<SocketAddr> {
        self.gateway.listen(address, port)
    }
}

/// Attaching to an interface that is not there would make one, and sending through one that is down fails only then.
fn check_is_up(name: &str) -> io::Result<()> {
    const IFF_UP: u32 = 1;
    let flags = std::fs::read_to_string(format!("/sys/class/net/{name}/flags")).unwrap_or_default();
    match u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16) {
        Ok(flags) if flags & IFF_UP != 0 => Ok(()),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NetworkDown, "the interface is down: ip link set NAME up")),
        Err(_) => Err(io::Error::new(io::ErrorKind::NotFound, "no such interface: ip tuntap add NAME mode tap")),
    }
}

/// A TAP device of the host.
pub struct Tap {
    device: TunTapInterface,
    address: Option<IpAddr>,
}

/// The routers that a TAP device's interface uses, as smoltcp's own examples do.
const TAP_ROUTERS: (Ipv4Address, Ipv6Address) = (GATEWAY_V4, GATEWAY_V6);

impl Tap {
    /// Attaches to the TAP device with this name. The interface has `address`, or else the usual ones of smoltcp's
    /// examples, `192.168.69.1` and `fdaa::1`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn new(name: &str, registry: &Registry, address: Option<IpAddr>) -> io::Result<Self> {
        check_is_up(name)?;
        let device = TunTapInterface::new(name, Medium::Ethernet)?;
        registry.register(&mut SourceFd(&device.as_raw_fd()), Token(FIRST_FREE_TOKEN), Interest::READABLE)?;
        Ok(Self { device, address })
    }

    /// An interface on the device.
    pub fn interface(&mut self, now: Instant) -> Interface {
        let random = getrandom::u64().unwrap_or(1);
        let [a, b, c, d, e, ..] = random.to_be_bytes();
        // Locally administered, unicast.
        let mut config = Config::new(HardwareAddress::Ethernet(EthernetAddress([2, a, b, c, d, e])));
        config.random_seed = random;
        let addresses = match self.address {
            Some(IpAddr::V4(address)) => vec![IpCidr::new(address.into(), 24)],
            Some(IpAddr::V6(address)) => vec![IpCidr::new(address.into(), 64)],
            None => vec![IpCidr::new(DEVICE_V4.into(), 24), IpCidr::new(DEVICE_V6.into(), 64)],
        };
        interface(config, &mut self.device, &addresses, TAP_ROUTERS, now)
    }
}

impl Network for Tap {
    type Device = TunTapInterface;

    fn device(&mut self) -> &mut TunTapInterface {
        &mut self.device
    }

    fn poll(&mut self, _: Instant, _: usize) -> bool {
        false
    }

    fn poll_delay(&mut self, _: Instant) -> Option<Duration> {
        None
    }

    fn wake(&mut self, _: Token) {}

    fn is_busy(&self) -> bool {
        false
    }

    fn has_delivered(&self) -> bool {
        true
    }

    fn take_connect_error(&mut self) -> Option<io::Error> {
        None
    }

    fn listen(&mut self, address: SocketAddr, port: u16) -> io::Result<SocketAddr> {
        Ok(SocketAddr::new(address.ip(), port))
    }
}

fn interface<D: Device>(
    config: Config,
    device: &mut D,
    addresses: &[IpCidr],
    (router_v4, router_v6): (Ipv4Address, Ipv6Address),
    now: Instant,
) -> Interface {
    let mut iface = Interface::new(config, device, now);
    iface.update_ip_addrs(|own| own.extend(addresses.iter().copied()));
    let has = |version| addresses.iter().any(|cidr| cidr.address().version() == version);
    // A new table has room for two routes.
    if has(IpAddress::from(router_v4).version()) {
        let _ = iface.routes_mut().add_default_ipv4_route(router_v4);
    }
    if has(IpAddress::from(router_v6).version()) {
        let _ = iface.routes_mut().add_default_ipv6_route(router_v6);
    }
    iface
}
