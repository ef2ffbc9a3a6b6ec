//! `edge_nal`.

use super::buffers::Pool;
use super::connector::{TlsAcceptor, TlsConnector};
use super::stream::PooledStream;
use crate::stream::asynch::{TlsReader, TlsWriter};
use crate::stream::{LendProvider, Session, Share, StreamError};
use core::cell::RefCell;
use core::net::SocketAddr;
use edge_nal::{Close, Readable, TcpAccept, TcpBind, TcpConnect, TcpShutdown, TcpSplit};
use embedded_io_async::{BufRead, Read, Write};

impl<'a, T, L, S> TcpConnect for TlsConnector<'a, T, L, S>
where
    T: TcpConnect,
    L: LendProvider + Clone,
    S: Share<Target: Pool<'a>> + Clone,
{
    type Error = StreamError<T::Error>;
    type Socket<'b>
        = PooledStream<'a, L, T::Socket<'b>, S>
    where
        Self: 'b;

    async fn connect(&self, remote: SocketAddr) -> Result<Self::Socket<'_>, Self::Error> {
        self.check()?;
        let connection = self.network.connect(remote).await.map_err(StreamError::Transport)?;
        self.secure(connection, remote).await
    }
}

impl<'a, T, L, S> TcpBind for TlsAcceptor<'a, T, L, S>
where
    T: TcpBind,
    L: LendProvider + Clone,
    S: Share<Target: Pool<'a>> + Clone,
{
    type Error = StreamError<T::Error>;
    type Accept<'b>
        = TlsAcceptor<'a, T::Accept<'b>, L, S>
    where
        Self: 'b;

    async fn bind(&self, local: SocketAddr) -> Result<Self::Accept<'_>, Self::Error> {
        let network = self.network.bind(local).await.map_err(StreamError::Transport)?;
        Ok(self.over(network))
    }
}

impl<'a, T, L, S> TcpAccept for TlsAcceptor<'a, T, L, S>
where
    T: TcpAccept,
    L: LendProvider + Clone,
    S: Share<Target: Pool<'a>> + Clone,
{
    type Error = StreamError<T::Error>;
    type Socket<'b>
        = PooledStream<'a, L, T::Socket<'b>, S>
    where
        Self: 'b;

    async fn accept(&self) -> Result<(SocketAddr, Self::Socket<'_>), Self::Error> {
        let (remote, connection) = self.network.accept().await.map_err(StreamError::Transport)?;
        Ok((remote, self.secure(connection)?))
    }
}

impl<'a, L, T, S> Readable for PooledStream<'a, L, T, S>
where
    L: LendProvider,
    T: Read + Write,
    S: Share<Target: Pool<'a>>,
{
    /// Waits for data, the end or a failure, which the next read tells; does the handshake, if it is not done yet.
    async fn readable(&mut self) -> Result<(), Self::Error> {
        self.stream_mut()?.fill_buf().await?;
        Ok(())
    }
}

impl<'a, L, T, S> TcpShutdown for PooledStream<'a, L, T, S>
where
    L: LendProvider,
    T: Read + Write + TcpShutdown,
    S: Share<Target: Pool<'a>>,
{
    /// Says close_notify, if the writing half is closed; then the same of the transport.
    async fn close(&mut self, what: Close) -> Result<(), Self::Error> {
        let stream = self.stream_mut()?;
        let said = if what == Close::Read { Ok(()) } else { stream.shutdown().await };
        stream.transport_mut().close(what).await.map_err(StreamError::Transport)?;
        said
    }

    async fn abort(&mut self) -> Result<(), Self::Error> {
        self.stream_mut()?.transport_mut().abort().await.map_err(StreamError::Transport)
    }
}

impl<'a, L, S, R> Readable for TlsReader<S, R>
where
    L: LendProvider<Provider: 'a>,
    S: Share<Target = Session<'a, L>>,
    R: Read,
{
    async fn readable(&mut self) -> Result<(), Self::Error> {
        self.fill().await
    }
}

impl<'a, L, T, S> TcpSplit for PooledStream<'a, L, T, S>
where
    L: LendProvider<Provider: 'a>,
    T: Read + Write + TcpSplit,
    S: Share<Target: Pool<'a>>,
{
    type Read<'b>
        = TlsReader<&'b RefCell<Session<'a, L>>, T::Read<'b>>
    where
        Self: 'b;
    type Write<'b>
        = TlsWriter<&'b RefCell<Session<'a, L>>, T::Write<'b>>
    where
        Self: 'b;

    /// The handshake must be done.
    fn split(&mut self) -> (Self::Read<'_>, Self::Write<'_>) {
        let (session, transport) = self.halves();
        let (reader, writer) = transport.split();
        (TlsReader::new(session, reader), TlsWriter::new(session, writer))
    }
}
