//! TLS over any stream of bytes: a connection, its provider and its transport in one value.
//!
//! | feature | the transport implements | and so does [`TlsStream`] |
//! |---|---|---|
//! | `std` | [`std::io::Read`] and [`Write`](std::io::Write) | the same |
//! | `embedded-io` | `embedded_io::Read` and `Write` | the same |
//! | `embedded-io-async` | `embedded_io_async::Read` and `Write` | the same |
//!
//! The handshake is done by whatever is called first; `flush` does nothing else then. Writing hands the data to the transport at once. While an operation of
//! the provider is pending, blocking streams sleep until its device is done, or ask again if it cannot tell
//! ([`CryptoProvider::register_waker`]); asynchronous ones let other tasks run.

#[cfg(feature = "embedded-io-async")]
mod asynchronous;
#[cfg(feature = "embedded-io")]
mod blocking;
mod error;
#[cfg(feature = "std")]
mod std_io;

pub use error::StreamError;

use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Buffers, Connection, Error, ServerName};

/// A TLS connection over the transport `T`, with the provider `P`: both owned.
///
/// ```no_run
/// # #[cfg(feature = "std")] {
/// # use saitls::core::crypto::{CryptoProvider, PeerVerifier};
/// # fn f<P: CryptoProvider>(trust: &dyn PeerVerifier<P>, provider: P) -> std::io::Result<()> {
/// use saitls::{Buffers, ClientConfig, ServerName, TlsStream};
/// use std::io::{Error, Read, Write};
///
/// let config = ClientConfig::new(trust);
/// let tcp = std::net::TcpStream::connect("example.org:443")?;
/// let buffers = Buffers::new(vec![0; 16_645], vec![0; 8_192]);
/// let name = ServerName::try_from("example.org").ok();
/// let mut stream = TlsStream::client(&config, name, buffers, provider, tcp).map_err(Error::other)?;
/// stream.write_all(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n")?;
/// let mut page = Vec::new();
/// stream.read_to_end(&mut page)?;
/// # Ok(()) } }
/// ```
pub struct TlsStream<'a, P: CryptoProvider, T> {
    connection: Connection<'a, P>,
    provider: P,
    transport: T,
}

impl<'a, P: CryptoProvider, T> TlsStream<'a, P, T> {
    /// A client that wants to talk to `server_name` over `transport`.
    ///
    /// # Errors
    /// As for [`Connection::client`].
    pub fn client(
        config: &'a ClientConfig<'a, P>,
        server_name: Option<ServerName<'a>>,
        buffers: Buffers<'a>,
        provider: P,
        transport: T,
    ) -> Result<Self, Error> {
        Ok(Self { connection: Connection::client(config, server_name, buffers)?, provider, transport })
    }

    /// A server for the client at the other end of `transport`.
    ///
    /// # Errors
    /// As for [`Connection::server`].
    pub fn server(
        config: &'a ServerConfig<'a, P>,
        buffers: Buffers<'a>,
        provider: P,
        transport: T,
    ) -> Result<Self, Error> {
        Ok(Self { connection: Connection::server(config, buffers)?, provider, transport })
    }

    /// The connection: what was agreed on, alerts, errors.
    pub const fn connection(&self) -> &Connection<'a, P> {
        &self.connection
    }

    /// The connection with its provider, for what takes both, such as [`export`](Connection::export).
    pub const fn connection_and_provider(&mut self) -> (&mut Connection<'a, P>, &mut P) {
        (&mut self.connection, &mut self.provider)
    }

    /// The transport.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// Ends the connection at once, without a word, and gives back the buffers (wiped), the provider and the transport.
    #[must_use]
    pub fn into_parts(self) -> (Buffers<'a>, P, T) {
        (self.connection.into_buffers(), self.provider, self.transport)
    }

    /// Says that nothing more will be written: close_notify goes out with the next `flush`. The peer's data can still be
    /// read.
    pub fn close(&mut self) {
        self.connection.close();
    }

    /// Data for the application, if some is there; 0 at the peer's close_notify.
    fn take(&mut self, out: &mut [u8]) -> Option<usize> {
        let data = self.connection.received_data();
        let len = data.len().min(out.len());
        if len > 0 || out.is_empty() {
            out[..len].copy_from_slice(&data[..len]);
            self.connection.consume(len);
            return Some(len);
        }
        self.connection.is_peer_closed().then_some(0)
    }

    /// Takes data to be sealed; `None` if there is no room, or none yet.
    fn give(&mut self, data: &[u8]) -> Result<Option<usize>, Error> {
        if self.connection.is_handshaking() {
            return Ok(None);
        }
        self.connection
            .write_sealed(&mut self.provider, data)
            .map(|len| Some(len).filter(|len| *len > 0 || data.is_empty()))
    }
}

