//! WAIT_EOED: the end of the early data, which the application gets as it comes; then the keys of the handshake.

use super::wait_finished::WaitFinished;
use super::{State, Step};
use crate::crypto::CryptoProvider;
use crate::error::{PeerFault, Result};
use crate::handshake::Received;
use crate::handshake::evidence::{EarlyDataTaken, PeerAuthenticated};
use core::task::Poll;

pub(crate) struct WaitEndOfEarlyData {
    taken: EarlyDataTaken,
    authenticated: Option<PeerAuthenticated>,
}

impl WaitEndOfEarlyData {
    pub(super) const fn new(taken: EarlyDataTaken, authenticated: PeerAuthenticated) -> Self {
        Self { taken, authenticated: Some(authenticated) }
    }

    #[inline(never)]
    pub(super) fn on<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        if !received.message.body.is_empty() {
            return Poll::Ready(Err(PeerFault::Malformed.into()));
        }
        let aligned = received.record_aligned()?;
        step.accept(&received.message)?;
        step.end_early_data(&self.taken, aligned)?;
        let authenticated = self.authenticated.take().ok_or(crate::Error::Internal)?;
        Poll::Ready(Ok(State::WaitFinished(WaitFinished::new(authenticated))))
    }
}
