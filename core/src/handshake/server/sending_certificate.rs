//! Our Certificate.

use super::signing_certificate_verify::SigningCertificateVerify;
use super::{Context, State, take};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{CertificateSender, ChosenIdentity};
use crate::key_schedule::HandshakeSecret;
use core::task::{Poll, ready};

pub(crate) struct SendingCertificate<P: CryptoProvider> {
    handshake: Option<HandshakeSecret<P>>,
    identity: ChosenIdentity,
    sender: CertificateSender,
}

impl<P: CryptoProvider> SendingCertificate<P> {
    pub(super) fn new(handshake: HandshakeSecret<P>, identity: ChosenIdentity) -> Self {
        Self { handshake: Some(handshake), identity, sender: CertificateSender::default() }
    }

    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        config: &ServerConfig<'_, P>,
    ) -> Poll<Result<State<P>>> {
        ready!(self.sender.poll_send(cx, config.identities, Some(self.identity)))?;
        let next = SigningCertificateVerify::new(take(&mut self.handshake)?, self.identity);
        Poll::Ready(Ok(State::SigningCertificateVerify(next)))
    }
}
