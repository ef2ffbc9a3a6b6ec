//! The end of our flight: Finished, then the application keys.

use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::poll_send_finished;
use crate::handshake::evidence::FinishedVerified;
use core::task::{Poll, ready};

pub(crate) struct SendingFinished<P: CryptoProvider> {
    client_secret: Option<P::Secret>,
}

impl<P: CryptoProvider> SendingFinished<P> {
    /// Only a client that verified the server's Finished gets here.
    pub(super) const fn new(client_secret: P::Secret, _: FinishedVerified) -> Self {
        Self { client_secret: Some(client_secret) }
    }

    #[inline(never)]
    pub(super) fn advance(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(poll_send_finished(cx))?;
        cx.outgoing.flush_last(cx.provider)?;
        let suite = cx.suite()?;
        cx.outgoing.install(cx.provider, suite, take(&mut self.client_secret)?)?;
        Poll::Ready(Ok(State::Connected))
    }
}
