//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{Side, poll_sign};
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify<P: CryptoProvider> {
    finished: Option<SendingFinished<P>>,
}

impl<P: CryptoProvider> SigningCertificateVerify<P> {
    pub(super) const fn new(finished: SendingFinished<P>) -> Self {
        Self { finished: Some(finished) }
    }

    #[inline(never)]
    pub(super) fn advance(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(poll_sign(cx, Side::Client))?;
        Poll::Ready(Ok(State::SendingFinished(take(&mut self.finished)?)))
    }
}
