//! WAIT_FINISHED: whether the client saw the same handshake; then its application key.

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
        let _verified = check_finished(step, received)?;
        let aligned = received.record_aligned()?;
        step.accept(&received.message)?;
        step.k_recv(&Key::CLIENT_APPLICATION, aligned)?;
        step.complete(step.owes_tickets())?;
        step.facts().peer_authentication = Some(self.authenticated.how());
        step.expect(Next::ApplicationData)?;
        Poll::Ready(Ok(State::Connected))
    }
}
