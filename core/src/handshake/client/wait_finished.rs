//! WAIT_FINISHED: whether the server saw the same handshake; then the application keys.

use super::sending_certificate::SendingCertificate;
#[cfg(feature = "early-data")]
use super::sending_end_of_early_data::SendingEndOfEarlyData;
use super::sending_finished::SendingFinished;
use super::{Key, State, Step};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Received;
use crate::handshake::authentication::check_finished;
use crate::handshake::evidence::PeerAuthenticated;
use crate::record::Next;
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
        step: &mut Step<'_, '_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let verified = check_finished(step, received)?;
        let aligned = received.record_aligned()?;
        step.accept(&received.message)?;
        step.note_server_finished()?;
        step.k_recv(&Key::SERVER_APPLICATION, aligned)?;
        step.facts().peer_authentication = Some(self.authenticated.how());
        step.expect(Next::ApplicationData)?;
        #[cfg(feature = "early-data")]
        if step.owes_end_of_early_data() {
            return Poll::Ready(Ok(State::SendingEndOfEarlyData(SendingEndOfEarlyData::new(verified))));
        }
        Poll::Ready(Ok(if step.facts().certificate_requested {
            State::SendingCertificate(SendingCertificate::new(verified))
        } else {
            State::SendingFinished(SendingFinished::new(verified))
        }))
    }
}
