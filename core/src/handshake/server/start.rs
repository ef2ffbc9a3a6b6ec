//! START and RECVD_CH: take a ClientHello, agree on a secret, send the ServerHello; or a HelloRetryRequest.

use super::cookie::{self, Sealed};
use super::negotiate::{Exchange, Selection, check_extensions, check_version, fingerprint, select};
use super::negotiated::Negotiated;
use super::retried::{Retried, write_hello_retry_request};
use super::server_hello::{finish, poll_write};
use super::{Key, State, Step};
use crate::codes::{CertificateType, CipherSuite, NamedGroup};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::{CertificateFault, Error, Incompatibility, PeerFault, Result};
use crate::handshake::Received;
use crate::handshake::psk::{self, Choice};
use crate::record::Next;
use crate::wire::ClientHello;
use core::task::{Poll, ready};

pub(crate) struct Start<P: CryptoProvider> {
    retried: Option<Retried>,
    psk: Choice<P>,
    /// A HelloRetryRequest went out of which nothing is remembered but this: another one there is not.
    is_asked: bool,
}

impl<P: CryptoProvider> Start<P> {
    pub(super) const fn new() -> Self {
        Self { retried: None, psk: Choice::new(), is_asked: false }
    }

    #[inline(never)]
    pub(super) fn on<'a>(
        &mut self,
        step: &mut Step<'_, 'a, P>,
        config: &ServerConfig<'a, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let hello = ClientHello::read(received.message.body)?;
        check_version(&hello)?;
        if self.retried.is_none() {
            match cookie::open(step, config, &hello)? {
                Some((retried, psk)) => (self.retried, self.psk) = (Some(retried), psk),
                None if self.is_asked => return Poll::Ready(Err(PeerFault::ClientHelloChanged.into())),
                None => {}
            }
        }
        if let Some(retried) = self.retried.as_ref().filter(|_| !self.psk.is_begun()) {
            retried.check(step, &hello)?;
        }
        check_extensions(&hello)?;
        let retried = self.retried.as_ref().map(|retried| retried.cipher_suite);
        let selection = loop {
            let psk = ready!(self.psk.poll(step, config, &hello, retried))?;
            let selection = select(step, config, &hello, received.message.body, psk, retried)?;
            if received.aligned.is_none() {
                return Poll::Ready(Err(PeerFault::MessageSpansKeyChange.into()));
            }
            if psk.is_none() {
                ready!(poll_choose_identity(step, config, &selection))?;
            }
            // What was sent before has reached the client, or it would not answer.
            ready!(step.poll_drained())?;
            let is_final = !matches!(selection.exchange, Exchange::AskFor(_));
            if !is_final || self.psk.spend(step, config, received, &hello)? {
                break selection;
            }
        };
        if selection.early_data {
            step.note_early_data();
        }
        match selection.exchange {
            Exchange::Agree(group, share) => {
                self.send_server_hello(step, config, received, &hello, &selection, (group, share))
            }
            Exchange::AskFor(group) => self.send_hello_retry_request(step, config, received, &hello, &selection, group),
            Exchange::Without(_) => {
                let len = finish(step, &hello, &selection, 0).map_err(|error| step.explain(error))?;
                Poll::Ready(self.answer(step, config, received, &hello, &selection, (len, None)))
            }
        }
    }

    fn send_server_hello(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        received: &mut Received<'_>,
        hello: &ClientHello<'_>,
        selection: &Selection<'_>,
        (group, client_share): (NamedGroup, &[u8]),
    ) -> Poll<Result<State<P>>> {
        let (provider, agreements, _) = step.agreements()?;
        if agreements.is_empty() {
            agreements.begin_one(provider, group)?;
        }
        let (len, shared) = ready!(poll_write(step, hello, selection, group, client_share))?;
        Poll::Ready(self.answer(step, config, received, hello, selection, (len, Some(&shared))))
    }

    /// Sends the ServerHello that was drafted; then the keys of the handshake.
    fn answer(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        received: &mut Received<'_>,
        hello: &ClientHello<'_>,
        selection: &Selection<'_>,
        (len, shared): (usize, Option<&P::Secret>),
    ) -> Result<State<P>> {
        let suite = selection.cipher_suite;
        let aligned = received.record_aligned()?;
        if self.retried.is_none() {
            begin(step, hello, suite)?;
        }
        note(step, selection);
        // Notes the identity of the PSK, behind the name.
        let agreed = self.psk.accept(step, received, hello, selection.psk)?;
        let is_offered = selection.early_data && self.retried.is_none();
        let aligned = psk::take_early_data(step, config, hello, agreed.as_ref(), is_offered, aligned)?;
        step.commit(len)?;
        step.end_key()?;
        // Compatibility mode (RFC 9846 E.4): once, behind the first message.
        if !hello.legacy_session_id.is_empty() && self.retried.is_none() {
            step.change_cipher_spec(0)?;
        }
        let transcript = step.transcript_hash()?;
        let (handshake, psk) = psk::extract(step, suite.hash(), agreed, shared)?;
        if let Some(aligned) = aligned {
            step.k_recv(&Key::Handshake(handshake.client_traffic(), &transcript), aligned)?;
            // After a HelloRetryRequest there is none: the second ClientHello had no early_data.
            step.expect(Next::ClientFlight { early_data: selection.early_data })?;
        } else {
            step.expect_early_data(handshake.client_traffic(), &transcript)?;
        }
        step.k_send(&Key::Handshake(handshake.server_traffic(), &transcript))?;
        step.proceed_to_main(handshake)?;
        Ok(State::Negotiated(Negotiated::new(selection, psk)))
    }

    fn send_hello_retry_request(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        received: &mut Received<'_>,
        hello: &ClientHello<'_>,
        selection: &Selection<'_>,
        group: NamedGroup,
    ) -> Poll<Result<State<P>>> {
        // After the first one, `Retried::check` has made sure that there is a share. Whose ticket it was is not certain
        // before its binder is.
        step.notes().forget_certificate();
        let suite = selection.cipher_suite;
        let fingerprint = fingerprint(step.provider(), suite, hello, false)?;
        let retried = Retried { cipher_suite: suite, named_group: group, fingerprint, is_sealed: false };
        begin(step, hello, suite)?;
        step.accept(&received.message)?;
        let psk = Choice::again(step.provider(), suite.hash(), hello)?;
        let cookie = Sealed::new(step, config, &retried, &psk)?;
        step.replace_by_message_hash(suite)?;
        step.facts().retried = true;
        let sent = step.poll_send(&mut |writer, _| {
            write_hello_retry_request(writer, hello, suite, group, cookie.as_ref().map(Sealed::as_bytes));
        });
        match sent {
            Poll::Ready(sent) => sent?,
            // Nothing is in front of it that could be sent first.
            Poll::Pending => return Poll::Ready(Err(Error::Internal)),
        }
        if !hello.legacy_session_id.is_empty() {
            step.change_cipher_spec(0)?;
        }
        step.expect(Next::Hello { early_data: selection.early_data })?;
        if cookie.is_some() {
            step.forget_hello();
            return Poll::Ready(Ok(State::Start(Self { is_asked: true, ..Self::new() })));
        }
        Poll::Ready(Ok(State::Start(Self { retried: Some(retried), psk, is_asked: true })))
    }
}

