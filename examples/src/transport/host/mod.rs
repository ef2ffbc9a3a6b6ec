//! Connections on the host's own TCP, driven by hand: what `TlsSocket` does on smoltcp, for programs that have `std`.

mod client;
mod server;

pub use client::HostClient;
pub use server::HostServer;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;

use mio::net::TcpStream;
use saitls::SocketError;
use saitls_core::codes::AlertDescription;
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Connection, EarlyDataStatus, Negotiated, WaitingFor};
use smoltcp::time::{Duration, Instant};

use super::{Stream, take_replayable};
use crate::net::event_loop::FIRST_FREE_TOKEN;

const FIRST_STREAM: usize = FIRST_FREE_TOKEN + 1;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// A [`Connection`] and the TCP stream that carries it.
struct HostStream<'a, P: CryptoProvider> {
    tcp: TcpStream,
    tls: Connection<'a, P>,
    /// Whether reading may give something: set by an event, cleared when it does not.
    readable: bool,
    /// The same for writing.
    writable: bool,
    /// The peer's end of stream has come.
    ended: bool,
    /// Ours was sent.
    shut: bool,
    failure: Option<SocketError>,
    deadline: Instant,
}

impl<'a, P: CryptoProvider> HostStream<'a, P> {
    fn new(tcp: TcpStream, tls: Connection<'a, P>, now: Instant) -> Self {
        let _ = tcp.set_nodelay(true);
        Self {
            tcp,
            tls,
            readable: true,
            writable: true,
            ended: false,
            shut: false,
            failure: None,
            deadline: now + HANDSHAKE_TIMEOUT,
        }
    }

    /// Does all that can be done now; says whether anything moved.
    fn drive(&mut self, now: Instant, provider: &mut P) -> bool {
        let mut moved = false;
        loop {
            let pulled = self.pull();
            if self.failure.is_none() {
                self.failure = self.tls.process(provider).err().map(SocketError::Tls);
                if self.failure.is_none() && self.tls.is_handshaking() && now >= self.deadline {
                    self.failure = Some(SocketError::TimedOut);
                }
            }
            let pushed = self.push();
            if !pulled && !pushed {
                return moved;
            }
            moved = true;
        }
    }

    /// Reads what there is room for. What comes after the end of TLS is thrown away, so that TCP can end in peace.
    fn pull(&mut self) -> bool {
        let mut dropped = [0; 4096];
        let mut moved = false;
        while self.readable && !self.ended {
            let is_over = self.failure.is_some() || self.tls.is_peer_closed();
            let room = if is_over { &mut dropped[..] } else { self.tls.records_room() };
            if room.is_empty() {
                break;
            }
            match self.tcp.read(room) {
                Ok(0) => {
                    self.ended = true;
                    self.tls.records_ended();
                    moved = true;
                }
                Ok(count) => {
                    if !is_over {
                        self.tls.records_filled(count);
                    }
                    moved = true;
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.readable = false,
                    ErrorKind::Interrupted => {}
                    _ => self.break_off(),
                },
            }
        }
        moved
    }

    /// Writes what there is, and ends the stream behind the last record.
    fn push(&mut self) -> bool {
        let mut moved = false;
        while self.writable && !self.tls.records().is_empty() {
            match self.tcp.write(self.tls.records()) {
                Ok(count) => {
                    self.tls.records_sent(count);
                    moved = true;
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.writable = false,
                    ErrorKind::Interrupted => {}
                    _ => {
                        // What came before can still be read.
                        self.writable = false;
                        self.shut = true;
                    }
                },
            }
        }
        let is_last = self.failure.is_some() || self.tls.is_locally_closed();
        if is_last && !self.shut && self.tls.records().is_empty() {
            let _ = self.tcp.shutdown(Shutdown::Write);
            self.shut = true;
            moved = true;
        }
        moved
    }

    fn break_off(&mut self) {
        self.ended = true;
        self.shut = true;
        if self.failure.is_none() && !(self.tls.is_peer_closed() && self.tls.is_locally_closed()) {
            self.failure = Some(SocketError::Reset);
        }
    }

    fn poll_delay(&self, now: Instant) -> Option<Duration> {
        // The provider is asked again at once: it cannot tell when it is done.
        if self.failure.is_none() && matches!(self.tls.waiting_for(), WaitingFor::Operation(_)) {
            return Some(Duration::ZERO);
        }
        let handshaking = self.failure.is_none() && self.tls.is_handshaking();
        handshaking.then(|| if self.deadline > now { self.deadline - now } else { Duration::ZERO })
    }
}

impl<P: CryptoProvider> Stream for HostStream<'_, P> {
    fn is_connected(&self) -> bool {
        self.tls.is_connected()
    }

    fn error(&self) -> Option<SocketError> {
        self.failure
    }

    fn alert_sent(&self) -> Option<AlertDescription> {
        self.tls.alert_sent()
    }

    fn negotiated(&self) -> Option<Negotiated<'_>> {
        self.tls.negotiated()
    }

    fn read(&mut self, out: &mut [u8]) -> usize {
        self.tls.read(out).unwrap_or(0)
    }

    fn take_replayable(&mut self, data: &mut Vec<u8>) {
        take_replayable(&mut self.tls, data);
    }

    fn may_read(&self) -> bool {
        !self.tls.data().is_empty() || (self.failure.is_none() && self.tls.may_receive())
    }

    fn write(&mut self, data: &[u8]) -> usize {
        self.tls.write(data).unwrap_or(0)
    }

    fn write_early(&mut self, data: &[u8]) -> usize {
        self.tls.early_data().map_or(0, |mut early| early.write_replayable(data))
    }

    fn early_data_status(&self) -> EarlyDataStatus {
        self.tls.early_data_status()
    }

    fn close(&mut self) {
        self.tls.close();
    }

    fn update_keys(&mut self) {
        // Refused only when the connection is ending.
        let _ = self.tls.update_keys(true);
    }

    fn is_closed(&self) -> bool {
        self.failure.is_none() && self.tls.is_closed()
    }

    fn is_over(&self) -> bool {
        self.ended && self.shut
    }
}
