//! Early data that a server takes (RFC 9846 4.3.10).

use super::early_data_memory::EarlyDataStatus;
use super::{Key, Step};
use crate::crypto::{CryptoProvider, Digest};
use crate::error::{Error, Result};
use crate::handshake::evidence::EarlyDataTaken;
use crate::key_schedule::{Arrow, Early, Exporter};
use crate::limits::{MAX_CIPHERTEXT_LEN, RECORD_HEADER_LEN};
use crate::record::{Next, RecordAligned};

impl<P: CryptoProvider> Step<'_, '_, P> {
    /// The client offers early data, of which nobody knows yet that it will be taken.
    pub(in crate::handshake) const fn note_early_data(&mut self) {
        self.memory.early_data.status = EarlyDataStatus::Rejected;
    }

    /// Whether there is room for any record of so much early data, whose client knows no limit of ours.
    pub(in crate::handshake) fn fits_early_data(&self, most: u32) -> bool {
        let longest = usize::try_from(most).unwrap_or(usize::MAX).min(MAX_CIPHERTEXT_LEN.saturating_sub(17));
        self.carrier.capacity().receive >= longest.saturating_add(RECORD_HEADER_LEN).saturating_add(17)
    }

    /// The client's early data is taken, `most` bytes of it at most. The transcript goes through the ClientHello.
    pub(in crate::handshake) fn take_early_data(
        &mut self,
        early: &Early<P>,
        most: u32,
        aligned: RecordAligned,
    ) -> Result<()> {
        let transcript = self.transcript_hash()?;
        let exporter = Exporter::new(self.secret(&Key::Handshake(early.exporter(), &transcript))?, self.hash());
        self.k_recv(&Key::Handshake(early.client_traffic(), &transcript), aligned)?;
        let early_data = &mut self.memory.early_data;
        early_data.exporter = Some(exporter);
        early_data.room = most;
        early_data.status = EarlyDataStatus::Accepted;
        Ok(())
    }

    /// The ServerHello is out: early data may come, and the key of this arrow is kept for what follows it.
    pub(in crate::handshake) fn expect_early_data(&mut self, arrow: Arrow<'_, P>, transcript: &Digest) -> Result<()> {
        self.memory.early_data.withheld = Some(self.secret(&Key::Handshake(arrow, transcript))?);
        self.expect(Next::EarlyData { most: self.memory.early_data.room })
    }

    /// Evidence that both were done.
    pub(in crate::handshake) fn early_data_taken(&self) -> Option<EarlyDataTaken> {
        self.memory.early_data.withheld.as_ref().map(|_| EarlyDataTaken::key_is_kept())
    }

    /// What was received is the last under the key of early data: K_recv is that of the handshake.
    pub(in crate::handshake) fn end_early_data(&mut self, _: &EarlyDataTaken, aligned: RecordAligned) -> Result<()> {
        let secret = self.memory.early_data.withheld.take().ok_or(Error::Internal)?;
        self.carrier.k_recv(self.provider, self.memory.facts.cipher_suite, secret, aligned)?;
        self.expect(Next::ClientFlight { early_data: false })
    }
}
