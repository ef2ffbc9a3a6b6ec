//! WAIT_SH: check the server's choice, agree on a secret; or send the ClientHello again as a HelloRetryRequest
//! wants it.

use super::client_hello::Offer;
use super::wait_encrypted_extensions::WaitEncryptedExtensions;
use super::{Client, Key, State, Step, take};
use crate::codes::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{Error, Incompatibility, PeerFault, Result};
use crate::handshake::Received;
use crate::handshake::psk::{self, Agreed, Hello};
use crate::record::RecordAligned;
use crate::waiting::Operation;
use crate::wire::ServerHello;
use crate::wire::extensions::{Cookie, KeyShareHelloRetryRequest, KeyShareServerHello, SelectedVersion};
use core::task::{Poll, ready};

pub(crate) struct WaitServerHello {
    offer: Option<Offer>,
    /// Bytes of the first ClientHello, which can be [recalled](crate::record::Flight::recall) still.
    hello_len: usize,
    /// The suite of the HelloRetryRequest, if there was one. Its group needs no memory: the only share left is
    /// one of that group.
    retried: Option<CipherSuite>,
    /// The group that a HelloRetryRequest asks for, while its share, then the only one, is being made.
    requested: Option<NamedGroup>,
}

impl WaitServerHello {
    pub(super) const fn new(offer: Offer, hello_len: usize) -> Self {
        Self { offer: Some(offer), hello_len, retried: None, requested: None }
    }

