//! `embedded_io`.

use super::{StreamError, TlsStream, drive};
use embedded_io::{ErrorType, Read, Write};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Error, WaitingFor};

/// There is nothing to sleep on: the operation is asked again.
fn pause<P: CryptoProvider, T>(_: &TlsStream<'_, P, T>) {
    core::hint::spin_loop();
}

drive!(StreamError<T::Error>);

impl<P: CryptoProvider, T: ErrorType> ErrorType for TlsStream<'_, P, T> {
    type Error = StreamError<T::Error>;
}

impl<P: CryptoProvider, T: Read + Write> Read for TlsStream<'_, P, T> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        read(self, out)
    }
}

impl<P: CryptoProvider, T: Read + Write> Write for TlsStream<'_, P, T> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        write(self, data)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        flush(self)
    }
}
