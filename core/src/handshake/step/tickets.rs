//! Tickets of a server: opened in memory that is there anyway.

use super::{Memory, SessionFacts, Step};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::tickets::{SessionState, Ticketer};
use crate::waiting::Operation;
use core::task::{Poll, ready};
use zeroize::Zeroize;

impl<'a, P: CryptoProvider> Step<'_, 'a, P> {
    /// What tickets are to stand for.
    pub(in crate::handshake) const fn session(&mut self) -> &mut SessionFacts {
        &mut self.memory.session
    }

    /// Opens a ticket, and has `take` take what it needs of the state; nothing if there is none, or it is not as it was
    /// written. The state stands where the next message will be drafted, so nothing is drafted yet, and nothing is in
    /// front of it. It is wiped at once.
    pub(in crate::handshake) fn poll_open_ticket<T>(
        &mut self,
        ticketer: &dyn Ticketer<P>,
        ticket: &[u8],
        take: impl FnOnce(&mut P, &mut Memory<'a, P>, &SessionState<'_>) -> Result<Option<T>>,
    ) -> Poll<Result<Option<T>>> {
        ready!(self.poll_drained())?;
        let room = self.carrier.draft();
        let Poll::Ready(opened) = ticketer.poll_open(self.provider, ticket, room) else {
            return self.pending(Operation::PreSharedKey);
        };
        let Some(len) = opened? else { return Poll::Ready(Ok(None)) };
        let Some(bytes) = room.get_mut(..len) else { return Poll::Ready(Ok(None)) };
        let taken = match SessionState::read(bytes) {
            Ok(state) => take(self.provider, self.memory, &state),
            Err(_) => Ok(None),
        };
        bytes.zeroize();
        Poll::Ready(taken)
    }
}
