//! What stands in the place of early data in a build without it: nothing, and no memory for it.

use super::{Memory, Step, keys};
use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Digest};
use crate::error::Result;
use crate::key_schedule::Handshake;

impl<P: CryptoProvider> Memory<'_, P> {
    #[expect(clippy::unused_self, reason = "as where there is early data")]
    pub(in crate::handshake) const fn offers_early_data(&self) -> bool {
        false
    }
}

#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as where there is early data")]
impl<P: CryptoProvider> Step<'_, '_, P> {
    pub(in crate::handshake) const fn early_hash(&self) -> Option<HashAlgorithm> {
        None
    }

    pub(in crate::handshake) const fn begin_early_data(&self, _: usize, _: bool) -> Result<()> {
        Ok(())
    }

    pub(in crate::handshake) const fn reject_early_data(&self) {}

    pub(in crate::handshake) fn k_send_handshake(
        &mut self,
        handshake: &Handshake<P>,
        transcript: &Digest,
    ) -> Result<()> {
        self.k_send(&keys::Key::Handshake(handshake.client_traffic(), transcript))
    }

    pub(in crate::handshake) const fn awaits_early_data(&self) -> bool {
        false
    }

    pub(in crate::handshake) const fn was_denied_early_data(&self) -> bool {
        false
    }

    pub(in crate::handshake) const fn conclude_early_data(&self, _: bool) -> Result<()> {
        Ok(())
    }
}
