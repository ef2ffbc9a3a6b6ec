//! WAIT_SH: check the server's choice, agree on a secret; or send the ClientHello again as a HelloRetryRequest
//! wants it.

use super::client_hello::Offer;
use super::wait_encrypted_extensions::WaitEncryptedExtensions;
use super::{Client, Context, State, take};
use crate::codes::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{Error, Incompatibility, PeerFault, Result};
use crate::handshake::{Operation, Received};
use crate::key_schedule::{Derived, Transcript};
use crate::record::RecordAligned;
use crate::wire::ServerHello;
use crate::wire::extensions::{Cookie, KeyShareHelloRetryRequest, KeyShareServerHello, SelectedVersion};
use core::task::{Poll, ready};

pub(crate) struct WaitServerHello {
    offer: Option<Offer>,
    /// Bytes of the records of the first ClientHello, which are at the front of the transmit buffer still.
    hello_records_len: usize,
    /// The suite of the HelloRetryRequest, if there was one. Its group needs no memory: the only share left is
    /// one of that group.
    retried: Option<CipherSuite>,
    /// The group that a HelloRetryRequest asks for, while its share, then the only one, is being made.
    requested: Option<NamedGroup>,
}

impl WaitServerHello {
    pub(super) const fn new(offer: Offer, hello_records_len: usize) -> Self {
        Self { offer: Some(offer), hello_records_len, retried: None, requested: None }
    }

