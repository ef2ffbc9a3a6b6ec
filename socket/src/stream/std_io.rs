//! `std::io`.

use super::{StreamError, TlsStream, drive};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Error, WaitingFor};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Sleeps until the device is done; if it cannot tell, until other threads have had their turn.
fn pause<P: CryptoProvider, T>(stream: &mut TlsStream<'_, P, T>) {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    if stream.connection.register_waker(&mut stream.provider, &waker) {
        std::thread::park_timeout(Duration::from_secs(1));
    } else {
        std::thread::yield_now();
    }
}

drive!(StreamError<io::Error>);

impl From<StreamError<Self>> for io::Error {
    fn from(error: StreamError<Self>) -> Self {
        match error {
            StreamError::Transport(error) => error,
            StreamError::Tls(error) => {
                let kind = match error {
                    Error::Truncated => ErrorKind::UnexpectedEof,
                    Error::Reset => ErrorKind::ConnectionReset,
                    Error::AlertReceived(_) => ErrorKind::ConnectionAborted,
                    Error::InvalidState => ErrorKind::NotConnected,
                    _ => ErrorKind::InvalidData,
                };
                Self::new(kind, error)
            }
            StreamError::WriteZero => ErrorKind::WriteZero.into(),
        }
    }
}

impl<P: CryptoProvider, T: Read + Write> Read for TlsStream<'_, P, T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(read(self, out)?)
    }
}

impl<P: CryptoProvider, T: Read + Write> Write for TlsStream<'_, P, T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(write(self, data)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        flush(self)?;
        Ok(())
    }
}
