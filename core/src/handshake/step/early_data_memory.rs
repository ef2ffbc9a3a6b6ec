//! What both ends remember of early data.

use crate::crypto::CryptoProvider;
use crate::key_schedule::Exporter;

/// What became of early data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyDataStatus {
    /// There is none: a client was not asked for any, or has no ticket that allows it; or it said nothing of it to this
    /// server.
    NotOffered,
    /// It can be sent; the server has not said yet whether it takes it.
    Pending,
    /// The server takes all of it, once, unless somebody replays it.
    Accepted,
    /// The server has taken none of it, and never will: what of it matters is to be sent again.
    Rejected,
}

/// The early data of a client, on either side.
pub(crate) struct ClientEarlyData<P: CryptoProvider> {
    pub(crate) status: EarlyDataStatus,
    /// Whether there can be more.
    pub(crate) is_open: bool,
    /// How many bytes more there can be.
    pub(crate) room: u32,
    /// What the client sends with behind it.
    pub(super) withheld: Option<P::Secret>,
    /// On a server.
    pub(super) exporter: Option<Exporter<P>>,
}

impl<P: CryptoProvider> ClientEarlyData<P> {
    pub(super) const fn none() -> Self {
        Self { status: EarlyDataStatus::NotOffered, is_open: false, room: 0, withheld: None, exporter: None }
    }

    /// There will be no more.
    pub(super) fn forget(&mut self) {
        self.is_open = false;
        self.withheld = None;
    }
}
