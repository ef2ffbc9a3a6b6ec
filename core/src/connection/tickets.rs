//! Tickets that a server sends (RFC 9846 4.7.1).

use super::{Connection, Endpoint, PeerAuthentication};
use crate::codes::HandshakeType;
use crate::crypto::{CryptoProvider, MAX_STORED_SECRET_LEN, Secret};
use crate::error::{Error, Result};
use crate::handshake::Memory;
use crate::limits::MAX_TICKET_LIFETIME;
use crate::psk::PskKind;
use crate::tickets::{MAX_PROTOCOL_LEN, MAX_STATE_LEN, SessionOwner, SessionState, Ticketer};
use crate::wire::Writer;
use crate::wire::extensions::MaxEarlyDataSize;
use core::task::Poll;
use zeroize::Zeroize;

/// What stands in front of a ticket in its message: header, lifetime, age_add, nonce and lengths.
const FRONT_LEN: usize = 4 + 4 + 4 + (1 + 2) + 2;

/// A ticket that is being made. It stays as it is while its ticketer is busy, or there is no room for it.
pub(super) struct TicketDraft {
    /// Its PSK, as the provider stored it.
    stored: [u8; MAX_STORED_SECRET_LEN],
    len: usize,
    age_add: u32,
    issued: Option<u64>,
}

impl Drop for TicketDraft {
    fn drop(&mut self) {
        self.stored.as_mut_slice().zeroize();
    }
}

