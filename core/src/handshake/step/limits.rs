//! How long records may be.

use super::Step;
use crate::codes::MaxFragmentLength;
use crate::crypto::CryptoProvider;
use crate::wire::extensions::RecordSizeLimit;

impl<P: CryptoProvider> Step<'_, '_, P> {
    /// The record_size_limit to advertise: what fits into the receive buffer, or less if so configured.
    #[inline(never)]
    pub(in crate::handshake) fn own_record_size_limit(&self) -> u16 {
        let fits = self.carrier.capacity().record_size_limit();
        self.common.record_size_limit.map_or(fits, |limit| limit.min(fits))
    }

    /// Both sides have a record_size_limit (RFC 8449 4), which counts the content type.
    pub(in crate::handshake) fn limit_records(&mut self, peers: RecordSizeLimit) {
        self.memory.facts.peer_record_size_limit = Some(peers.limit);
        let own = self.own_record_size_limit();
        self.carrier.limit(usize::from(peers.limit).saturating_sub(1), own.into());
    }

    /// The max_fragment_length that a client asks for: what it was told, or, beside a record_size_limit for a short
    /// buffer (RFC 8449 5), the longest that fits.
    #[inline(never)]
    pub(in crate::handshake) fn own_max_fragment_length(
        &self,
        told: Option<MaxFragmentLength>,
    ) -> Option<MaxFragmentLength> {
        if told.is_some() || !self.carrier.capacity().is_short() {
            return told;
        }
        MaxFragmentLength::longest_below(self.own_record_size_limit().into())
    }

    /// Both sides agreed on a max_fragment_length (RFC 6066 4), which does not.
    pub(in crate::handshake) fn limit_fragments(&mut self, bytes: usize) {
        self.carrier.limit(bytes, bytes.saturating_add(1));
    }

    /// The server agreed to the max_fragment_length that was asked for because the buffer is short. Erlang's agrees and
    /// does as it likes: from it, whatever fits will do.
    pub(in crate::handshake) fn limit_fragments_to_fit(&mut self, bytes: usize) {
        self.carrier.limit(bytes, self.own_record_size_limit().into());
    }

    /// Forgets the ClientHello, as if it had never come.
    pub(in crate::handshake) fn forget_hello(&mut self) {
        self.memory.forget_hello();
    }
}
