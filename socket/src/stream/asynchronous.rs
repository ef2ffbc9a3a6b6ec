//! `embedded_io_async`.

use super::inner::Stream;
use super::share::{LendProvider, Share};
use super::transport::{Moved, Sending, Transport, keep};
use super::{Failed, FlushPolicy, Parts, Session, StreamError, accessors, is_interrupted, is_transient};
use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_async::{BufRead, ErrorType, Read, ReadReady, Write, WriteReady};
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::{Buffers, Connection, Error, ServerName};

/// A TLS connection over a transport of [`embedded_io_async`], such as a `TcpSocket` of embassy-net: it is read and
/// written like one.
///
/// Small writes are collected until [`flush`](Write::flush) or a read ([`FlushPolicy`]). The handshake is done by
/// whatever is called first, or by [`handshake`](Self::handshake).
///
/// # Dropping futures
///
/// Each future may be dropped before it is done, as `select` and `with_timeout` do, and the call repeated: a write that
/// was not done has taken nothing, and reading loses nothing. Only what is made of several calls counts no bytes then
/// (`write_all`, `read_exact`).
///
/// That holds if the transport's own futures may be dropped. A read that finds something to be sent also begins a write
/// of the transport and drops it when data comes first. Transports that write from memory while their future lives, as
/// those with DMA may, are for [`with_half_duplex`](Self::with_half_duplex).
///
/// ```
/// # use saitls::protocol::crypto::CryptoProvider;
/// # use embedded_io_async::{Read, Write};
/// # async fn f<P: CryptoProvider, T: Read + Write>(config: &saitls::ClientConfig<'_, P>, provider: P, socket: T)
/// # -> Result<(), saitls::StreamError<T::Error>> {
/// use saitls::asynch::TlsStream;
/// use saitls::{Buffers, ServerName};
///
/// let (mut receive, mut transmit) = ([0; 16_645], [0; 4_096]);
/// let buffers = Buffers::new(&mut receive, &mut transmit);
/// let name = ServerName::try_from("example.org").ok();
/// let mut stream = TlsStream::client(config, name, buffers, provider, socket)?;
/// stream.write_all(b"GET / HTTP/1.0\r\n").await?;
/// stream.write_all(b"Host: example.org\r\n\r\n").await?;
/// let mut page = [0; 512];
/// while stream.read(&mut page).await? > 0 {}      // sends what was written, in one record
/// stream.close().await?;
/// # Ok(()) }
/// ```
pub struct TlsStream<'a, L: LendProvider, T: ErrorType>(Stream<'a, L, Embedded<T>, T::Error>);

/// A transport of `embedded_io_async`.
struct Embedded<T>(T);

impl<T: Read + Write> Transport for Embedded<T> {
    type Error = T::Error;

    fn read(&mut self, room: &mut [u8]) -> impl Future<Output = Result<usize, T::Error>> {
        self.0.read(room)
    }

    fn write(&mut self, data: &[u8]) -> impl Future<Output = Result<usize, T::Error>> {
        self.0.write(data)
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), T::Error>> {
        self.0.flush()
    }

    fn exchange(
        &mut self,
        room: &mut [u8],
        data: &[u8],
        sending: &mut Sending<T::Error>,
    ) -> impl Future<Output = Moved<T::Error>> {
        let mut sends = !data.is_empty() || sending.is_unflushed;
        poll_fn(move |cx| {
            let was_kept = sending.kept.is_some();
            // One at a time has the transport; both have left their wakers there.
            while sends {
                let sent = if data.is_empty() {
                    poll_once(self.0.flush(), cx).map_ok(|()| 0)
                } else {
                    poll_once(self.0.write(data), cx)
                };
                match sent {
                    Poll::Pending => break,
                    Poll::Ready(Ok(len @ 1..)) => return Poll::Ready(Moved::Out(len)),
                    Poll::Ready(Err(error)) if is_interrupted(&error) => {}
                    Poll::Ready(sent) => {
                        sends = false;
                        match sent {
                            Ok(_) => sending.is_unflushed &= !data.is_empty(),
                            Err(error) => keep::<Self>(&mut sending.kept, error),
                        }
                    }
                }
            }
            match poll_once(self.0.read(room), cx) {
                // In the handshake this is told at once: the peer may wait for what could not be sent.
                Poll::Pending if sending.kept.is_some() && !was_kept => Poll::Ready(Moved::Out(0)),
                read => read.map(Moved::In),
            }
        })
    }

    fn try_write(&mut self, data: &[u8]) -> Option<Result<usize, T::Error>> {
        match poll_once(self.0.write(data), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(written) => Some(written),
            Poll::Pending => None,
        }
    }

