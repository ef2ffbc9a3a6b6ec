//! The proof that we have the key of our certificate.

use super::sending_finished::SendingFinished;
use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{Side, poll_sign};
use crate::key_schedule::HandshakeSecret;
use core::task::{Poll, ready};

pub(crate) struct SigningCertificateVerify<P: CryptoProvider> {
    handshake: Option<HandshakeSecret<P>>,
}

impl<P: CryptoProvider> SigningCertificateVerify<P> {
    pub(super) const fn new(handshake: HandshakeSecret<P>) -> Self {
        Self { handshake: Some(handshake) }
    }

    #[inline(never)]
    pub(super) fn advance(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        ready!(poll_sign(cx, Side::Server))?;
        Poll::Ready(Ok(State::SendingFinished(SendingFinished::new(take(&mut self.handshake)?))))
    }
}
