//! `TlsSocket`s on smoltcp, as a client and as a server.

use std::net::SocketAddr;

use mio::Token;
use saitls::{Buffers, ClientConfig, ServerConfig, ServerName, SocketError, TlsSocket, TlsSocketHandle, TlsSocketSet};
use smoltcp::iface::{Interface, PollResult, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::IpEndpoint;

use super::{Acceptor, Dialler, Stream, Visit};
use crate::args::Common;
use crate::backend::Backend;
use crate::failure::Failure;
use crate::net::network::Network;
use crate::net::{Clock, sooner};

/// How many connections a server has sockets for.
const SERVER_SOCKETS: usize = 64;

/// Room for what the application wants to know of the peer: its certificate, and the name it asks for.
pub(super) const PEER_BUFFER_LEN: usize = 8192;

/// An interface and its sockets.
struct Stack<'a, N, B: Backend> {
    clock: Clock,
    network: N,
    iface: Interface,
    sockets: SocketSet<'static>,
    tls: TlsSocketSet<'a, B>,
    provider: B,
}

impl<'a, N: Network, B: Backend> Stack<'a, N, B> {
    fn new(clock: Clock, network: N, iface: Interface) -> Self {
        let sockets = SocketSet::new(Vec::new());
        let tls = TlsSocketSet::new(Vec::new());
        Self { clock, network, iface, sockets, tls, provider: B::start() }
    }

    fn add_socket(&mut self, sizes: &Common) -> TlsSocketHandle {
        let buffer = |len| tcp::SocketBuffer::new(vec![0; len]);
        let mut socket = tcp::Socket::new(buffer(sizes.tcp_receive_buffer), buffer(sizes.tcp_transmit_buffer));
        // A record goes out as soon as it is sealed; acknowledgements cost next to nothing here.
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        let handle = self.sockets.add(socket);
        self.tls.add(TlsSocket::new(handle, buffers(sizes)))
    }

    fn poll(&mut self, room: usize) -> bool {
        let now = self.clock.now();
        let moved = self.network.poll(now, room);
        let device = self.network.device();
        let polled = saitls::poll(now, &mut self.iface, device, &mut self.sockets, &mut self.tls, &mut self.provider);
        moved || polled == PollResult::SocketStateChanged
    }

    fn poll_delay(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        let own = saitls::poll_delay(now, &mut self.iface, &self.sockets, &self.tls);
        sooner(own, self.network.poll_delay(now))
    }

    /// Whether all that was sent, up to the end of every connection, is with the TCP of the peer, or of the host.
    fn has_delivered(&self) -> bool {
        use tcp::State::{Closed, FinWait2, Listen, TimeWait};
        let is_done = |socket: &TlsSocket<'_, B>| matches!(socket.state(), Closed | FinWait2 | Listen | TimeWait);
        self.tls.iter().all(|(_, socket)| is_done(socket)) && self.network.has_delivered()
    }

    fn tcp_state(&self, handle: TlsSocketHandle) -> tcp::State {
        self.sockets.get::<tcp::Socket<'_>>(self.tls.get(handle).tcp_handle()).state()
    }
}

/// Buffers for one connection, of the sizes asked for.
pub(super) fn buffers<'a>(sizes: &Common) -> Buffers<'a> {
    Buffers::new(vec![0; sizes.receive_buffer], vec![0; sizes.transmit_buffer])
        .with_peer_buffer(vec![0; PEER_BUFFER_LEN])
        .with_session_buffer(vec![0; sizes.session_buffer])
}

/// A client with one socket.
pub struct SmoltcpClient<'a, N, B: Backend> {
    stack: Stack<'a, N, B>,
    handle: TlsSocketHandle,
    config: &'a ClientConfig<'a, B>,
    server_name: ServerName<'a>,
    established: bool,
}

impl<'a, N: Network, B: Backend> SmoltcpClient<'a, N, B> {
    /// A client on this network.
    pub fn new(
        clock: Clock,
        network: N,
        iface: Interface,
        sizes: &Common,
        config: &'a ClientConfig<'a, B>,
        server_name: ServerName<'a>,
    ) -> Self {
        let mut stack = Stack::new(clock, network, iface);
        let handle = stack.add_socket(sizes);
        Self { stack, handle, config, server_name, established: false }
    }
}

