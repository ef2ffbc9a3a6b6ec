//! TLS connections as applications see them, whether `TlsSocket`s carry them or the host's TCP.

mod early;
pub mod host;
pub mod smoltcp;

use std::net::SocketAddr;

use ::smoltcp::time::{Duration, Instant};
use mio::Token;
use saitls::{SocketError, TlsSocket};
use saitls_core::codes::AlertDescription;
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Connection, EarlyDataStatus, Negotiated};

pub(crate) use early::WithEarlyData;

use crate::failure::Failure;

/// One TLS connection. Nothing here blocks: what cannot be done now is done later.
pub trait Stream {
    /// Whether the handshake is complete, and nothing has ended since.
    fn is_connected(&self) -> bool;

    /// Why the connection failed, if it did.
    fn error(&self) -> Option<SocketError>;

    /// The alert that told the peer, if one did.
    fn alert_sent(&self) -> Option<AlertDescription>;

    /// What the handshake agreed on.
    fn negotiated(&self) -> Option<Negotiated<'_>>;

    /// Reads what is there; 0 if there is nothing now.
    fn read(&mut self, out: &mut [u8]) -> usize;

    /// Takes early data of a client, which it may have sent before, during the handshake.
    fn take_replayable(&mut self, data: &mut Vec<u8>);

    /// Whether something may be read, now or later.
    fn may_read(&self) -> bool;

    /// Writes what there is room for; 0 if there is none now.
    fn write(&mut self, data: &[u8]) -> usize;

    /// Writes early data, as much as there is room for; 0 if there can be none, or none now.
    fn write_early(&mut self, _: &[u8]) -> usize {
        0
    }

    /// What became of early data.
    fn early_data_status(&self) -> EarlyDataStatus {
        EarlyDataStatus::NotOffered
    }

    /// Ends what we send; reading goes on.
    fn close(&mut self);

    /// Renews our keys, and asks the peer to renew its own.
    fn update_keys(&mut self);

    /// Whether both sides have said close_notify, all that came was read, and all that we said is with our TCP.
    fn is_closed(&self) -> bool;

    /// Whether nothing is left below: all that we sent is with the peer's TCP, and the peer's end has come.
    fn is_over(&self) -> bool;
}

impl<P: CryptoProvider> Stream for TlsSocket<'_, P> {
    fn is_connected(&self) -> bool {
        TlsSocket::is_connected(self)
    }

    fn error(&self) -> Option<SocketError> {
        TlsSocket::error(self)
    }

    fn alert_sent(&self) -> Option<AlertDescription> {
        self.connection().and_then(Connection::alert_sent)
    }

    fn negotiated(&self) -> Option<Negotiated<'_>> {
        self.connection().and_then(Connection::negotiated)
    }

    fn read(&mut self, out: &mut [u8]) -> usize {
        self.recv_slice(out).unwrap_or(0)
    }

    fn take_replayable(&mut self, data: &mut Vec<u8>) {
        if let Some(connection) = self.connection_mut() {
            take_replayable(connection, data);
        }
    }

    fn may_read(&self) -> bool {
        self.may_recv()
    }

    fn write(&mut self, data: &[u8]) -> usize {
        self.send_slice(data).unwrap_or(0)
    }

    fn write_early(&mut self, data: &[u8]) -> usize {
        let early = self.connection_mut().and_then(Connection::early_data);
        early.map_or(0, |mut early| early.write_replayable(data))
    }

    fn early_data_status(&self) -> EarlyDataStatus {
        self.connection().map_or(EarlyDataStatus::NotOffered, Connection::early_data_status)
    }

    fn close(&mut self) {
        TlsSocket::close(self);
    }

    fn update_keys(&mut self) {
        if let Some(connection) = self.connection_mut() {
            // Refused only when the connection is ending.
            let _ = connection.update_keys(true);
        }
    }

    fn is_closed(&self) -> bool {
        self.error().is_none() && self.connection().is_some_and(Connection::is_closed)
    }

    fn is_over(&self) -> bool {
        !self.is_open()
    }
}

fn take_replayable<P: CryptoProvider>(connection: &mut Connection<'_, P>, data: &mut Vec<u8>) {
    if let Some(early) = connection.replayable_data() {
        let early = early.as_replayable_bytes();
        data.extend_from_slice(early);
        let len = early.len();
        connection.replayable_data_read(len);
    }
}

/// A client: one connection at a time.
pub trait Dialler {
    /// Begins to connect. [`poll`](Self::poll) goes on with it.
    ///
    /// # Errors
    /// Why there is no use in trying.
    fn dial(&mut self, remote: SocketAddr) -> Result<(), Failure>;

    /// Why there is no connection, if it could not be made.
    fn dial_error(&mut self) -> Option<String>;

    /// Moves what can be moved; says whether anything was.
    fn poll(&mut self) -> bool;

    /// How long there is nothing to do unless a token wakes us.
    fn poll_delay(&mut self) -> Option<Duration>;

    /// The source with this token is ready.
    fn wake(&mut self, token: Token);

    /// The connection.
    fn stream(&mut self) -> &mut dyn Stream;

    /// Whether everything that was sent has left the process, and the peer's end has come: that of its TCP, or its
    /// close_notify if ours was sent too.
    fn is_idle(&self) -> bool;
}

/// What a visitor found at a connection of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visit {
    /// Nothing moved.
    Idle,
    /// Something did.
    Moved,
    /// The connection is not needed any more, be it open or closed.
    Forget,
}

/// A server: any number of connections.
pub trait Acceptor {
    /// Begins to listen, and returns the address it came to be.
    ///
    /// # Errors
    /// Why that cannot be.
    fn listen(&mut self, address: SocketAddr) -> Result<SocketAddr, Failure>;

    /// Moves what can be moved, accepting at most `room` connections more; says whether anything was moved.
    fn poll(&mut self, room: usize) -> bool;

    /// Shows every connection to `visitor`, with a number that is its own as long as it lasts. Says whether anything
    /// moved.
    fn visit(&mut self, visitor: &mut dyn FnMut(usize, &mut dyn Stream) -> Visit) -> bool;

    /// Whether there is no place for another connection.
    fn is_full(&self) -> bool;

    /// How long there is nothing to do unless a token wakes us.
    fn poll_delay(&mut self) -> Option<Duration>;

    /// The source with this token is ready.
    fn wake(&mut self, token: Token);

    /// Whether everything that was sent has left the process, up to the end of every connection.
    fn is_idle(&self) -> bool;

    /// The time by the clock of this transport.
    fn now(&self) -> Instant;
}
