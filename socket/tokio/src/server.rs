//! Servers.

use crate::Connection;
use crate::config::ServerConfig;
use crate::engine::{Config, Engine};
use crate::handshake::{MidHandshake, futures};
use crate::provided::Provides;
use crate::stream::stream;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

stream!("server");
futures!(Accept, FallibleAccept, "server");

crate::provided::provided! {
    /// Takes connections of a server.
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// use saitls_tokio::{AwsLc, Identity, ServerConfig, TlsAcceptor};
    /// use std::sync::Arc;
    ///
    /// let identity = Identity::from_pem(&std::fs::read("cert.pem")?, &std::fs::read("key.pem")?)?;
    /// let config = ServerConfig::builder(AwsLc, [identity]).with_alpn(["h2", "http/1.1"]).build()?;
    /// let acceptor = TlsAcceptor::from(Arc::new(config));
    /// let listener = tokio::net::TcpListener::bind("[::]:8443").await?;
    /// loop {
    ///     let (tcp, _) = listener.accept().await?;
    ///     let acceptor = acceptor.clone();
    ///     tokio::spawn(async move {
    ///         let stream = acceptor.accept(tcp).await?;
    ///         // ... serve it
    ///         # drop(stream);
    ///         std::io::Result::Ok(())
    ///     });
    /// }
    /// # }
    /// ```
    pub struct TlsAcceptor[] {
        config: Arc<ServerConfig<L>>,
    }
}

impl<L: Provides> Clone for TlsAcceptor<L> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config) }
    }
}

impl<L: Provides> From<Arc<ServerConfig<L>>> for TlsAcceptor<L> {
    fn from(config: Arc<ServerConfig<L>>) -> Self {
        Self { config }
    }
}

impl<L: Provides> TlsAcceptor<L> {
    /// Serves the client at the other end of `stream`.
    pub fn accept<IO>(&self, stream: IO) -> Accept<IO, L>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        accept(Arc::clone(&self.config), stream, Vec::new())
    }

    /// The configuration.
    pub const fn config(&self) -> &Arc<ServerConfig<L>> {
        &self.config
    }
}

/// Serves a client; `before` was read from the transport already.
pub(crate) fn accept<IO, L: Provides>(config: Arc<ServerConfig<L>>, io: IO, before: Vec<u8>) -> Accept<IO, L> {
    Accept(MidHandshake::new(Engine::new(Config::Server(config), None, io, before)))
}
