//! The socket as the application sees it. What [`poll`](crate::poll) does with it is in `drive.rs`.

use crate::error::{ConnectError, ListenError, RecvError, SendError, SocketError};
use crate::life::{Life, Wish};
use crate::tls::Tls;
#[cfg(feature = "async")]
use crate::waker::WakerRegistration;
use core::fmt;
use saitls_core::codes::AlertDescription;
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Buffers, Connection, Negotiated, ServerName, WaitingFor};
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::time::Duration;
use smoltcp::wire::{IpEndpoint, IpListenEndpoint};

/// How long connecting and the handshake may take together, unless
/// [`TlsSocket::set_handshake_timeout`] says otherwise.
pub const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// A TLS connection over one TCP socket: `connect` or `listen`, send, receive, `close`, and again.
///
/// It is used like smoltcp's [`tcp::Socket`], over which it runs: [`poll`](crate::poll) does all the work, and
/// the calls here only fill and empty buffers. Options of TCP (keep-alive, Nagle, time-outs) are set on the TCP
/// socket itself.
pub struct TlsSocket<'a, P: CryptoProvider> {
    pub(crate) tcp: SocketHandle,
    pub(crate) tls: Tls<'a, P>,
    /// What is known of the connection there is, or was last.
    pub(crate) life: Life,
    pub(crate) handshake_timeout: Option<Duration>,
    #[cfg(feature = "async")]
    pub(crate) recv_waker: WakerRegistration,
    #[cfg(feature = "async")]
    pub(crate) send_waker: WakerRegistration,
}

impl<'a, P: CryptoProvider> TlsSocket<'a, P> {
    /// A closed socket over this TCP socket, which nothing else may use from now on.
    ///
    /// The sizes of TCP's buffers are free: records larger than they are arrive in parts.
    #[must_use]
    pub fn new(tcp: SocketHandle, buffers: Buffers<'a>) -> Self {
        Self {
            tcp,
            tls: Tls::Vacant(buffers),
            life: Life::default(),
            handshake_timeout: Some(DEFAULT_HANDSHAKE_TIMEOUT),
            #[cfg(feature = "async")]
            recv_waker: WakerRegistration::default(),
            #[cfg(feature = "async")]
            send_waker: WakerRegistration::default(),
        }
    }

    /// The TCP socket below, for what TLS does not touch, such as its endpoints, keep-alive and hop limit.
    #[must_use]
    pub const fn tcp_handle(&self) -> SocketHandle {
        self.tcp
    }

    /// Connects to a server: TCP first, then the handshake; [`is_connected`](Self::is_connected) says when both
    /// are done. `server_name` is sent to the server and is what its certificate must be for.
    ///
    /// `remote` and `local` are as for [`tcp::Socket::connect`]. Nothing of an earlier connection is left, data
    /// that was not read included.
    ///
    /// # Errors
    /// [`ConnectError`], which says what becomes of the socket.
    ///
    /// # Panics
    /// As [`SocketSet::get_mut`] does, if `sockets` does not hold the TCP socket.
    pub fn connect(
        &mut self,
        iface: &mut Interface,
        sockets: &mut SocketSet<'_>,
        config: &'a ClientConfig<'a, P>,
        server_name: Option<ServerName<'a>>,
        remote: impl Into<IpEndpoint>,
        local: impl Into<IpListenEndpoint>,
    ) -> Result<(), ConnectError> {
        let tcp = sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        self.settle(tcp);
        if tcp.is_open() {
            return Err(ConnectError::InvalidState);
        }
        self.begin();
        self.tls.occupy(|buffers| Connection::client(config, server_name, buffers)).map_err(ConnectError::Tls)?;
        if let Err(error) = tcp.connect(iface.context(), remote, local) {
            self.tls.vacate();
            return Err(error.into());
        }
        self.begun(tcp);
        Ok(())
    }

