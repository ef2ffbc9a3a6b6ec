//! What a state can do.

#[cfg(feature = "psk")]
mod binders;
#[cfg(feature = "early-data")]
mod early;
#[cfg(not(feature = "early-data"))]
#[path = "no_early_data.rs"]
mod early_data;
#[cfg(feature = "early-data")]
mod early_data;
#[cfg(feature = "early-data")]
mod early_data_memory;
mod keys;
mod limits;
mod memory;
#[cfg(not(feature = "early-data"))]
mod no_early;
#[cfg(not(feature = "tickets"))]
#[path = "no_session.rs"]
mod session;
#[cfg(feature = "tickets")]
mod session;
#[cfg(not(feature = "tickets"))]
#[path = "not_taken.rs"]
mod taken;
#[cfg(feature = "tickets")]
mod taken;
#[cfg(feature = "tickets")]
mod tickets;

#[cfg(feature = "early-data")]
pub use early_data_memory::EarlyDataStatus;
pub(super) use keys::Key;
pub(crate) use memory::Memory;
#[cfg(feature = "tickets")]
pub(crate) use memory::SessionFacts;
#[cfg(feature = "psk")]
pub(super) use session::Ticket;
pub(crate) use taken::SessionMemory;

use super::{Agreements, Facts, PeerNotes};
use crate::codes::{CipherSuite, HashAlgorithm, NamedGroup, SignatureScheme};
use crate::config::Common;
use crate::crypto::{CryptoProvider, Digest};
use crate::error::{Error, Result};
use crate::identity::{ChosenIdentity, Identities, IdentityRequest, Presenting, Side, SignedContent};
use crate::record::Carrier;
use crate::sender::Sender;
use crate::waiting::{Operation, WaitingFor};
use crate::wire::{Message, Writer};
use core::ops::Range;
use core::task::Poll;

/// A step of a handshake: what it may do, and what with.
pub(crate) struct Step<'c, 'a, P: CryptoProvider> {
    provider: &'c mut P,
    common: &'c Common<'a>,
    carrier: &'c mut (dyn Carrier<P, Guest = Agreements<P>> + 'c),
    memory: &'c mut Memory<'a, P>,
    /// Why it is pending.
    waiting_for: &'c mut WaitingFor,
    /// Part of the message to be kept when it is consumed.
    retained: Option<Range<usize>>,
}

