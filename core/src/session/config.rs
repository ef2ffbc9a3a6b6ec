//! What a client decides on sessions.

use super::{Session, SessionStore};
use crate::crypto::{Clock, CryptoProvider, PeerVerifier, TrustFingerprint};
use crate::identity::Identities;
use crate::limits::{MAX_RESUMPTIONS_WITHOUT_CLOCK, MAX_TICKET_LIFETIME};
use core::task::Waker;

/// What a client does with sessions.
pub(crate) struct ClientSessions<'a, P: CryptoProvider> {
    pub(crate) store: Option<&'a dyn SessionStore<P>>,
    pub(crate) clock: Option<&'a dyn Clock>,
    /// How many tickets a server is asked for.
    pub(crate) requested: Option<u8>,
    /// Early data is wished for.
    #[cfg(feature = "early-data")]
    pub(crate) early_data: bool,
}

/// The age of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// Seconds, never more than the truth.
    Known(u32),
    /// There is no clock.
    Unknown,
    /// The session is too old; or there is a clock, and by it nobody knows.
    Over,
}

impl<P: CryptoProvider> ClientSessions<'_, P> {
    pub(crate) const fn none() -> Self {
        Self {
            store: None,
            clock: None,
            requested: None,
            #[cfg(feature = "early-data")]
            early_data: false,
        }
    }

    pub(crate) const fn is_some(&self) -> bool {
        self.store.is_some()
    }

    pub(crate) fn requested(&self) -> Option<u8> {
        self.requested.filter(|_| self.is_some())
    }

    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        self.store.is_some_and(|store| store.register_waker(provider, waker))
    }

    /// The time in seconds since 1970, if it is known.
    pub(crate) fn now(&self) -> Option<u64> {
        self.clock.and_then(|clock| clock.now().ok()).map(|time| time.as_secs())
    }

    /// How old a session is now. It ends with the lifetime of its ticket, and seven days after the full handshake that
    /// it comes from, however often it was renewed since (RFC 9846 4.7.1); without a clock, with a number of
    /// resumptions.
    pub(crate) fn age(&self, session: &Session<'_>) -> Age {
        let Some(now) = self.now() else {
            return if session.resumptions < MAX_RESUMPTIONS_WITHOUT_CLOCK { Age::Unknown } else { Age::Over };
        };
        let since = |time: Option<u64>| now.checked_sub(time?).and_then(|age| u32::try_from(age).ok());
        match (since(session.received), since(session.began)) {
            // Both times are rounded down: their difference may be a second too much.
            (Some(age), Some(all)) if age < session.lifetime.min(MAX_TICKET_LIFETIME) && all < MAX_TICKET_LIFETIME => {
                Age::Known(age.saturating_sub(1))
            }
            _ => Age::Over,
        }
    }
}

/// What a client trusts and who it is, as a fingerprint: a server knows who resumes a session by who began it. `None`
/// if that cannot be told.
pub(crate) fn fingerprint<P: CryptoProvider>(
    provider: &mut P,
    verifier: &dyn PeerVerifier<P>,
    identities: &Identities<'_, P>,
) -> Option<TrustFingerprint> {
    let verifier = verifier.fingerprint(provider).ok()??;
    let Some(list) = identities.as_list() else { return Some(verifier) };
    let leaves = list.iter().map(|identity| identity.certificate_chain.first().copied().unwrap_or_default());
    TrustFingerprint::of(provider, core::iter::once(&verifier.as_bytes()[..]).chain(leaves)).ok()
}
