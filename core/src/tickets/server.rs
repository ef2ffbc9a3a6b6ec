//! What a server does about tickets.

use super::Ticketer;
use crate::crypto::CryptoProvider;

/// How many tickets a client gets after a handshake that resumed nothing; our choice, as most servers'.
const DEFAULT_COUNT: u8 = 2;

/// What a server does about tickets.
pub(crate) struct ServerTickets<'a, P: CryptoProvider> {
    pub(crate) ticketer: Option<&'a dyn Ticketer<P>>,
    /// How many a client gets by itself.
    pub(crate) count: u8,
}

impl<P: CryptoProvider> ServerTickets<'_, P> {
    pub(crate) const fn none() -> Self {
        Self { ticketer: None, count: DEFAULT_COUNT }
    }
}
