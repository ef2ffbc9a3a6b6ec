//! The far end of the cable: a gateway to the host's own TCP that needs no rights.
//!
//! Its interface answers for every address there is. When the device at the near end opens a connection, the gateway
//! opens one from the host to the same address, and answers the device once the host has succeeded or failed. When
//! somebody connects to the host's listener, the gateway connects to the device with that peer's address. From then on
//! links pass on data, ends of stream and resets.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use smoltcp::iface::{Config, Interface, PollResult, SocketSet};
use smoltcp::socket::{AnySocket as _, tcp};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpCidr, IpEndpoint, IpListenEndpoint, Ipv4Address, Ipv6Address};

use super::cable::CableEnd;
use super::event_loop::FIRST_FREE_TOKEN;
use super::link::{Link, Progress};
use super::segment::{Ends, opening};

/// The device's addresses on the cable.
pub const DEVICE_V4: Ipv4Address = Ipv4Address::new(192, 168, 69, 1);
/// The device's addresses on the cable.
pub const DEVICE_V6: Ipv6Address = Ipv6Address::new(0xfdaa, 0, 0, 0, 0, 0, 0, 1);
/// The gateway's addresses on the cable.
pub const GATEWAY_V4: Ipv4Address = Ipv4Address::new(192, 168, 69, 100);
/// The gateway's addresses on the cable.
pub const GATEWAY_V6: Ipv6Address = Ipv6Address::new(0xfdaa, 0, 0, 0, 0, 0, 0, 0x100);

/// The TCP buffers of the gateway's own sockets, in bytes.
const BUFFER_LEN: usize = 1 << 18;

const LISTENER: usize = FIRST_FREE_TOKEN;
const FIRST_LINK: usize = LISTENER + 1;

/// How soon a listener that could not accept (no file descriptor left, say) is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// See the [module](self).
pub struct Gateway {
    end: CableEnd,
    iface: Interface,
    sockets: SocketSet<'static>,
    registry: Registry,
    inbound: Option<Inbound>,
    /// At the index of their token less `FIRST_LINK`.
    slots: Vec<Slot>,
    connect_error: Option<io::Error>,
    now: Instant,
}

/// The host's listener and where its connections go.
struct Inbound {
    listener: TcpListener,
    port: u16,
    /// Whether accepting may give something.
    ready: bool,
    /// Not before this time, after an error.
    pause: Option<Instant>,
}

enum Slot {
    Free,
    /// The host is connecting on behalf of the device, whose first packet is kept.
    Dialling {
        stream: TcpStream,
        ends: Ends,
        packet: Vec<u8>,
        ready: bool,
    },
    Linked(Link),
}

