//! The driver: moves bytes between buffers and states. It alone replaces the state, consumes messages, and turns
//! an error into a dead connection and an alert.

use super::telling::tell;
use super::{Connection, Endpoint, Phase};
use crate::codes::{AlertDescription, HandshakeType};
use crate::crypto::CryptoProvider;
use crate::error::{Error, PeerFault, Result};
use crate::handshake::{Expected, Received, Step, client, server};
use crate::record::stream::{Content, Records};
use crate::waiting::WaitingFor;
use core::task::Poll;

/// What one turn of the driver came to.
enum Turn {
    /// There may be more to do.
    Again,
    /// Not before the thing that `waiting_for` names.
    Wait,
}

/// One step of the state machine of a role, by a message or on its own; says whether the handshake is complete.
///
/// A connection holds this as a pointer, so that a program which is only ever a client does not link a server.
pub(super) type Advance<'a, P> =
    for<'c, 'm> fn(&mut Endpoint<'a, P>, &mut Step<'c, 'a, P>, Option<&mut Received<'m>>) -> Poll<Result<bool>>;

pub(super) fn advance_client<'a, P: CryptoProvider>(
    endpoint: &mut Endpoint<'a, P>,
    step: &mut Step<'_, 'a, P>,
    received: Option<&mut Received<'_>>,
) -> Poll<Result<bool>> {
    let Endpoint::Client(client, state) = endpoint else { return Poll::Ready(Err(Error::Internal)) };
    state.advance(step, client, received).map_ok(|next| {
        *state = next;
        matches!(state, client::State::Connected)
    })
}

pub(super) fn advance_server<'a, P: CryptoProvider>(
    endpoint: &mut Endpoint<'a, P>,
    step: &mut Step<'_, 'a, P>,
    received: Option<&mut Received<'_>>,
) -> Poll<Result<bool>> {
    let Endpoint::Server(config, state) = endpoint else { return Poll::Ready(Err(Error::Internal)) };
    state.advance(step, config, received).map_ok(|next| {
        *state = next;
        matches!(state, server::State::Connected)
    })
}

