//! What all streams have in common: a connection with its provider, and when records are sealed. No transport.

use super::share::LendProvider;
#[cfg(any(feature = "std", feature = "embedded-io-async"))]
use core::task::Waker;
use saitls_core::config::{ClientConfig, ServerConfig};
use saitls_core::{Buffers, Connection, Error, ServerName, SetupError};

/// When written data becomes a record, and what `flush` does to the transport.
///
/// Small writes are collected: a record is sealed when it is full, at `flush`, and when a read has to wait for the
/// peer. So a request that is written in twenty pieces travels in one record. What is written and neither flushed nor
/// followed by a read stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FlushPolicy {
    /// `flush` hands everything to the transport and flushes the transport, too, which over TCP may mean to wait for
    /// the peer's acknowledgement.
    #[default]
    Strict,
    /// `flush` hands everything to the transport, and leaves the transport alone.
    Relaxed,
    /// Each write is a record (or several), which is handed to the transport at once as far as the transport takes it
    /// without waiting. `flush` is that of `Strict`.
    EachWrite,
}

/// A connection and its provider: a stream without its transport.
///
/// Streams are made of it, and [`split`](crate::stream#both-directions-at-once) halves share one.
pub struct Session<'a, L: LendProvider> {
    pub(super) connection: Connection<'a, L::Provider>,
    pub(super) provider: L,
    pub(super) policy: FlushPolicy,
    /// Whoever waits to write more, for what a reader wants sent.
    #[cfg(any(feature = "std", feature = "embedded-io-async"))]
    pub(super) writer: Option<Waker>,
    /// The most room that a record had: that of an empty buffer.
    full_room: usize,
}

/// The buffers, the provider and the transport of a stream that has ended, or that could not begin.
pub struct Parts<'a, L, T> {
    /// The buffers, wiped.
    pub buffers: Buffers<'a>,
    /// The provider.
    pub provider: L,
    /// The transport.
    pub transport: T,
}

/// Why something failed that takes a stream's parts, and the parts.
///
/// It turns into the error alone by `From`, so that `?` works.
pub struct Failed<'a, L, T, E> {
    /// Why.
    pub error: E,
    /// What was taken.
    pub parts: Parts<'a, L, T>,
}

impl<'a, L, E> Failed<'a, L, (), E> {
    pub(super) fn with_transport<T>(self, transport: T) -> Failed<'a, L, T, E> {
        let Parts { buffers, provider, .. } = self.parts;
        Failed { error: self.error, parts: Parts { buffers, provider, transport } }
    }
}

impl<L, T, E: core::fmt::Debug> core::fmt::Debug for Failed<'_, L, T, E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Failed").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<L, T, E: core::fmt::Display> core::fmt::Display for Failed<'_, L, T, E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.error.fmt(f)
    }
}

impl<L, T> From<Failed<'_, L, T, Self>> for Error {
    fn from(failed: Failed<'_, L, T, Self>) -> Self {
        failed.error
    }
}

#[cfg(feature = "alloc")]
impl<L, T, E: core::error::Error + 'static> From<Failed<'_, L, T, E>> for alloc::boxed::Box<dyn core::error::Error> {
    fn from(failed: Failed<'_, L, T, E>) -> Self {
        failed.error.into()
    }
}

#[cfg(feature = "alloc")]
impl<L, T, E: core::error::Error + Send + Sync + 'static> From<Failed<'_, L, T, E>>
    for alloc::boxed::Box<dyn core::error::Error + Send + Sync>
{
    fn from(failed: Failed<'_, L, T, E>) -> Self {
        failed.error.into()
    }
}

