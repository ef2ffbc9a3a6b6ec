//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{Context, State, take};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{ChosenIdentity, Side, poll_sign};
use crate::key_schedule::HandshakeSecret;
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify<P: CryptoProvider> {
    handshake: Option<HandshakeSecret<P>>,
    identity: ChosenIdentity,
}

impl<P: CryptoProvider> SigningCertificateVerify<P> {
    pub(super) const fn new(handshake: HandshakeSecret<P>, identity: ChosenIdentity) -> Self {
        Self { handshake: Some(handshake), identity }
    }

    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        config: &ServerConfig<'_, P>,
    ) -> Poll<Result<State<P>>> {
        ready!(poll_sign(cx, Side::Server, config.identities, self.identity))?;
        Poll::Ready(Ok(State::SendingFinished(SendingFinished::new(take(&mut self.handshake)?))))
    }
}
