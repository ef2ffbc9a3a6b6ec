//! The transport below a stream: something of tokio, asked through the traits of `embedded_io_async`.

use atomic_waker::AtomicWaker;
use embedded_io_async::{ErrorType, Read, Write};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The tasks that wait for a transport to take bytes: who reads and who writes, which may be two.
///
/// A transport remembers one waker for sending. Both tasks send what is there to be sent, so what it remembers wakes
/// both: else the one that asked first would sleep for ever.
#[derive(Default)]
pub(crate) struct Wakers {
    pub(crate) reader: AtomicWaker,
    pub(crate) writer: AtomicWaker,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
    }
}

/// A transport of tokio, and bytes that were read from it before.
pub(crate) struct Io<IO> {
    pub(crate) io: IO,
    /// Read before anything else.
    before: Vec<u8>,
    pub(crate) wakers: Arc<Wakers>,
    /// Wakes all of `wakers`.
    sending: Waker,
}

impl<IO> Io<IO> {
    pub(crate) fn new(io: IO, before: Vec<u8>) -> Self {
        let wakers = Arc::new(Wakers::default());
        let sending = Waker::from(Arc::clone(&wakers));
        Self { io, before, wakers, sending }
    }
}

impl<IO: AsyncRead + Unpin> Io<IO> {
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.before.is_empty() {
            let len = self.before.len().min(room.len());
            room[..len].copy_from_slice(&self.before[..len]);
            self.before.drain(..len);
            if self.before.is_empty() {
                self.before = Vec::new();
            }
            return Poll::Ready(Ok(len));
        }
        let mut room = ReadBuf::new(room);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut room))?;
        Poll::Ready(Ok(room.filled().len()))
    }
}

impl<IO: AsyncWrite + Unpin> Io<IO> {
    /// Says that nothing more will be written.
    pub(crate) fn poll_shutdown(&mut self) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(&mut Context::from_waker(&self.sending))
    }
}

impl<IO> ErrorType for Io<IO> {
    type Error = io::Error;
}

impl<IO: AsyncRead + Unpin> Read for Io<IO> {
    fn read(&mut self, room: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        poll_fn(move |cx| self.poll_read(cx, room))
    }
}

/// Whoever asks, both tasks are woken: see [`Wakers`].
impl<IO: AsyncWrite + Unpin> Write for Io<IO> {
    fn write(&mut self, data: &[u8]) -> impl Future<Output = io::Result<usize>> {
        poll_fn(move |_| Pin::new(&mut self.io).poll_write(&mut Context::from_waker(&self.sending), data))
    }

    fn flush(&mut self) -> impl Future<Output = io::Result<()>> {
        poll_fn(move |_| Pin::new(&mut self.io).poll_flush(&mut Context::from_waker(&self.sending)))
    }
}
