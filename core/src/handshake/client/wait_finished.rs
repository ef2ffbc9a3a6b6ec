//! WAIT_FINISHED: whether the server saw the same handshake; then the application keys.

use super::sending_certificate::SendingCertificate;
use super::sending_finished::SendingFinished;
use super::{Context, State};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Received;
use crate::handshake::authentication::check_finished;
use crate::handshake::evidence::PeerAuthenticated;
use crate::key_schedule::Derived;
use core::task::Poll;

pub(crate) struct WaitFinished {
    authenticated: PeerAuthenticated,
}

impl WaitFinished {
    pub(super) const fn new(authenticated: PeerAuthenticated) -> Self {
        Self { authenticated }
    }

    #[inline(never)]
    pub(super) fn on<P: CryptoProvider>(
        &self,
        cx: &mut Context<'_, '_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let verified = check_finished(cx, received)?;
        let aligned = received.record_aligned()?;
        cx.accept(&received.message)?;
        let transcript = cx.transcript.hash(cx.provider)?;
        cx.proceed_to_main()?;
        cx.install_incoming(&Derived::SERVER_APPLICATION, &transcript, aligned)?;
        cx.complete_schedule(&transcript)?;
        cx.facts.peer_authentication = Some(self.authenticated.how());
        cx.incoming.allows_change_cipher_spec = false;
        Poll::Ready(Ok(if cx.facts.certificate_requested {
            State::SendingCertificate(SendingCertificate::new(verified))
        } else {
            State::SendingFinished(SendingFinished::new(verified))
        }))
    }
}
