//! `std::io`.

use super::inner::Stream;
use super::share::{LendProvider, Share};
use super::transport::{Moved, Sending, Transport, now, take_turns};
use super::{Failed, FlushPolicy, Parts, Session, StreamError, accessors};
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::{Buffers, Connection, Error, ServerName};
use std::boxed::Box;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Duration;
use std::vec::Vec;

/// A TLS connection over a transport of [`std::io`], such as a `TcpStream`: it is read and written like one.
///
/// Small writes are collected until [`flush`](Write::flush) or a read ([`FlushPolicy`]). The handshake is done by
/// whatever is called first, or by [`handshake`](Self::handshake).
///
/// Every call may be repeated when it failed with `Interrupted`, `WouldBlock` or `TimedOut`, as those of sockets with
/// time limits or in non-blocking mode do: a write that fails has taken nothing, and reading loses nothing.
///
/// # Errors of TLS
///
/// Calls fail with an [`io::Error`]. If TLS is why, [`get_ref`](io::Error::get_ref) holds a [`saitls::Error`](Error),
/// and the kind is one of these:
///
/// | kind | why |
/// |---|---|
/// | `UnexpectedEof` | the transport ended without the peer's close_notify: what was read may not be all |
/// | `ConnectionReset` | the transport was reset |
/// | `ConnectionAborted` | the peer sent an alert |
/// | `NotConnected` | the call does not fit the state, such as a write after `shutdown` |
/// | `InvalidInput` | a stream that cannot begin: the configuration, the name or the buffers are wrong |
/// | `InvalidData` | everything else, such as a certificate that is not trusted |
///
/// Errors of the transport come as they are.
///
/// # Example
///
/// `L` is the provider, or [`Shared`](super::Shared); `T` is the transport. With the default provider, a structure can
/// hold a `TlsStream<'a, OsRustCrypto, TcpStream>`.
///
/// ```no_run
/// # use saitls::protocol::crypto::{CryptoProvider, PeerVerifier};
/// # fn f<P: CryptoProvider>(trust: &dyn PeerVerifier<P>, provider: P) -> std::io::Result<()> {
/// use saitls::{Buffers, ClientConfig, ServerName, TlsStream};
/// use std::io::{Read, Write};
///
/// let config = ClientConfig::new(trust);
/// let tcp = std::net::TcpStream::connect("example.org:443")?;
/// let buffers = Buffers::new(vec![0; 16_645], vec![0; 16_645]);
/// let name = ServerName::try_from("example.org").ok();
/// let mut stream = TlsStream::client(&config, name, buffers, provider, tcp)?;
/// stream.write_all(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n")?;
/// let mut page = Vec::new();
/// stream.read_to_end(&mut page)?;
/// # Ok(()) }
/// ```
pub struct TlsStream<'a, L: LendProvider, T>(Stream<'a, L, Std<T>, io::Error>);

/// A transport of `std::io`.
struct Std<T>(T);

impl<T: Read + Write> Transport for Std<T> {
    type Error = io::Error;

    async fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.read(room)
    }

    async fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    async fn exchange(&mut self, room: &mut [u8], data: &[u8], sending: &mut Sending<io::Error>) -> Moved<io::Error> {
        take_turns(self, room, data, sending).await
    }

    fn try_write(&mut self, data: &[u8]) -> Option<io::Result<usize>> {
        Some(self.0.write(data))
    }

    fn is_transient(error: &io::Error) -> bool {
        is_transient(error)
    }

    fn is_interrupted(error: &io::Error) -> bool {
        error.kind() == ErrorKind::Interrupted
    }

    async fn pause<L: LendProvider>(&mut self, session: &mut Session<'_, L>) {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        if session.register_waker(&waker) {
            std::thread::park_timeout(Duration::from_secs(1));
        } else {
            std::thread::yield_now();
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::TimedOut)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

accessors!(TlsStream, Std, io::Error, {});

impl<'a, L: LendProvider, T: Read + Write> TlsStream<'a, L, T> {
    /// Does the handshake, if it is not done yet. Reading, writing and flushing do it too.
    ///
    /// How long it may take is up to the transport, such as by
    /// [`TcpStream::set_read_timeout`](std::net::TcpStream::set_read_timeout): a peer that says nothing is waited for
    /// as long as that. After an error of the transport it can be repeated, and goes on where it was.
    ///
    /// # Errors
    /// Why it failed.
    pub fn handshake(&mut self) -> io::Result<()> {
        Ok(now(self.0.handshake())?)
    }

