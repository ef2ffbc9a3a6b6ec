//! `embedded_nal_async`.

use super::buffers::Pool;
use super::connector::TlsConnector;
use super::stream::PooledStream;
use crate::stream::{LendProvider, Share, StreamError};
use core::net::SocketAddr;
use embedded_nal_async::TcpConnect;

impl<'a, T, L, S> TcpConnect for TlsConnector<'a, T, L, S>
where
    T: TcpConnect,
    L: LendProvider + Clone,
    S: Share<Target: Pool<'a>> + Clone,
{
    type Error = StreamError<T::Error>;
    type Connection<'b>
        = PooledStream<'a, L, T::Connection<'b>, S>
    where
        Self: 'b;

    async fn connect(&self, remote: SocketAddr) -> Result<Self::Connection<'_>, Self::Error> {
        self.check()?;
        let connection = self.network.connect(remote).await.map_err(StreamError::Transport)?;
        self.secure(connection, remote).await
    }
}
