//! `embedded_io`.

use super::inner::Stream;
use super::share::LendProvider;
use super::transport::{Moved, Sending, Transport, now, take_turns};
use super::{Failed, FlushPolicy, Parts, Session, StreamError, accessors, is_interrupted, is_transient};
use embedded_io::{BufRead, ErrorType, Read, ReadReady, Write, WriteReady};
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::{Buffers, Connection, Error, ServerName};

/// A TLS connection over a transport of [`embedded_io`], such as a serial line: it is read and written like one.
///
/// Small writes are collected until [`flush`](Write::flush) or a read ([`FlushPolicy`]). The handshake is done by
/// whatever is called first, or by [`handshake`](Self::handshake).
///
/// Every call may be repeated when the transport failed: a write that fails has taken nothing, and reading loses
/// nothing.
///
/// ```
/// # use saitls::protocol::crypto::CryptoProvider;
/// # use embedded_io::{Read, Write};
/// # fn f<P: CryptoProvider, T: Read + Write>(config: &saitls::ClientConfig<'_, P>, provider: P, uart: T)
/// # -> Result<(), saitls::StreamError<T::Error>> {
/// use saitls::blocking::TlsStream;
/// use saitls::{Buffers, ServerName};
///
/// let (mut receive, mut transmit) = ([0; 2_048], [0; 1_024]);
/// let buffers = Buffers::new(&mut receive, &mut transmit);
/// let name = ServerName::try_from("broker.example").ok();
/// let mut stream = TlsStream::client(config, name, buffers, provider, uart)?;
/// stream.write_all(b"temperature 21")?;
/// let mut answer = [0; 32];
/// let len = stream.read(&mut answer)?;      // sends what was written, and waits
/// # let _ = len;
/// # Ok(()) }
/// ```
pub struct TlsStream<'a, L: LendProvider, T: ErrorType>(Stream<'a, L, Embedded<T>, T::Error>);

/// A transport of `embedded_io`.
struct Embedded<T>(T);

impl<T: Read + Write> Transport for Embedded<T> {
    type Error = T::Error;

    async fn read(&mut self, room: &mut [u8]) -> Result<usize, T::Error> {
        self.0.read(room)
    }

    async fn write(&mut self, data: &[u8]) -> Result<usize, T::Error> {
        self.0.write(data)
    }

    async fn flush(&mut self) -> Result<(), T::Error> {
        self.0.flush()
    }

    async fn exchange(&mut self, room: &mut [u8], data: &[u8], sending: &mut Sending<T::Error>) -> Moved<T::Error> {
        take_turns(self, room, data, sending).await
    }

    fn try_write(&mut self, data: &[u8]) -> Option<Result<usize, T::Error>> {
        Some(self.0.write(data))
    }

    fn is_transient(error: &T::Error) -> bool {
        is_transient(error)
    }

    fn is_interrupted(error: &T::Error) -> bool {
        is_interrupted(error)
    }

    /// There is nothing to sleep on: the operation is asked again.
    async fn pause<L: LendProvider>(&mut self, _: &mut Session<'_, L>) {
        core::hint::spin_loop();
    }
}

accessors!(TlsStream, Embedded, T::Error, { ErrorType });

impl<'a, L: LendProvider, T: Read + Write> TlsStream<'a, L, T> {
    /// Does the handshake, if it is not done yet. Reading, writing and flushing do it too.
    ///
    /// How long it may take is up to the transport: a peer that says nothing is waited for as long as a read of it
    /// waits. After an error of the transport it can be repeated, and goes on where it was.
    ///
    /// # Errors
    /// Why it failed.
    pub fn handshake(&mut self) -> Result<(), StreamError<T::Error>> {
        now(self.0.handshake())
    }

    /// Says that nothing more will be written: close_notify goes out behind what was written. Reading goes on until the
    /// peer closes, too. Before the handshake is complete this gives it up.
    ///
    /// # Errors
    /// Why it could not be sent. It can be repeated.
    pub fn shutdown(&mut self) -> Result<(), StreamError<T::Error>> {
        now(self.0.shutdown())
    }

    /// [Shuts down](Self::shutdown), and gives back buffers, provider and transport. What the peer sent and was not
    /// read is gone.
    ///
    /// # Errors
    /// Why the goodbye could not be sent, with the parts all the same.
    #[allow(clippy::type_complexity, reason = "the parts are those of the stream")]
    pub fn close(mut self) -> Result<Parts<'a, L, T>, Failed<'a, L, T, StreamError<T::Error>>> {
        let said = self.shutdown();
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
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        now(self.0.read(out))
    }
}

impl<L: LendProvider, T: Read + Write> BufRead for TlsStream<'_, L, T> {
    /// What is left of a record, where it was opened.
    fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        now(self.0.fill())?;
        Ok(self.0.session.connection.data())
    }

    fn consume(&mut self, len: usize) {
        self.0.session.connection.data_read(len);
    }
}

impl<L: LendProvider, T: Read + Write> Write for TlsStream<'_, L, T> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        now(self.0.write(data))
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        now(self.0.flush())
    }
}

impl<L: LendProvider, T: Read + Write + ReadReady> ReadReady for TlsStream<'_, L, T> {
    /// Takes in what the transport has; ready are data that was opened, the end, and failures. It sends nothing: do the
    /// [handshake](Self::handshake) first, and flush what you wrote.
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        now(self.0.is_read_ready(|transport| transport.0.read_ready()))
    }
}

impl<L: LendProvider, T: Read + Write + WriteReady> WriteReady for TlsStream<'_, L, T> {
    /// Sends what the transport takes; ready is room for at least a byte, and failures. It reads nothing: do the
    /// [handshake](Self::handshake) first.
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        now(self.0.is_write_ready(|transport| transport.0.write_ready()))
    }
}