    fn is_transient(error: &T::Error) -> bool {
        is_transient(error)
    }

    fn is_interrupted(error: &T::Error) -> bool {
        is_interrupted(error)
    }

    /// Sleeps until the device is done; if it cannot tell, until the other tasks have had their turn.
    fn pause<L: LendProvider>(&mut self, session: &mut Session<'_, L>) -> impl Future<Output = ()> {
        let mut slept = false;
        poll_fn(move |cx| {
            if slept {
                return Poll::Ready(());
            }
            slept = true;
            if !session.register_waker(cx.waker()) {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
    }
}

/// Polls `future`, and drops it.
fn poll_once<O>(future: impl Future<Output = O>, cx: &mut Context<'_>) -> Poll<O> {
    pin!(future).poll(cx)
}

accessors!(TlsStream, Embedded, T::Error, { ErrorType });

impl<'a, L: LendProvider, T: Read + Write> TlsStream<'a, L, T> {
    /// For transports whose writes must not be dropped once they began: reading then waits until what there is to be
    /// sent was sent. Two ends that both do so, and both write more than the transport holds, wait for each other. With
    /// [`FlushPolicy::EachWrite`], what was written goes out with the next call.
    #[must_use]
    pub fn with_half_duplex(mut self) -> Self {
        self.0.half_duplex = true;
        self
    }

    /// Makes a reader and a writer of the stream, for two tasks: neither waits for the other. Do the
    /// [handshake](Self::handshake) first. `share` makes a value that both can have of the session, as
    /// `|session| Rc::new(RefCell::new(session))` does, and `halves` makes two of the transport, as `tokio::io::split`
    /// does.
    ///
    /// Halves that borrow, as those of an embassy-net `TcpSocket`, and a session without a heap are for
    /// [`into_session`](Self::into_session) and [`TlsReader::new`].
    pub fn split<S, R, W>(
        self,
        share: impl FnOnce(Session<'a, L>) -> S,
        halves: impl FnOnce(T) -> (R, W),
    ) -> (TlsReader<S, R>, TlsWriter<S, W>)
    where
        S: Share<Target = Session<'a, L>> + Clone,
        R: Read,
        W: Write,
        L::Provider: 'a,
    {
        let (session, transport) = self.into_session();
        let (session, (reader, writer)) = (share(session), halves(transport));
        (TlsReader::new(session.clone(), reader), TlsWriter::new(session, writer))
    }

    /// Does the handshake, if it is not done yet. Reading, writing and flushing do it too.
    ///
    /// A peer that says nothing is waited for, for as long as you like: put a time limit of your executor around it,
    /// such as `embassy_time::with_timeout`. It may be dropped, and goes on where it was when it is called again.
    ///
    /// # Errors
    /// Why it failed.
    pub fn handshake(&mut self) -> impl Future<Output = Result<(), StreamError<T::Error>>> {
        self.0.handshake()
    }

    /// Says that nothing more will be written: close_notify goes out behind what was written. Reading goes on until the
    /// peer closes, too. Before the handshake is complete this gives it up.
    ///
    /// It may be dropped, and goes on where it was when it is called again.
    ///
    /// # Errors
    /// Why it could not be sent. It can be repeated.
    pub fn shutdown(&mut self) -> impl Future<Output = Result<(), StreamError<T::Error>>> {
        self.0.shutdown()
    }

    /// Says close_notify as far as the transport takes it without waiting.
    #[cfg(any(feature = "embedded-nal-async", feature = "edge-nal"))]
    pub(crate) fn try_shutdown(&mut self) {
        // What fails here has nobody to be told to.
        let _ = poll_once(self.shutdown(), &mut Context::from_waker(Waker::noop()));
    }

    /// [Shuts down](Self::shutdown), and gives back buffers, provider and transport. What the peer sent and was not
    /// read is gone.
    ///
    /// If it is dropped, all that is gone with it: put time limits around [`shutdown`](Self::shutdown), and take the
    /// parts by [`into_parts`](Self::into_parts).
    ///
    /// # Errors
    /// Why the goodbye could not be sent, with the parts all the same.
    #[allow(clippy::type_complexity, reason = "the parts are those of the stream")]
    pub async fn close(mut self) -> Result<Parts<'a, L, T>, Failed<'a, L, T, StreamError<T::Error>>> {
        let said = self.shutdown().await;
        let parts = self.into_parts();
        match said {
            Ok(()) => Ok(parts),
            Err(error) => Err(Failed { error, parts }),
        }
    }
}

impl<L: LendProvider, T: ErrorType> ErrorType for TlsStream<'_, L, T> {
    type Error = StreamError<T::Error>;
}

impl<L: LendProvider, T: Read + Write> Read for TlsStream<'_, L, T> {
    fn read(&mut self, out: &mut [u8]) -> impl Future<Output = Result<usize, Self::Error>> {
        self.0.read(out)
    }
}

impl<L: LendProvider, T: Read + Write> BufRead for TlsStream<'_, L, T> {
    /// What is left of a record, where it was opened.
    async fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        self.0.fill().await?;
        Ok(self.0.session.connection.data())
    }

