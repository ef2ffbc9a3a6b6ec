//! Sessions in memory.

use super::{Session, SessionStore};
use crate::crypto::CryptoProvider;
use crate::error::{ByteCount, Error, Result};
use crate::storage::Storage;
use core::task::Poll;
use rustls_pki_types::ServerName;
use spin::Mutex;
use zeroize::Zeroize;

/// Room for a session of each of `N` peers, the newest, without a heap: `LEN` bytes for each, of which the ticket of a
/// usual server takes about 200, with a client certificate up to 2,000 more. One that is longer is not kept. Of more
/// peers, the one goes whose session is the oldest.
///
/// A spin lock is held while a session is copied: **not for interrupt handlers**. It needs a processor with atomic
/// compare-and-swap; a [`SessionStore`] of your own does not.
///
/// ```
/// use saitls_core::session::MemorySessions;
///
/// static SESSIONS: MemorySessions<4> = MemorySessions::new();
/// ```
pub struct MemorySessions<const N: usize, const LEN: usize = 512> {
    slots: Mutex<Slots<N, LEN>>,
}

struct Slots<const N: usize, const LEN: usize> {
    bytes: [[u8; LEN]; N],
    /// When each came: larger is later.
    put: [u32; N],
    count: u32,
}

impl<const N: usize, const LEN: usize> MemorySessions<N, LEN> {
    /// Without a session.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Mutex::new(Slots { bytes: [[0; LEN]; N], put: [0; N], count: 0 }) }
    }
}

impl<const N: usize, const LEN: usize> Default for MemorySessions<N, LEN> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const LEN: usize> Drop for Slots<N, LEN> {
    fn drop(&mut self) {
        self.bytes.as_flattened_mut().zeroize();
    }
}

impl<P: CryptoProvider, const N: usize, const LEN: usize> SessionStore<P> for MemorySessions<N, LEN> {
    fn put(&self, provider: &mut P, session: &Session<'_>) -> Result<()> {
        let mut slots = self.slots.lock();
        let Slots { bytes, put, count } = &mut *slots;
        // The one of the same peer, or else one that is empty, or else the oldest.
        let rank = |(bytes, put): &(&mut [u8; LEN], &mut u32)| match Session::read(&bytes[..]) {
            Ok(old) if old.name.is(session.name) => (0, 0),
            Ok(_) => (2, **put),
            Err(_) => (1, 0),
        };
        let slot = bytes.iter_mut().zip(put).min_by_key(rank);
        let (slot, put) = slot.ok_or(Error::InvalidState)?;
        replace(provider, slot, session)?;
        *count = count.saturating_add(1);
        *put = *count;
        Ok(())
    }

    fn poll_take(
        &self,
        _: &mut P,
        server_name: Option<&ServerName<'_>>,
        out: &mut [u8],
    ) -> Poll<Result<Option<usize>>> {
        let mut slots = self.slots.lock();
        Poll::Ready(Ok(slots.bytes.iter_mut().find_map(|slot| take(slot, server_name, out))))
    }
}

/// Room for one session in memory that the application lends: what a device keeps over deep sleep or a reset, in memory
/// that stays or in a copy of it in flash. Memory that holds anything else is as if it were empty.
///
/// A spin lock is held while the session is copied, as by [`MemorySessions`].
///
/// ```
/// # use saitls_core::session::StoredSession;
/// // In memory that outlives deep sleep, as the linker script of the board has it.
/// let mut retained = [0; 400];
/// let sessions = StoredSession::new(&mut retained);
/// // ... connections, with `ClientConfig::with_sessions(&sessions)` ...
/// let retained = sessions.into_storage(); // To be written to flash.
/// # let _ = retained;
/// ```
pub struct StoredSession<'a> {
    bytes: Mutex<Storage<'a, u8>>,
}

impl<'a> StoredSession<'a> {
    /// In these bytes, with the session that is there, if there is one.
    pub fn new(bytes: impl Into<Storage<'a, u8>>) -> Self {
        Self { bytes: Mutex::new(bytes.into()) }
    }

    /// The bytes, with the session in them. **It may be as secret as a key.**
    #[must_use]
    pub fn into_storage(self) -> Storage<'a, u8> {
        self.bytes.into_inner()
    }

    /// Copies the bytes of the session to the front of `out`, and returns how many these are; `None` if there is no
    /// session, or if it does not fit.
    pub fn copy_to(&self, out: &mut [u8]) -> Option<usize> {
        copy(&self.bytes.lock(), out)
    }
}

impl<P: CryptoProvider> SessionStore<P> for StoredSession<'_> {
    fn put(&self, provider: &mut P, session: &Session<'_>) -> Result<()> {
        replace(provider, &mut self.bytes.lock(), session)
    }

    fn poll_take(
        &self,
        _: &mut P,
        server_name: Option<&ServerName<'_>>,
        out: &mut [u8],
    ) -> Poll<Result<Option<usize>>> {
        Poll::Ready(Ok(take(&mut self.bytes.lock(), server_name, out)))
    }
}

/// Puts a session into a slot; what was there is discarded.
fn replace<P: CryptoProvider>(provider: &mut P, slot: &mut [u8], session: &Session<'_>) -> Result<()> {
    if session.len() > slot.len() {
        return Err(Error::ReceiveBufferTooSmall(ByteCount::new(session.len())));
    }
    if let Ok(old) = Session::read(slot) {
        old.discard(provider);
    }
    slot.zeroize();
    session.write(slot).map(drop).ok_or(Error::Internal)
}

/// Takes the session out of a slot, if it is with this peer and fits.
fn take(slot: &mut [u8], server_name: Option<&ServerName<'_>>, out: &mut [u8]) -> Option<usize> {
    Session::read(slot).ok().filter(|session| session.is_with(server_name))?;
    let len = copy(slot, out)?;
    slot.zeroize();
    Some(len)
}

fn copy(slot: &[u8], out: &mut [u8]) -> Option<usize> {
    let len = Session::read(slot).ok()?.len();
    out.get_mut(..len)?.copy_from_slice(slot.get(..len)?);
    Some(len)
}