impl<N: Network, B: Backend> Dialler for SmoltcpClient<'_, N, B> {
    fn dial(&mut self, remote: SocketAddr) -> Result<(), Failure> {
        let stack = &mut self.stack;
        // Any of the dynamic ports; the last connection of this process may have used another.
        let port = 49_152 + (getrandom::u32().unwrap_or(0) % 16_384) as u16;
        let socket = stack.tls.get_mut(self.handle);
        let (iface, sockets) = (&mut stack.iface, &mut stack.sockets);
        let name = Some(self.server_name.clone());
        self.established = false;
        socket.connect(iface, sockets, self.config, name, IpEndpoint::from(remote), port).map_err(|error| match error {
            saitls::ConnectError::Tls(error) => Failure::configuration(error),
            error => Failure::connection(format_args!("{remote}: {error}")),
        })
    }

    fn dial_error(&mut self) -> Option<String> {
        if self.established {
            return None;
        }
        let error = TlsSocket::error(self.stack.tls.get(self.handle))?;
        let cause = self.stack.network.take_connect_error().map(|error| error.to_string());
        Some(cause.unwrap_or_else(|| match error {
            SocketError::TimedOut => "nobody answers".into(),
            error => error.to_string(),
        }))
    }

    fn poll(&mut self) -> bool {
        let moved = self.stack.poll(0);
        self.established |= !matches!(self.stack.tcp_state(self.handle), tcp::State::Closed | tcp::State::SynSent);
        moved
    }

    fn poll_delay(&mut self) -> Option<Duration> {
        self.stack.poll_delay()
    }

    fn wake(&mut self, token: Token) {
        self.stack.network.wake(token);
    }

    fn stream(&mut self) -> &mut dyn Stream {
        self.stack.tls.get_mut(self.handle)
    }

    fn is_idle(&self) -> bool {
        let socket = self.stack.tls.get(self.handle);
        let is_gone = !socket.is_open() && !self.stack.network.is_busy();
        is_gone || (Stream::is_closed(socket) && self.stack.has_delivered())
    }
}

/// A server with a number of sockets, all of which listen while they have nothing else to do.
pub struct SmoltcpServer<'a, N, B: Backend> {
    stack: Stack<'a, N, B>,
    handles: Vec<TlsSocketHandle>,
    /// Which of them are done with their connection, and listen again once its last packet is out.
    ended: Vec<bool>,
    config: &'a ServerConfig<'a, B>,
    port: u16,
}

impl<'a, N: Network, B: Backend> SmoltcpServer<'a, N, B> {
    /// A server on this network.
    pub fn new(clock: Clock, network: N, iface: Interface, sizes: &Common, config: &'a ServerConfig<'a, B>) -> Self {
        let mut stack = Stack::new(clock, network, iface);
        let handles: Vec<_> = (0..SERVER_SOCKETS).map(|_| stack.add_socket(sizes)).collect();
        Self { stack, ended: vec![false; handles.len()], handles, config, port: 0 }
    }

    /// How many sockets wait for a client.
    fn listening(&self) -> usize {
        self.handles.iter().filter(|handle| self.stack.tcp_state(**handle) == tcp::State::Listen).count()
    }

    fn listen_again(&mut self) {
        let stack = &mut self.stack;
        for (&handle, ended) in self.handles.iter().zip(&mut self.ended) {
            if std::mem::take(ended) {
                // It was accepted once, and nothing has changed since.
                let _ = stack.tls.get_mut(handle).listen(&mut stack.sockets, self.config, self.port);
            }
        }
    }
}

impl<N: Network, B: Backend> Acceptor for SmoltcpServer<'_, N, B> {
    fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, Failure> {
        // On a cable the device's port is nobody else's business.
        self.port = match address.port() {
            0 => 49_152 + (getrandom::u32().unwrap_or(0) % 16_384) as u16,
            port => port,
        };
        for &handle in &self.handles {
            let socket = self.stack.tls.get_mut(handle);
            socket.listen(&mut self.stack.sockets, self.config, self.port).map_err(|error| match error {
                saitls::ListenError::Tls(error) => Failure::configuration(error),
                error => Failure::connection(error),
            })?;
        }
        let listening = self.stack.network.listen(address, self.port);
        listening.map_err(|error| Failure::connection(format_args!("{address}: {error}")))
    }

    fn poll(&mut self, room: usize) -> bool {
        let moved = self.stack.poll(self.listening().min(room));
        self.listen_again();
        moved
    }

    fn visit(&mut self, visitor: &mut dyn FnMut(usize, &mut dyn Stream) -> Visit) -> bool {
        let mut moved = false;
        for (index, &handle) in self.handles.iter().enumerate() {
            let connecting = matches!(self.stack.tcp_state(handle), tcp::State::Listen | tcp::State::SynReceived);
            if connecting || self.ended[index] {
                continue;
            }
            let socket = self.stack.tls.get_mut(handle);
            match visitor(index, socket) {
                Visit::Idle => {}
                Visit::Moved => moved = true,
                Visit::Forget => {
                    if socket.is_open() {
                        socket.abort();
                    }
                    self.ended[index] = true;
                    moved = true;
                }
            }
        }
        moved
    }

    fn is_full(&self) -> bool {
        self.listening() == 0
    }

    fn poll_delay(&mut self) -> Option<Duration> {
        self.stack.poll_delay()
    }

    fn wake(&mut self, token: Token) {
        self.stack.network.wake(token);
    }

    fn is_idle(&self) -> bool {
        self.stack.has_delivered()
    }

    fn now(&self) -> Instant {
        self.stack.clock.now()
    }
}