    /// Says that nothing more will be written: close_notify goes out behind what was written. Reading goes on until the
    /// peer closes, too. Before the handshake is complete this gives it up.
    ///
    /// # Errors
    /// Why it could not be sent. It can be repeated.
    pub fn shutdown(&mut self) -> io::Result<()> {
        Ok(now(self.0.shutdown())?)
    }

    /// [Shuts down](Self::shutdown), and gives back buffers, provider and transport. What the peer sent and was not
    /// read is gone.
    ///
    /// # Errors
    /// Why the goodbye could not be sent, with the parts all the same.
    pub fn close(mut self) -> Result<Parts<'a, L, T>, Failed<'a, L, T, io::Error>> {
        let said = self.shutdown();
        let parts = self.into_parts();
        match said {
            Ok(()) => Ok(parts),
            Err(error) => Err(Failed { error, parts }),
        }
    }
}

impl<L: LendProvider, T: Read + Write> Read for TlsStream<'_, L, T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(now(self.0.read(out))?)
    }
}

impl<L: LendProvider, T: Read + Write> BufRead for TlsStream<'_, L, T> {
    /// What is left of a record, where it was opened.
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        now(self.0.fill())?;
        Ok(self.0.session.connection.data())
    }

    fn consume(&mut self, len: usize) {
        self.0.session.connection.data_read(len);
    }
}

impl<L: LendProvider, T: Read + Write> Write for TlsStream<'_, L, T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(now(self.0.write(data))?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(now(self.0.flush())?)
    }
}

impl From<StreamError<Self>> for io::Error {
    fn from(error: StreamError<Self>) -> Self {
        match error {
            StreamError::Transport(error) => error,
            StreamError::Tls(error) => tls_error(error),
            StreamError::WriteZero => ErrorKind::WriteZero.into(),
            StreamError::NoBuffers => ErrorKind::OutOfMemory.into(),
        }
    }
}

fn tls_error(error: Error) -> io::Error {
    let kind = match error {
        Error::Truncated => ErrorKind::UnexpectedEof,
        Error::AlertReceived(_) => ErrorKind::ConnectionAborted,
        Error::InvalidState => ErrorKind::NotConnected,
        Error::InvalidConfiguration(_) => ErrorKind::InvalidInput,
        _ => ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

impl<L, T> From<Failed<'_, L, T, Self>> for io::Error {
    fn from(failed: Failed<'_, L, T, Self>) -> Self {
        failed.error
    }
}

impl<L, T> From<Failed<'_, L, T, Error>> for io::Error {
    /// Whatever keeps a stream from beginning is an argument of the caller's.
    fn from(failed: Failed<'_, L, T, Error>) -> Self {
        Self::new(ErrorKind::InvalidInput, failed.error)
    }
}

// ---- halves, for two threads