impl<'c, 'a, P: CryptoProvider> Step<'c, 'a, P> {
    pub(crate) fn new(
        provider: &'c mut P,
        common: &'c Common<'a>,
        carrier: &'c mut (dyn Carrier<P, Guest = Agreements<P>> + 'c),
        memory: &'c mut Memory<'a, P>,
        waiting_for: &'c mut WaitingFor,
    ) -> Self {
        Self { provider, common, carrier, memory, waiting_for, retained: None }
    }

    /// Which part of the message is to be kept when it is consumed.
    pub(crate) fn into_retained(self) -> Option<Range<usize>> {
        self.retained
    }

    // ---- what there is

    pub(super) const fn provider(&mut self) -> &mut P {
        self.provider
    }

    pub(super) const fn common(&self) -> &'c Common<'a> {
        self.common
    }

    pub(super) const fn facts(&mut self) -> &mut Facts {
        &mut self.memory.facts
    }

    pub(super) const fn notes(&mut self) -> &mut PeerNotes<'a> {
        &mut self.memory.notes
    }

    /// The identity we present, once it is chosen.
    pub(super) const fn identity(&self) -> Option<&ChosenIdentity<'a, P>> {
        self.memory.identity.as_ref()
    }

    /// The hash of the negotiated suite.
    pub(super) const fn hash(&self) -> HashAlgorithm {
        self.memory.facts.cipher_suite.hash()
    }

    /// The suites to negotiate.
    pub(super) fn cipher_suites(&self) -> impl Iterator<Item = CipherSuite> {
        self.common.cipher_suites(&*self.provider)
    }

    /// The groups to negotiate: those with long shares only if these fit.
    pub(super) fn named_groups(&self) -> impl Iterator<Item = NamedGroup> {
        self.common.named_groups(&*self.provider, self.carrier.capacity().fits_hybrids())
    }

    /// The groups of the configuration, whatever fits.
    pub(super) fn all_named_groups(&self) -> impl Iterator<Item = NamedGroup> {
        self.common.named_groups(&*self.provider, true)
    }

    /// Whether there is room for the shares of hybrid groups.
    pub(super) fn fits_hybrids(&self) -> bool {
        self.carrier.capacity().fits_hybrids()
    }

    /// The schemes to accept in CertificateVerify.
    pub(super) fn handshake_schemes(&self) -> impl Iterator<Item = SignatureScheme> {
        self.common.handshake_schemes(&*self.provider)
    }

    /// The schemes to accept in certificates.
    pub(super) fn certificate_schemes(&self) -> impl Iterator<Item = SignatureScheme> {
        self.common.certificate_schemes(&*self.provider)
    }

    /// Whether the client is to get tickets.
    #[allow(clippy::unused_self, reason = "a build without them has none")]
    pub(super) const fn owes_tickets(&self) -> bool {
        #[cfg(feature = "tickets")]
        return self.memory.session.policy.is_some();
        #[cfg(not(feature = "tickets"))]
        false
    }

    /// How many tickets the client is to get, if it said how many it wants.
    #[allow(clippy::unused_self, reason = "a build without them has none")]
    pub(super) fn expected_tickets(&self) -> Option<u8> {
        #[cfg(feature = "tickets")]
        return self.memory.session.is_count_asked.then_some(self.memory.session.owed);
        #[cfg(not(feature = "tickets"))]
        None
    }

    // ---- waiting

    /// Says why a step is pending.
    pub(super) const fn pending<T>(&mut self, operation: Operation) -> Poll<Result<T>> {
        *self.waiting_for = WaitingFor::Operation(operation);
        Poll::Pending
    }

    /// Pending until all that was said has been sent.
    pub(super) fn poll_drained(&mut self) -> Poll<Result<()>> {
        if self.carrier.is_drained() {
            return Poll::Ready(Ok(()));
        }
        *self.waiting_for = WaitingFor::Transmit;
        Poll::Pending
    }

    /// Chooses the identity that suits what the peer asks for, if there is one.
    pub(super) fn poll_choose_identity(
        &mut self,
        identities: &Identities<'a, P>,
        request: &IdentityRequest<'_>,
    ) -> Poll<Result<()>> {
        match identities.poll_choose(self.provider, request, &mut self.memory.identity) {
            Poll::Pending => self.pending(Operation::IdentityChoice),
            ready => ready,
        }
    }

    // ---- the transcript

    /// Begins the transcript, empty, when the suite is known.
    pub(super) fn begin_transcript(&mut self, suite: CipherSuite) -> Result<()> {
        self.memory.transcript.begin(self.provider, suite.hash())
    }

    /// Begins the transcript with the ClientHello that we sent first, of `len` bytes, unless it has begun.
    pub(super) fn begin_transcript_with_hello(&mut self, suite: CipherSuite, len: usize) -> Result<()> {
        if !self.memory.transcript.is_none() {
            return Ok(());
        }
        self.begin_transcript(suite)?;
        let mut at = 0usize;
        while at < len {
            let part = self.carrier.recall(at);
            if part.is_empty() {
                return Err(Error::Internal);
            }
            self.memory.transcript.add(self.provider, part)?;
            at = at.saturating_add(part.len());
        }
        Ok(())
    }

    /// Replaces the first ClientHello by its hash, as a HelloRetryRequest wants it.
    pub(super) fn replace_by_message_hash(&mut self, suite: CipherSuite) -> Result<()> {
        self.memory.transcript.replace_by_message_hash(self.provider, suite.hash())
    }

    /// The point of no return for a message: it becomes part of the transcript.
    pub(super) fn accept(&mut self, message: &Message<'_>) -> Result<()> {
        self.memory.transcript.add(self.provider, message.bytes)
    }

    /// The hash of the transcript so far.
    pub(super) fn transcript_hash(&mut self) -> Result<Digest> {
        self.memory.transcript.hash(self.provider)
    }

    /// What a CertificateVerify of `side` signs now.
    pub(super) fn fill(&mut self, content: &mut SignedContent, side: Side) -> Result<()> {
        content.fill(self.provider, &mut self.memory.transcript, side)
    }

    /// Keeps a part of the message when it is consumed.
    pub(super) const fn retain(&mut self, part: Range<usize>) {
        self.retained = Some(part);
    }

    // ---- sending

    const fn sender(&mut self) -> Sender<'_, P> {
        Sender {
            provider: self.provider,
            flight: self.carrier,
            transcript: &mut self.memory.transcript,
            waiting_for: self.waiting_for,
        }
    }

    /// Sends a message.
    pub(super) fn poll_send(&mut self, write: &mut dyn FnMut(&mut Writer<'_>, &P)) -> Poll<Result<()>> {
        self.sender().poll_send(write)
    }

    /// Sends the message of `len` bytes that was drafted.
    pub(super) fn commit(&mut self, len: usize) -> Result<()> {
        self.sender().commit(len)
    }

    /// Sends it without adding it to the transcript, whose hash is not known yet.
    pub(super) fn commit_first(&mut self, len: usize) -> Result<()> {
        self.carrier.commit(self.provider, len)
    }

    /// Where a draft was too long for its room, the length of the buffer that it needs.
    pub(super) fn explain(&mut self, error: Error) -> Error {
        self.sender().explain(error)
    }

    /// Sends one of the messages that present our identity.
    pub(super) fn poll_present(&mut self, what: Presenting<'_>) -> Poll<Result<()>> {
        let Memory { identity, transcript, facts, .. } = &mut *self.memory;
        let identity = identity.as_ref().ok_or(Error::Internal)?;
        if let Presenting::Signature(_) = what {
            facts.local_scheme = Some(identity.scheme);
        }
        let (flight, waiting_for) = (&mut *self.carrier, &mut *self.waiting_for);
        identity.poll_present(&mut Sender { provider: self.provider, flight, transcript, waiting_for }, what)
    }

    /// The record of compatibility mode (RFC 9846 E.4), in front of the `drafted` bytes of a message.
    pub(super) fn change_cipher_spec(&mut self, drafted: usize) -> Result<()> {
        self.carrier.change_cipher_spec(self.provider, drafted)
    }

    /// Drafts a message and returns its length; it is not sent yet.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`] with its length if it is too long.
    pub(super) fn write(&mut self, write: &mut dyn FnMut(&mut Writer<'_>, &P, &Memory<'_, P>)) -> Result<usize> {
        let mut writer = Writer::new(self.carrier.draft());
        write(&mut writer, self.provider, self.memory);
        writer.finish()
    }

    /// Key agreements, and room for the message that they are for.
    pub(super) fn agreements(&mut self) -> Result<(&mut P, &mut Agreements<P>, &mut [u8])> {
        let (agreements, draft) = self.carrier.guest()?;
        Ok((self.provider, agreements, draft))
    }
}
