//! What a handshake keeps between its steps.

#[cfg(feature = "early-data")]
use super::early_data_memory::ClientEarlyData;
use super::taken::SessionMemory;
use crate::crypto::{CryptoProvider, Digest};
use crate::error::{Error, Result};
use crate::handshake::{Facts, PeerNotes};
use crate::identity::ChosenIdentity;
#[cfg(feature = "tickets")]
use crate::key_schedule::{Early, Resumption};
use crate::key_schedule::{Exporter, Main, Transcript};

/// What of the key schedule outlives a step. It has its place here, so that no state carries it: what is moved from
/// state to state is copied by code, and secrets are long.
pub(super) enum Schedule<P: CryptoProvider> {
    /// Nothing was agreed on, or all was forgotten.
    Nothing,
    /// On a client that resumes a session, until the ServerHello.
    #[cfg(feature = "tickets")]
    Early(Early<P>),
    /// From the ServerHello to the client's Finished.
    Main(Main<P>),
    /// After that.
    Complete(Complete<P>),
}

/// What stays of the key schedule when both have finished.
pub(super) struct Complete<P: CryptoProvider> {
    pub(super) exporter: Exporter<P>,
    /// What tickets are for, if there can be some.
    #[cfg(feature = "tickets")]
    pub(super) resumption: Option<Resumption<P>>,
}

/// What a server's tickets stand for, beside what [`Facts`] has.
#[cfg(feature = "tickets")]
pub(crate) struct SessionFacts {
    /// A hash of what a session must not be resumed without, if there can be tickets.
    pub(crate) policy: Option<[u8; 32]>,
    /// When the session had its first handshake, if this one resumes it and that is known.
    pub(crate) began: Option<u64>,
    /// How many tickets are to be sent.
    pub(crate) owed: u8,
    /// How many, if the handshake resumes a session.
    pub(crate) owed_resumed: u8,
    /// The client said how many it wants (RFC 9149).
    pub(crate) is_count_asked: bool,
}

/// What a handshake keeps between its steps, and some of it as long as the connection lasts.
pub(crate) struct Memory<'a, P: CryptoProvider> {
    pub(super) transcript: Transcript<P>,
    pub(super) schedule: Schedule<P>,
    /// The transcript through the server's Finished, once it is there: all arrows of the Main Secret but one are of it.
    pub(super) server_finished: Option<Digest>,
    pub(crate) facts: Facts,
    pub(crate) notes: PeerNotes<'a>,
    /// The session that a client resumes.
    pub(crate) resuming: SessionMemory<'a>,
    #[cfg(feature = "early-data")]
    pub(crate) early_data: ClientEarlyData<P>,
    /// The identity we present, once it is chosen. It stays, for the application.
    pub(crate) identity: Option<ChosenIdentity<'a, P>>,
    #[cfg(feature = "tickets")]
    pub(crate) session: SessionFacts,
}

impl<'a, P: CryptoProvider> Memory<'a, P> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "so that it is made where it will stay")]
    pub(crate) const fn new(notes: PeerNotes<'a>, resuming: SessionMemory<'a>) -> Self {
        Self {
            transcript: Transcript::none(),
            schedule: Schedule::Nothing,
            server_finished: None,
            facts: Facts::new(),
            notes,
            resuming,
            #[cfg(feature = "early-data")]
            early_data: ClientEarlyData::none(),
            identity: None,
            #[cfg(feature = "tickets")]
            session: SessionFacts { policy: None, began: None, owed: 0, owed_resumed: 0, is_count_asked: false },
        }
    }

    /// Forgets a ClientHello, as if it had never come.
    pub(super) fn forget_hello(&mut self) {
        self.end_handshake();
        self.facts = Facts::new();
        self.identity = None;
        #[cfg(feature = "tickets")]
        {
            self.session.policy = None;
            self.notes.forget();
        }
    }

    /// Drops what only the handshake needs.
    #[inline(never)]
    pub(crate) fn end_handshake(&mut self) {
        self.transcript = Transcript::none();
        self.resuming.forget();
        #[cfg(feature = "early-data")]
        self.early_data.forget();
    }

    /// The chain of the identity that we have presented, and signed with.
    pub(crate) fn presented(&self) -> Option<&'a [&'a [u8]]> {
        self.identity.as_ref().filter(|_| self.facts.local_scheme.is_some()).map(|chosen| chosen.certificate_chain)
    }

    /// Drops everything secret.
    pub(crate) fn forget(&mut self) {
        self.end_handshake();
        self.schedule = Schedule::Nothing;
        #[cfg(feature = "early-data")]
        {
            self.early_data.exporter = None;
        }
    }

    /// Who the peer is, is not known after all.
    pub(crate) const fn forget_peer(&mut self) {
        self.facts.peer_authentication = None;
    }

    /// The early exporter secret, if there was early data.
    #[cfg(feature = "early-data")]
    pub(crate) const fn early_exporter(&self) -> Option<&Exporter<P>> {
        self.early_data.exporter.as_ref()
    }

    /// TLS-Exporter (RFC 9846 7.5).
    ///
    /// # Errors
    /// [`Error::InvalidState`] before the handshake is complete, and when all was forgotten.
    pub(crate) fn export(&self, provider: &mut P, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<()> {
        match &self.schedule {
            Schedule::Complete(complete) => complete.exporter.export(provider, label, context, out),
            _ => Err(Error::InvalidState),
        }
    }

    /// The PSK of a ticket with this nonce (RFC 9846 4.7.1).
    ///
    /// # Errors
    /// [`Error::InvalidState`] before the handshake is complete, if there can be no tickets, and when all was
    /// forgotten.
    #[cfg(feature = "tickets")]
    pub(crate) fn resumption_psk(&self, provider: &mut P, ticket_nonce: &[u8]) -> Result<P::Secret> {
        match &self.schedule {
            Schedule::Complete(Complete { resumption: Some(resumption), .. }) => resumption.psk(provider, ticket_nonce),
            _ => Err(Error::InvalidState),
        }
    }
}
