//! [`embedded_nal`] with TLS inside: code written against a plain TCP stack talks TLS, unchanged.
//!
//! A [`TlsStack`] borrows what [`poll`](crate::poll()) needs, and a clock, and is a
//! [`TcpClientStack`](embedded_nal::TcpClientStack) and [`TcpFullStack`](embedded_nal::TcpFullStack). Its sockets are
//! those of the [`TlsSocketSet`]: as many as you have added can be in use at the same time. It holds nothing itself, so
//! it can be made where it is needed and dropped again; its sockets stay valid for the next one over the same set.
//!
//! `connect` and `accept` are done when the handshake is. `receive` ends with an error of kind
//! [`PipeClosed`](embedded_nal::TcpErrorKind::PipeClosed) when the peer has closed; a stream that was cut off
//! is an error of another kind. Each call polls the interface as far as it must; while nothing is called,
//! call [`TlsStack::poll`].
//!
//! To lend one stack to several users, see [`embedded_nal::SharableStack`].
//!
//! ```
//! use core::net::SocketAddr;
//! use embedded_nal::{TcpClientStack, nb};
//!
//! /// Knows nothing of TLS.
//! fn fetch<S: TcpClientStack>(stack: &mut S, server: SocketAddr, page: &mut [u8]) -> Result<usize, S::Error> {
//!     let mut socket = stack.socket()?;
//!     nb::block!(stack.connect(&mut socket, server))?;
//!     nb::block!(stack.send(&mut socket, b"GET / HTTP/1.0\r\n\r\n"))?;
//!     let len = nb::block!(stack.receive(&mut socket, page))?;
//!     stack.close(socket)?;
//!     Ok(len)
//! }
//!
//! # use saitls::{ClientConfig, TlsSocketSet, protocol::crypto::CryptoProvider, smoltcp::{self, time::Instant}};
//! # fn use_it<'a, P: CryptoProvider>(
//! #     iface: &mut smoltcp::iface::Interface, device: &mut smoltcp::phy::Loopback, sockets: &mut smoltcp::iface::SocketSet<'_>,
//! #     tls: &mut TlsSocketSet<'a, P>, provider: &mut P, config: &'a ClientConfig<'a, P>, now: impl FnMut() -> Instant, server: SocketAddr,
//! # ) -> Option<()> {
//! use saitls::nal::TlsStack;
//! use saitls::ServerName;
//!
//! let mut stack = TlsStack::new(iface, device, sockets, tls, provider, now)
//!     .with_client(config, Some(ServerName::try_from("example.org").ok()?));
//! let len = fetch(&mut stack, server, &mut [0; 1024]);
//! # Some(()) }
//! ```

mod client;
mod error;
mod server;

pub use error::NalError;

use crate::set::{Lease, TlsSocketHandle, TlsSocketSet};
use crate::socket::TlsSocket;
use core::net::SocketAddr;
use saitls_core::ServerName;
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::crypto::CryptoProvider;
use smoltcp::iface::{Interface, SocketSet};
use smoltcp::phy::Device;
use smoltcp::socket::{Socket, tcp};
use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

/// How many clients one listener serves before they are accepted, unless [`TlsStack::with_backlog`] says
/// otherwise.
pub const DEFAULT_BACKLOG: usize = 4;

/// The first of the ports for those who do not choose one, up to the last of all (RFC 6335 6).
const FIRST_DYNAMIC_PORT: u16 = 49_152;

/// A network stack that speaks TLS. The [module](self) tells more.
pub struct TlsStack<'s, 't, 'a, D: Device + ?Sized, P: CryptoProvider, C: FnMut() -> Instant> {
    iface: &'s mut Interface,
    device: &'s mut D,
    sockets: &'s mut SocketSet<'t>,
    tls: &'s mut TlsSocketSet<'a, P>,
    provider: &'s mut P,
    clock: C,
    client: Option<&'a ClientConfig<'a, P>>,
    server_name: Option<ServerName<'a>>,
    server: Option<&'a ServerConfig<'a, P>>,
    backlog: usize,
}

/// A socket of a [`TlsStack`]. It is given back with [`close`](embedded_nal::TcpClientStack::close) alone.
#[derive(Debug)]
pub struct NalSocket {
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// New, maybe with a port.
    Unused(TlsSocketHandle, Option<u16>),
    Connecting(TlsSocketHandle),
    Connected(TlsSocketHandle),
    /// Its sockets are those with the lease [`Lease::Listening`] of this port.
    Listening(u16),
}

