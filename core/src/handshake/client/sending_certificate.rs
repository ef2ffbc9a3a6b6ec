//! The server asked: our Certificate, empty if we have none that fits.

use super::sending_finished::SendingFinished;
use super::signing_certificate_verify::SigningCertificateVerify;
use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{CertificateSender, Presenting, poll_send_empty};
use crate::handshake::evidence::FinishedVerified;
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

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        let Some(chosen) = cx.identity else {
            ready!(poll_send_empty(cx))?;
            return Poll::Ready(Ok(State::SendingFinished(take(&mut self.finished)?)));
        };
        ready!((chosen.poll_present)(cx, Presenting::Certificate(&mut self.sender)))?;
        let next = SigningCertificateVerify::new(take(&mut self.finished)?);
        Poll::Ready(Ok(State::SigningCertificateVerify(next)))
    }
}
