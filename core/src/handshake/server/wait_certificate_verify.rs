//! WAIT_CV: whether the client has the key of its certificate.

use super::wait_finished::WaitFinished;
use super::{State, Step};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Received;
use crate::handshake::authentication::SignatureCheck;
use crate::handshake::evidence::Presented;
use crate::identity::Side;
use core::task::{Poll, ready};

pub(crate) struct WaitCertificateVerify<P: CryptoProvider> {
    check: SignatureCheck<P>,
}

impl<P: CryptoProvider> WaitCertificateVerify<P> {
    pub(super) const fn new(presented: Presented) -> Self {
        Self { check: SignatureCheck::new(presented) }
    }

    #[inline(never)]
    pub(super) fn on(&mut self, step: &mut Step<'_, '_, P>, received: &mut Received<'_>) -> Poll<Result<State<P>>> {
        let authenticated = ready!(self.check.poll(step, Side::Client, received))?;
        Poll::Ready(Ok(State::WaitFinished(WaitFinished::new(authenticated))))
    }
}
