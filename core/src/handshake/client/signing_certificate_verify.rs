//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::handshake::{Presenting, Side};
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify {
    finished: Option<SendingFinished>,
}

impl SigningCertificateVerify {
    pub(super) const fn new(finished: SendingFinished) -> Self {
        Self { finished: Some(finished) }
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        let poll_present = cx.identity.as_ref().ok_or(Error::Internal)?.poll_present;
        ready!(poll_present(cx, Presenting::Signature(Side::Client)))?;
        Poll::Ready(Ok(State::SendingFinished(take(&mut self.finished)?)))
    }
}
