//! One socket's share of a poll: bytes from TCP to TLS and back, the ends of connections, and the clock.

use crate::error::SocketError;
use crate::life::Wish;
use crate::socket::TlsSocket;
use crate::tls::Tls;
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Connection, Error, WaitingFor};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};

/// How often bytes are moved for one socket before the others have their turn.
const MAX_STEPS: usize = 8;

/// How long TCP may take to close when TLS is over and all it sent has been acknowledged: the peer may never send its
/// FIN. As long as smoltcp stays in TIME-WAIT.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long TCP may go on without any progress when TLS is over and bytes of it are still on their way: some
/// six attempts of smoltcp, each after twice the time.
pub(crate) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// How long that may go on while the peer acknowledges a little now and then: enough for a full buffer over the slowest
/// line, but nobody holds a socket for as long as it likes. A peer that never completed the handshake has
/// [`DELIVERY_TIMEOUT`] in all.
const LONGEST_DELIVERY: Duration = Duration::from_secs(600);

/// What a task may wait for.
#[derive(PartialEq, Eq)]
struct Snapshot {
    tcp_state: tcp::State,
    connected: bool,
    peer_closed: bool,
    failure: Option<SocketError>,
    received: usize,
    has_room: bool,
}

impl<P: CryptoProvider> TlsSocket<'_, P> {
    /// Does all that can be done now, or a fair share of it. Says whether anything changed. A slow operation has
    /// its share in the `first` of the calls that make up one poll.
    pub(crate) fn drive(&mut self, now: Instant, tcp: &mut tcp::Socket<'_>, provider: &mut P, first: bool) -> bool {
        if self.life.wish == Wish::Nothing && matches!(self.tls, Tls::Vacant(_)) && tcp.state() == tcp::State::Closed {
            self.life.has_work = false;
            return false;
        }
        if !first && self.life.wish == Wish::Nothing && self.waits_for_operation() && tcp.is_active() {
            return false;
        }
        let before = self.snapshot();
        let mut moved = self.settle(tcp);
        self.life.has_work = false;
        self.life.will_be_woken = false;
        self.observe(tcp);
        moved |= self.exchange(tcp, provider);
        self.check_broken(tcp);
        self.check_handshake_deadline(now, tcp, provider);
        self.close_tcp(tcp);
        self.check_close_deadline(now, tcp);
        self.life.tcp_state = tcp.state();
        self.life.room = match self.tls.connection_mut() {
            Some(connection) if connection.may_send() => connection.data_room().map_or(0, |room| room.len()),
            _ => 0,
        };
        self.notify(&before) || moved
    }

    /// When the next poll must be, if nothing comes before.
    pub(crate) fn poll_at(&self) -> Option<Instant> {
        if self.life.has_work || (self.waits_for_operation() && !self.life.will_be_woken) {
            return Some(Instant::ZERO);
        }
        [self.life.handshake_deadline, self.life.close_deadline].into_iter().flatten().min()
    }

    /// Tells TCP what the application wanted since the last poll, where TLS has no say.
    pub(crate) fn settle(&mut self, tcp: &mut tcp::Socket<'_>) -> bool {
        let state = tcp.state();
        match self.life.wish {
            Wish::Abort => {
                tcp.abort();
                self.life.wish = Wish::Nothing;
                self.life.tcp_state = tcp::State::Closed;
            }
            Wish::Close if matches!(self.tls, Tls::Vacant(_)) => tcp.close(),
            _ => {}
        }
        tcp.state() != state
    }

    /// What happened to TCP since the last poll.
    fn observe(&mut self, tcp: &tcp::Socket<'_>) {
        use tcp::State::{Closed, Listen, SynReceived, SynSent};
        let state = tcp.state();
        self.life.established |= !matches!(state, Closed | Listen | SynSent | SynReceived);
        if state == Closed && !self.life.established && self.life.wish == Wish::Nothing {
            let error = match self.life.tcp_state {
                SynSent | SynReceived => SocketError::Refused,
                // A client came and went between two polls.
                Listen => SocketError::Reset,
                _ => return,
            };
            if self.life.failure.is_none() {
                self.life.fail(error);
            }
            self.tls.vacate();
        }
    }

    /// Moves bytes until none moves any more, or enough moved for once.
    fn exchange(&mut self, tcp: &mut tcp::Socket<'_>, provider: &mut P) -> bool {
        if !self.life.established {
            return false;
        }
        for step in 0..MAX_STEPS {
            let pulled = self.pull(tcp);
            if self.life.failure.is_none()
                && let Some(connection) = self.tls.connection_mut()
                && let Err(error) = connection.process(provider)
            {
                let failure = self.name_failure(error, tcp);
                self.life.fail(failure);
            }
            self.life.was_connected |= self.tls.connection().is_some_and(Connection::is_connected);
            let dropped = self.life.released && self.drop_received();
            if !(pulled | dropped | self.push(tcp) | self.can_pull(tcp)) {
                return step > 0;
            }
        }
        self.life.has_work = true;
        true
    }

    /// Whether TCP has bytes for which the connection has room now: it may have made some after the last pull.
    fn can_pull(&mut self, tcp: &tcp::Socket<'_>) -> bool {
        let connection = self.tls.connection_mut().filter(|_| self.life.failure.is_none());
        tcp.can_recv() && connection.is_some_and(|connection| !connection.records_room().is_empty())
    }

    /// Notices that TCP takes nothing more, though we have not closed: the peer reset it. What it sent before is read
    /// first.
    fn check_broken(&mut self, tcp: &tcp::Socket<'_>) {
        let Some(connection) = self.tls.connection() else { return };
        let unfinished = connection.is_handshaking() || connection.may_send() || !connection.records().is_empty();
        let is_read = !tcp.can_recv() && connection.data().is_empty();
        if self.life.established && self.life.failure.is_none() && !tcp.may_send() && unfinished && is_read {
            self.life.fail(SocketError::Reset);
        }
    }

    /// Whether the provider is to be asked again, although nothing has come.
    pub(crate) fn waits_for_operation(&self) -> bool {
        let waiting_for = self.tls.connection().map(Connection::waiting_for);
        self.life.failure.is_none() && matches!(waiting_for, Some(WaitingFor::Operation(_)))
    }

    /// Takes from TCP what the connection has room for; all, if nobody will read it.
    fn pull(&mut self, tcp: &mut tcp::Socket<'_>) -> bool {
        let failed = self.life.failure.is_some();
        let mut connection = self.tls.connection_mut().filter(|connection| !failed && !connection.is_peer_closed());
        let mut pulled = false;
        while tcp.can_recv() {
            let taken = tcp.recv(|received| {
                let len = match &mut connection {
                    Some(connection) => {
                        let room = connection.records_room();
                        let len = room.len().min(received.len());
                        room[..len].copy_from_slice(&received[..len]);
                        len
                    }
                    None => received.len(),
                };
                (len, len)
            });
            let Ok(len @ 1..) = taken else { break };
            if let Some(connection) = &mut connection {
                connection.records_filled(len);
            }
            pulled = true;
        }
        if !self.life.receive_closed && !tcp.may_recv() {
            self.life.receive_closed = true;
            pulled = true;
            if let Some(connection) = connection {
                connection.records_ended();
            }
        }
        pulled
    }

    /// Throws away what nobody will read.
    fn drop_received(&mut self) -> bool {
        let Some(connection) = self.tls.connection_mut() else { return false };
        let len = connection.data().len();
        connection.data_read(len);
        len > 0
    }

    /// Gives TCP what it has room for.
    fn push(&mut self, tcp: &mut tcp::Socket<'_>) -> bool {
        let Some(connection) = self.tls.connection_mut() else { return false };
        let mut pushed = false;
        while !connection.records().is_empty() {
            let Ok(len @ 1..) = tcp.send_slice(connection.records()) else { break };
            connection.records_sent(len);
            pushed = true;
        }
        pushed
    }

    /// Whether the stream ended with FIN, or broke.
    fn name_failure(&self, error: Error, tcp: &mut tcp::Socket<'_>) -> SocketError {
        let finished = matches!(tcp.recv(|_| (0, ())), Ok(()) | Err(tcp::RecvError::Finished));
        if matches!(error, Error::Truncated) && !finished { SocketError::Reset } else { error.into() }
    }

    /// Sends FIN when the last record is out. If the peer's FIN was there before, that is when it has acknowledged all
    /// of it: from CLOSE-WAIT smoltcp goes to LAST-ACK at once, where it does not see that a window has opened again
    /// until it probes it, a second later each time (docs/upstream/smoltcp-last-ack-window.md).
    fn close_tcp(&mut self, tcp: &mut tcp::Socket<'_>) {
        let Some(connection) = self.tls.connection() else { return };
        let over = self.life.failure.is_some() || connection.is_locally_closed();
        let is_all_sent =
            connection.records().is_empty() && (tcp.state() != tcp::State::CloseWait || tcp.send_queue() == 0);
        if over && self.life.established && (is_all_sent || !tcp.may_send()) {
            tcp.close();
        }
    }

    /// Ends a handshake that takes too long.
    fn check_handshake_deadline(&mut self, now: Instant, tcp: &mut tcp::Socket<'_>, provider: &mut P) {
        let handshaking = tcp.is_active()
            && self.life.failure.is_none()
            && self.tls.connection().is_some_and(Connection::is_handshaking);
        if !handshaking {
            self.life.handshake_deadline = None;
            return;
        }
        let deadline = self.life.handshake_deadline.or(self.handshake_timeout.and_then(|timeout| after(now, timeout)));
        self.life.handshake_deadline = deadline.filter(|deadline| now < *deadline);
        if deadline.is_none() || self.life.handshake_deadline.is_some() {
            return;
        }
        let local = tcp.listen_endpoint();
        if tcp.state() == tcp::State::SynReceived && local.port != 0 {
            // Whoever sent the SYN is not there. Others may be.
            tcp.abort();
            let _ = tcp.listen(local);
            return;
        }
        if let Some(connection) = self.tls.connection_mut() {
            connection.close();
            let _ = connection.process(provider);
        }
        self.life.fail(SocketError::TimedOut);
        self.push(tcp);
        if !self.life.established {
            tcp.abort();
        }
    }

    /// Resets TCP if it is open long after the end of TLS.
    fn check_close_deadline(&mut self, now: Instant, tcp: &mut tcp::Socket<'_>) {
        let closing = self.life.wish == Wish::Close;
        let over = match self.tls.connection() {
            None => true,
            Some(connection) => {
                self.life.failure.is_some()
                    || connection.is_closed()
                    || (closing && (self.life.released || !connection.is_connected()))
            }
        };
        if !over || !tcp.is_active() {
            self.life.close_deadline = None;
            self.life.last_close_deadline = None;
            return;
        }
        // What TLS has left takes the place of what TCP delivers.
        let unsent = self.tls.connection().map_or(0, Connection::unsent_len);
        let undelivered = tcp.send_queue() + unsent;
        let has_progress = undelivered < self.life.undelivered;
        self.life.undelivered = undelivered;
        let longest = if self.life.was_connected { LONGEST_DELIVERY } else { DELIVERY_TIMEOUT };
        let last = *self.life.last_close_deadline.get_or_insert(now + longest);
        match self.life.close_deadline {
            Some(deadline) if now >= last || (now >= deadline && !has_progress) => {
                tcp.abort();
                self.life.close_deadline = None;
            }
            Some(_) if !has_progress => {}
            _ => self.life.close_deadline = Some(last.min(now + close_timeout(undelivered))),
        }
    }

    fn snapshot(&self) -> Snapshot {
        let connection = self.tls.connection();
        Snapshot {
            tcp_state: self.life.tcp_state,
            connected: connection.is_some_and(Connection::is_connected),
            peer_closed: connection.is_some_and(Connection::is_peer_closed),
            failure: self.life.failure,
            received: connection.map_or(0, |connection| connection.data().len()),
            has_room: self.life.room > 0,
        }
    }

    /// Wakes those who wait for what has changed, and says whether anything has.
    fn notify(&mut self, before: &Snapshot) -> bool {
        let after = self.snapshot();
        #[cfg(feature = "async")]
        {
            let same_state = after.tcp_state == before.tcp_state
                && after.connected == before.connected
                && after.peer_closed == before.peer_closed
                && after.failure == before.failure;
            if !same_state || after.received > before.received {
                self.recv_waker.wake();
            }
            if !same_state || (after.has_room && !before.has_room) {
                self.send_waker.wake();
            }
        }
        after != *before
    }
}

/// A time so late that the clock cannot tell it never comes.
fn after(now: Instant, timeout: Duration) -> Option<Instant> {
    let at = now.total_micros().checked_add(i64::try_from(timeout.total_micros()).ok()?)?;
    Some(Instant::from_micros(at))
}

/// How long to wait for TCP, with so many bytes not acknowledged.
const fn close_timeout(undelivered: usize) -> Duration {
    if undelivered == 0 { CLOSE_TIMEOUT } else { DELIVERY_TIMEOUT }
}
