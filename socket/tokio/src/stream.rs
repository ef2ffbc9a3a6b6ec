//! What the streams of both roles have in common.

/// The stream of one role.
macro_rules! stream {
    ($role:literal) => {
        crate::provided::provided! {
            #[doc = concat!("A TLS connection of a ", $role, " over the transport `IO`, after the handshake.")]
            ///
            /// What is written is sealed and handed to the transport at once, as far as that takes it; the rest goes
            /// out with the next call, whichever it is: flush, as with any stream of tokio, before you wait for
            /// something else. A write that is dropped has taken nothing; a read that is dropped has lost nothing.
            ///
            /// A read gives 0 bytes only after the peer's close_notify. If the transport ends without, it fails with
            /// [`UnexpectedEof`](std::io::ErrorKind::UnexpectedEof): what was read may not be all. Errors of TLS are
            /// [`io::Error`](std::io::Error)s whose source is a [`saitls::Error`].
            ///
            /// [`shutdown`](https://docs.rs/tokio/latest/tokio/io/trait.AsyncWriteExt.html#method.shutdown) sends
            /// close_notify behind what was written, and then ends the transport's sending; reading goes on until the
            /// peer closes, too.
            pub struct TlsStream[IO](
                pub(crate) Engine<IO, L>,
            );
        }

        impl<IO, L: Provides> TlsStream<IO, L> {
            /// The transport, and what is known of the connection.
            pub fn get_ref(&self) -> (&IO, Connection<'_>) {
                (self.0.io(), self.0.connection())
            }

            /// The transport, to set it up. What is read from it or written to it breaks the connection.
            pub fn get_mut(&mut self) -> &mut IO {
                self.0.io_mut()
            }

            /// The transport. The connection is over: what was not sent yet, or received and not read, is gone.
            pub fn into_inner(self) -> IO {
                self.0.into_io()
            }

            /// Keying material for the application (RFC 9846 7.5). No context is the same as an empty one.
            ///
            /// # Errors
            /// [`Error::InvalidState`](saitls::Error::InvalidState) when the connection is over;
            /// [`ProviderFault::Unsupported`](saitls::ProviderFault::Unsupported) for more than the hash can make.
            pub fn export_keying_material<T: AsMut<[u8]>>(
                &mut self,
                mut output: T,
                label: &[u8],
                context: Option<&[u8]>,
            ) -> Result<T, saitls::Error> {
                self.0.export(label, context.unwrap_or_default(), output.as_mut())?;
                Ok(output)
            }

            /// Renews the key that we send with (RFC 9846 4.7.3) with the next write or flush, and asks the peer for
            /// the same if `request_peer` says so.
            ///
            /// # Errors
            /// [`Error::InvalidState`](saitls::Error::InvalidState) after the connection was closed;
            /// [`Error::KeyUsageLimit`](saitls::Error::KeyUsageLimit) if it was renewed as often as it may be.
            pub fn update_keys(&mut self, request_peer: bool) -> Result<(), saitls::Error> {
                self.0.update_keys(request_peer)
            }
        }

        crate::stream::forward!();
    };
}
pub(crate) use stream;

/// The traits of tokio.
macro_rules! forward {
    () => {
        impl<IO, L> AsyncRead for TlsStream<IO, L>
        where
            IO: AsyncRead + AsyncWrite + Unpin,
            L: Provides,
        {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                out: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.0.poll_read(cx, out)
            }
        }

        impl<IO, L> AsyncBufRead for TlsStream<IO, L>
        where
            IO: AsyncRead + AsyncWrite + Unpin,
            L: Provides,
        {
            /// What is left of a record, where it was opened.
            fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
                let stream = self.get_mut();
                ready!(stream.0.poll_fill(cx))?;
                Poll::Ready(Ok(stream.0.filled()))
            }

            fn consume(mut self: Pin<&mut Self>, len: usize) {
                self.0.consume(len);
            }
        }

        impl<IO, L> AsyncWrite for TlsStream<IO, L>
        where
            IO: AsyncRead + AsyncWrite + Unpin,
            L: Provides,
        {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, data)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(cx)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_shutdown(cx)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write_vectored(cx, slices)
            }

            /// Short slices share a record.
            fn is_write_vectored(&self) -> bool {
                true
            }
        }
    };
}
pub(crate) use forward;
