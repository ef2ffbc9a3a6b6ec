//! Tickets that are names of what a server remembers.

use super::shared::Shared;
use super::{SessionState, Ticketer};
use crate::crypto::{Clock, CryptoProvider, Secret};
use crate::error::{Error, Result};
use crate::limits::MAX_TICKET_LIFETIME;
use core::task::Poll;
use zeroize::Zeroize;

const NAME_LEN: usize = 16;

/// A session that may come back.
struct Entry<const LEN: usize> {
    name: [u8; NAME_LEN],
    state: [u8; LEN],
    /// 0 if there is none here.
    len: usize,
    /// The older, the smaller.
    age: u64,
}

impl<const LEN: usize> Entry<LEN> {
    const EMPTY: Self = Self { name: [0; NAME_LEN], state: [0; LEN], len: 0, age: 0 };

    fn state(&self) -> &[u8] {
        self.state.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize, const LEN: usize> Drop for Entries<N, LEN> {
    fn drop(&mut self) {
        for entry in &mut self.entries {
            entry.state.as_mut_slice().zeroize();
        }
    }
}

struct Entries<const N: usize, const LEN: usize> {
    entries: [Entry<LEN>; N],
    made: u64,
}

impl<const N: usize, const LEN: usize> Entries<N, LEN> {
    fn find(&self, ticket: &[u8]) -> Option<&Entry<LEN>> {
        self.entries.iter().find(|entry| entry.len > 0 && entry.name == ticket)
    }
}

/// Remembers `N` sessions, the newest ones, in `LEN` bytes each; tickets are random names of 16 bytes. Each is good for
/// one connection, so that early data is never replayed (RFC 9846 8.1), not even to itself after a restart.
///
/// 256 bytes hold a session without a certificate of the client. With client authentication, and a buffer
/// [lent](crate::Buffers::with_peer_buffer) for what peers present, add the length of the longest certificate; a client
/// with a longer one gets no ticket.
///
/// What a provider keeps in its chip for a session that gives way to a newer one is
/// [discarded](crate::crypto::Secret::discard): `N` is to be below the number of its slots. What it stored for a ticket
/// that waits for room is lost to it if the connection is dropped just then.
///
/// A spin lock is held while a session is copied: not for interrupt handlers. It needs a processor with atomic
/// compare-and-swap.
///
/// ```
/// use saitls_core::tickets::SessionCache;
///
/// static SESSIONS: SessionCache<'static, 32> = SessionCache::new();
/// # fn f<'a, P: saitls_core::crypto::CryptoProvider>(identities: &'a [saitls_core::config::Identity<'a, P>]) {
/// let config = saitls_core::config::ServerConfig::new(identities).with_tickets(&SESSIONS);
/// # let _ = config; }
/// ```
pub struct SessionCache<'a, const N: usize, const LEN: usize = 256> {
    shared: Shared<Entries<N, LEN>>,
    clock: Option<&'a dyn Clock>,
    lifetime: u32,
}

impl<'a, const N: usize, const LEN: usize> SessionCache<'a, N, LEN> {
    /// Empty; sessions live for a day.
    #[must_use]
    pub const fn new() -> Self {
        let entries = Entries { entries: [Entry::EMPTY; N], made: 0 };
        Self { shared: Shared::new(entries), clock: None, lifetime: 86_400 }
    }

    /// Knows what time it is: sessions end when they should, and not only when they give way to others.
    #[must_use]
    pub const fn with_clock(mut self, clock: &'a dyn Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long a session can be resumed, in seconds; at most seven days, which is taken for more.
    #[must_use]
    pub const fn with_lifetime(mut self, seconds: u32) -> Self {
        self.lifetime = if seconds < MAX_TICKET_LIFETIME { seconds } else { MAX_TICKET_LIFETIME };
        self
    }

    /// How many sessions it remembers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.read(|shared| shared.entries.iter().filter(|entry| entry.len > 0).count())
    }

    /// Whether it remembers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes an entry out, and tells what the provider stored for it. It is another session's: an error of the provider
    /// is no reason to end this connection.
    fn discard<P: CryptoProvider>(provider: &mut P, old: &mut Entry<LEN>) {
        if let Ok(state) = SessionState::read(old.state()) {
            let _ = P::Secret::discard(provider, state.secret);
        }
        old.state.as_mut_slice().zeroize();
    }
}

impl<const N: usize, const LEN: usize> Default for SessionCache<'_, N, LEN> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: CryptoProvider, const N: usize, const LEN: usize> Ticketer<P> for SessionCache<'_, N, LEN> {
    fn lifetime(&self) -> u32 {
        self.lifetime
    }

    fn now(&self) -> Option<u64> {
        self.clock?.now().ok().map(|time| time.as_secs())
    }

    fn ticket_len(&self, _: usize) -> usize {
        NAME_LEN
    }

    fn poll_seal(&self, provider: &mut P, state: &[&[u8]], ticket: &mut [u8]) -> Poll<Result<Option<usize>>> {
        let mut entry = Entry::EMPTY;
        for part in state {
            let Some(room) = entry.state.get_mut(entry.len..).and_then(|room| room.get_mut(..part.len())) else {
                entry.state.as_mut_slice().zeroize();
                return Poll::Ready(Ok(None));
            };
            room.copy_from_slice(part);
            entry.len = entry.len.saturating_add(part.len());
        }
        if let Err(error) = provider.fill_random(&mut entry.name) {
            entry.state.as_mut_slice().zeroize();
            return Poll::Ready(Err(error));
        }
        let name = entry.name;
        self.shared.change(|shared| {
            shared.made = shared.made.saturating_add(1);
            entry.age = shared.made;
            let oldest = shared.entries.iter_mut().min_by_key(|entry| if entry.len == 0 { 0 } else { entry.age });
            if let Some(oldest) = oldest {
                core::mem::swap(oldest, &mut entry);
            }
        });
        if entry.name == name {
            // There is no place at all.
            entry.state.as_mut_slice().zeroize();
            return Poll::Ready(Ok(None));
        }
        Self::discard(provider, &mut entry);
        ticket.get_mut(..NAME_LEN).ok_or(Error::Internal)?.copy_from_slice(&name);
        Poll::Ready(Ok(Some(NAME_LEN)))
    }

    fn poll_open(&self, _: &mut P, ticket: &[u8], state: &mut [u8]) -> Poll<Result<Option<usize>>> {
        Poll::Ready(Ok(self.shared.read(|shared| {
            let found = shared.find(ticket)?.state();
            state.get_mut(..found.len())?.copy_from_slice(found);
            Some(found.len())
        })))
    }

    fn spend(&self, provider: &mut P, ticket: &[u8]) -> Result<bool> {
        let mut spent = Entry::EMPTY;
        let found = self.shared.change(|shared| {
            let entry = shared.entries.iter_mut().find(|entry| entry.len > 0 && entry.name == ticket);
            entry.map(|entry| core::mem::swap(entry, &mut spent)).is_some()
        });
        Self::discard(provider, &mut spent);
        Ok(found)
    }

    fn is_single_use(&self) -> bool {
        true
    }
}