impl Gateway {
    /// A gateway at this end of a cable. `registry` is that of the loop whose tokens come to [`wake`](Self::wake).
    ///
    /// # Panics
    /// Never: its tables have room for what it enters.
    #[must_use]
    pub fn new(mut end: CableEnd, registry: Registry, now: Instant) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = getrandom::u64().unwrap_or(1);
        let mut iface = Interface::new(config, &mut end, now);
        iface.update_ip_addrs(|addresses| {
            let own = [IpCidr::new(GATEWAY_V4.into(), 24), IpCidr::new(GATEWAY_V6.into(), 64)];
            addresses.extend(own);
        });
        iface.set_any_ip(true);
        let routed = (
            iface.routes_mut().add_default_ipv4_route(DEVICE_V4),
            iface.routes_mut().add_default_ipv6_route(DEVICE_V6),
        );
        debug_assert!(routed.0.is_ok() && routed.1.is_ok());
        let sockets = SocketSet::new(Vec::new());
        Self { end, iface, sockets, registry, inbound: None, slots: Vec::new(), connect_error: None, now }
    }

    /// Passes connections to `address` of the host on to `port` of the device. Returns the address that is listened on.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn listen(&mut self, address: SocketAddr, port: u16) -> io::Result<SocketAddr> {
        let mut listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        self.registry.register(&mut listener, Token(LISTENER), Interest::READABLE)?;
        self.inbound = Some(Inbound { listener, port, ready: true, pause: None });
        Ok(address)
    }

    /// The source with this token is ready.
    pub fn wake(&mut self, token: Token) {
        if token.0 == LISTENER {
            if let Some(inbound) = &mut self.inbound {
                inbound.ready = true;
            }
            return;
        }
        match token.0.checked_sub(FIRST_LINK).and_then(|index| self.slots.get_mut(index)) {
            Some(Slot::Dialling { ready, .. }) => *ready = true,
            Some(Slot::Linked(link)) => link.wake(),
            Some(Slot::Free) | None => {}
        }
    }

    /// Why the host could not connect for the device, if it could not.
    pub const fn take_connect_error(&mut self) -> Option<io::Error> {
        self.connect_error.take()
    }

    /// Whether connections are open through the gateway.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.slots.iter().any(|slot| !matches!(slot, Slot::Free))
    }

    /// Whether the host's TCP has all that the device sent, up to the end of every connection.
    #[must_use]
    pub fn has_delivered(&self) -> bool {
        self.slots.iter().all(|slot| match slot {
            Slot::Free => true,
            Slot::Dialling { .. } => false,
            Slot::Linked(link) => link.has_delivered(),
        })
    }

    /// Moves what can be moved. The device can take `room` more connections. Returns whether anything moved.
    pub fn poll(&mut self, now: Instant, room: usize) -> bool {
        self.now = now;
        let mut moved = self.accept(room);
        moved |= self.dial();
        moved |= self.pump();
        self.hold_openings();
        if self.iface.poll(now, &mut self.end, &mut self.sockets) == PollResult::SocketStateChanged {
            moved = true;
            self.pump();
        }
        moved
    }

    /// How long nothing needs to be done, unless a token or the device wakes us.
    pub fn poll_delay(&mut self, now: Instant) -> Option<Duration> {
        if self.end.has_incoming() {
            return Some(Duration::ZERO);
        }
        let pause = self.inbound.as_ref().and_then(|inbound| inbound.pause).map(|_| ACCEPT_PAUSE);
        super::sooner(pause, self.iface.poll_delay(now, &self.sockets))
    }

    fn accept(&mut self, room: usize) -> bool {
        let now = self.now;
        let mut accepted = false;
        let mut opening = self.tcp_sockets().filter(|socket| is_opening(socket)).count();
        loop {
            let Some(inbound) = &mut self.inbound else { return accepted };
            if !inbound.ready || opening >= room || inbound.pause.is_some_and(|until| now < until) {
                return accepted;
            }
            inbound.pause = None;
            let port = inbound.port;
            match inbound.listener.accept() {
                Ok((stream, peer)) => {
                    if let Err(error) = self.open_inbound(stream, peer, port) {
                        eprintln!("gateway: {peer}: {error}");
                    }
                    opening += 1;
                    accepted = true;
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => inbound.ready = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => inbound.pause = Some(now + ACCEPT_PAUSE),
                },
            }
        }
    }

    fn open_inbound(&mut self, stream: TcpStream, peer: SocketAddr, port: u16) -> io::Result<()> {
        let _ = stream.set_nodelay(true);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let device = match peer.ip() {
            IpAddr::V4(_) => IpEndpoint::new(DEVICE_V4.into(), port),
            IpAddr::V6(_) => IpEndpoint::new(DEVICE_V6.into(), port),
        };
        let source = self.free_source(peer);
        let mut socket = new_socket();
        socket.connect(self.iface.context(), device, source).map_err(|error| io::Error::other(error.to_string()))?;
        let handle = self.sockets.add(socket);
        let token = self.insert(Slot::Linked(Link::new(handle, stream)));
        if let Some(Slot::Linked(link)) = self.slots.get_mut(token.0 - FIRST_LINK) {
            self.registry.register(link.host_mut(), token, Interest::READABLE | Interest::WRITABLE)?;
        }
        Ok(())
    }

    fn tcp_sockets(&self) -> impl Iterator<Item = &tcp::Socket<'static>> {
        self.sockets.iter().filter_map(|(_, socket)| tcp::Socket::downcast(socket))
    }

    /// The peer's address and port, or another port if an earlier connection from there has not ended on the cable.
    fn free_source(&self, peer: SocketAddr) -> IpEndpoint {
        let mut source = IpEndpoint::from(peer);
        let taken = |source| self.tcp_sockets().any(|socket| socket.local_endpoint() == Some(source));
        while taken(source) {
            source.port = source.port.checked_sub(1).filter(|&port| port > 0).unwrap_or(u16::MAX);
        }
        source
    }

    fn insert(&mut self, slot: Slot) -> Token {
        let free = self.slots.iter().position(|slot| matches!(slot, Slot::Free));
        let index = free.unwrap_or_else(|| {
            self.slots.push(Slot::Free);
            self.slots.len() - 1
        });
        self.slots[index] = slot;
        Token(FIRST_LINK + index)
    }

    /// Takes the device's attempts to connect off the cable and makes the host try the same.
    fn hold_openings(&mut self) {
        let mut known: Vec<Ends> = Vec::new();
        for packet in self.end.extract(|packet| opening(packet).is_some()) {
            let Some(ends) = opening(&packet) else { continue };
            // TCP tries again after a second; we are still at it.
            let is_known = |slot: &Slot| matches!(slot, Slot::Dialling { ends: dialled, .. } if *dialled == ends);
            if known.contains(&ends) || self.slots.iter().any(is_known) {
                continue;
            }
            known.push(ends);
            match TcpStream::connect(ends.destination) {
                Ok(stream) => {
                    let token = self.insert(Slot::Dialling { stream, ends, packet, ready: false });
                    if let Some(Slot::Dialling { stream, .. }) = self.slots.get_mut(token.0 - FIRST_LINK) {
                        let _ = self.registry.register(stream, token, Interest::READABLE | Interest::WRITABLE);
                    }
                }
                Err(error) => {
                    self.connect_error = Some(error);
                    self.answer(packet);
                }
            }
        }
    }

    /// Sees which of the host's attempts to connect have ended.
    fn dial(&mut self) -> bool {
        let mut moved = false;
        for index in 0..self.slots.len() {
            let Slot::Dialling { stream, ready, .. } = &mut self.slots[index] else { continue };
            if !std::mem::take(ready) {
                continue;
            }
            let outcome = match stream.take_error() {
                Ok(Some(error)) | Err(error) => Err(error),
                Ok(None) => match stream.peer_addr() {
                    Ok(_) => Ok(()),
                    Err(error) if error.kind() == ErrorKind::NotConnected => continue,
                    Err(error) => Err(error),
                },
            };
            let Slot::Dialling { mut stream, ends, packet, .. } = std::mem::replace(&mut self.slots[index], Slot::Free)
            else {
                continue;
            };
            moved = true;
            match outcome {
                Ok(()) => {
                    let _ = stream.set_nodelay(true);
                    let mut socket = new_socket();
                    let destination = IpEndpoint::from(ends.destination);
                    let _ = socket.listen(IpListenEndpoint::from(destination));
                    let handle = self.sockets.add(socket);
                    self.slots[index] = Slot::Linked(Link::new(handle, stream));
                }
                Err(error) => {
                    let _ = self.registry.deregister(&mut stream);
                    self.connect_error = Some(error);
                }
            }
            self.answer(packet);
        }
        moved
    }

    /// Lets TCP see a packet that was held. With a socket that listens it opens the connection; without one it is
    /// answered by a reset.
    fn answer(&mut self, packet: Vec<u8>) {
        self.end.inject(packet);
        self.iface.poll_ingress_single(self.now, &mut self.end, &mut self.sockets);
    }

    fn pump(&mut self) -> bool {
        let mut moved = false;
        for slot in &mut self.slots {
            let Slot::Linked(link) = slot else { continue };
            match link.pump(self.sockets.get_mut(link.handle)) {
                Progress::Idle => {}
                Progress::Moved => moved = true,
                Progress::Over => {
                    moved = true;
                    if let Slot::Linked(mut link) = std::mem::replace(slot, Slot::Free) {
                        self.sockets.remove(link.handle);
                        let _ = self.registry.deregister(link.host_mut());
                        link.finish();
                    }
                }
            }
        }
        moved
    }
}

fn new_socket() -> tcp::Socket<'static> {
    let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER_LEN]);
    let mut socket = tcp::Socket::new(buffer(), buffer());
    socket.set_nagle_enabled(false);
    // A socket is taken away as soon as it is closed, and must not owe an acknowledgement then.
    socket.set_ack_delay(None);
    socket
}

/// A connection to the device that it has not answered yet.
fn is_opening(socket: &tcp::Socket<'_>) -> bool {
    matches!(socket.state(), tcp::State::SynSent)
}
