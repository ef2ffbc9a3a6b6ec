//! Early data of a client (RFC 9846 2.3, 4.3.10).

use super::early_data_memory::EarlyDataStatus;
use super::memory::Schedule;
use super::{Memory, Step, keys};
use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Digest};
use crate::error::{Error, PeerFault, Result};
use crate::key_schedule::{Arrow, Handshake};
use crate::limits::MAX_EARLY_DATA;
use crate::psk::PskKind;
use crate::session::{Age, ClientSessions};

impl<P: CryptoProvider> Memory<'_, P> {
    /// Whether a ClientHello says that early data follows.
    pub(in crate::handshake) fn offers_early_data(&self) -> bool {
        self.early_data.status == EarlyDataStatus::Pending
    }
}

impl<P: CryptoProvider> Step<'_, '_, P> {
    /// With the ticket that is offered there can be early data, if it is wished for, if the ticket allows it and its
    /// age is known, and if the application protocol of then is one of ours.
    pub(super) fn prepare_early_data(&mut self, sessions: &ClientSessions<'_, P>) {
        let (Some(session), Schedule::Early(_)) = (self.memory.resuming.get(), &self.memory.schedule) else { return };
        let alpn = self.common.alpn;
        let has_protocol = session.alpn.map_or(alpn.is_empty(), |protocol| alpn.contains(&protocol));
        let is_known = matches!(sessions.age(&session), Age::Known(_));
        if sessions.early_data && session.max_early_data > 0 && is_known && has_protocol {
            self.memory.early_data.room = session.max_early_data.min(MAX_EARLY_DATA);
            self.memory.early_data.status = EarlyDataStatus::Pending;
        }
    }

    /// The hash of all suites that are offered, if early data is: the transcript begins with it.
    pub(in crate::handshake) fn early_hash(&self) -> Option<HashAlgorithm> {
        let is_offered = self.memory.early_data.status != EarlyDataStatus::NotOffered;
        self.memory.resuming.get().filter(|_| is_offered).map(|session| session.cipher_suite.hash())
    }

    /// The first ClientHello, of `hello_len` bytes, was sent: K_send is that of early data, if it says that there is
    /// some.
    pub(in crate::handshake) fn begin_early_data(&mut self, hello_len: usize, in_disguise: bool) -> Result<()> {
        if !self.memory.offers_early_data() {
            return Ok(());
        }
        let suite = self.ticket_suite().ok_or(Error::Internal)?;
        self.begin_transcript_with_hello(suite, hello_len)?;
        if in_disguise {
            self.change_cipher_spec(0)?;
        }
        let transcript = self.transcript_hash()?;
        let Schedule::Early(early) = &self.memory.schedule else { return Err(Error::Internal) };
        let (provider, facts) = (&mut *self.provider, &self.memory.facts);
        if self.common.key_log.is_some() {
            keys::derive(provider, self.common, facts, &early.exporter(), &transcript)?;
        }
        let secret = keys::derive(provider, self.common, facts, &early.client_traffic(), &transcript)?;
        self.carrier.k_send(self.provider, suite, secret)?;
        self.memory.early_data.is_open = true;
        Ok(())
    }

    /// The server takes none of it: what was not sealed is dropped, and there is no key to send with.
    pub(in crate::handshake) fn reject_early_data(&mut self) {
        if self.memory.offers_early_data() {
            self.carrier.k_send_nothing();
            self.memory.early_data.is_open = false;
            self.memory.early_data.status = EarlyDataStatus::Rejected;
        }
    }

    /// K_send as a ServerHello wants it: where the server may take early data, the key waits until all of that was
    /// said.
    pub(in crate::handshake) fn k_send_handshake(
        &mut self,
        handshake: &Handshake<P>,
        transcript: &Digest,
    ) -> Result<()> {
        if self.memory.facts.psk != Some(PskKind::Resumption) {
            self.reject_early_data();
        }
        let arrow: Arrow<'_, P> = handshake.client_traffic();
        if !self.memory.offers_early_data() {
            return self.k_send(&keys::Key::Handshake(arrow, transcript));
        }
        let secret = keys::derive(self.provider, self.common, &self.memory.facts, &arrow, transcript)?;
        self.memory.early_data.withheld = Some(secret);
        Ok(())
    }

    /// Whether the server is to say whether it takes early data.
    pub(in crate::handshake) fn awaits_early_data(&self) -> bool {
        self.memory.offers_early_data()
    }

    /// Whether the server cannot take the early data that this ClientHello has, for it chose another key than that of
    /// the ticket.
    pub(in crate::handshake) fn was_denied_early_data(&self) -> bool {
        let facts = &self.memory.facts;
        self.memory.early_data.status == EarlyDataStatus::Rejected && facts.psk.is_some() && !facts.retried
    }

    /// The server has said whether it takes early data. If it does, all is as it was when the session began (RFC 9846
    /// 4.3.10).
    pub(in crate::handshake) fn conclude_early_data(&mut self, accepted: bool) -> Result<()> {
        if !self.memory.offers_early_data() {
            return Ok(());
        }
        if !accepted {
            self.reject_early_data();
            return self.k_send_withheld();
        }
        let facts = &self.memory.facts;
        let session = self.memory.resuming.get().ok_or(Error::Internal)?;
        let alpn = facts.alpn.and_then(|index| self.common.alpn.get(usize::from(index)).copied());
        if session.cipher_suite != facts.cipher_suite || session.alpn != alpn {
            return Err(PeerFault::IllegalParameter.into());
        }
        self.memory.early_data.status = EarlyDataStatus::Accepted;
        Ok(())
    }

    /// The server has finished: whether there is an end of early data to be said. There can be no more of it.
    pub(in crate::handshake) const fn owes_end_of_early_data(&mut self) -> bool {
        self.memory.early_data.is_open = false;
        matches!(self.memory.early_data.status, EarlyDataStatus::Accepted)
    }

    /// K_send is the key that was withheld.
    pub(in crate::handshake) fn k_send_withheld(&mut self) -> Result<()> {
        let secret = self.memory.early_data.withheld.take().ok_or(Error::Internal)?;
        self.carrier.k_send(self.provider, self.memory.facts.cipher_suite, secret)
    }
}