/// Declares how streams work, blocking or, with `async await`, asynchronous. The module around it names `Read`,
/// `Write` and `pause`.
macro_rules! drive {
    ($failure:ty $(, $async:ident $await:ident)?) => {
        /// Computes, and writes all that is sealed.
        $($async)? fn turn<P, T>(stream: &mut TlsStream<'_, P, T>) -> Result<(), $failure>
        where
            P: CryptoProvider,
            T: Read + Write,
        {
            let processed = stream.connection.process(&mut stream.provider);
            let mut sent = Ok(());
            while sent.is_ok() && !stream.connection.transmit_data().is_empty() {
                sent = match stream.transport.write(stream.connection.transmit_data())$(.$await)? {
                    Ok(0) => Err(StreamError::WriteZero),
                    Ok(len) => {
                        stream.connection.transmitted(len);
                        Ok(())
                    }
                    Err(error) => Err(StreamError::Transport(error)),
                };
            }
            // Why TLS failed counts for more than that the peer cannot be told.
            processed.map_err(StreamError::Tls)?;
            sent
        }

        /// Waits for what the connection waits for.
        $($async)? fn wait<P, T>(stream: &mut TlsStream<'_, P, T>) -> Result<(), $failure>
        where
            P: CryptoProvider,
            T: Read + Write,
        {
            match stream.connection.waiting_for() {
                WaitingFor::Operation(_) => pause(stream)$(.$await)?,
                WaitingFor::Peer => {
                    match stream.transport.read(stream.connection.receive_buffer())$(.$await)?.map_err(StreamError::Transport)? {
                        0 => stream.connection.receive_closed(),
                        received => stream.connection.received(received),
                    }
                }
                WaitingFor::Transmit => {}
                // Whoever waits for the peer here waits in vain: the connection is over.
                _ => return Err(StreamError::Tls(Error::InvalidState)),
            }
            Ok(())
        }

        $($async)? fn read<P, T>(stream: &mut TlsStream<'_, P, T>, out: &mut [u8]) -> Result<usize, $failure>
        where
            P: CryptoProvider,
            T: Read + Write,
        {
            loop {
                if let Some(read) = stream.take(out) {
                    return Ok(read);
                }
                let turned = turn(stream)$(.$await)?;
                if let Some(read) = stream.take(out) {
                    return Ok(read);
                }
                turned?;
                wait(stream)$(.$await)??;
            }
        }

        $($async)? fn write<P, T>(stream: &mut TlsStream<'_, P, T>, data: &[u8]) -> Result<usize, $failure>
        where
            P: CryptoProvider,
            T: Read + Write,
        {
            loop {
                if let Some(written) = stream.give(data).map_err(StreamError::Tls)? {
                    turn(stream)$(.$await)??;
                    return Ok(written);
                }
                turn(stream)$(.$await)??;
                if stream.connection.is_handshaking() {
                    wait(stream)$(.$await)??;
                }
            }
        }

        /// Also does the handshake.
        $($async)? fn flush<P, T>(stream: &mut TlsStream<'_, P, T>) -> Result<(), $failure>
        where
            P: CryptoProvider,
            T: Read + Write,
        {
            turn(stream)$(.$await)??;
            while stream.connection.is_handshaking() {
                wait(stream)$(.$await)??;
                turn(stream)$(.$await)??;
            }
            // What did not fit into the transmit buffer, such as close_notify, does now.
            turn(stream)$(.$await)??;
            stream.transport.flush()$(.$await)?.map_err(StreamError::Transport)
        }
    };
}
use drive;
