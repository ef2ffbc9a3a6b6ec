//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{State, Step};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::identity::{Presenting, Side};
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify(());

impl SigningCertificateVerify {
    pub(super) const fn new() -> Self {
        Self(())
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&self, step: &mut Step<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(step.poll_present(Presenting::Signature(Side::Server)))?;
        Poll::Ready(Ok(State::SendingFinished(SendingFinished::new())))
    }
}
