//! What the streams of both roles are: a `saitls::asynch::TlsStream` with the configuration that it borrows.
//!
//! Each poll makes a future of a call of that stream, polls it once, and drops it: that stream's calls can be repeated,
//! and what is repeated loses and doubles nothing. So there is no second loop here.

use crate::config::{ClientConfig, Memory, ServerConfig};
use crate::connection::Connection;
use crate::pool::Holding;
use crate::provided::Provides;
use crate::transport::{Io, Wakers};
use embedded_io_async::{BufRead, Write};
use ouroboros::self_referencing;
use saitls::asynch::TlsStream;
use saitls::{Error, FlushPolicy, ServerName};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The configuration of either role.
pub(crate) enum Config<L: Provides> {
    Client(Arc<ClientConfig<L>>),
    Server(Arc<ServerConfig<L>>),
}

impl<L: Provides> Config<L> {
    fn memory(&self) -> &Memory<L::Provider> {
        match self {
            Self::Client(config) => config.memory(),
            Self::Server(config) => config.memory(),
        }
    }
}

#[self_referencing]
struct Cell<IO, L: Provides> {
    config: Config<L>,
    /// Some, until it is taken apart.
    #[borrows(config)]
    #[not_covariant]
    stream: Option<TlsStream<'this, L, Io<IO>>>,
}

/// A stream, on the heap: it has about 2 kB, and futures move what they hold.
pub(crate) struct Engine<IO, L: Provides> {
    cell: Box<Cell<IO, L>>,
    wakers: Arc<Wakers>,
    holding: Holding,
    /// Whether the last read had an answer: whoever reads will ask for more in a moment.
    is_reading: bool,
}

/// What is gathered of several short slices for one record.
const GATHERED_LEN: usize = 4_096;

const IN_USE: &str = "the stream is taken out once, when nobody can use it any more";

impl<IO, L: Provides> Engine<IO, L> {
    /// A stream before its handshake; the transport comes back with the error. `before` was read from it already.
    pub(crate) fn new(
        config: Config<L>,
        server_name: Option<ServerName<'static>>,
        io: IO,
        before: Vec<u8>,
    ) -> Result<Self, (io::Error, IO)> {
        let io = Io::new(io, before);
        let wakers = Arc::clone(&io.wakers);
        let (holding, buffers) = config.memory().begin();
        let cell = CellTryBuilder {
            config,
            stream_builder: |config| {
                let stream = match config {
                    Config::Client(config) => {
                        TlsStream::client(config.as_core(), server_name, buffers, config.provider(), io)
                    }
                    Config::Server(config) => TlsStream::server(config.as_core(), buffers, config.provider(), io),
                };
                match stream {
                    // Nobody has to flush what others of tokio's streams send at once.
                    Ok(stream) => Ok(Some(stream.with_flush_policy(FlushPolicy::EachWrite))),
                    Err(failed) => {
                        Err((io::Error::new(io::ErrorKind::InvalidInput, failed.error), failed.parts.transport.io))
                    }
                }
            },
        };
        Ok(Self { cell: Box::new(cell.try_build()?), wakers, holding, is_reading: false })
    }

    pub(crate) fn io(&self) -> &IO {
        self.cell.with_stream(|stream| &stream.as_ref().expect(IN_USE).transport().io)
    }

    pub(crate) fn io_mut(&mut self) -> &mut IO {
        self.cell.with_stream_mut(|stream| &mut stream.as_mut().expect(IN_USE).transport_mut().io)
    }

    pub(crate) fn connection(&self) -> Connection<'_> {
        self.cell.with_stream(|stream| Connection::of(stream.as_ref().expect(IN_USE).connection()))
    }

    /// The transport; what is not sent, and what was received and not read, is gone.
    pub(crate) fn into_io(mut self) -> IO {
        let stream = self.cell.with_stream_mut(|stream| stream.take().expect(IN_USE).into_session().1);
        stream.io
    }

    pub(crate) fn export(&mut self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        self.cell.with_stream_mut(|stream| stream.as_mut().expect(IN_USE).session_mut().export(label, context, out))
    }

    pub(crate) fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        self.cell.with_stream_mut(|stream| {
            stream.as_mut().expect(IN_USE).session_mut().connection_mut().update_keys(request_peer)
        })
    }
}

