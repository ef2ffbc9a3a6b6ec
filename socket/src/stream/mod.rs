//! TLS over any stream of bytes: a connection, its provider and its transport in one value. Nothing here needs smoltcp.
//!
//! | your transport implements | feature | your stream |
//! |---|---|---|
//! | `std::io::{Read, Write}` | `std` | [`TlsStream`] |
//! | `embedded_io::{Read, Write}` | `embedded-io` | `saitls::blocking::TlsStream` |
//! | `embedded_io_async::{Read, Write}` | `embedded-io-async` | `saitls::asynch::TlsStream` |
//!
//! Each implements what its transport does, and `BufRead`; the last two also `ReadReady` and `WriteReady` where the
//! transport does.
//!
//! # What may be repeated, and what may be dropped
//!
//! | call | an error of the transport, or a future that is dropped | then |
//! |---|---|---|
//! | `handshake`, `flush`, `shutdown` | has sent some of what is there to be sent | repeat it: it goes on where it was |
//! | `write` | has taken nothing | repeat it with the same data |
//! | `read`, `fill_buf` | has lost nothing | repeat it |
//! | `write_all`, `read_exact` | may have taken, or read, some: these are loops of the above | use `write` and `read` |
//! | `close` | gives the parts back with the error; if dropped, all is gone | `shutdown`, then `into_parts` |
//!
//! Errors of TLS ([`StreamError::Tls`]) are for ever. When one has failed the connection, the peer has been sent an
//! alert, as far as the transport took it without waiting; data that came before is read first.
//!
//! # Silent peers
//!
//! Nothing here knows the time. Each step waits for the peer as long as the transport does: limit it there
//! (`TcpStream::set_read_timeout` and `set_write_timeout`, both of them; `TcpSocket::set_timeout`), or drop the future
//! after a while. Since steps can be repeated, a time limit around `handshake`, each `read`, each `write` and
//! `shutdown` is safe.
//!
//! # Both directions at once
//!
//! A read sends what is there to be sent while it waits, and flushes the transport, so two ends that both send and
//! receive do not wait for each other. Transports that block are no better than they are: a write that blocks reads
//! nothing. To read and write in two tasks, or threads, over a transport that comes in two halves, take the stream
//! apart: `split`, which the streams for threads and for tasks have. Without a heap, and where the transport's halves
//! borrow it, that is `into_session`, then `saitls::asynch::TlsReader::new` and `TlsWriter::new` (their documentation
//! has an example). The halves share a [`Session`] through whatever implements [`Share`]: a `RefCell`, a mutex, an `Rc`
//! or `Arc` of one.
//!
//! # One board, several streams
//!
//! A stream owns its provider, or shares one: [`Shared`]. Both are [`LendProvider`], the `L` of the stream types.

#[cfg(feature = "embedded-io-async")]
mod asynchronous;
#[cfg(feature = "embedded-io")]
mod blocking_io;
mod error;
mod inner;
mod session;
mod share;
#[cfg(feature = "std")]
mod std_io;
mod transport;

pub use error::StreamError;
pub use session::{Failed, FlushPolicy, Parts, Session};
pub use share::{LendProvider, Share, Shared};
#[cfg(feature = "std")]
pub use std_io::{SharedSession, SplitError, TlsReader, TlsStream, TlsWriter};

/// Over [`embedded_io`].
#[cfg(feature = "embedded-io")]
pub mod blocking {
    pub use super::blocking_io::TlsStream;
}

/// Over [`embedded_io_async`].
#[cfg(feature = "embedded-io-async")]
pub mod asynch {
    pub use super::asynchronous::{TlsReader, TlsStream, TlsWriter};
}

/// Whether the same call may work a moment later, so that its error says nothing of the transport.
#[cfg(feature = "embedded-io")]
fn is_transient<E: embedded_io::Error>(error: &E) -> bool {
    matches!(error.kind(), embedded_io::ErrorKind::Interrupted | embedded_io::ErrorKind::TimedOut)
}

/// Whether the same call may work at once.
#[cfg(feature = "embedded-io")]
fn is_interrupted<E: embedded_io::Error>(error: &E) -> bool {
    error.kind() == embedded_io::ErrorKind::Interrupted
}

/// What every stream type has: constructors, and ways to look inside. The arguments are the type, what wraps its
/// transport, the transport's error, and what bounds the transport.
macro_rules! accessors {
    ($stream:ident, $wrapper:ident, $error:ty, { $($bound:ident)? }) => {
        impl<'a, L: LendProvider, T $(: $bound)?> $stream<'a, L, T> {
            /// A client that wants to talk to `server_name` over `transport`.
            ///
            /// # Errors
            /// As for [`Connection::client`], with what it took.
            pub fn client(
                config: &'a ClientConfig<'a, L::Provider>,
                server_name: Option<ServerName<'a>>,
                buffers: Buffers<'a>,
                provider: L,
                transport: T,
            ) -> Result<Self, Failed<'a, L, T, Error>> {
                match Session::client(config, server_name, buffers, provider) {
                    Ok(session) => Ok(Self::from_session(session, transport)),
                    Err(failed) => Err(failed.with_transport(transport)),
                }
            }

            /// A server for the client at the other end of `transport`.
            ///
            /// # Errors
            /// As for [`Connection::server`], with what it took.
            pub fn server(
                config: &'a ServerConfig<'a, L::Provider>,
                buffers: Buffers<'a>,
                provider: L,
                transport: T,
            ) -> Result<Self, Failed<'a, L, T, Error>> {
                match Session::server(config, buffers, provider) {
                    Ok(session) => Ok(Self::from_session(session, transport)),
                    Err(failed) => Err(failed.with_transport(transport)),
                }
            }

            /// A stream of a session and a transport for it.
            pub const fn from_session(session: Session<'a, L>, transport: T) -> Self {
                Self(Stream::new(session, $wrapper(transport)))
            }

            /// The session and the transport, as they are: what was written may not have been sent.
            #[must_use]
            pub fn into_session(self) -> (Session<'a, L>, T) {
                (self.0.session, self.0.transport.0)
            }

            /// When written data is sealed and sent, and what flushing does: [`FlushPolicy::Strict`] if nobody says.
            #[must_use]
            pub fn with_flush_policy(mut self, policy: FlushPolicy) -> Self {
                self.0.session.policy = policy;
                self
            }

            /// The connection: what was agreed on, alerts, errors.
            pub const fn connection(&self) -> &Connection<'a, L::Provider> {
                &self.0.session.connection
            }

            /// The session: the connection with its provider.
            pub const fn session_mut(&mut self) -> &mut Session<'a, L> {
                &mut self.0.session
            }

            /// The transport.
            pub const fn transport(&self) -> &T {
                &self.0.transport.0
            }

            /// The transport, mutable, to set it up. What is read from it or written to it breaks the connection.
            pub const fn transport_mut(&mut self) -> &mut T {
                &mut self.0.transport.0
            }

            /// Ends the connection at once, without a word, and gives back the buffers (wiped), the provider and the
            /// transport.
            #[must_use]
            pub fn into_parts(self) -> Parts<'a, L, T> {
                let (buffers, provider) = self.0.session.into_parts();
                Parts { buffers, provider, transport: self.0.transport.0 }
            }
        }
    };
}
use accessors;