/// Chooses an identity for this client, once for both ClientHellos: what it depends on must not change between them.
fn poll_choose_identity<'a, P: CryptoProvider>(
    step: &mut Step<'_, 'a, P>,
    config: &ServerConfig<'a, P>,
    selection: &Selection<'_>,
) -> Poll<Result<()>> {
    if step.identity().is_none() {
        let request = &selection.identity_request;
        ready!(step.poll_choose_identity(&config.identities, request))?;
        if step.identity().is_none() {
            // RFC 7250 4.2: for clients that said which types they take.
            let has_type =
                !selection.certificate_types.is_own_asked || config.identities.has_type_of(request.certificate_types);
            let what = if has_type {
                Error::Incompatible(Incompatibility::NoSignatureScheme)
            } else {
                Error::Certificate(CertificateFault::Unsupported)
            };
            return Poll::Ready(Err(what));
        }
    }
    Poll::Ready(Ok(()))
}

/// The first ClientHello decided on a suite: the transcript begins.
fn begin<P: CryptoProvider>(step: &mut Step<'_, '_, P>, hello: &ClientHello<'_>, suite: CipherSuite) -> Result<()> {
    let facts = step.facts();
    facts.cipher_suite = suite;
    facts.client_random = *hello.random;
    step.begin_transcript(suite)
}

/// Notes what was agreed on.
fn note<P: CryptoProvider>(step: &mut Step<'_, '_, P>, selection: &Selection<'_>) {
    let own_type = step.identity().map(|chosen| chosen.certificate_type);
    let facts = step.facts();
    facts.named_group = selection.exchange.group();
    facts.alpn = selection.alpn;
    facts.asked = selection.asked;
    facts.peer_certificate_type = selection.certificate_types.peer.unwrap_or(CertificateType::X509);
    facts.own_certificate_type = own_type.unwrap_or(CertificateType::X509);
    if let Some(name) = selection.identity_request.server_name {
        step.notes().note_name(name);
    }
}
