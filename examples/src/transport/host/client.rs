//! A client.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use saitls::SocketError;
use saitls_core::codes::AlertDescription;
use saitls_core::config::ClientConfig;
use saitls_core::{Connection, Negotiated, ServerName};
use smoltcp::time::{Duration, Instant};

use super::super::smoltcp::buffers;
use super::super::{Dialler, Stream};
use super::{FIRST_STREAM, HANDSHAKE_TIMEOUT, HostStream};
use crate::args::Common;
use crate::backend::Backend;
use crate::failure::Failure;
use crate::net::Clock;
use crate::starttls::{Preface, Protocol};

/// A client on the host's TCP.
pub struct HostClient<'a, B: Backend> {
    clock: Clock,
    registry: Registry,
    provider: B,
    state: Dial<'a, B>,
    sizes: &'a Common,
    config: &'a ClientConfig<'a, B>,
    server_name: ServerName<'a>,
    starttls: Option<Protocol>,
    nothing: Nothing,
}

enum Dial<'a, B: Backend> {
    Idle,
    Dialling { tcp: TcpStream, ready: bool, deadline: Instant, talk: Option<Talk> },
    Failed(String),
    Connected(Box<HostStream<'a, B>>),
}

impl<'a, B: Backend> HostClient<'a, B> {
    /// A client. `registry` is that of the loop whose tokens come to [`wake`](Dialler::wake).
    #[must_use]
    pub fn new(
        clock: Clock,
        registry: Registry,
        sizes: &'a Common,
        config: &'a ClientConfig<'a, B>,
        server_name: ServerName<'a>,
    ) -> Self {
        let (provider, state, nothing) = (B::start(), Dial::Idle, Nothing);
        Self { clock, registry, provider, state, sizes, config, server_name, starttls: None, nothing }
    }

    /// Begins in the clear, with this protocol.
    #[must_use]
    pub const fn with_starttls(mut self, protocol: Option<Protocol>) -> Self {
        self.starttls = protocol;
        self
    }

    fn check_dial(&mut self) -> bool {
        let now = self.clock.now();
        let Dial::Dialling { tcp, ready, deadline, talk } = &mut self.state else { return false };
        let outcome = if std::mem::take(ready) {
            match (tcp.take_error(), tcp.peer_addr()) {
                (Ok(None), Ok(_)) => match talk.as_mut().map_or(Ok(true), |talk| talk.go_on(tcp)) {
                    Ok(false) => return false,
                    outcome => outcome.map(drop),
                },
                (Ok(None), Err(error)) if error.kind() == ErrorKind::NotConnected => return false,
                (Ok(Some(error)) | Err(error), _) | (_, Err(error)) => Err(error.to_string()),
            }
        } else if now >= *deadline {
            Err("nobody answers".into())
        } else {
            return false;
        };
        let Dial::Dialling { tcp, .. } = std::mem::replace(&mut self.state, Dial::Idle) else { return false };
        let name = Some(self.server_name.clone());
        self.state = match outcome.map(|()| Connection::client(self.config, name, buffers(self.sizes))) {
            Ok(Ok(tls)) => Dial::Connected(Box::new(HostStream::new(tcp, tls, now))),
            Ok(Err(error)) => Dial::Failed(error.to_string()),
            Err(error) => Dial::Failed(error),
        };
        true
    }
}

impl<B: Backend> Dialler for HostClient<'_, B> {
    fn dial(&mut self, remote: SocketAddr) -> Result<(), Failure> {
        let checked = Connection::client(self.config, Some(self.server_name.clone()), buffers(self.sizes));
        checked.map_err(Failure::configuration)?;
        let deadline = self.clock.now() + HANDSHAKE_TIMEOUT;
        self.state = match TcpStream::connect(remote) {
            Ok(mut tcp) => {
                let interest = Interest::READABLE | Interest::WRITABLE;
                self.registry.register(&mut tcp, Token(FIRST_STREAM), interest).map_err(Failure::connection)?;
                let talk = self.starttls.map(|protocol| Talk { preface: Preface::new(protocol), output: Vec::new() });
                Dial::Dialling { tcp, ready: false, deadline, talk }
            }
            Err(error) => Dial::Failed(error.to_string()),
        };
        Ok(())
    }

    fn dial_error(&mut self) -> Option<String> {
        match &self.state {
            Dial::Failed(error) => Some(error.clone()),
            _ => None,
        }
    }

    fn poll(&mut self) -> bool {
        let moved = self.check_dial();
        match &mut self.state {
            Dial::Connected(stream) => moved | stream.drive(self.clock.now(), &mut self.provider),
            _ => moved,
        }
    }

    fn poll_delay(&mut self) -> Option<Duration> {
        let now = self.clock.now();
        match &self.state {
            Dial::Connected(stream) => stream.poll_delay(now),
            Dial::Dialling { deadline, .. } if *deadline > now => Some(*deadline - now),
            Dial::Dialling { .. } => Some(Duration::ZERO),
            Dial::Idle | Dial::Failed(_) => None,
        }
    }

    fn wake(&mut self, _: Token) {
        match &mut self.state {
            Dial::Dialling { ready, .. } => *ready = true,
            Dial::Connected(stream) => (stream.readable, stream.writable) = (true, true),
            Dial::Idle | Dial::Failed(_) => {}
        }
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match &mut self.state {
            Dial::Connected(stream) => &mut **stream,
            _ => &mut self.nothing,
        }
    }

    fn is_idle(&self) -> bool {
        match &self.state {
            Dial::Connected(stream) => stream.is_over() || (stream.is_closed() && stream.shut),
            _ => true,
        }
    }
}

/// What is said in the clear.
struct Talk {
    preface: Preface,
    output: Vec<u8>,
}

impl Talk {
    /// Goes on until TCP has nothing more, or takes nothing more; returns whether TLS begins.
    fn go_on(&mut self, tcp: &mut TcpStream) -> Result<bool, String> {
        let mut bytes = [0; 1024];
        loop {
            let moved = if self.output.is_empty() { tcp.read(&mut bytes) } else { tcp.write(&self.output) };
            match moved {
                Ok(0) => return Err("the server closed before TLS".into()),
                Ok(count) if self.output.is_empty() => {
                    if self.preface.hear(bytes.get(..count).unwrap_or_default(), &mut self.output)? {
                        return Ok(true);
                    }
                }
                Ok(count) => drop(self.output.drain(..count)),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(false),
                    ErrorKind::Interrupted => {}
                    _ => return Err(error.to_string()),
                },
            }
        }
    }
}

/// The stream there is before TCP is connected.
struct Nothing;

impl Stream for Nothing {
    fn is_connected(&self) -> bool {
        false
    }

    fn error(&self) -> Option<SocketError> {
        None
    }

    fn alert_sent(&self) -> Option<AlertDescription> {
        None
    }

    fn negotiated(&self) -> Option<Negotiated<'_>> {
        None
    }

    fn read(&mut self, _: &mut [u8]) -> usize {
        0
    }

    fn take_replayable(&mut self, _: &mut Vec<u8>) {}

    fn may_read(&self) -> bool {
        false
    }

    fn write(&mut self, _: &[u8]) -> usize {
        0
    }

    fn close(&mut self) {}

    fn update_keys(&mut self) {}

    fn is_closed(&self) -> bool {
        false
    }

    fn is_over(&self) -> bool {
        false
    }
}