/// Sealed bytes on their way between a session, which is locked, and a transport, which may block.
struct Staging {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// As long as a full record, and some more.
const STAGING_LEN: usize = 2 * 16_645;

impl Staging {
    fn new() -> Self {
        Self { bytes: std::vec![0; STAGING_LEN], start: 0, end: 0 }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn consume(&mut self, len: usize) {
        self.start = (self.start + len).min(self.end);
    }

    fn into_rest(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes.split_off(self.start)
    }
}

/// The reading half of a stream that was split: [`TlsStream::split`].
pub struct TlsReader<S, R> {
    session: S,
    transport: R,
    staging: Staging,
}

/// The writing half of a stream that was split: [`TlsStream::split`].
pub struct TlsWriter<S, W> {
    session: S,
    transport: W,
    staging: Staging,
    /// Why sending failed after data had been taken.
    kept: Option<io::Error>,
}

/// A session that two threads share.
pub type SharedSession<'a, L> = Arc<std::sync::Mutex<Session<'a, L>>>;

impl<'a, L: LendProvider, T: Read + Write> TlsStream<'a, L, T> {
    /// Completes the handshake and makes a reader and a writer of the stream, for two threads: neither waits for the
    /// other. `reader` makes a second handle of the transport, to read from, as
    /// [`TcpStream::try_clone`](std::net::TcpStream::try_clone) does; the first is for writing. Two that are made of
    /// one otherwise are for [`into_session`](Self::into_session) after the [`handshake`](Self::handshake), then
    /// [`TlsReader::new`] and [`TlsWriter::new`].
    ///
    /// What the protocol wants to send while it reads (the answer to a KeyUpdate, an alert) goes out with the writer's
    /// next call. Data that was written and not flushed may be sealed when the reader reads.
    ///
    /// # Errors
    /// Why the handshake or `reader` failed, with the stream: it can be repeated, or taken apart.
    ///
    /// ```no_run
    /// # use saitls::protocol::crypto::CryptoProvider;
    /// # fn f<P: CryptoProvider>(stream: saitls::TlsStream<'_, P, std::net::TcpStream>) -> std::io::Result<()> {
    /// let (reader, writer) = stream.split(|tcp| tcp.try_clone())?;
    /// # Ok(()) }
    /// ```
    #[allow(clippy::type_complexity, reason = "two halves over the same session")]
    pub fn split<R: Read>(
        mut self,
        reader: impl FnOnce(&T) -> io::Result<R>,
    ) -> Result<(TlsReader<SharedSession<'a, L>, R>, TlsWriter<SharedSession<'a, L>, T>), SplitError<'a, L, T>> {
        // The end of the handshake may still be there.
        let flushed = self.handshake().and_then(|()| Ok(now(self.0.flush_transport())?));
        let reader = match flushed.and_then(|()| reader(self.transport())) {
            Ok(reader) => reader,
            Err(error) => return Err(SplitError { error, stream: Box::new(self) }),
        };
        let (session, transport) = self.into_session();
        let session = Arc::new(std::sync::Mutex::new(session));
        Ok((TlsReader::new(Arc::clone(&session), reader), TlsWriter::new(session, transport)))
    }
}

/// Why a stream was not [split](TlsStream::split), and the stream.
///
/// It turns into the error alone by `From`, so that `?` works.
pub struct SplitError<'a, L: LendProvider, T> {
    /// Why.
    pub error: io::Error,
    /// What was not split.
    pub stream: Box<TlsStream<'a, L, T>>,
}

impl<L: LendProvider, T> std::fmt::Debug for SplitError<'_, L, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SplitError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<L: LendProvider, T> std::fmt::Display for SplitError<'_, L, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl<L: LendProvider, T> From<SplitError<'_, L, T>> for io::Error {
    fn from(failed: SplitError<'_, L, T>) -> Self {
        failed.error
    }
}

