//! After the handshake: KeyUpdate (RFC 9846 4.7.3), tickets (4.7.1), close_notify (6.1).

use super::{Connection, Endpoint};
use crate::codes::{AlertDescription, HandshakeType};
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerFault, Result};
use crate::key_schedule::next_traffic_secret;
use crate::limits::{MAX_KEY_UPDATES, MAX_TICKET_MESSAGE_LEN, MAX_TICKETS};
use crate::wire::{KeyUpdate, NewSessionTicket, Writer};
use core::task::Poll;

impl<P: CryptoProvider> Connection<'_, P> {
    /// Takes the next post-handshake message.
    #[inline(never)]
    pub(super) fn on_post_handshake(&mut self, provider: &mut P) -> Result<()> {
        let Some((message, aligned)) = self.receive.message()? else { return Err(Error::Internal) };
        match (message.kind, &self.endpoint) {
            (HandshakeType::KEY_UPDATE, _) => {
                let update = KeyUpdate::read(message.body)?;
                let aligned = aligned.ok_or(PeerFault::MessageSpansKeyChange)?;
                // One that we asked for is no flood.
                if !self.post_handshake.update_requested {
                    count(
                        &mut self.post_handshake.key_updates,
                        MAX_KEY_UPDATES,
                        Error::Peer(PeerFault::TooManyKeyUpdates),
                    )?;
                }
                self.incoming.renew(provider, next_traffic_secret, aligned)?;
                // One answer for any number of requests; none if our keys are used up.
                self.post_handshake.update_owed |=
                    update.update_requested && !self.locally_closed && self.may_renew_key();
                self.post_handshake.update_requested = false;
            }
            #[cfg_attr(not(feature = "tickets"), expect(unused_variables, reason = "they are not kept"))]
            (HandshakeType::NEW_SESSION_TICKET, Endpoint::Client(client, _)) => {
                let ticket = NewSessionTicket::read(message.body)?;
                count_ticket(&mut self.post_handshake.tickets)?;
                #[cfg(feature = "tickets")]
                client.keep(provider, &self.memory, &ticket)?;
            }
            _ => return Err(PeerFault::UnexpectedMessage.into()),
        }
        self.receive.consume_message();
        Ok(())
    }

    /// Drops a ticket that is longer than the receive buffer; says whether there was one.
    pub(super) fn drop_long_ticket(&mut self) -> Result<bool> {
        let dropped = matches!(self.endpoint, Endpoint::Client(..))
            && self.receive.drop_oversized(HandshakeType::NEW_SESSION_TICKET, MAX_TICKET_MESSAGE_LEN)?;
        if dropped {
            count_ticket(&mut self.post_handshake.tickets)?;
        }
        Ok(dropped)
    }

    /// Whether there may be another key after ours (RFC 9846 4.7.3).
    pub(super) fn may_renew_key(&self) -> bool {
        self.post_handshake.epoch < self.common().max_key_epoch
    }

    /// Whether our key has only one record left: the KeyUpdate.
    pub(super) fn is_key_used_up(&self) -> bool {
        let limit = self.memory.facts.cipher_suite.record_limit().min(self.common().records_per_key);
        self.outgoing.sequence().saturating_add(1) >= limit
    }

    /// Whether data must wait for a KeyUpdate of ours: for [`process`](Self::process) to send it, or for room.
    pub(super) fn is_data_held_back(&self) -> bool {
        self.wishes.key_update.is_some() || self.is_key_used_up()
    }

    /// Seals what the application wrote, and what it or the protocol wants sent beside data.
    pub(super) fn seal_wishes(&mut self, provider: &mut P) -> Result<()> {
        // Without a buffer they wait until there is one.
        if self.locally_closed || self.outgoing.buffer.capacity() == 0 {
            return Ok(());
        }
        self.outgoing.flush(provider)?;
        if self.is_key_used_up() {
            if self.may_renew_key() {
                self.wishes.key_update.get_or_insert(false);
            } else if !self.wishes.close {
                // The last record says why; if we are done, it is the close_notify.
                return Err(Error::KeyUsageLimit);
            }
        }
        while let Some(request_peer) = self.wishes.key_update {
            if !self.may_renew_key() {
                // What was wished for before the last key came into use.
                self.wishes.key_update = None;
                self.post_handshake.update_owed = false;
                break;
            }
            // RFC 9846 4.7.3: the answer to a request is none, and no second request before the first was answered.
            let is_answer = self.post_handshake.update_owed;
            let update_requested = request_peer && !is_answer && !self.post_handshake.update_requested;
            if self.poll_key_update(provider, update_requested)?.is_pending() {
                break;
            }
            self.wishes.key_update = (request_peer && is_answer).then_some(true);
            self.post_handshake.update_owed = false;
            self.post_handshake.update_requested |= update_requested;
        }
        #[cfg(feature = "tickets")]
        if self.wishes.key_update.is_none() {
            self.send_tickets(provider)?;
        }
        if self.wishes.close && self.wishes.key_update.is_none() {
            self.outgoing.alert(provider, AlertDescription::CLOSE_NOTIFY)?;
            self.locally_closed = true;
        }
        Ok(())
    }

    /// Sends a KeyUpdate behind what was written, and uses the next key from there on.
    fn poll_key_update(&mut self, provider: &mut P, update_requested: bool) -> Result<Poll<()>> {
        self.outgoing.flush(provider)?;
        if self.outgoing.poll_room(provider, KeyUpdate::LEN)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let mut writer = Writer::new(self.outgoing.draft());
        KeyUpdate { update_requested }.write(&mut writer);
        let len = writer.finish()?;
        self.outgoing.commit(provider, len)?;
        self.outgoing.flush_last(provider)?;
        self.outgoing.renew(provider, next_traffic_secret)?;
        self.post_handshake.epoch = self.post_handshake.epoch.saturating_add(1);
        Ok(Poll::Ready(()))
    }
}

fn count_ticket(tickets: &mut u8) -> Result<()> {
    count(tickets, MAX_TICKETS, Error::Peer(PeerFault::TooManyTickets))
}

/// Counts one more message without data between.
fn count(counter: &mut u8, most: u8, error: Error) -> Result<()> {
    *counter = counter.saturating_add(1);
    if *counter > most { Err(error) } else { Ok(()) }
}
