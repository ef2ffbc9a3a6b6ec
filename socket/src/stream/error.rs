//! Why a stream failed.

use super::session::Failed;
use core::fmt;
use saitls_core::Error;

/// Why a call of a `TlsStream` failed; `E` is the error of its transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StreamError<E> {
    /// TLS failed, or the call does not fit the state of the connection.
    Tls(Error),
    /// The transport failed.
    Transport(E),
    /// The transport takes nothing more.
    WriteZero,
    /// All buffers of the pool are taken (features `embedded-nal-async` and `edge-nal`): drop a stream first, or have
    /// buffers for more.
    NoBuffers,
}

impl<E: fmt::Display> fmt::Display for StreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::WriteZero => f.write_str("the transport takes nothing more"),
            Self::NoBuffers => f.write_str("all buffers of the pool are taken"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for StreamError<E> {}

impl<L, T, E> From<Failed<'_, L, T, Self>> for StreamError<E> {
    fn from(failed: Failed<'_, L, T, Self>) -> Self {
        failed.error
    }
}

impl<L, T, E> From<Failed<'_, L, T, Error>> for StreamError<E> {
    fn from(failed: Failed<'_, L, T, Error>) -> Self {
        Self::Tls(failed.error)
    }
}

#[cfg(feature = "embedded-io")]
impl<E: embedded_io::Error> embedded_io::Error for StreamError<E> {
    fn kind(&self) -> embedded_io::ErrorKind {
        use embedded_io::ErrorKind;
        match self {
            Self::Tls(Error::Truncated) => ErrorKind::ConnectionReset,
            Self::Tls(Error::AlertReceived(_)) => ErrorKind::ConnectionAborted,
            Self::Tls(Error::InvalidState) => ErrorKind::NotConnected,
            Self::Tls(Error::InvalidConfiguration(_)) => ErrorKind::InvalidInput,
            Self::Tls(_) => ErrorKind::InvalidData,
            Self::Transport(error) => error.kind(),
            Self::WriteZero => ErrorKind::WriteZero,
            Self::NoBuffers => ErrorKind::OutOfMemory,
        }
    }
}
