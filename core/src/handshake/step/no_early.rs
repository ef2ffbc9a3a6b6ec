//! What stands in the place of early data in a build without it.

use super::Step;
use crate::crypto::{CryptoProvider, Digest};
use crate::error::{Error, Result};
use crate::handshake::evidence::EarlyDataTaken;
use crate::key_schedule::Arrow;
use crate::record::RecordAligned;

#[expect(clippy::unused_self, reason = "as where there is early data")]
impl<P: CryptoProvider> Step<'_, '_, P> {
    pub(in crate::handshake) const fn note_early_data(&self) {}

    pub(in crate::handshake) const fn expect_early_data(&self, _: Arrow<'_, P>, _: &Digest) -> Result<()> {
        Err(Error::Internal)
    }

    pub(in crate::handshake) const fn early_data_taken(&self) -> Option<EarlyDataTaken> {
        None
    }

    pub(in crate::handshake) fn end_early_data(&self, _: &EarlyDataTaken, _: RecordAligned) -> Result<()> {
        Err(Error::Internal)
    }
}