impl<IO, L: Provides> Drop for Engine<IO, L> {
    fn drop(&mut self) {
        let holding = &mut self.holding;
        self.cell.with_config(|config| config.memory().pool.forget(holding));
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, L: Provides> Engine<IO, L> {
    /// Lends the stream to a call of it, with all that it may need.
    fn call<R>(&mut self, call: impl FnOnce(&mut TlsStream<'_, L, Io<IO>>) -> R) -> R {
        let holding = &mut self.holding;
        self.cell.with_mut(|fields| {
            let stream = fields.stream.as_mut().expect(IN_USE);
            fields.config.memory().pool.wake(stream.session_mut().connection_mut(), holding);
            call(stream)
        })
    }

    /// Gives back what is not needed until something comes or goes. Most connections are idle most of the time.
    fn rest(&mut self) {
        let holding = &mut self.holding;
        self.cell.with_mut(|fields| {
            let connection = fields.stream.as_mut().expect(IN_USE).session_mut().connection_mut();
            fields.config.memory().pool.rest(connection, holding);
        });
    }

    /// The same for whoever writes, who leaves it to whoever reads and has not read everything yet.
    fn rest_unless_reading(&mut self) {
        if !self.is_reading {
            self.rest();
        }
    }

    /// Does the handshake, to the last byte of it that is to be sent.
    pub(crate) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wakers.writer.register(cx.waker());
        ready!(self.call(|stream| {
            ready!(pin!(stream.handshake()).poll(cx))?;
            ready!(pin!(stream.flush()).poll(cx))?;
            Poll::Ready(io::Result::Ok(()))
        }))?;
        self.rest();
        Poll::Ready(Ok(()))
    }

    /// Waits until there is data, or the end.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wakers.reader.register(cx.waker());
        let filled = self.call(|stream| {
            let filled = pin!(stream.fill_buf()).poll(cx);
            filled.map_ok(<[u8]>::is_empty)
        });
        self.is_reading = matches!(filled, Poll::Ready(Ok(false)));
        if !self.is_reading {
            self.rest();
        }
        filled.map(|filled| filled.map(drop).map_err(io::Error::from))
    }

    /// What [`poll_fill`](Self::poll_fill) waited for; nothing at the end.
    pub(crate) fn filled(&self) -> &[u8] {
        self.cell.with_stream(|stream| stream.as_ref().expect(IN_USE).connection().data())
    }

    pub(crate) fn consume(&mut self, len: usize) {
        self.cell.with_stream_mut(|stream| stream.as_mut().expect(IN_USE).consume(len));
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if out.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_fill(cx))?;
        let data = self.filled();
        let len = data.len().min(out.remaining());
        out.put_slice(&data[..len]);
        self.consume(len);
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.wakers.writer.register(cx.waker());
        let written = self.call(|stream| pin!(stream.write(data)).poll(cx));
        written.map_err(io::Error::from)
    }

    /// Short slices share a record; long ones are sealed from where they stand.
    pub(crate) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut slices = slices.iter().filter(|slice| !slice.is_empty()).peekable();
        let Some(first) = slices.next() else { return Poll::Ready(Ok(0)) };
        if first.len() >= GATHERED_LEN || slices.peek().is_none() {
            return self.poll_write(cx, first);
        }
        let mut gathered = [0; GATHERED_LEN];
        let mut len = 0;
        for slice in std::iter::once(first).chain(slices) {
            let taken = slice.len().min(GATHERED_LEN - len);
            gathered[len..len + taken].copy_from_slice(&slice[..taken]);
            len += taken;
        }
        self.poll_write(cx, &gathered[..len])
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wakers.writer.register(cx.waker());
        ready!(self.call(|stream| pin!(stream.flush()).poll(cx)))?;
        self.rest_unless_reading();
        Poll::Ready(Ok(()))
    }

    /// close_notify behind what was written, then the end of the transport's sending. Of a connection that has failed,
    /// the alert.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wakers.writer.register(cx.waker());
        ready!(self.call(|stream| {
            let said = ready!(pin!(stream.shutdown()).poll(cx));
            // Whoever reads and writes a connection that failed is told there; the peer shall see that it is over.
            if stream.connection().error().is_none() {
                said?;
            }
            stream.transport_mut().poll_shutdown()
        }))?;
        self.rest_unless_reading();
        Poll::Ready(Ok(()))
    }
}
