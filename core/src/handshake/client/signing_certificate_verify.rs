//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{State, Step, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::identity::{Presenting, Side};
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify {
    finished: Option<SendingFinished>,
}

impl SigningCertificateVerify {
    pub(super) const fn new(finished: SendingFinished) -> Self {
        Self { finished: Some(finished) }
    }

    pub(super) fn advance<P: CryptoProvider>(&mut self, step: &mut Step<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(step.poll_present(Presenting::Signature(Side::Client)))?;
        Poll::Ready(Ok(State::SendingFinished(take(&mut self.finished)?)))
    }
}
