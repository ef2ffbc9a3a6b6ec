//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{Context, State};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{Side, poll_sign};
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify(());

impl SigningCertificateVerify {
    pub(super) const fn new() -> Self {
        Self(())
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(poll_sign(cx, Side::Server))?;
        Poll::Ready(Ok(State::SendingFinished(SendingFinished::new())))
    }
}
