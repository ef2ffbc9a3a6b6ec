//! Tickets of a server: opened in memory that is there anyway.

use super::{Memory, SessionFacts, Step};
use crate::codes::CipherSuite;
use crate::crypto::{CryptoProvider, Digest};
use crate::error::Result;
use crate::key_schedule::message_hash_header;
use crate::tickets::{SessionState, Ticketer};
use crate::waiting::Operation;
use core::task::{Poll, ready};
use zeroize::Zeroize;

impl<'a, P: CryptoProvider> Step<'_, 'a, P> {
    /// What tickets are to stand for.
    pub(in crate::handshake) const fn session(&mut self) -> &mut SessionFacts {
        &mut self.memory.session
    }

    /// The transcript behind a HelloRetryRequest that nobody remembers: of the hash of the first ClientHello, and that
    /// message.
    pub(in crate::handshake) fn begin_transcript_again(
        &mut self,
        suite: CipherSuite,
        first: &Digest,
        request: &[u8],
    ) -> Result<()> {
        self.begin_transcript(suite)?;
        let transcript = &mut self.memory.transcript;
        transcript.add(self.provider, &message_hash_header(first)?)?;
        transcript.add(self.provider, first.as_bytes())?;
        transcript.add(self.provider, request)
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