    #[inline(never)]
    pub(super) fn on<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let server_hello = ServerHello::read(received.message.body)?;
        check(step, self.offer()?, &server_hello)?;
        let suite = server_hello.cipher_suite;
        if !client.config.psks.allows_suite(suite) && step.ticket_suite() != Some(suite) {
            return Poll::Ready(Err(PeerFault::IllegalCipherSuite.into()));
        }
        if server_hello.is_hello_retry_request() {
            self.on_hello_retry_request(step, client, received, &server_hello)
        } else {
            self.on_server_hello(step, client, received, &server_hello)
        }
    }

    fn offer(&self) -> Result<&Offer> {
        self.offer.as_ref().ok_or(Error::Internal)
    }

    /// RFC 9846 4.2.3.
    fn on_server_hello<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
        server_hello: &ServerHello<'_>,
    ) -> Poll<Result<State<P>>> {
        if self.retried.is_some_and(|suite| suite != server_hello.cipher_suite) {
            return Poll::Ready(Err(PeerFault::IllegalCipherSuite.into()));
        }
        let selected = psk::select(step, &client.config.psks, self.retried, server_hello)?;
        let server_share = server_hello.extensions.get(ExtensionType::KEY_SHARE, KeyShareServerHello::read)?;
        // Only a PSK does without.
        if server_share.is_none() && selected.is_none() {
            return Poll::Ready(Err(PeerFault::MissingExtension.into()));
        }
        let aligned = received.record_aligned()?;
        let agreed = match &selected {
            Some(selected) => Some(ready!(selected.poll_agree(step))?),
            None => None,
        };
        let Some(KeyShareServerHello { server_share }) = server_share else {
            step.facts().cipher_suite = server_hello.cipher_suite;
            return Poll::Ready(self.install_keys(step, received, aligned, agreed, None));
        };
        let (provider, agreements, _) = step.agreements()?;
        let exchange = agreements.find(server_share.group).ok_or(PeerFault::IllegalGroup)?;
        let shared = match exchange.poll_decapsulate(provider, server_share.key_exchange) {
            Poll::Pending => return step.pending(Operation::Decapsulation),
            Poll::Ready(shared) => shared?,
        };

        let facts = step.facts();
        facts.cipher_suite = server_hello.cipher_suite;
        facts.named_group = Some(server_share.group);
        Poll::Ready(self.install_keys(step, received, aligned, agreed, Some(&shared)))
    }

    /// The keys of the handshake, now that both sides know the secret. Own frame, which is gone while the
    /// secret is computed.
    #[inline(never)]
    fn install_keys<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        received: &Received<'_>,
        aligned: RecordAligned,
        agreed: Option<Agreed<P>>,
        shared: Option<&P::Secret>,
    ) -> Result<State<P>> {
        let suite = step.facts().cipher_suite;
        step.begin_transcript_with_hello(suite, self.hello_len)?;
        step.accept(&received.message)?;
        let transcript = step.transcript_hash()?;
        let (handshake, psk) = psk::extract(step, suite.hash(), agreed, shared)?;
        // Compatibility mode (RFC 9846 E.4): once, in front of the second flight; early data is one.
        if !self.offer()?.session_id().is_empty() && self.retried.is_none() && step.early_hash().is_none() {
            step.change_cipher_spec(0)?;
        }
        step.k_recv(&Key::Handshake(handshake.server_traffic(), &transcript), aligned)?;
        step.k_send_handshake(&handshake, &transcript)?;
        step.proceed_to_main(handshake)?;
        Ok(State::WaitEncryptedExtensions(WaitEncryptedExtensions::new(psk)))
    }

    /// RFC 9846 4.2.4.
    fn on_hello_retry_request<P: CryptoProvider>(
        &mut self,
        step: &mut Step<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
        request: &ServerHello<'_>,
    ) -> Poll<Result<State<P>>> {
        if self.retried.is_some() {
            return Poll::Ready(Err(PeerFault::SecondHelloRetryRequest.into()));
        }
        received.record_aligned()?;
        step.reject_early_data();
        // What was sent before has reached the server, or it would not answer.
        ready!(step.poll_drained())?;
        let cookie = request.extensions.get(ExtensionType::COOKIE, Cookie::read)?.map(|cookie| cookie.cookie);
        let selected_group = request
            .extensions
            .get(ExtensionType::KEY_SHARE, KeyShareHelloRetryRequest::read)?
            .map(|request| request.selected_group);
        // Before the second ClientHello is written where the first one stands.
        step.begin_transcript_with_hello(request.cipher_suite, self.hello_len)?;
        let hello = Hello::second(request.cipher_suite, received.message.bytes);
        let offer = self.offer.as_mut().ok_or(Error::Internal)?;
        match selected_group {
            Some(group) if self.requested == Some(group) => {}
            Some(_) if !client.config.psks.accepts_exchange() => {
                return Poll::Ready(Err(PeerFault::UnsolicitedExtension.into()));
            }
            Some(group) => {
                let offered = step.named_groups().any(|offered| offered == group);
                let (provider, agreements, _) = step.agreements()?;
                if !offered || agreements.find(group).is_some() {
                    return Poll::Ready(Err(PeerFault::IllegalHelloRetryRequest.into()));
                }
                agreements.begin_one(provider, group)?;
                self.requested = Some(group);
            }
            None if cookie.is_none() => return Poll::Ready(Err(PeerFault::IllegalHelloRetryRequest.into())),
            None => {}
        }
        let len = ready!(offer.poll_write(step, client, cookie, hello))?;

        step.facts().retried = true;
        step.replace_by_message_hash(request.cipher_suite)?;
        step.accept(&received.message)?;
        if !offer.session_id().is_empty() && step.early_hash().is_none() {
            step.change_cipher_spec(len)?;
        }
        step.commit(len)?;
        let offer = Some(take(&mut self.offer)?);
        Poll::Ready(Ok(State::WaitServerHello(Self {
            offer,
            hello_len: self.hello_len,
            retried: Some(request.cipher_suite),
            requested: None,
        })))
    }
}

/// What a ServerHello and a HelloRetryRequest are both checked for (RFC 9846 4.2.3, 4.2.4).
fn check<P: CryptoProvider>(step: &Step<'_, '_, P>, offer: &Offer, server_hello: &ServerHello<'_>) -> Result<()> {
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
    let suite = server_hello.cipher_suite;
    let is_of_hash = step.early_hash().is_none_or(|hash| suite.hash() == hash);
    if !is_of_hash || !step.cipher_suites().any(|offered| offered == suite) {
        return Err(PeerFault::IllegalCipherSuite.into());
    }
    Ok(())
}
