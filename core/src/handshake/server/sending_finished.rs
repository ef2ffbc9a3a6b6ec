//! The end of our flight: Finished, then our application key.

use super::wait_certificate::WaitCertificate;
use super::wait_finished::WaitFinished;
use super::{Context, State};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::poll_send_finished;
use crate::handshake::evidence::PeerAuthenticated;
use crate::key_schedule::Derived;
use core::task::{Poll, ready};

pub(crate) struct SendingFinished(());

impl SendingFinished {
    pub(super) const fn new() -> Self {
        Self(())
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(
        &self,
        cx: &mut Context<'_, '_, P>,
        config: &ServerConfig<'_, P>,
    ) -> Poll<Result<State<P>>> {
        ready!(poll_send_finished(cx))?;
        cx.outgoing.flush_last(cx.provider)?;
        let transcript = cx.transcript.hash(cx.provider)?;
        cx.proceed_to_main()?;
        cx.install_outgoing(&Derived::SERVER_APPLICATION, &transcript)?;
        cx.complete_schedule(&transcript)?;
        Poll::Ready(Ok(if config.client_authentication.verifier().is_some() {
            State::WaitCertificate(WaitCertificate::new())
        } else {
            State::WaitFinished(WaitFinished::new(PeerAuthenticated::not_requested()))
        }))
    }
}
