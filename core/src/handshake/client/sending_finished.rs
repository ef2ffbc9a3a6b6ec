//! The end of our flight: Finished, then the application keys.

use super::{Context, State};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::poll_send_finished;
use crate::handshake::evidence::FinishedVerified;
use core::task::{Poll, ready};

pub(crate) struct SendingFinished(FinishedVerified);

impl SendingFinished {
    /// Only a client that verified the server's Finished gets here.
    pub(super) const fn new(verified: FinishedVerified) -> Self {
        Self(verified)
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(poll_send_finished(cx))?;
        cx.outgoing.flush_last(cx.provider)?;
        let (suite, secret) = (cx.facts.cipher_suite, cx.schedule.take_client_secret()?);
        cx.outgoing.install(cx.provider, suite, secret)?;
        Poll::Ready(Ok(State::Connected))
    }
}
