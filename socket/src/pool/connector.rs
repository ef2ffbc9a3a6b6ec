//! Networks with TLS inside.

use super::buffers::Pool;
use super::stream::PooledStream;
use crate::stream::asynch::TlsStream;
use crate::stream::{Failed, LendProvider, Session, Share, StreamError};
use core::net::{IpAddr, SocketAddr};
use embedded_io_async::{Read, Write};
use rustls_pki_types as pki_types;
use saitls_core::config::ClientConfig;
#[cfg(feature = "edge-nal")]
use saitls_core::config::ServerConfig;
use saitls_core::{Buffers, Error, ServerName};

/// Makes TLS connections over the connections of a network `T`, with buffers of a pool.
///
/// It is for one server name. A connector is a few references: have one for each name, over the same pool.
pub struct TlsConnector<'a, T, L: LendProvider, S> {
    pub(super) network: T,
    config: &'a ClientConfig<'a, L::Provider>,
    name: Option<ServerName<'a>>,
    parts: Shop<L, S>,
}

/// What every stream gets a copy of.
struct Shop<L, S> {
    provider: L,
    pool: S,
}

impl<'a, T, L: LendProvider, S> TlsConnector<'a, T, L, S> {
    /// Connections as `config` says, with a copy of `provider` each, such as [`Shared`](crate::Shared), and buffers of
    /// `pool`.
    pub const fn new(network: T, config: &'a ClientConfig<'a, L::Provider>, provider: L, pool: S) -> Self {
        Self { network, config, name: None, parts: Shop { provider, pool } }
    }

    /// The name of the server: traits for networks tell addresses alone. Without one, a server's certificate must be
    /// for its address, if the verifier asks for a name.
    #[must_use]
    pub fn with_name(mut self, name: ServerName<'a>) -> Self {
        self.name = Some(name);
        self
    }
}

impl<'a, T, L: LendProvider + Clone, S: Share<Target: Pool<'a>> + Clone> TlsConnector<'a, T, L, S> {
    /// Refuses, before the network is bothered, what would have no buffers.
    pub(super) fn check<E>(&self) -> Result<(), StreamError<E>> {
        if self.parts.pool.with(|pool| pool.is_empty()) { Err(StreamError::NoBuffers) } else { Ok(()) }
    }

    /// TLS over a connection to `remote`.
    pub(super) async fn secure<C: Read + Write>(
        &self,
        connection: C,
        remote: SocketAddr,
    ) -> Result<PooledStream<'a, L, C, S>, StreamError<C::Error>> {
        let name = self.name.clone().unwrap_or_else(|| ServerName::IpAddress(address(remote.ip())));
        let config = self.config;
        let begin = |buffers, provider| Session::client(config, Some(name), buffers, provider);
        let mut stream = self.parts.begin(connection, begin)?;
        stream.handshake().await?;
        Ok(stream)
    }
}

impl<L: Clone, S: Clone> Shop<L, S> {
    fn begin<'a, C: Read + Write>(
        &self,
        connection: C,
        begin: impl FnOnce(Buffers<'a>, L) -> Result<Session<'a, L>, Failed<'a, L, (), Error>>,
    ) -> Result<PooledStream<'a, L, C, S>, StreamError<C::Error>>
    where
        L: LendProvider,
        S: Share<Target: Pool<'a>>,
    {
        let buffers = self.pool.with(|pool| pool.take()).ok_or(StreamError::NoBuffers)?;
        match begin(buffers, self.provider.clone()) {
            Ok(session) => Ok(PooledStream::new(TlsStream::from_session(session, connection), self.pool.clone())),
            Err(Failed { error, parts }) => {
                self.pool.with(|pool| pool.put(parts.buffers));
                Err(StreamError::Tls(error))
            }
        }
    }
}

fn address(address: IpAddr) -> pki_types::IpAddr {
    match address {
        IpAddr::V4(address) => pki_types::IpAddr::V4(address.octets().into()),
        IpAddr::V6(address) => pki_types::IpAddr::V6(address.segments().into()),
    }
}

/// Accepts TLS connections over those of a network `T`, with buffers of a pool.
///
/// The handshake is not done by `accept`, where a silent client would keep others waiting, but by whatever is called
/// first on the stream; before it is split, that must be [`handshake`](PooledStream::handshake), or a wait until it is
/// readable. `accept` fails while all buffers are taken: have as many as there are tasks that serve clients.
#[cfg(feature = "edge-nal")]
pub struct TlsAcceptor<'a, T, L: LendProvider, S> {
    pub(super) network: T,
    config: &'a ServerConfig<'a, L::Provider>,
    parts: Shop<L, S>,
}

#[cfg(feature = "edge-nal")]
impl<'a, T, L: LendProvider, S> TlsAcceptor<'a, T, L, S> {
    /// Connections as `config` says, with a copy of `provider` each, such as [`Shared`](crate::Shared), and buffers of
    /// `pool`.
    pub const fn new(network: T, config: &'a ServerConfig<'a, L::Provider>, provider: L, pool: S) -> Self {
        Self { network, config, parts: Shop { provider, pool } }
    }
}

#[cfg(feature = "edge-nal")]
impl<'a, T, L: LendProvider + Clone, S: Share<Target: Pool<'a>> + Clone> TlsAcceptor<'a, T, L, S> {
    /// The same over another network.
    pub(super) fn over<U>(&self, network: U) -> TlsAcceptor<'a, U, L, S> {
        TlsAcceptor::new(network, self.config, self.parts.provider.clone(), self.parts.pool.clone())
    }

    /// TLS over a connection.
    pub(super) fn secure<C: Read + Write>(
        &self,
        connection: C,
    ) -> Result<PooledStream<'a, L, C, S>, StreamError<C::Error>> {
        let config = self.config;
        self.parts.begin(connection, |buffers, provider| Session::server(config, buffers, provider))
    }
}
