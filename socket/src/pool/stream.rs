//! A stream whose buffers belong to a pool.

use super::buffers::Pool;
use crate::stream::asynch::TlsStream;
use crate::stream::{LendProvider, Session, Share, StreamError};
use core::cell::RefCell;
use embedded_io_async::{ErrorType, Read, Write};
use saitls_core::{Connection, Error};

/// A TLS connection that a [`TlsConnector`](super::TlsConnector) or an acceptor made: it is read and written as a
/// [`TlsStream`], and its buffers go back to the pool when it is dropped.
///
/// Whoever drops it says close_notify, as far as the transport takes it without waiting. [`shutdown`](Self::shutdown)
/// waits.
pub struct PooledStream<'a, L: LendProvider, T: Read + Write, S: Share<Target: Pool<'a>>> {
    form: Option<Form<'a, L, T>>,
    pool: S,
}

/// Whether the stream was split.
enum Form<'a, L: LendProvider, T: ErrorType> {
    Whole(TlsStream<'a, L, T>),
    Halves(RefCell<Session<'a, L>>, T),
}

impl<'a, L: LendProvider, T: Read + Write, S: Share<Target: Pool<'a>>> PooledStream<'a, L, T, S> {
    /// A stream with buffers of this pool.
    pub(super) const fn new(stream: TlsStream<'a, L, T>, pool: S) -> Self {
        Self { form: Some(Form::Whole(stream)), pool }
    }

    /// The stream in one piece; it may have been in two.
    ///
    /// # Errors
    /// None, but the compiler cannot know.
    pub fn stream_mut(&mut self) -> Result<&mut TlsStream<'a, L, T>, StreamError<T::Error>> {
        if let Some(Form::Halves(..)) = self.form
            && let Some(Form::Halves(session, transport)) = self.form.take()
        {
            self.form = Some(Form::Whole(TlsStream::from_session(session.into_inner(), transport)));
        }
        match &mut self.form {
            Some(Form::Whole(stream)) => Ok(stream),
            _ => Err(StreamError::Tls(Error::Internal)),
        }
    }

    /// The session and the transport, apart.
    #[cfg(feature = "edge-nal")]
    pub(super) fn halves(&mut self) -> (&RefCell<Session<'a, L>>, &mut T) {
        let (session, transport) = match self.form.take() {
            Some(Form::Whole(stream)) => {
                let (session, transport) = stream.into_session();
                (RefCell::new(session), transport)
            }
            Some(Form::Halves(session, transport)) => (session, transport),
            None => unreachable!("only a stream that is dropped has no form"),
        };
        match self.form.insert(Form::Halves(session, transport)) {
            Form::Halves(session, transport) => (session, transport),
            Form::Whole(_) => unreachable!("it was split"),
        }
    }

    /// The connection: what was agreed on, alerts, errors. `None` while the stream is split.
    pub fn connection(&self) -> Option<&Connection<'a, L::Provider>> {
        match &self.form {
            Some(Form::Whole(stream)) => Some(stream.connection()),
            _ => None,
        }
    }

    /// Does the handshake, if it is not done yet: [`TlsStream::handshake`]. What a connector gives has done it.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn handshake(&mut self) -> Result<(), StreamError<T::Error>> {
        self.stream_mut()?.handshake().await
    }

    /// Says that nothing more will be written: [`TlsStream::shutdown`].
    ///
    /// # Errors
    /// Why it could not be sent. It can be repeated.
    pub async fn shutdown(&mut self) -> Result<(), StreamError<T::Error>> {
        self.stream_mut()?.shutdown().await
    }
}

impl<'a, L: LendProvider, T: Read + Write, S: Share<Target: Pool<'a>>> Drop for PooledStream<'a, L, T, S> {
    fn drop(&mut self) {
        if let Ok(stream) = self.stream_mut() {
            stream.try_shutdown();
        }
        if let Some(Form::Whole(stream)) = self.form.take() {
            let buffers = stream.into_parts().buffers;
            self.pool.with(|pool| pool.put(buffers));
        }
    }
}

impl<'a, L: LendProvider, T: Read + Write, S: Share<Target: Pool<'a>>> ErrorType for PooledStream<'a, L, T, S> {
    type Error = StreamError<T::Error>;
}

impl<'a, L: LendProvider, T: Read + Write, S: Share<Target: Pool<'a>>> Read for PooledStream<'a, L, T, S> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        self.stream_mut()?.read(out).await
    }
}

impl<'a, L: LendProvider, T: Read + Write, S: Share<Target: Pool<'a>>> Write for PooledStream<'a, L, T, S> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        self.stream_mut()?.write(data).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.stream_mut()?.flush().await
    }
}
