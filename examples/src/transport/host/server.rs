//! A server.

use std::io::ErrorKind;
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use saitls_core::Connection;
use saitls_core::config::ServerConfig;
use smoltcp::time::{Duration, Instant};

use super::super::smoltcp::buffers;
use super::super::{Acceptor, Stream, Visit};
use super::{FIRST_STREAM, HostStream};
use crate::args::Common;
use crate::backend::Backend;
use crate::failure::Failure;
use crate::net::event_loop::FIRST_FREE_TOKEN;
use crate::net::{Clock, sooner};

/// How many connections a server has at once; the host keeps others waiting.
const MAX_CONNECTIONS: usize = 256;

/// How soon a listener that could not accept is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server on the host's TCP.
pub struct HostServer<'a, B: Backend> {
    clock: Clock,
    registry: Registry,
    provider: B,
    listener: Option<TcpListener>,
    /// Whether accepting may give something: set by an event, cleared when it does not.
    ready: bool,
    /// Accepting failed, such as for lack of file descriptors, and is tried again soon.
    retry: bool,
    streams: Vec<Option<Box<HostStream<'a, B>>>>,
    sizes: &'a Common,
    config: &'a ServerConfig<'a, B>,
}

impl<'a, B: Backend> HostServer<'a, B> {
    /// A server. `registry` is that of the loop whose tokens come to [`wake`](Acceptor::wake).
    #[must_use]
    pub fn new(clock: Clock, registry: Registry, sizes: &'a Common, config: &'a ServerConfig<'a, B>) -> Self {
        let (provider, streams) = (B::start(), Vec::new());
        Self { clock, registry, provider, listener: None, ready: true, retry: false, streams, sizes, config }
    }

    fn accept(&mut self, room: usize) -> bool {
        let mut accepted = 0;
        self.retry = false;
        while let Some(listener) = self.listener.as_ref().filter(|_| self.ready && accepted < room) {
            let free = self.streams.iter().position(Option::is_none);
            if free.is_none() && self.streams.len() >= MAX_CONNECTIONS {
                break;
            }
            match listener.accept() {
                Ok((mut tcp, _)) => {
                    let index = free.unwrap_or_else(|| {
                        self.streams.push(None);
                        self.streams.len() - 1
                    });
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    let registered = self.registry.register(&mut tcp, Token(FIRST_STREAM + index), interest);
                    if let (Ok(()), Ok(tls)) = (registered, Connection::server(self.config, buffers(self.sizes))) {
                        self.streams[index] = Some(Box::new(HostStream::new(tcp, tls, self.clock.now())));
                        accepted += 1;
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    ErrorKind::WouldBlock => self.ready = false,
                    _ => {
                        self.retry = true;
                        break;
                    }
                },
            }
        }
        accepted > 0
    }
}

impl<B: Backend> Acceptor for HostServer<'_, B> {
    fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, Failure> {
        Connection::server(self.config, buffers(self.sizes)).map_err(Failure::configuration)?;
        let failed = |error| Failure::connection(format_args!("{address}: {error}"));
        let mut listener = TcpListener::bind(address).map_err(failed)?;
        self.registry.register(&mut listener, Token(FIRST_FREE_TOKEN), Interest::READABLE).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        self.listener = Some(listener);
        Ok(address)
    }

    fn poll(&mut self, room: usize) -> bool {
        let mut moved = self.accept(room);
        let now = self.clock.now();
        for stream in self.streams.iter_mut().flatten() {
            moved |= stream.drive(now, &mut self.provider);
        }
        moved
    }

    fn visit(&mut self, visitor: &mut dyn FnMut(usize, &mut dyn Stream) -> Visit) -> bool {
        let mut moved = false;
        for (index, slot) in self.streams.iter_mut().enumerate() {
            let Some(stream) = slot else { continue };
            match visitor(index, &mut **stream) {
                Visit::Idle => {}
                Visit::Moved => moved = true,
                Visit::Forget => {
                    let _ = self.registry.deregister(&mut stream.tcp);
                    *slot = None;
                    // Somebody may have waited for the place.
                    self.ready = true;
                    moved = true;
                }
            }
        }
        moved
    }

    fn is_full(&self) -> bool {
        self.streams.len() >= MAX_CONNECTIONS && self.streams.iter().all(Option::is_some)
    }

    fn poll_delay(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        let retry = self.retry.then_some(ACCEPT_PAUSE);
        self.streams.iter().flatten().fold(retry, |delay, stream| sooner(delay, stream.poll_delay(now)))
    }

    fn wake(&mut self, token: Token) {
        match token.0.checked_sub(FIRST_STREAM).map(|index| self.streams.get_mut(index)) {
            None => self.ready = true,
            Some(Some(Some(stream))) => (stream.readable, stream.writable) = (true, true),
            Some(_) => {}
        }
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }
}
