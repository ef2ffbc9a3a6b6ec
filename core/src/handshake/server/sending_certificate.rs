//! Our Certificate.

use super::signing_certificate_verify::SigningCertificateVerify;
use super::{Context, State};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::CertificateSender;
use core::task::{Poll, ready};

pub(crate) struct SendingCertificate {
    sender: CertificateSender,
}

impl SendingCertificate {
    pub(super) fn new() -> Self {
        Self { sender: CertificateSender::default() }
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(self.sender.poll_send(cx))?;
        Poll::Ready(Ok(State::SigningCertificateVerify(SigningCertificateVerify::new())))
    }
}