impl<'a, L: LendProvider> Session<'a, L> {
    /// A client that wants to talk to `server_name`.
    ///
    /// # Errors
    /// As for [`Connection::client`].
    pub fn client(
        config: &'a ClientConfig<'a, L::Provider>,
        server_name: Option<ServerName<'a>>,
        buffers: Buffers<'a>,
        provider: L,
    ) -> Result<Self, Failed<'a, L, (), Error>> {
        Self::begin(Connection::client(config, server_name, buffers), provider)
    }

    /// A server for one client.
    ///
    /// # Errors
    /// As for [`Connection::server`].
    pub fn server(
        config: &'a ServerConfig<'a, L::Provider>,
        buffers: Buffers<'a>,
        provider: L,
    ) -> Result<Self, Failed<'a, L, (), Error>> {
        Self::begin(Connection::server(config, buffers), provider)
    }

    fn begin(
        connection: Result<Connection<'a, L::Provider>, SetupError<'a>>,
        provider: L,
    ) -> Result<Self, Failed<'a, L, (), Error>> {
        match connection {
            Ok(connection) => Ok(Self {
                connection,
                provider,
                policy: FlushPolicy::Strict,
                #[cfg(any(feature = "std", feature = "embedded-io-async"))]
                writer: None,
                full_room: 0,
            }),
            Err(SetupError { error, buffers }) => {
                Err(Failed { error, parts: Parts { buffers, provider, transport: () } })
            }
        }
    }

    /// The connection: what was agreed on, alerts, errors.
    pub const fn connection(&self) -> &Connection<'a, L::Provider> {
        &self.connection
    }

    /// The connection, for what takes no provider, such as [`update_keys`](Connection::update_keys).
    pub const fn connection_mut(&mut self) -> &mut Connection<'a, L::Provider> {
        &mut self.connection
    }

    /// Keying material for the application: [`Connection::export`].
    ///
    /// # Errors
    /// As for that.
    pub fn export(&mut self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let connection = &self.connection;
        self.provider.lend(|provider| connection.export(provider, label, context, out))
    }

    /// Ends the connection at once, without a word, and gives back the buffers (wiped) and the provider.
    #[must_use]
    pub fn into_parts(self) -> (Buffers<'a>, L) {
        (self.connection.into_buffers(), self.provider)
    }

    /// Opens what was received, computes, and seals what was written.
    pub(super) fn process(&mut self) -> Result<(), Error> {
        let connection = &mut self.connection;
        self.provider.lend(|provider| connection.process(provider))
    }

    #[cfg(any(feature = "std", feature = "embedded-io-async"))]
    pub(super) fn register_waker(&mut self, waker: &Waker) -> bool {
        let connection = &self.connection;
        self.provider.lend(|provider| connection.register_waker(provider, waker))
    }

    /// Tells the writing half that there is something to send.
    #[cfg(any(feature = "std", feature = "embedded-io-async"))]
    pub(super) fn wake_writer(&mut self) {
        if !self.connection.records().is_empty()
            && let Some(writer) = self.writer.take()
        {
            writer.wake();
        }
    }

    /// Whether a read has an answer: data, or the end.
    pub(super) fn is_readable(&self) -> bool {
        !self.connection.data().is_empty() || self.connection.is_peer_closed()
    }

    /// Copies data for the application; 0 at the end.
    pub(super) fn take(&mut self, out: &mut [u8]) -> usize {
        let data = self.connection.data();
        let len = data.len().min(out.len());
        out[..len].copy_from_slice(&data[..len]);
        self.connection.data_read(len);
        len
    }

    /// Whether close_notify was wished for and is not sealed yet.
    pub(super) fn is_closing(&self) -> bool {
        self.connection.is_connected() && !self.connection.may_send() && !self.connection.is_locally_closed()
    }

    /// The content of the record that is being filled.
    fn open_len(&self) -> usize {
        self.connection.unsent_len() - self.connection.records().len()
    }

    /// Takes data to be sent and says how much: 0 if something must be sent first.
    ///
    /// Whole records are sealed from where they stand; what is shorter is copied to the record that is being filled.
    pub(super) fn give(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut taken = 0;
        while taken < data.len() {
            match self.give_some(&data[taken..]) {
                Ok(0) => break,
                Ok(len) => taken += len,
                // It is said again by the next call.
                Err(_) if taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        if taken > 0 && self.policy == FlushPolicy::EachWrite {
            // Likewise.
            let _ = self.seal();
        }
        Ok(taken)
    }

    /// Whether, rather than make a short record, a long write waits until more of the buffer was sent.
    fn is_sliver(&self, room: usize) -> bool {
        room < self.full_room / 2 && !self.connection.records().is_empty()
    }

    /// Whether a write of any length would take something at once.
    #[cfg(feature = "embedded-io")]
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.connection.data_room().map_or(0, |room| room.len());
        let is_first = self.open_len() == 0;
        let is_in_the_way = self.policy == FlushPolicy::EachWrite && !self.connection.records().is_empty();
        room > 0 && !is_in_the_way && !(is_first && self.is_sliver(room))
    }

    fn give_some(&mut self, data: &[u8]) -> Result<usize, Error> {
        if self.connection.data_room()?.is_empty() && self.open_len() > 0 {
            self.seal()?;
        }
        let room = self.connection.data_room()?.len();
        self.full_room = self.full_room.max(room);
        let is_first = self.open_len() == 0;
        if is_first && room < data.len() && self.is_sliver(room) {
            return Ok(0);
        }
        if is_first && data.len() >= room {
            let connection = &mut self.connection;
            return self.provider.lend(|provider| connection.write_sealed(provider, &data[..room]));
        }
        self.connection.write(data)
    }

    fn seal(&mut self) -> Result<(), Error> {
        let connection = &mut self.connection;
        self.provider.lend(|provider| connection.seal(provider))
    }
}
