//! Futures of handshakes.

use crate::engine::Engine;
use crate::provided::Provides;
use std::io;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};

/// A handshake that goes on, or that could not begin.
pub(crate) enum MidHandshake<IO, L: Provides> {
    Going(Engine<IO, L>),
    Refused(io::Error, IO),
    Over,
}

impl<IO, L: Provides> MidHandshake<IO, L> {
    pub(crate) fn new(engine: Result<Engine<IO, L>, (io::Error, IO)>) -> Self {
        match engine {
            Ok(engine) => Self::Going(engine),
            Err((error, io)) => Self::Refused(error, io),
        }
    }

    pub(crate) fn io(&self) -> Option<&IO> {
        match self {
            Self::Going(engine) => Some(engine.io()),
            Self::Refused(_, io) => Some(io),
            Self::Over => None,
        }
    }

    pub(crate) fn io_mut(&mut self) -> Option<&mut IO> {
        match self {
            Self::Going(engine) => Some(engine.io_mut()),
            Self::Refused(_, io) => Some(io),
            Self::Over => None,
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, L: Provides> MidHandshake<IO, L> {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Engine<IO, L>, (io::Error, IO)>> {
        let done = match self {
            Self::Going(engine) => ready!(engine.poll_handshake(cx)),
            _ => Ok(()),
        };
        Poll::Ready(match std::mem::replace(self, Self::Over) {
            Self::Going(engine) => match done {
                Ok(()) => Ok(engine),
                Err(error) => Err((error, engine.into_io())),
            },
            Self::Refused(error, io) => Err((error, io)),
            Self::Over => panic!("the handshake is over, and its future was polled again"),
        })
    }
}

/// The future of a handshake, and the one that gives the transport back.
macro_rules! futures {
    ($Future:ident, $Fallible:ident, $role:literal) => {
        crate::provided::provided! {
            #[doc = concat!("The handshake of a ", $role, ".")]
            ///
            /// Dropping it ends the connection without a word. Put a time limit around it: a peer that says nothing is
            /// waited for.
            #[must_use = "a future does nothing unless it is polled"]
            pub struct $Future[IO](
                pub(crate) MidHandshake<IO, L>,
            );
        }

        crate::provided::provided! {
            #[doc = concat!("As [`", stringify!($Future), "`], but what fails gives the transport back.")]
            #[must_use = "a future does nothing unless it is polled"]
            pub struct $Fallible[IO](
                MidHandshake<IO, L>,
            );
        }

        impl<IO, L: Provides> $Future<IO, L> {
            /// The same, but what fails gives the transport back. The peer has been sent an alert, if it is to be sent
            /// one.
            pub fn into_fallible(self) -> $Fallible<IO, L> {
                $Fallible(self.0)
            }

            /// The transport; `None` once the handshake is over.
            pub fn get_ref(&self) -> Option<&IO> {
                self.0.io()
            }

            /// The transport, to set it up.
            pub fn get_mut(&mut self) -> Option<&mut IO> {
                self.0.io_mut()
            }
        }

        impl<IO, L> Future for $Future<IO, L>
        where
            IO: AsyncRead + AsyncWrite + Unpin,
            L: Provides,
        {
            type Output = io::Result<TlsStream<IO, L>>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.0.poll(cx).map(|done| done.map(TlsStream).map_err(|(error, _)| error))
            }
        }

        impl<IO, L> Future for $Fallible<IO, L>
        where
            IO: AsyncRead + AsyncWrite + Unpin,
            L: Provides,
        {
            type Output = Result<TlsStream<IO, L>, (io::Error, IO)>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                self.0.poll(cx).map_ok(TlsStream)
            }
        }
    };
}
pub(crate) use futures;
