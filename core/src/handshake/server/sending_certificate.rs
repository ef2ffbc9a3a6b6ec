//! Our Certificate.

use super::signing_certificate_verify::SigningCertificateVerify;
use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::CertificateSender;
use crate::key_schedule::HandshakeSecret;
use core::task::{Poll, ready};

pub(crate) struct SendingCertificate<P: CryptoProvider> {
    handshake: Option<HandshakeSecret<P>>,
    sender: CertificateSender,
}

impl<P: CryptoProvider> SendingCertificate<P> {
    pub(super) fn new(handshake: HandshakeSecret<P>) -> Self {
        Self { handshake: Some(handshake), sender: CertificateSender::default() }
    }

    #[inline(never)]
    pub(super) fn advance(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(self.sender.poll_send(cx))?;
        let next = SigningCertificateVerify::new(take(&mut self.handshake)?);
        Poll::Ready(Ok(State::SigningCertificateVerify(next)))
    }
}
