//! Who makes tickets.

use crate::crypto::CryptoProvider;
use crate::error::Result;
use core::task::{Poll, Waker};

/// Makes tickets of what a server must know of its sessions, and takes them back.
///
/// What a ticket stands for, the *state* of a session, is bytes that only this library reads. They hold the session's
/// key, as the provider [stores](crate::crypto::Secret::store) it: whoever can read a state of software secrets can
/// speak for both ends. They must come back as they were given, or not at all.
pub trait Ticketer<P: CryptoProvider>: Sync {
    /// How long a session can be resumed, in seconds, from its first handshake on: at most 604,800, seven days (RFC
    /// 9846 4.7.1).
    fn lifetime(&self) -> u32;

    /// The time in seconds since the first of January 1970 (UTC), if it is known. Where it is not, as by default, it is
    /// up to the ticketer that its tickets do not outlive [`lifetime`](Self::lifetime), and there is no early data.
    fn now(&self) -> Option<u64> {
        None
    }

    /// How many bytes of ticket a state of this many bytes takes at most.
    fn ticket_len(&self, state_len: usize) -> usize;

    /// Writes a ticket for the state, whose parts are to be joined, to the front of `ticket`, which is as long as
    /// [`ticket_len`](Self::ticket_len) says, and returns its length; `None` if there is none for this one. While it is
    /// pending it is asked again, with the same state, when the connection is processed the next time; nothing else
    /// waits for it.
    ///
    /// # Errors
    /// Whatever says best why the connection ends. A store that is full has no ticket, and no error.
    fn poll_seal(&self, provider: &mut P, state: &[&[u8]], ticket: &mut [u8]) -> Poll<Result<Option<usize>>>;

    /// Writes the state that the ticket stands for to the front of `state`, and returns its length; `None` if it is
    /// none of ours, has been spent or is too old, or if its state is longer than `state`: the client then gets a full
    /// handshake. While it is pending it is asked again, for the same ticket.
    ///
    /// Anybody may send anything as a ticket, as often as fits a message: this should cost little.
    ///
    /// # Errors
    /// Why nothing can be said; the handshake fails. An unknown ticket is no error.
    fn poll_open(&self, provider: &mut P, ticket: &[u8], state: &mut [u8]) -> Poll<Result<Option<usize>>>;

    /// The session of this ticket, which was opened, is about to be resumed. If tickets are for one connection each,
    /// this one is gone now; `false` if it was gone already: the client then gets a full handshake. By default a ticket
    /// can be used again.
    ///
    /// # Errors
    /// Why nothing can be said; the handshake fails.
    fn spend(&self, provider: &mut P, ticket: &[u8]) -> Result<bool> {
        let _ = (provider, ticket);
        Ok(true)
    }

    /// Whether [`spend`](Self::spend) says `true` once for each ticket, and never again. Then early data cannot be
    /// replayed (RFC 9846 8.1).
    fn is_single_use(&self) -> bool {
        false
    }

    /// As [`CryptoProvider::register_waker`], for a ticket that is being opened.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}
