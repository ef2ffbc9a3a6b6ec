//! Early data that a server takes.

use super::Connection;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};

/// Early data of a client, which **somebody may have sent before, and may send again** (RFC 9846 8): whoever acts on it
/// must be ready to do so twice. To read a page is fine, to open a valve is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ReplayableData<'c>(&'c [u8]);

impl<'c> ReplayableData<'c> {
    /// The bytes, of which all that was said holds.
    #[must_use]
    pub const fn as_replayable_bytes(self) -> &'c [u8] {
        self.0
    }
}

impl<P: CryptoProvider> Connection<'_, P> {
    /// On a server that [takes early data](crate::config::ServerConfig::with_early_data): what came of it, in order,
    /// and is not [read](Self::replayable_data_read) yet. It comes before the handshake is complete, which waits for it
    /// to be read ([`WaitingFor::Application`](crate::WaitingFor::Application)), and never from [`data`](Self::data).
    pub fn replayable_data(&self) -> Option<ReplayableData<'_>> {
        let data = self.receive.data();
        (self.is_handshaking() && !data.is_empty()).then_some(ReplayableData(data))
    }

    /// Says that `len` bytes of [`replayable_data`](Self::replayable_data) were read.
    pub fn replayable_data_read(&mut self, len: usize) {
        if self.is_handshaking() {
            self.receive.consume(len);
        }
    }

    /// Keying material as [`export`](Self::export) gives, but of the early exporter secret (RFC 9846 7.5), on a server
    /// that took early data: as old as that, and the same in a replay.
    ///
    /// # Errors
    /// [`Error::InvalidState`] if no early data was taken, and when the connection is over; what `Secret::export` says.
    pub fn export_early(&self, provider: &mut P, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<()> {
        self.memory.early_exporter().ok_or(Error::InvalidState)?.export(provider, label, context, out)
    }
}