impl<'a, P: CryptoProvider> Connection<'a, P> {
    /// Does all that can be done now: opens records until there is application data, takes the handshake on,
    /// seals what was written.
    ///
    /// # Errors
    /// Why the connection failed. It is dead then; [`records`](Self::records) may still hold an alert
    /// for the peer, and data that was opened before can still be read. Every further call returns the same error.
    #[inline(never)]
    pub fn process(&mut self, provider: &mut P) -> Result<()> {
        if let Phase::Failed(error) = self.phase {
            return Err(error);
        }
        match self.run(provider) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.fail(provider, error);
                Err(error)
            }
        }
    }

    fn run(&mut self, provider: &mut P) -> Result<()> {
        if let Some(alert) = self.wishes.reject.take()
            && !matches!(self.phase, Phase::Closed)
        {
            return Err(Error::PeerRejected(alert));
        }
        loop {
            let turn = match self.phase {
                Phase::Handshake if self.wishes.close => self.give_up(provider)?,
                Phase::Handshake => self.handshake(provider)?,
                Phase::Connected => self.connected(provider)?,
                Phase::Closed | Phase::Failed(_) => {
                    self.waiting_for = WaitingFor::Nothing;
                    Turn::Wait
                }
            };
            if matches!(turn, Turn::Wait) {
                return Ok(());
            }
        }
    }

    /// Kills the connection: says why, if there is something to say, and forgets the keys.
    pub(super) fn fail(&mut self, provider: &mut P, error: Error) {
        if let Some(alert) = error.alert()
            && !self.locally_closed
            && self.outgoing.alert(provider, alert).is_ok()
            && !alert.is_closure()
        {
            self.alert_sent = Some(alert);
        }
        self.outgoing.buffer.discard_open();
        if self.is_handshaking() {
            self.memory.forget_peer();
            // Early data is nothing else when the handshake has failed.
            self.receive.clear();
        }
        tell!(warn, "{}: failed in {}: {}", self.role_name(), self.state_name(), error);
        self.phase = Phase::Failed(error);
        self.waiting_for = WaitingFor::Nothing;
        // Why it failed is known already.
        #[cfg(feature = "tickets")]
        let _ = self.drop_tickets(provider);
        self.forget();
        if self.receive.data().is_empty() {
            self.receive.clear();
        }
    }

    /// The connection is over: drops everything secret.
    fn forget(&mut self) {
        self.incoming.forget_keys();
        self.outgoing.forget_keys();
        self.memory.forget();
        match &mut self.endpoint {
            Endpoint::Client(_, state) => *state = client::State::Over,
            Endpoint::Server(_, state) => *state = server::State::Over,
        }
        self.receive.release();
    }

    /// The application closed during the handshake.
    fn give_up(&mut self, provider: &mut P) -> Result<Turn> {
        // RFC 9846 6.1: user_canceled, then close_notify; the latter alone where there is no room for both.
        if self.outgoing.has_room_for_two_alerts() {
            self.outgoing.alert(provider, AlertDescription::USER_CANCELED)?;
        }
        self.outgoing.alert(provider, AlertDescription::CLOSE_NOTIFY)?;
        self.locally_closed = true;
        self.phase = Phase::Closed;
        self.tell_state();
        self.memory.forget_peer();
        self.forget();
        self.receive.clear();
        Ok(Turn::Again)
    }

    /// Tells those who listen where the connection stands, and when it is there, what was agreed on.
    fn tell_state(&self) {
        tell!(debug, "{}: {}", self.role_name(), self.state_name());
        #[cfg(any(feature = "log", feature = "defmt"))]
        if self.is_connected()
            && let Some(negotiated) = self.negotiated()
        {
            tell!(
                info,
                "{}: connected with {}, group {:?}, peer by {:?} and {:?}, HelloRetryRequest {}",
                self.role_name(),
                negotiated.cipher_suite,
                negotiated.named_group,
                negotiated.peer_authentication,
                negotiated.peer_signature_scheme,
                negotiated.hello_retry
            );
        }
    }

    // ---- the handshake

    fn handshake(&mut self, provider: &mut P) -> Result<Turn> {
        let expected = match &self.endpoint {
            Endpoint::Client(_, state) => state.expected(),
            Endpoint::Server(_, state) => state.expected(),
        };
        if !expected.is_nothing() {
            self.outgoing.flush(provider)?;
            if !self.next_message_is_there(provider, expected)? {
                return Ok(Turn::Wait);
            }
        }
        self.step(provider, !expected.is_nothing())
    }

    /// One step of the state machine, by the next message or on its own.
    #[inline(never)]
    fn step(&mut self, provider: &mut P, with_message: bool) -> Result<Turn> {
        let common = self.common();
        let receive_capacity = self.receive.capacity();
        let mut received = match (with_message, self.receive.message()?) {
            (true, Some((message, aligned))) => Some(Received { message, aligned, retained: self.receive.retained() }),
            _ => None,
        };
        let mut records = Records { incoming: &mut self.incoming, outgoing: &mut self.outgoing, receive_capacity };
        let mut step = Step::new(provider, common, &mut records, &mut self.memory, &mut self.waiting_for);
        let done = (self.advance)(&mut self.endpoint, &mut step, received.as_mut());
        let connected = match done {
            Poll::Pending => return Ok(Turn::Wait),
            Poll::Ready(connected) => connected?,
        };
        let retained = step.into_retained();
        if with_message {
            self.incoming.made_progress();
        }
        match retained {
            Some(part) => self.receive.retain(part.start, part.len()),
            None if with_message => self.receive.consume_message(),
            None => {}
        }
        if connected {
            self.memory.end_handshake();
            self.receive.release();
            self.phase = Phase::Connected;
        }
        self.tell_state();
        Ok(Turn::Again)
    }

    /// Opens records until a whole handshake message is there, of a kind that is expected.
    fn next_message_is_there(&mut self, provider: &mut P, expected: Expected) -> Result<bool> {
        loop {
            if !self.receive.data().is_empty() {
                // Early data, which the application has not read.
                self.waiting_for = WaitingFor::Application;
                return Ok(false);
            }
            self.check_kind(expected)?;
            if self.receive.message()?.is_some() {
                return Ok(true);
            }
            match self.incoming.next(provider, &mut self.receive)? {
                None => return self.nothing_more().map(|()| false),
                // Application data is early data, or the records would not have let it through.
                Some(Content::Handshake | Content::Nothing | Content::ApplicationData) => {}
                // close_notify is no clean end here: nobody has finished (RFC 9846 6.1).
                Some(Content::Alert(alert)) => return Err(self.note_alert(alert)),
            }
        }
    }

    /// Refuses a message by its first byte, without waiting for the rest.
    fn check_kind(&self, expected: Expected) -> Result<()> {
        self.receive.message_kind().map_or(Ok(()), |kind| expected.check(kind))
    }

    /// No whole record is there: wait for the peer, or complain that it is gone.
    fn nothing_more(&mut self) -> Result<()> {
        self.waiting_for = WaitingFor::Peer;
        if self.transport_closed { Err(Error::Truncated) } else { Ok(()) }
    }

    fn note_alert(&mut self, alert: AlertDescription) -> Error {
        self.alert_received = Some(alert);
        Error::AlertReceived(alert)
    }

    // ---- after the handshake

    fn connected(&mut self, provider: &mut P) -> Result<Turn> {
        self.seal_wishes(provider)?;
        let turn = self.next_content(provider)?;
        if matches!(turn, Turn::Wait) && self.post_handshake.update_owed {
            // Only now: one answer for all requests that were there (RFC 9846 4.7.3).
            self.wishes.key_update.get_or_insert(false);
            self.seal_wishes(provider)?;
        }
        Ok(turn)
    }

    /// Opens and takes what comes next.
    fn next_content(&mut self, provider: &mut P) -> Result<Turn> {
        if !self.receive.data().is_empty() {
            self.waiting_for = WaitingFor::Application;
            return Ok(Turn::Wait);
        }
        if self.peer_closed {
            if self.locally_closed {
                self.phase = Phase::Closed;
                self.tell_state();
                self.forget();
                return Ok(Turn::Again);
            }
            self.waiting_for = WaitingFor::Application;
            return Ok(Turn::Wait);
        }
        if self.receive.has_handshake() && self.post_handshake_message(provider)? {
            self.incoming.made_progress();
            return Ok(Turn::Again);
        }
        match self.incoming.next(provider, &mut self.receive)? {
            None => {
                self.receive.wipe_stale();
                self.nothing_more().map(|()| Turn::Wait)
            }
            Some(Content::ApplicationData) => {
                self.post_handshake.key_updates = 0;
                self.post_handshake.tickets = 0;
                Ok(Turn::Again)
            }
            Some(Content::Alert(AlertDescription::CLOSE_NOTIFY)) => {
                if self.receive.has_handshake() {
                    return Err(PeerFault::UnexpectedRecord.into());
                }
                // What comes behind it is ignored (RFC 9846 6.1).
                self.peer_closed = true;
                tell!(debug, "{}: the peer has closed", self.role_name());
                self.receive.clear();
                Ok(Turn::Again)
            }
            Some(Content::Handshake | Content::Nothing) => Ok(Turn::Again),
            Some(Content::Alert(alert)) => Err(self.note_alert(alert)),
        }
    }

    /// Takes the handshake message of which part is there, if it is whole; says whether something was done.
    fn post_handshake_message(&mut self, provider: &mut P) -> Result<bool> {
        self.check_kind(match self.endpoint {
            Endpoint::Client(..) => Expected::either(HandshakeType::KEY_UPDATE, HandshakeType::NEW_SESSION_TICKET),
            Endpoint::Server(..) => Expected::one(HandshakeType::KEY_UPDATE),
        })?;
        if self.drop_long_ticket()? {
            return Ok(true);
        }
        if self.receive.message()?.is_none() {
            return Ok(false);
        }
        self.on_post_handshake(provider)?;
        Ok(true)
    }
}
