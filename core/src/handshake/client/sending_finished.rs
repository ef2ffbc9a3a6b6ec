//! The end of our flight: Finished, then our application key.

use super::{Client, Key, State, Step};
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
    pub(super) fn advance<P: CryptoProvider>(
        &self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
    ) -> Poll<Result<State<P>>> {
        ready!(poll_send_finished(step))?;
        step.end_key()?;
        step.k_send(&Key::CLIENT_APPLICATION)?;
        step.complete(client.config.sessions.is_some())?;
        Poll::Ready(Ok(State::Connected))
    }
}
