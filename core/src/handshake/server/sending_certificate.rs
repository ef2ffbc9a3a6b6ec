//! Our Certificate.

use super::signing_certificate_verify::SigningCertificateVerify;
use super::{State, Step};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::identity::{CertificateSender, Presenting};
use core::task::{Poll, ready};

pub(crate) struct SendingCertificate {
    sender: CertificateSender,
}

impl SendingCertificate {
    pub(super) fn new() -> Self {
        Self { sender: CertificateSender::default() }
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&mut self, step: &mut Step<'_, '_, P>) -> Poll<Result<State<P>>> {
        let asked = step.facts().asked;
        ready!(step.poll_present(Presenting::Certificate(&mut self.sender, asked)))?;
        Poll::Ready(Ok(State::SigningCertificateVerify(SigningCertificateVerify::new())))
    }
}