impl<'s, 't, 'a, D, P, C> TlsStack<'s, 't, 'a, D, P, C>
where
    D: Device + ?Sized,
    P: CryptoProvider,
    C: FnMut() -> Instant,
{
    /// A stack over these parts; `clock` says the time, as for [`poll`](crate::poll()).
    pub const fn new(
        iface: &'s mut Interface,
        device: &'s mut D,
        sockets: &'s mut SocketSet<'t>,
        tls: &'s mut TlsSocketSet<'a, P>,
        provider: &'s mut P,
        clock: C,
    ) -> Self {
        Self {
            iface,
            device,
            sockets,
            tls,
            provider,
            clock,
            client: None,
            server_name: None,
            server: None,
            backlog: DEFAULT_BACKLOG,
        }
    }

    /// How to connect, and to whom: an address alone does not tell the name that the server must prove.
    #[must_use]
    pub fn with_client(mut self, config: &'a ClientConfig<'a, P>, server_name: Option<ServerName<'a>>) -> Self {
        self.client = Some(config);
        self.server_name = server_name;
        self
    }

    /// How to serve.
    #[must_use]
    pub const fn with_server(mut self, config: &'a ServerConfig<'a, P>) -> Self {
        self.server = Some(config);
        self
    }

    /// How many sockets a listener may occupy with clients that were not accepted yet. One listens; another one
    /// is taken each time a client comes, so that a slow one keeps nobody waiting.
    #[must_use]
    pub const fn with_backlog(mut self, backlog: usize) -> Self {
        self.backlog = backlog;
        self
    }

    /// The server's name for the connections that are made from now on.
    pub fn set_server_name(&mut self, server_name: Option<ServerName<'a>>) {
        self.server_name = server_name;
    }

    /// Polls the interface: see [`poll`](crate::poll()).
    pub fn poll(&mut self) {
        let now = (self.clock)();
        crate::poll(now, self.iface, self.device, self.sockets, self.tls, self.provider);
    }

    /// The TLS socket behind a connection, for facts about it; `None` for a listener.
    #[must_use]
    pub fn tls_socket(&self, socket: &NalSocket) -> Option<&TlsSocket<'a, P>> {
        Some(self.tls.get(socket.role.handle()?))
    }

    /// A socket of the set that nobody uses.
    fn claim(&mut self, lease: Lease) -> Result<TlsSocketHandle, NalError> {
        let tls = &mut *self.tls;
        let usable = |handle| match tls.lease(handle) {
            Lease::Free | Lease::Released => !tls.get(handle).is_open(),
            Lease::Held | Lease::Listening(_) => false,
        };
        // All was acknowledged that was sent, and nobody cares for what comes.
        let done = |handle| tls.lease(handle) == Lease::Released && tls.get(handle).state() == tcp::State::FinWait2;
        let handles = || tls.iter().map(|(handle, _)| handle);
        let handle = handles().find(|handle| usable(*handle)).or_else(|| handles().find(|handle| done(*handle)));
        let handle = handle.ok_or(NalError::NoFreeSocket)?;
        let socket = tls.get_mut(handle);
        if socket.is_open() {
            socket.abort();
        }
        tls.set_lease(handle, lease);
        Ok(handle)
    }

    /// A port that no socket uses.
    fn dynamic_port(&mut self) -> Result<u16, NalError> {
        // RFC 6056 3.3.1: a random one, and the next ones if it is in use.
        let mut random = [0; 2];
        self.provider.fill_random(&mut random).map_err(|error| NalError::Failed(error.into()))?;
        for next in 0..=u16::MAX - FIRST_DYNAMIC_PORT {
            let port = FIRST_DYNAMIC_PORT | u16::from_be_bytes(random).wrapping_add(next);
            let used = self.sockets.iter().any(|(_, socket)| match socket {
                Socket::Tcp(tcp) => {
                    tcp.listen_endpoint().port == port || tcp.local_endpoint().is_some_and(|local| local.port == port)
                }
                #[allow(unreachable_patterns, reason = "other kinds of sockets are features of smoltcp")]
                _ => false,
            });
            if !used {
                return Ok(port);
            }
        }
        Err(NalError::PortInUse)
    }
}

impl Role {
    const fn handle(self) -> Option<TlsSocketHandle> {
        match self {
            Self::Unused(handle, _) | Self::Connecting(handle) | Self::Connected(handle) => Some(handle),
            Self::Listening(_) => None,
        }
    }
}

/// An address as smoltcp knows it, if it knows its family.
fn endpoint(address: SocketAddr) -> Option<IpEndpoint> {
    match address {
        #[cfg(feature = "proto-ipv4")]
        SocketAddr::V4(address) => Some(address.into()),
        #[cfg(feature = "proto-ipv6")]
        SocketAddr::V6(address) => Some(address.into()),
        #[allow(unreachable_patterns, reason = "the families are features")]
        _ => None,
    }
}