    fn consume(&mut self, len: usize) {
        self.0.session.connection.data_read(len);
    }
}

impl<L: LendProvider, T: Read + Write> Write for TlsStream<'_, L, T> {
    fn write(&mut self, data: &[u8]) -> impl Future<Output = Result<usize, Self::Error>> {
        self.0.write(data)
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), Self::Error>> {
        self.0.flush()
    }
}

impl<L: LendProvider, T: Read + Write + ReadReady> ReadReady for TlsStream<'_, L, T> {
    /// Takes in what the transport has; ready are data that was opened, the end, and failures. It sends nothing: do the
    /// [handshake](Self::handshake) first, and flush what you wrote.
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        let cx = &mut Context::from_waker(Waker::noop());
        // What would have to wait is not ready.
        match poll_once(self.0.is_read_ready(|transport| transport.0.read_ready()), cx) {
            Poll::Ready(ready) => ready,
            Poll::Pending => Ok(false),
        }
    }
}

impl<L: LendProvider, T: Read + Write + WriteReady> WriteReady for TlsStream<'_, L, T> {
    /// Sends what the transport takes; ready is room for at least a byte, and failures. It reads nothing: do the
    /// [handshake](Self::handshake) first.
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        let cx = &mut Context::from_waker(Waker::noop());
        match poll_once(self.0.is_write_ready(|transport| transport.0.write_ready()), cx) {
            Poll::Ready(ready) => ready,
            Poll::Pending => Ok(false),
        }
    }
}

// ---- halves

/// The reading half of a stream over a transport that comes in two, such as an embassy-net `TcpSocket` that was split.
///
/// ```
/// # use saitls::protocol::crypto::CryptoProvider;
/// # use embedded_io_async::{Read, Write};
/// # async fn f<P: CryptoProvider, T: Read + Write, R: Read, W: Write>(
/// #     mut stream: saitls::asynch::TlsStream<'_, P, T>, split: impl FnOnce(&mut T) -> (R, W),
/// # ) -> Result<(), Box<dyn std::error::Error>> where T::Error: 'static, R::Error: 'static, W::Error: 'static {
/// use core::cell::RefCell;
/// use saitls::asynch::{TlsReader, TlsWriter};
///
/// stream.handshake().await?;
/// let (session, mut socket) = stream.into_session();
/// let session = RefCell::new(session);                  // or a mutex, for tasks on several threads
/// let (rx, tx) = split(&mut socket);                    // `socket.split()`
/// let mut reader = TlsReader::new(&session, rx);
/// let mut writer = TlsWriter::new(&session, tx);
/// // ... now each can be used by a task of its own.
/// writer.write_all(b"hello").await?;
/// writer.flush().await?;
/// let len = reader.read(&mut [0; 16]).await?;
/// # let _ = len;
/// # Ok(()) }
/// ```
///
/// What the protocol wants to send while it reads (the answer to a KeyUpdate, an alert) goes out with the writer's next
/// call. The futures of both halves may be dropped and repeated if those of their transports may be.
pub struct TlsReader<S, R> {
    session: S,
    transport: R,
}