/// What a half does next.
enum Next {
    Done(usize),
    Transport,
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, R: Read> TlsReader<S, R> {
    /// Reads what comes over `transport` for `session`, whose handshake is complete.
    pub fn new(session: S, transport: R) -> Self {
        Self { session, transport, staging: Staging::new() }
    }

    /// The session.
    pub const fn session(&self) -> &S {
        &self.session
    }

    /// The session, the transport, and bytes that came over the transport and are not in the session yet: a reader that
    /// goes on with both has them first (`Cursor::new(bytes).chain(transport)`).
    pub fn into_parts(self) -> (S, R, Vec<u8>) {
        (self.session, self.transport, self.staging.into_rest())
    }

    fn feed(&mut self, out: &mut [u8]) -> io::Result<Next> {
        let staging = &mut self.staging;
        self.session.with(|session| {
            loop {
                if session.is_readable() {
                    return Ok(Next::Done(session.take(out)));
                }
                let processed = session.process();
                session.wake_writer();
                if session.is_readable() {
                    return Ok(Next::Done(session.take(out)));
                }
                processed.map_err(tls_error)?;
                if session.connection.is_handshaking() || session.connection.is_closed() {
                    return Err(tls_error(Error::InvalidState));
                }
                if staging.is_empty() {
                    return Ok(Next::Transport);
                }
                let room = session.connection.records_room();
                let len = room.len().min(staging.rest().len());
                room[..len].copy_from_slice(&staging.rest()[..len]);
                session.connection.records_filled(len);
                staging.consume(len);
            }
        })
    }
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, R: Read> Read for TlsReader<S, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Next::Done(len) = self.feed(out)? {
                return Ok(len);
            }
            // Not locked: this may take as long as the peer likes.
            let len = self.transport.read(&mut self.staging.bytes)?;
            (self.staging.start, self.staging.end) = (0, len.min(self.staging.bytes.len()));
            if len == 0 {
                self.session.with(|session| session.connection.records_ended());
            }
        }
    }
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, W: Write> TlsWriter<S, W> {
    /// Writes what `session`, whose handshake is complete, seals for `transport`.
    pub fn new(session: S, transport: W) -> Self {
        Self { session, transport, staging: Staging::new(), kept: None }
    }

    /// The session.
    pub const fn session(&self) -> &S {
        &self.session
    }

    /// The session, the transport, and sealed bytes that are on their way from the one to the other, none after a
    /// flush: a writer that goes on with both sends them first.
    pub fn into_parts(self) -> (S, W, Vec<u8>) {
        (self.session, self.transport, self.staging.into_rest())
    }

    /// Sends what was taken out of the session.
    fn send_staged(&mut self) -> io::Result<()> {
        if let Some(error) = self.kept.take() {
            return Err(error);
        }
        while !self.staging.is_empty() {
            match self.transport.write(self.staging.rest())? {
                0 => return Err(ErrorKind::WriteZero.into()),
                len => self.staging.consume(len),
            }
        }
        Ok(())
    }

    /// Takes sealed bytes out of the session.
    fn stage(staging: &mut Staging, session: &mut Session<'_, L>) {
        if staging.is_empty() {
            let data = session.connection.records();
            let len = data.len().min(staging.bytes.len());
            staging.bytes[..len].copy_from_slice(&data[..len]);
            (staging.start, staging.end) = (0, len);
            session.connection.records_sent(len);
        }
    }

    /// Seals and sends everything.
    fn send_everything(&mut self) -> io::Result<()> {
        loop {
            self.send_staged()?;
            let staging = &mut self.staging;
            let (processed, is_done) = self.session.with(|session| {
                let mut processed = session.process();
                if session.connection.is_handshaking() {
                    processed = processed.and(Err(Error::InvalidState));
                }
                Self::stage(staging, session);
                (processed, session.connection.unsent_len() == 0 && !session.is_closing())
            });
            if let Err(error) = processed {
                // The alert, if there is one.
                let _ = self.send_sealed();
                return Err(tls_error(error));
            }
            if is_done && self.staging.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends all that is sealed. A signal does not keep it from that.
    fn send_sealed(&mut self) -> io::Result<()> {
        loop {
            match self.send_staged() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                sent => sent?,
            }
            self.session.with(|session| Self::stage(&mut self.staging, session));
            if self.staging.is_empty() {
                return Ok(());
            }
        }
    }

    /// Says that nothing more will be written: [`TlsStream::shutdown`].
    ///
    /// # Errors
    /// Why it could not be sent. It can be repeated.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.session.with(|session| session.connection.close());
        self.send_everything()?;
        self.transport.flush()
    }
}

impl<'a, L: LendProvider<Provider: 'a>, S: Share<Target = Session<'a, L>>, W: Write> Write for TlsWriter<S, W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            self.send_staged()?;
            let staging = &mut self.staging;
            let (given, sends_all) = self.session.with(|session| {
                let mut given = session.give(data);
                if matches!(given, Ok(0)) {
                    given = session.process().map(|()| 0);
                }
                if matches!(given, Ok(0)) {
                    Self::stage(staging, session);
                }
                // Also the alert of a connection that failed.
                let sends_all = given.is_err() || session.policy == FlushPolicy::EachWrite;
                (given, sends_all)
            });
            if sends_all
                && !matches!(given, Ok(0))
                && let Err(error) = self.send_sealed()
            {
                self.kept = Some(error).filter(|error| !is_transient(error));
            }
            match given.map_err(tls_error)? {
                0 => {}
                len => return Ok(len),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send_everything()?;
        if self.session.with(|session| session.policy) == FlushPolicy::Relaxed {
            return Ok(());
        }
        self.transport.flush()
    }
}
