//! `embedded_io_async`.

use super::{StreamError, TlsStream, drive};
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{Read, Write};
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Error, WaitingFor};

/// Sleeps until the device is done; if it cannot tell, until the other tasks have had their turn.
async fn pause<P: CryptoProvider, T>(stream: &mut TlsStream<'_, P, T>) {
    let mut slept = false;
    poll_fn(|cx| {
        if slept {
            return Poll::Ready(());
        }
        slept = true;
        if !stream.connection.register_waker(&mut stream.provider, cx.waker()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
}

drive!(StreamError<T::Error>, async await);

impl<P: CryptoProvider, T: Read + Write> Read for TlsStream<'_, P, T> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, Self::Error> {
        read(self, out).await
    }
}

impl<P: CryptoProvider, T: Read + Write> Write for TlsStream<'_, P, T> {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error> {
        write(self, data).await
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        flush(self).await
    }
}