impl<P: CryptoProvider> Connection<'_, P> {
    /// On a server that [gives tickets](crate::config::ServerConfig::with_tickets): one more for this client, which
    /// [`process`](Self::process) sends. It carries on the session, and does not make it longer.
    ///
    /// # Errors
    /// [`Error::InvalidState`] on a client, before the handshake is complete, after [`close`](Self::close), and if the
    /// client can do nothing with tickets: it said nothing of resumption, or came with an external PSK.
    pub fn send_ticket(&mut self) -> Result<()> {
        if !self.may_send() || self.ticketer().is_none() || self.memory.session.policy.is_none() {
            return Err(Error::InvalidState);
        }
        self.memory.session.owed = self.memory.session.owed.saturating_add(1);
        Ok(())
    }

    const fn ticketer(&self) -> Option<&dyn Ticketer<P>> {
        match &self.endpoint {
            Endpoint::Server(config, _) => config.tickets.ticketer,
            Endpoint::Client(..) => None,
        }
    }

    /// Sends the tickets that are owed, as far as there is room and the ticketer keeps up.
    #[inline(never)]
    pub(super) fn send_tickets(&mut self, provider: &mut P) -> Result<()> {
        while self.memory.session.owed > 0 && !self.is_key_used_up() {
            let Endpoint::Server(config, _) = &self.endpoint else { return Ok(()) };
            let Some(ticketer) = config.tickets.ticketer else { return Ok(()) };
            if self.poll_ticket(provider, ticketer)?.is_pending() {
                if self.wishes.close {
                    // Nobody waits for it.
                    return self.drop_tickets(provider);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// There will be no more tickets. What the provider keeps for one that was begun is for nobody.
    pub(super) fn drop_tickets(&mut self, provider: &mut P) -> Result<()> {
        self.memory.session.owed = 0;
        match self.post_handshake.ticket.take() {
            Some(draft) => P::Secret::discard(provider, draft.stored.get(..draft.len).unwrap_or_default()),
            None => Ok(()),
        }
    }

    /// Makes the PSK of the next ticket. `false` if there can be none.
    fn begin_ticket(&mut self, provider: &mut P, ticketer: &dyn Ticketer<P>) -> Result<bool> {
        let nonce = self.post_handshake.tickets_sent.to_be_bytes();
        let psk = self.memory.resumption_psk(provider, &nonce)?;
        let mut age_add = [0; 4];
        provider.fill_random(&mut age_add)?;
        let mut draft = TicketDraft {
            stored: [0; MAX_STORED_SECRET_LEN],
            len: 0,
            age_add: u32::from_be_bytes(age_add),
            issued: ticketer.now(),
        };
        // Its secrets do not outlive their connection, or its chip is full: neither is a reason to end the connection.
        let Ok(len) = psk.store(provider, &mut draft.stored) else { return Ok(false) };
        draft.len = len;
        self.post_handshake.ticket = Some(draft);
        Ok(true)
    }

    /// How long the next ticket is good for, in seconds: for what is left of the session, whose client proved then who
    /// it is.
    fn ticket_lifetime(&self, ticketer: &dyn Ticketer<P>, issued: Option<u64>) -> Option<u32> {
        let lifetime = ticketer.lifetime().min(MAX_TICKET_LIFETIME);
        match (issued, self.memory.session.began) {
            (Some(now), Some(began)) => {
                let rest = u64::from(lifetime).checked_sub(now.checked_sub(began)?)?;
                u32::try_from(rest).ok().filter(|&rest| rest > 0)
            }
            // Nobody knows how old it is.
            _ if self.memory.facts.psk == Some(PskKind::Resumption)
                && self.memory.facts.peer_authentication == Some(PeerAuthentication::Certificate) =>
            {
                None
            }
            _ => Some(lifetime).filter(|&lifetime| lifetime > 0),
        }
    }

    /// How many bytes of early data the next ticket allows: none if nobody will know its age, or its protocol.
    fn max_early_data(&self, has_time: bool, ticketer: &dyn Ticketer<P>) -> u32 {
        let Endpoint::Server(config, _) = &self.endpoint else { return 0 };
        let keeps_protocol = self.protocol().is_none_or(|name| name.len() <= MAX_PROTOCOL_LEN);
        if keeps_protocol && (has_time || ticketer.is_single_use()) { config.tickets.max_early_data() } else { 0 }
    }

    fn poll_ticket(&mut self, provider: &mut P, ticketer: &dyn Ticketer<P>) -> Result<Poll<()>> {
        if self.post_handshake.ticket.is_none() {
            // What the provider stores has no owner until the ticket is out: nothing is stored before there is room.
            let certificate_len = self.memory.notes.certificate().map_or(0, <[u8]>::len);
            let longest = ticketer.ticket_len(MAX_STATE_LEN.saturating_add(certificate_len));
            if self.outgoing.poll_room(provider, longest.saturating_add(FRONT_LEN + 10))?.is_pending() {
                return Ok(Poll::Pending);
            }
            if self.post_handshake.tickets_sent == u16::MAX || !self.begin_ticket(provider, ticketer)? {
                self.memory.session.owed = 0;
                return Ok(Poll::Ready(()));
            }
        }
        let Some(draft) = self.post_handshake.ticket.as_ref() else { return Err(Error::Internal) };
        let (Some(policy), Some(owner), Some(lifetime)) =
            (self.memory.session.policy.as_ref(), owner(&self.memory), self.ticket_lifetime(ticketer, draft.issued))
        else {
            return self.drop_tickets(provider).map(Poll::Ready);
        };
        let max_early_data = self.max_early_data(draft.issued.is_some(), ticketer);
        let state = SessionState {
            cipher_suite: self.memory.facts.cipher_suite,
            secret: draft.stored.get(..draft.len).ok_or(Error::Internal)?,
            age_add: draft.age_add,
            issued: draft.issued,
            began: self.memory.session.began.or(draft.issued),
            max_early_data,
            policy,
            protocol: self.protocol(),
            owner,
        };
        let mut front = [0; MAX_STATE_LEN];
        let mut writer = Writer::new(&mut front);
        state.write_front(&mut writer);
        let front_len = writer.finish()?;
        let certificate = state.certificate();
        let age_add = draft.age_add;
        let room_len = ticketer.ticket_len(front_len.saturating_add(certificate.len()));
        let extensions_len = if max_early_data > 0 { 10 } else { 2 };
        let message_len = room_len.saturating_add(FRONT_LEN).saturating_add(extensions_len);
        if self.outgoing.poll_room(provider, message_len)?.is_pending() {
            front.zeroize();
            return Ok(Poll::Pending);
        }
        let room = self.outgoing.draft().get_mut(FRONT_LEN..).and_then(|room| room.get_mut(..room_len));
        let Some(room) = room else {
            // It never will have room.
            front.zeroize();
            return self.drop_tickets(provider).map(Poll::Ready);
        };
        let sealed = ticketer.poll_seal(provider, &[front.get(..front_len).unwrap_or_default(), certificate], room);
        front.zeroize();
        let Poll::Ready(sealed) = sealed else { return Ok(Poll::Pending) };
        let Some(ticket_len) = sealed?.filter(|&len| len > 0 && len <= room_len) else {
            return self.drop_tickets(provider).map(Poll::Ready);
        };
        let mut writer = Writer::new(self.outgoing.draft());
        writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(lifetime);
            writer.u32(age_add);
            writer.vector8(|writer| writer.bytes(&self.post_handshake.tickets_sent.to_be_bytes()));
            writer.vector16(|writer| writer.filled(ticket_len));
            writer.vector16(|writer| {
                if max_early_data > 0 {
                    MaxEarlyDataSize { max_early_data_size: max_early_data }.write(writer);
                }
            });
        });
        let len = writer.finish()?;
        self.outgoing.commit(provider, len)?;
        self.outgoing.flush(provider)?;
        self.post_handshake.ticket = None;
        self.post_handshake.tickets_sent = self.post_handshake.tickets_sent.saturating_add(1);
        self.memory.session.owed = self.memory.session.owed.saturating_sub(1);
        Ok(Poll::Ready(()))
    }
}

/// Who the client is, for its ticket.
fn owner<'m, P: CryptoProvider>(memory: &'m Memory<'_, P>) -> Option<SessionOwner<'m>> {
    let facts = &memory.facts;
    Some(match facts.peer_authentication? {
        PeerAuthentication::NotRequested => SessionOwner::NotRequested,
        PeerAuthentication::Declined => SessionOwner::Declined,
        PeerAuthentication::Certificate => SessionOwner::Certificate {
            scheme: facts.peer_scheme?,
            certificate_type: facts.peer_certificate_type,
            chain_len: facts.peer_chain_len,
            certificate: memory.notes.certificate().unwrap_or_default(),
        },
        PeerAuthentication::PreSharedKey => return None,
    })
}
