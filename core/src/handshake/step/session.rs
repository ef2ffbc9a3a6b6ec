//! The session that a client resumes.

use super::memory::Schedule;
use super::{Memory, Step};
use crate::codes::CipherSuite;
use crate::crypto::{CryptoProvider, PeerVerifier, Secret};
use crate::error::{Error, Result};
use crate::identity::Identities;
use crate::key_schedule::Early;
use crate::session::{Age, ClientSessions, fingerprint, wipe_secret};
use crate::waiting::Operation;
use core::num::NonZero;
use core::task::Poll;
use rustls_pki_types::ServerName;

/// A ticket that is offered.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct Ticket<'m> {
    pub(in crate::handshake) suite: CipherSuite,
    pub(in crate::handshake) identity: &'m [u8],
    pub(in crate::handshake) obfuscated_age: u32,
}

impl<P: CryptoProvider> Memory<'_, P> {
    /// The ticket to be offered, if there is one.
    pub(in crate::handshake) fn ticket(&self) -> Option<Ticket<'_>> {
        let Schedule::Early(_) = self.schedule else { return None };
        self.resuming.get().map(|session| Ticket {
            suite: session.cipher_suite,
            identity: session.ticket,
            obfuscated_age: self.resuming.age.wrapping_add(session.age_add),
        })
    }
}

impl<P: CryptoProvider> Step<'_, '_, P> {
    /// The suite of the session that a client resumes.
    pub(in crate::handshake) fn ticket_suite(&self) -> Option<CipherSuite> {
        self.memory.ticket().map(|ticket| ticket.suite)
    }

    /// Takes a session with this server out of the store, if there is one to be resumed: its secret goes into the key
    /// schedule, and nowhere else. Whatever is wrong with it, it is dropped.
    pub(in crate::handshake) fn poll_take_session(
        &mut self,
        sessions: &ClientSessions<'_, P>,
        verifier: &dyn PeerVerifier<P>,
        identities: &Identities<'_, P>,
        server_name: Option<&ServerName<'_>>,
    ) -> Poll<Result<()>> {
        let Some(store) = sessions.store else { return Poll::Ready(Ok(())) };
        let memory = &mut self.memory.resuming;
        if memory.trust.is_none() {
            memory.trust = fingerprint(self.provider, verifier, identities);
        }
        if memory.trust.is_none() || memory.bytes.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let len = match store.poll_take(self.provider, server_name, &mut memory.bytes) {
            Poll::Pending => return self.pending(Operation::PreSharedKey),
            Poll::Ready(taken) => taken.ok().flatten().unwrap_or_default(),
        };
        memory.len = len.min(memory.bytes.len());
        match self.early(sessions, server_name) {
            Some(early) => {
                self.memory.schedule = Schedule::Early(early);
                #[cfg(feature = "early-data")]
                self.prepare_early_data(sessions);
            }
            None => self.memory.resuming.forget(),
        }
        Poll::Ready(Ok(()))
    }

    /// The Early Secret of the session that was taken, if it can be resumed. It was taken for this once.
    fn early(&mut self, sessions: &ClientSessions<'_, P>, server_name: Option<&ServerName<'_>>) -> Option<Early<P>> {
        let session = self.memory.resuming.get()?;
        let is_usable = session.is_with(server_name)
            && Some(session.trust) == self.memory.resuming.trust
            && self.cipher_suites().any(|suite| suite == session.cipher_suite)
            && sessions.age(&session) != Age::Over;
        let early = if is_usable {
            let secret = P::Secret::restore(self.provider, session.secret);
            secret.and_then(|secret| Early::new(self.provider, session.cipher_suite.hash(), &secret)).ok()
        } else {
            None
        };
        session.discard(self.provider);
        wipe_secret(&mut self.memory.resuming.bytes);
        early
    }

    /// Looks at the clock for the age of the ticket: once for each ClientHello, in front of its binders.
    pub(in crate::handshake) fn note_ticket_age(&mut self, sessions: &ClientSessions<'_, P>) {
        let age = self.memory.resuming.get().map(|session| sessions.age(&session));
        self.memory.resuming.age = match age {
            Some(Age::Known(seconds)) => seconds.saturating_mul(1_000),
            _ => 0,
        };
    }

    /// The session is resumed: its Early Secret, and what was verified when it was made.
    pub(in crate::handshake) fn resume(&mut self) -> Result<Early<P>> {
        let session = self.memory.resuming.get().ok_or(Error::Internal)?;
        let (began, resumptions) = (session.began.and_then(NonZero::new), session.resumptions.saturating_add(1));
        self.memory.facts.server_name_verified = session.name_verified;
        (self.memory.resuming.began, self.memory.resuming.resumptions) = (began, resumptions);
        match core::mem::replace(&mut self.memory.schedule, Schedule::Nothing) {
            Schedule::Early(early) => Ok(early),
            _ => Err(Error::Internal),
        }
    }
}