    #[inline(never)]
    pub(super) fn on<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let server_hello = ServerHello::read(received.message.body)?;
        check(cx, self.offer()?, &server_hello)?;
        if server_hello.is_hello_retry_request() {
            self.on_hello_retry_request(cx, client, received, &server_hello)
        } else {
            self.on_server_hello(cx, received, &server_hello)
        }
    }

    fn offer(&self) -> Result<&Offer> {
        self.offer.as_ref().ok_or(Error::Internal)
    }

    /// RFC 9846 4.2.3.
    fn on_server_hello<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        received: &mut Received<'_>,
        server_hello: &ServerHello<'_>,
    ) -> Poll<Result<State<P>>> {
        if self.retried.is_some_and(|suite| suite != server_hello.cipher_suite) {
            return Poll::Ready(Err(PeerFault::IllegalCipherSuite.into()));
        }
        if server_hello.extensions.find(ExtensionType::PRE_SHARED_KEY).is_some() {
            return Poll::Ready(Err(PeerFault::UnsolicitedExtension.into()));
        }
        let server_share = server_hello
            .extensions
            .get(ExtensionType::KEY_SHARE, KeyShareServerHello::read)?
            .ok_or(PeerFault::MissingExtension)?
            .server_share;
        let share = cx
            .incoming
            .shares()
            .iter_mut()
            .flatten()
            .find(|share| share.group == server_share.group)
            .ok_or(PeerFault::IllegalGroup)?;
        let aligned = received.record_aligned()?;
        let shared = match share.exchange.poll_decapsulate(cx.provider, server_share.key_exchange) {
            Poll::Pending => return cx.pending(Operation::Decapsulation),
            Poll::Ready(shared) => shared?,
        };

        cx.facts.cipher_suite = server_hello.cipher_suite;
        cx.facts.named_group = Some(server_share.group);
        Poll::Ready(self.install_keys(cx, received, aligned, &shared))
    }

    /// The keys of the handshake, now that both sides know the secret. On its own, so that its memory is not in use
    /// while the secret is computed.
    #[inline(never)]
    fn install_keys<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        received: &Received<'_>,
        aligned: RecordAligned,
        shared: &P::Secret,
    ) -> Result<State<P>> {
        let suite = cx.facts.cipher_suite;
        self.begin_transcript(cx, suite)?;
        cx.accept(&received.message)?;
        let transcript = cx.transcript.hash(cx.provider)?;
        cx.schedule.begin(cx.provider, suite.hash(), shared)?;
        // Compatibility mode (RFC 9846 E.4): once, in front of the second flight.
        if !self.offer()?.session_id().is_empty() && self.retried.is_none() {
            cx.outgoing.change_cipher_spec(cx.provider)?;
        }
        cx.install_incoming(&Derived::SERVER_HANDSHAKE, &transcript, aligned)?;
        cx.install_outgoing(&Derived::CLIENT_HANDSHAKE, &transcript)?;
        Ok(State::WaitEncryptedExtensions(WaitEncryptedExtensions::new()))
    }

    /// The suite, and with it the hash, is known: the transcript begins with the first ClientHello.
    fn begin_transcript<P: CryptoProvider>(&self, cx: &mut Context<'_, '_, P>, suite: CipherSuite) -> Result<()> {
        if !cx.transcript.is_none() {
            return Ok(());
        }
        *cx.transcript = Transcript::start(cx.provider, suite.hash())?;
        let (outgoing, transcript, provider) = (&*cx.outgoing, &mut *cx.transcript, &mut *cx.provider);
        outgoing.plaintext(self.hello_records_len).try_for_each(|content| transcript.add(provider, content))
    }

    /// RFC 9846 4.2.4.
    fn on_hello_retry_request<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
        request: &ServerHello<'_>,
    ) -> Poll<Result<State<P>>> {
        if self.retried.is_some() {
            return Poll::Ready(Err(PeerFault::SecondHelloRetryRequest.into()));
        }
        received.record_aligned()?;
        // What was sent before has reached the server, or it would not answer.
        if !cx.outgoing.buffer.is_empty() {
            return cx.pending_transmit();
        }
        let cookie = request.extensions.get(ExtensionType::COOKIE, Cookie::read)?.map(|cookie| cookie.cookie);
        let selected_group = request
            .extensions
            .get(ExtensionType::KEY_SHARE, KeyShareHelloRetryRequest::read)?
            .map(|request| request.selected_group);
        // Before the second ClientHello is written where the first one stands.
        self.begin_transcript(cx, request.cipher_suite)?;
        let offer = self.offer.as_mut().ok_or(Error::Internal)?;
        match selected_group {
            Some(group) if self.requested == Some(group) => {}
            Some(group) => {
                let offered = cx.common.named_groups(cx.provider, cx.fits_hybrids()).any(|offered| offered == group);
                if !offered || cx.incoming.shares().iter().flatten().any(|share| share.group == group) {
                    return Poll::Ready(Err(PeerFault::IllegalHelloRetryRequest.into()));
                }
                cx.incoming.agree(cx.provider, &[Some(group)])?;
                self.requested = Some(group);
            }
            None if cookie.is_none() => return Poll::Ready(Err(PeerFault::IllegalHelloRetryRequest.into())),
            None => {}
        }
        let len = ready!(offer.poll_write(cx, client, cookie))?;

        cx.facts.retried = true;
        cx.transcript.replace_by_message_hash(cx.provider, request.cipher_suite.hash())?;
        cx.accept(&received.message)?;
        if !offer.session_id().is_empty() {
            cx.outgoing.change_cipher_spec_before(len)?;
        }
        cx.commit(len)?;
        cx.outgoing.flush(cx.provider)?;
        let offer = Some(take(&mut self.offer)?);
        Poll::Ready(Ok(State::WaitServerHello(Self {
            offer,
            hello_records_len: self.hello_records_len,
            retried: Some(request.cipher_suite),
            requested: None,
        })))
    }
}

/// What a ServerHello and a HelloRetryRequest are both checked for (RFC 9846 4.2.3, 4.2.4).
fn check<P: CryptoProvider>(cx: &Context<'_, '_, P>, offer: &Offer, server_hello: &ServerHello<'_>) -> Result<()> {
    match server_hello.extensions.get(ExtensionType::SUPPORTED_VERSIONS, SelectedVersion::read)? {
        None if server_hello.has_downgrade_sentinel() => return Err(PeerFault::Downgrade.into()),
        None => return Err(Incompatibility::ProtocolVersion.into()),
        Some(version) if version.selected_version != ProtocolVersion::TLS_1_3 => {
            return Err(PeerFault::IllegalVersion.into());
        }
        Some(_) => {}
    }
    server_hello.extensions.check_places()?;
    if server_hello.legacy_version != ProtocolVersion::TLS_1_2 {
        return Err(Incompatibility::ProtocolVersion.into());
    }
    if server_hello.legacy_session_id_echo != offer.session_id() {
        return Err(PeerFault::SessionIdMismatch.into());
    }
    if server_hello.legacy_compression_method != 0 {
        return Err(PeerFault::IllegalCompression.into());
    }
    if !cx.common.cipher_suites(cx.provider).any(|offered| offered == server_hello.cipher_suite) {
        return Err(PeerFault::IllegalCipherSuite.into());
    }
    Ok(())
}