    /// Waits for a client. There is no backlog: the socket becomes the connection with the first client that
    /// comes, and others are refused unless other sockets listen on the same port. When that connection has
    /// ended, `listen` again.
    ///
    /// On a socket that listens already, this takes the new configuration and endpoint.
    ///
    /// # Errors
    /// [`ListenError`], which says what becomes of the socket.
    ///
    /// # Panics
    /// As [`SocketSet::get_mut`] does, if `sockets` does not hold the TCP socket.
    pub fn listen(
        &mut self,
        sockets: &mut SocketSet<'_>,
        config: &'a ServerConfig<'a, P>,
        local: impl Into<IpListenEndpoint>,
    ) -> Result<(), ListenError> {
        let tcp = sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        self.settle(tcp);
        if tcp.is_open() && !tcp.is_listening() {
            return Err(ListenError::InvalidState);
        }
        let local = local.into();
        if local.port == 0 {
            return Err(ListenError::Unaddressable);
        }
        if tcp.listen_endpoint() != local {
            tcp.close();
        }
        self.begin();
        self.tls.occupy(|buffers| Connection::server(config, buffers)).map_err(|error| {
            tcp.close();
            ListenError::Tls(error)
        })?;
        if let Err(error) = tcp.listen(local) {
            self.tls.vacate();
            return Err(error.into());
        }
        self.begun(tcp);
        Ok(())
    }

    /// Forgets the connection before.
    fn begin(&mut self) {
        self.tls.vacate();
        self.life = Life::default();
    }

    fn begun(&mut self, tcp: &tcp::Socket<'_>) {
        self.life.tcp_state = tcp.state();
        self.life.has_work = true;
        self.wake();
    }

    /// How long connecting and the handshake may take together, by the clock of [`poll`](crate::poll); for a
    /// server, counted from the client's SYN. `None`: for ever. When the time is over the connection fails with
    /// [`SocketError::TimedOut`]. Valid from the next connection on; [`DEFAULT_HANDSHAKE_TIMEOUT`] at first.
    ///
    /// A client that never completes the handshake of TCP leaves a listening socket listening.
    pub const fn set_handshake_timeout(&mut self, timeout: Option<Duration>) {
        self.handshake_timeout = timeout;
    }

    /// See [`set_handshake_timeout`](Self::set_handshake_timeout).
    #[must_use]
    pub const fn handshake_timeout(&self) -> Option<Duration> {
        self.handshake_timeout
    }

