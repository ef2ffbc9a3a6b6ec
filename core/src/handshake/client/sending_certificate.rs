//! The server asked: our Certificate, empty if we have none that fits.

use super::sending_finished::SendingFinished;
use super::signing_certificate_verify::SigningCertificateVerify;
use super::{State, Step, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::poll_send_empty;
use crate::handshake::evidence::FinishedVerified;
use crate::identity::{CertificateSender, Presenting};
use core::task::{Poll, ready};

pub(crate) struct SendingCertificate {
    sender: CertificateSender,
    finished: Option<SendingFinished>,
}

impl SendingCertificate {
    pub(super) fn new(verified: FinishedVerified) -> Self {
        let finished = Some(SendingFinished::new(verified));
        Self { sender: CertificateSender::default(), finished }
    }

    pub(super) fn advance<P: CryptoProvider>(&mut self, step: &mut Step<'_, '_, P>) -> Poll<Result<State<P>>> {
        if step.identity().is_none() {
            ready!(poll_send_empty(step))?;
            return Poll::Ready(Ok(State::SendingFinished(take(&mut self.finished)?)));
        }
        let asked = step.facts().asked;
        ready!(step.poll_present(Presenting::Certificate(&mut self.sender, asked)))?;
        let next = SigningCertificateVerify::new(take(&mut self.finished)?);
        Poll::Ready(Ok(State::SigningCertificateVerify(next)))
    }
}
