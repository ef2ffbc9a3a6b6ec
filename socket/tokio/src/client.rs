//! Clients.

use crate::config::ClientConfig;
use crate::engine::{Config, Engine};
use crate::handshake::{MidHandshake, futures};
use crate::provided::Provides;
use crate::stream::stream;
use crate::{Connection, ServerName};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

stream!("client");
futures!(Connect, FallibleConnect, "client");

crate::provided::provided! {
    /// Makes connections of a client.
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// use saitls_tokio::{AwsLc, ClientConfig, ServerName, TlsConnector, Trust};
    /// use std::sync::Arc;
    ///
    /// let config = ClientConfig::builder(AwsLc, Trust::system()?).with_alpn(["h2", "http/1.1"]).build()?;
    /// let connector = TlsConnector::from(Arc::new(config));
    /// let tcp = tokio::net::TcpStream::connect("example.org:443").await?;
    /// let stream = connector.connect(ServerName::try_from("example.org")?, tcp).await?;
    /// assert!(stream.get_ref().1.alpn_protocol().is_some());
    /// # Ok(()) }
    /// ```
    pub struct TlsConnector[] {
        config: Arc<ClientConfig<L>>,
    }
}

impl<L: Provides> Clone for TlsConnector<L> {
    fn clone(&self) -> Self {
        Self { config: Arc::clone(&self.config) }
    }
}

impl<L: Provides> From<Arc<ClientConfig<L>>> for TlsConnector<L> {
    fn from(config: Arc<ClientConfig<L>>) -> Self {
        Self { config }
    }
}

impl<L: Provides> TlsConnector<L> {
    /// Connects to the server at the other end of `stream`, which is to be `domain`.
    pub fn connect<IO>(&self, domain: ServerName<'static>, stream: IO) -> Connect<IO, L>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_to(Some(domain), stream)
    }

    /// Connects to a server without a name, as one whose key is pinned may be.
    pub fn connect_unnamed<IO>(&self, stream: IO) -> Connect<IO, L>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_to(None, stream)
    }

    fn connect_to<IO>(&self, domain: Option<ServerName<'static>>, stream: IO) -> Connect<IO, L> {
        let config = Config::Client(Arc::clone(&self.config));
        Connect(MidHandshake::new(Engine::new(config, domain, stream, Vec::new())))
    }

    /// The configuration.
    pub const fn config(&self) -> &Arc<ClientConfig<L>> {
        &self.config
    }
}
