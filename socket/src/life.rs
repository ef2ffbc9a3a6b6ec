//! What a socket knows of one connection, and forgets when the next one begins.

use crate::error::SocketError;
use smoltcp::socket::tcp;
use smoltcp::time::Instant;

/// What the application asked for that takes a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    Close,
    Abort,
}

/// One connection, beside what TLS knows of it.
pub(crate) struct Life {
    /// The state of TCP when it was last seen.
    pub(crate) tcp_state: tcp::State,
    /// What the application wants and TCP does not know yet.
    pub(crate) wish: Wish,
    /// TCP has been ESTABLISHED.
    pub(crate) established: bool,
    /// The handshake was completed.
    pub(crate) was_connected: bool,
    /// The end of the peer's stream was reported to the connection.
    pub(crate) receive_closed: bool,
    /// Why the connection ended.
    pub(crate) failure: Option<SocketError>,
    /// When the handshake must be done, once it is known when it began.
    pub(crate) handshake_deadline: Option<Instant>,
    /// When TCP is reset if it is not closed by then.
    pub(crate) close_deadline: Option<Instant>,
    /// When TCP is reset, whatever progress there is.
    pub(crate) last_close_deadline: Option<Instant>,
    /// Bytes that TCP had sent and the peer had not acknowledged when that was last reckoned.
    pub(crate) undelivered: usize,
    /// Nobody will read again: what comes is thrown away, and closing has a deadline.
    pub(crate) released: bool,
    /// The next poll has work even if no packet comes.
    pub(crate) has_work: bool,
    /// Somebody is woken when the operation that is pending may go on.
    pub(crate) will_be_woken: bool,
    /// Bytes that can be written now.
    pub(crate) room: usize,
}

impl Life {
    /// The connection has ended, and why. `log` and `defmt` are told here of what TCP did: what TLS did they know.
    pub(crate) fn fail(&mut self, error: SocketError) {
        #[cfg(any(feature = "log", feature = "defmt"))]
        if !matches!(error, SocketError::Tls(_)) {
            #[cfg(feature = "log")]
            log::warn!("socket: {error}");
            #[cfg(feature = "defmt")]
            defmt::warn!("socket: {}", error);
        }
        self.failure = Some(error);
    }
}

impl Default for Life {
    fn default() -> Self {
        Self {
            tcp_state: tcp::State::Closed,
            wish: Wish::Nothing,
            established: false,
            was_connected: false,
            receive_closed: false,
            failure: None,
            handshake_deadline: None,
            close_deadline: None,
            last_close_deadline: None,
            undelivered: 0,
            released: false,
            has_work: false,
            will_be_woken: false,
            room: 0,
        }
    }
}
