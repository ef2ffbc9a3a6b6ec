//! Tickets that come after the handshake (RFC 9846 4.7.1).

use super::Client;
use crate::codes::ExtensionType;
use crate::crypto::{CryptoProvider, MAX_STORED_SECRET_LEN, Secret};
use crate::error::Result;
use crate::handshake::{Memory, PeerAuthentication};
use crate::psk::PskKind;
use crate::session::{Name, Session};
use crate::wire::NewSessionTicket;
use crate::wire::extensions::MaxEarlyDataSize;
use zeroize::Zeroizing;

impl<P: CryptoProvider> Client<'_, P> {
    /// Gives the session of a ticket to the store, if it is to be kept. That it was not is no reason to fail.
    ///
    /// # Errors
    /// The ticket is malformed.
    #[inline(never)]
    pub(crate) fn keep(&self, provider: &mut P, memory: &Memory<'_, P>, ticket: &NewSessionTicket<'_>) -> Result<()> {
        let early_data = ticket.extensions.get(ExtensionType::EARLY_DATA, MaxEarlyDataSize::read)?;
        let max_early_data = early_data.map_or(0, |early_data| early_data.max_early_data_size);
        let facts = &memory.facts;
        let (Some(store), Some(trust)) = (self.config.sessions.store, memory.resuming.trust()) else { return Ok(()) };
        // Who the peer is was vouched for by what `trust` names; and who we are is in there, too.
        let is_trusted = match facts.peer_authentication {
            Some(PeerAuthentication::Certificate) => true,
            Some(PeerAuthentication::PreSharedKey) => facts.psk == Some(PskKind::Resumption),
            _ => false,
        };
        let is_known = facts.local_scheme.is_none() || self.config.identities.as_list().is_some();
        if !is_trusted || !is_known || ticket.ticket_lifetime == 0 {
            return Ok(());
        }
        let mut stored = Zeroizing::new([0; MAX_STORED_SECRET_LEN]);
        let psk = memory.resumption_psk(provider, ticket.ticket_nonce);
        let Ok(len) = psk.and_then(|psk| psk.store(provider, &mut stored)) else { return Ok(()) };
        let received = self.config.sessions.now();
        let (began, resumptions) = memory.resuming.origin(received);
        let session = Session {
            cipher_suite: facts.cipher_suite,
            lifetime: ticket.ticket_lifetime,
            age_add: ticket.ticket_age_add,
            max_early_data,
            received,
            began,
            resumptions,
            trust,
            name_verified: facts.server_name_verified,
            secret: stored.get(..len).unwrap_or_default(),
            alpn: facts.alpn.and_then(|index| self.config.common.alpn.get(usize::from(index)).copied()),
            name: Name::of(self.server_name.as_ref()),
            ticket: ticket.ticket,
        };
        if store.put(provider, &session).is_err() {
            session.discard(provider);
        }
        Ok(())
    }
}