/// The writing half: see [`TlsReader`].
pub struct TlsWriter<S, W: ErrorType> {
    session: S,
    transport: W,
    /// Why sending failed after data had been taken.
    kept: Option<W::Error>,
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, R: Read> TlsReader<S, R> {
    /// Reads what comes over `transport` for `session`, whose handshake is complete.
    pub const fn new(session: S, transport: R) -> Self {
        Self { session, transport }
    }

    /// The session.
    pub const fn session(&self) -> &S {
        &self.session
    }

    /// The session and the transport.
    pub fn into_parts(self) -> (S, R) {
        (self.session, self.transport)
    }

    /// Waits until there is an answer to a read.
    #[cfg(feature = "edge-nal")]
    pub(crate) async fn fill(&mut self) -> Result<(), StreamError<R::Error>> {
        let Self { session, transport } = self;
        poll_fn(|cx| session.with(|session| Self::poll_fill(session, transport, cx))).await
    }

    /// Takes received bytes in until there is an answer to a read.
    fn poll_fill(
        session: &mut Session<'a, L>,
        transport: &mut R,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), StreamError<R::Error>>> {
        while !session.is_readable() {
            let processed = session.process();
            session.wake_writer();
            if session.is_readable() {
                break;
            }
            processed.map_err(StreamError::Tls)?;
            if session.connection.is_handshaking() || session.connection.records_room().is_empty() {
                return Poll::Ready(Err(StreamError::Tls(Error::InvalidState)));
            }
            let room = session.connection.records_room();
            match core::task::ready!(poll_once(transport.read(room), cx)) {
                Ok(0) => session.connection.records_ended(),
                Ok(len) => session.connection.records_filled(len),
                Err(error) => return Poll::Ready(Err(StreamError::Transport(error))),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S, R: ErrorType> ErrorType for TlsReader<S, R> {
    type Error = StreamError<R::Error>;
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, R: Read> Read for TlsReader<S, R> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        if out.is_empty() {
            return Ok(0);
        }
        let Self { session, transport } = self;
        poll_fn(|cx| session.with(|session| Self::poll_fill(session, transport, cx).map_ok(|()| session.take(out))))
            .await
    }
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, W: Write> TlsWriter<S, W> {
    /// Writes what `session`, whose handshake is complete, seals for `transport`.
    pub const fn new(session: S, transport: W) -> Self {
        Self { session, transport, kept: None }
    }

    /// The session.
    pub const fn session(&self) -> &S {
        &self.session
    }

    /// The session and the transport.
    pub fn into_parts(self) -> (S, W) {
        (self.session, self.transport)
    }

    /// Sends what is sealed, `most` times at most.
    fn poll_send(
        session: &mut Session<'a, L>,
        transport: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), StreamError<W::Error>>> {
        while !session.connection.records().is_empty() {
            match poll_once(transport.write(session.connection.records()), cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(StreamError::WriteZero)),
                Poll::Ready(Ok(len)) => session.connection.records_sent(len),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(StreamError::Transport(error))),
                Poll::Pending => {
                    session.writer = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Seals and sends everything.
    async fn send_everything(&mut self) -> Result<(), StreamError<W::Error>> {
        if let Some(error) = self.kept.take() {
            return Err(StreamError::Transport(error));
        }
        let Self { session, transport, .. } = self;
        poll_fn(|cx| {
            session.with(|session| {
                loop {
                    let mut processed = session.process();
                    if session.connection.is_handshaking() {
                        processed = processed.and(Err(Error::InvalidState));
                    }
                    let sent = Self::poll_send(session, transport, cx);
                    processed.map_err(StreamError::Tls)?;
                    core::task::ready!(sent)?;
                    if session.connection.unsent_len() == 0 && !session.is_closing() {
                        return Poll::Ready(Ok(()));
                    }
                }
            })
        })
        .await
    }

    /// Says that nothing more will be written: [`TlsStream::shutdown`].
    ///
    /// # Errors
    /// Why it could not be sent. It can be repeated.
    pub async fn shutdown(&mut self) -> Result<(), StreamError<W::Error>> {
        self.session.with(|session| session.connection.close());
        self.send_everything().await?;
        self.transport.flush().await.map_err(StreamError::Transport)
    }
}

impl<S, W: ErrorType> ErrorType for TlsWriter<S, W> {
    type Error = StreamError<W::Error>;
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, W: Write> Write for TlsWriter<S, W> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        if data.is_empty() {
            return Ok(0);
        }
        if let Some(error) = self.kept.take() {
            return Err(StreamError::Transport(error));
        }
        let Self { session, transport, kept } = self;
        poll_fn(|cx| {
            session.with(|session| {
                loop {
                    if session.policy == FlushPolicy::EachWrite {
                        core::task::ready!(Self::poll_send(session, transport, cx))?;
                    }
                    let given = session.give(data);
                    if !matches!(given, Ok(1..)) {
                        let processed = session.process();
                        let sent = Self::poll_send(session, transport, cx);
                        given.and(processed).map_err(StreamError::Tls)?;
                        core::task::ready!(sent)?;
                        continue;
                    }
                    if session.policy == FlushPolicy::EachWrite
                        && let Poll::Ready(Err(StreamError::Transport(error))) = Self::poll_send(session, transport, cx)
                    {
                        *kept = Some(error).filter(|error| !is_transient(error));
                    }
                    return Poll::Ready(given.map_err(StreamError::Tls));
                }
            })
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.send_everything().await?;
        if self.session.with(|session| session.policy) == FlushPolicy::Relaxed {
            return Ok(());
        }
        self.transport.flush().await.map_err(StreamError::Transport)
    }
}
