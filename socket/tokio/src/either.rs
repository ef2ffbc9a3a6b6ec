//! Streams of either role.

use crate::connection::Connection;
use crate::engine::Engine;
use crate::provided::Provides;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

crate::provided::provided! {
    /// A TLS connection of either role.
    pub enum TlsStream[IO] {
        /// Of a client.
        Client(crate::client::TlsStream<IO, L>),
        /// Of a server.
        Server(crate::server::TlsStream<IO, L>),
    }
}

impl<IO, L: Provides> TlsStream<IO, L> {
    const fn engine(&self) -> &Engine<IO, L> {
        match self {
            Self::Client(stream) => &stream.0,
            Self::Server(stream) => &stream.0,
        }
    }

    const fn engine_mut(&mut self) -> &mut Engine<IO, L> {
        match self {
            Self::Client(stream) => &mut stream.0,
            Self::Server(stream) => &mut stream.0,
        }
    }

    /// The transport, and what is known of the connection.
    pub fn get_ref(&self) -> (&IO, Connection<'_>) {
        (self.engine().io(), self.engine().connection())
    }

    /// The transport, to set it up. What is read from it or written to it breaks the connection.
    pub fn get_mut(&mut self) -> &mut IO {
        self.engine_mut().io_mut()
    }

    /// The transport. The connection is over: what was not sent yet, or received and not read, is gone.
    pub fn into_inner(self) -> IO {
        match self {
            Self::Client(stream) => stream.into_inner(),
            Self::Server(stream) => stream.into_inner(),
        }
    }
}

impl<IO, L: Provides> From<crate::client::TlsStream<IO, L>> for TlsStream<IO, L> {
    fn from(stream: crate::client::TlsStream<IO, L>) -> Self {
        Self::Client(stream)
    }
}

impl<IO, L: Provides> From<crate::server::TlsStream<IO, L>> for TlsStream<IO, L> {
    fn from(stream: crate::server::TlsStream<IO, L>) -> Self {
        Self::Server(stream)
    }
}

impl<IO, L> AsyncRead for TlsStream<IO, L>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    L: Provides,
{
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.engine_mut().poll_read(cx, out)
    }
}

impl<IO, L> AsyncBufRead for TlsStream<IO, L>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    L: Provides,
{
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stream = self.get_mut();
        ready!(stream.engine_mut().poll_fill(cx))?;
        Poll::Ready(Ok(stream.engine().filled()))
    }

    fn consume(mut self: Pin<&mut Self>, len: usize) {
        self.engine_mut().consume(len);
    }
}

impl<IO, L> AsyncWrite for TlsStream<IO, L>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    L: Provides,
{
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.engine_mut().poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.engine_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.engine_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.engine_mut().poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}