    /// Copies what fits of `data` to be sent, and says how much that was; `Ok(0)` if there is no room now.
    ///
    /// What is written before the next [`poll`](crate::poll) travels in one record as far as it fits.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send_slice(&mut self, data: &[u8]) -> Result<usize, SendError> {
        self.send(|room| {
            let len = room.len().min(data.len());
            room[..len].copy_from_slice(&data[..len]);
            (len, len)
        })
    }

    /// Lends the room there is in the record to be sent to `f`, which says how many bytes it wrote at its
    /// front, and a result.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send<R>(&mut self, f: impl FnOnce(&mut [u8]) -> (usize, R)) -> Result<R, SendError> {
        let can_tcp_send = self.can_tcp_send();
        let Some(connection) = self.tls.connection_mut().filter(|connection| connection.may_send()) else {
            return Err(self.life.failure.map_or(SendError::InvalidState, SendError::Failed));
        };
        if !can_tcp_send {
            return Err(SendError::Failed(self.life.failure.unwrap_or(SocketError::Reset)));
        }
        let room = connection.data_room().map_err(|error| SendError::Failed(error.into()))?;
        let (len, result) = f(room);
        let len = len.min(room.len());
        self.life.room = room.len() - len;
        connection.data_written(len);
        self.life.has_work |= len > 0;
        Ok(result)
    }

    /// Copies received bytes to `data`, and says how many; `Ok(0)` if there are none now.
    ///
    /// # Errors
    /// [`RecvError`]: [`Finished`](RecvError::Finished) at the end of what the peer sent.
    pub fn recv_slice(&mut self, data: &mut [u8]) -> Result<usize, RecvError> {
        self.recv(|received| {
            let len = received.len().min(data.len());
            data[..len].copy_from_slice(&received[..len]);
            (len, len)
        })
    }

    /// Lends the received bytes to `f`, where they were decrypted, which says how many it consumed from their
    /// front, and a result.
    ///
    /// # Errors
    /// [`RecvError`].
    pub fn recv<R>(&mut self, f: impl FnOnce(&[u8]) -> (usize, R)) -> Result<R, RecvError> {
        self.check_recv()?;
        let connection = self.tls.connection_mut().ok_or(RecvError::InvalidState)?;
        let received = connection.data();
        let (len, result) = f(received);
        let len = len.min(received.len());
        connection.data_read(len);
        self.life.has_work |= len > 0;
        Ok(result)
    }

    /// The received bytes, `size` at most, which stay.
    ///
    /// # Errors
    /// [`RecvError`].
    pub fn peek(&mut self, size: usize) -> Result<&[u8], RecvError> {
        self.check_recv()?;
        let connection = self.tls.connection().ok_or(RecvError::InvalidState)?;
        let received = connection.data();
        Ok(received.get(..size).unwrap_or(received))
    }

    /// As [`recv_slice`](Self::recv_slice), but the bytes stay.
    ///
    /// # Errors
    /// [`RecvError`].
    pub fn peek_slice(&mut self, data: &mut [u8]) -> Result<usize, RecvError> {
        let received = self.peek(data.len())?;
        data[..received.len()].copy_from_slice(received);
        Ok(received.len())
    }

    /// Bytes, or none yet, are fine; the end and failures are not.
    fn check_recv(&self) -> Result<(), RecvError> {
        let Some(connection) = self.tls.connection() else {
            return Err(self.life.failure.map_or(RecvError::InvalidState, RecvError::Failed));
        };
        if !connection.data().is_empty() {
            return Ok(());
        }
        if let Some(error) = self.life.failure.or_else(|| connection.error().map(SocketError::Tls)) {
            return Err(RecvError::Failed(error));
        }
        if connection.is_peer_closed() {
            return Err(RecvError::Finished);
        }
        if connection.is_connected() { Ok(()) } else { Err(RecvError::InvalidState) }
    }

    /// Closes the sending half: what was written goes out, then close_notify, then FIN. Reading goes on until the
    /// peer closes too, which a peer should do soon; [`is_open`](Self::is_open) says when all is over. If you do
    /// not care to read, and the peer may not close, [`abort`](Self::abort) after a while.
    ///
    /// Before the handshake is complete this gives the connection up. Any number of calls is one.
    pub fn close(&mut self) {
        if self.life.wish == Wish::Nothing && self.life.tcp_state != tcp::State::Closed {
            self.life.wish = Wish::Close;
            self.life.has_work = true;
            self.life.room = 0;
            if self.life.established
                && let Some(connection) = self.tls.connection_mut()
            {
                connection.close();
            } else {
                self.tls.vacate();
                self.life.handshake_deadline = None;
            }
            self.wake();
        }
    }

    /// Refuses the peer: ends the connection with this alert, such as `access_denied`, then FIN. What was written and
    /// not sent is lost. [`error`](Self::error) is [`PeerRejected`](saitls_core::Error::PeerRejected) then. Without a
    /// connection it does nothing.
    pub fn reject(&mut self, alert: AlertDescription) {
        if let Some(connection) = self.tls.connection_mut() {
            connection.reject(alert);
            self.life.has_work = true;
            self.wake();
        }
    }

    /// Ends the connection at once, with RST instead of close_notify and FIN. What was not read is gone.
    pub fn abort(&mut self) {
        self.tls.vacate();
        self.life = Life { wish: Wish::Abort, has_work: true, failure: self.life.failure, ..Life::default() };
        self.wake();
    }

    /// Whether there is room to send. See [`tcp::Socket::can_send`].
    #[must_use]
    pub fn can_send(&self) -> bool {
        self.may_send() && self.life.room > 0
    }

    /// Whether there are bytes to receive.
    #[must_use]
    pub fn can_recv(&self) -> bool {
        self.connection().is_some_and(|connection| !connection.data().is_empty())
    }

    /// Whether the sending half is open: from the end of the handshake to [`close`](Self::close).
    #[must_use]
    pub fn may_send(&self) -> bool {
        self.life.failure.is_none() && self.can_tcp_send() && self.connection().is_some_and(Connection::may_send)
    }

    /// Whether TCP was open for sending at the last poll.
    fn can_tcp_send(&self) -> bool {
        matches!(self.life.tcp_state, tcp::State::Established | tcp::State::CloseWait)
    }

    /// How many bytes wait to be handed to TCP: sealed, or written since the last [`poll`](crate::poll). With
    /// [`tcp::Socket::send_queue`] of the socket below, this tells when everything was acknowledged.
    #[must_use]
    pub fn send_queue(&self) -> usize {
        self.connection().map_or(0, Connection::unsent_len)
    }

    /// How many bytes can be received at once: see [`tcp::Socket::recv_queue`]. There may be more behind them, which
    /// are decrypted when these were read.
    #[must_use]
    pub fn recv_queue(&self) -> usize {
        self.connection().map_or(0, |connection| connection.data().len())
    }

    /// Whether the receiving half is open: from the end of the handshake until the peer has closed and all it
    /// sent was read.
    #[must_use]
    pub fn may_recv(&self) -> bool {
        self.can_recv() || (self.life.failure.is_none() && self.connection().is_some_and(Connection::may_receive))
    }

    /// The state of TCP at the last poll: [`tcp::Socket::state`]. From FIN-WAIT-2 on, and in TIME-WAIT, the peer's TCP
    /// has all that was sent.
    #[must_use]
    pub const fn state(&self) -> tcp::State {
        self.life.tcp_state
    }

    /// Whether TCP is open, or listens: [`tcp::Socket::is_open`]. If not, the socket can be used again.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.life.tcp_state, tcp::State::Closed | tcp::State::TimeWait)
    }

    /// Whether there is a connection, be it only half made or half closed: [`tcp::Socket::is_active`].
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.is_open() && !self.is_listening()
    }

    /// Whether the socket waits for a client.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.life.tcp_state == tcp::State::Listen
    }

    /// Whether a connection is being made: by TCP, or by the handshake after that.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.is_active() && self.life.failure.is_none() && self.connection().is_some_and(Connection::is_handshaking)
    }

    /// Whether the handshake is complete, and the connection has neither failed nor been closed by both sides.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.life.failure.is_none() && self.connection().is_some_and(Connection::is_connected)
    }

    /// Why the connection failed, or `None` if it did not.
    #[must_use]
    pub const fn error(&self) -> Option<SocketError> {
        self.life.failure
    }

    /// What the handshake agreed on, once it is complete: suite, protocol, names, and the peer's certificate if
    /// [`Buffers::with_peer_buffer`] left room for it.
    #[must_use]
    pub fn negotiated(&self) -> Option<Negotiated<'_>> {
        self.connection()?.negotiated()
    }

    /// The connection, also after its end, until the next one begins.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection<'a, P>> {
        self.tls.connection()
    }

    /// The connection, for what has no method here, such as
    /// [`update_keys`](Connection::update_keys).
    pub fn connection_mut(&mut self) -> Option<&mut Connection<'a, P>> {
        self.life.has_work = true;
        self.tls.connection_mut()
    }

    /// What the connection waits for; [`WaitingFor::Nothing`] without one.
    #[must_use]
    pub fn waiting_for(&self) -> WaitingFor {
        self.tls.connection().map_or(WaitingFor::Nothing, Connection::waiting_for)
    }

    /// Wakes this task when there are bytes to receive, and when the connection is made, closed, or fails.
    ///
    /// As in smoltcp: one waker at a time, woken once, maybe for nothing. The task must have a chance to run
    /// between two calls of [`poll`](crate::poll), which wakes it.
    #[cfg(feature = "async")]
    pub fn register_recv_waker(&mut self, waker: &core::task::Waker) {
        self.recv_waker.register(waker);
    }

    /// Wakes this task when there is room to send, and when the connection is made, closed, or fails. See
    /// [`register_recv_waker`](Self::register_recv_waker).
    #[cfg(feature = "async")]
    pub fn register_send_waker(&mut self, waker: &core::task::Waker) {
        self.send_waker.register(waker);
    }

    /// Wakes both tasks: something changed that either may care about.
    pub(crate) fn wake(&mut self) {
        #[cfg(feature = "async")]
        {
            self.recv_waker.wake();
            self.send_waker.wake();
        }
    }
}

impl<P: CryptoProvider> fmt::Debug for TlsSocket<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSocket")
            .field("tcp", &self.tcp)
            .field("tcp_state", &self.life.tcp_state)
            .field("connected", &self.is_connected())
            .field("error", &self.life.failure)
            .finish_non_exhaustive()
    }
}

impl<P: CryptoProvider> fmt::Write for TlsSocket<'_, P> {
    /// Writes all of `text`; an error if it does not fit, or cannot be sent, as for [`tcp::Socket`].
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.send_slice(text.as_bytes()) == Ok(text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}
