//! WAIT_SH: check the server's choice, agree on a secret; or send the ClientHello again as a HelloRetryRequest
//! wants it.

use super::client_hello::{Hello, Share};
use super::wait_encrypted_extensions::WaitEncryptedExtensions;
use super::{Client, Context, State, take};
use crate::codes::{CipherSuite, ExtensionType, ProtocolVersion};
use crate::crypto::{CryptoProvider, KeyExchange};
use crate::error::{Error, Result};
use crate::handshake::{Operation, Received};
use crate::key_schedule::{EarlySecret, Transcript};
use crate::wire::ServerHello;
use crate::wire::extensions::{Cookie, KeyShareHelloRetryRequest, KeyShareServerHello, SelectedVersion};
use core::task::{Poll, ready};

pub(crate) struct WaitServerHello<P: CryptoProvider> {
    hello: Option<Hello<P>>,
    /// Bytes of the records of the first ClientHello, which are at the front of the transmit buffer still.
    hello_records_len: usize,
    /// The suite of the HelloRetryRequest, if there was one. Its group needs no memory: the only share left is
    /// one of that group.
    retried: Option<CipherSuite>,
    /// The share that a HelloRetryRequest asks for, while it is being made.
    requested_share: Option<Share<P>>,
}

impl<P: CryptoProvider> WaitServerHello<P> {
    pub(super) const fn new(hello: Hello<P>, hello_records_len: usize) -> Self {
        Self { hello: Some(hello), hello_records_len, retried: None, requested_share: None }
    }

    #[inline(never)]
    pub(super) fn on(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let server_hello = ServerHello::read(received.message.body)?;
        let mut hello = take(&mut self.hello)?;
        let checked = check(cx, &hello, &server_hello);
        let next = match checked {
            Err(error) => Poll::Ready(Err(error)),
            Ok(()) if server_hello.is_hello_retry_request() => {
                self.on_hello_retry_request(cx, client, received, &mut hello, &server_hello)
            }
            Ok(()) => self.on_server_hello(cx, received, &mut hello, &server_hello),
        };
        self.hello = Some(hello);
        match ready!(next)? {
            Some(next) => Poll::Ready(Ok(next)),
            None => Poll::Ready(Ok(State::WaitServerHello(Self {
                hello: self.hello.take(),
                hello_records_len: self.hello_records_len,
                retried: self.retried.take(),
                requested_share: None,
            }))),
        }
    }

    /// RFC 9846 4.2.3.
    fn on_server_hello(
        &self,
        cx: &mut Context<'_, '_, P>,
        received: &mut Received<'_>,
        hello: &mut Hello<P>,
        server_hello: &ServerHello<'_>,
    ) -> Poll<Result<Option<State<P>>>> {
        if self.retried.is_some_and(|suite| suite != server_hello.cipher_suite) {
            return Poll::Ready(Err(Error::IllegalCipherSuite));
        }
        if server_hello.extensions.find(ExtensionType::PRE_SHARED_KEY).is_some() {
            return Poll::Ready(Err(Error::UnsolicitedExtension));
        }
        let server_share = server_hello
            .extensions
            .get(ExtensionType::KEY_SHARE, KeyShareServerHello::read)?
            .ok_or(Error::MissingExtension)?
            .server_share;
        let share = hello
            .shares
            .iter_mut()
            .flatten()
            .find(|share| share.group == server_share.group)
            .ok_or(Error::IllegalGroup)?;
        let aligned = received.record_aligned()?;
        let shared = match share.exchange.poll_decapsulate(cx.provider, server_share.key_exchange) {
            Poll::Pending => return cx.pending(Operation::Decapsulation),
            Poll::Ready(shared) => shared?,
        };

        let suite = server_hello.cipher_suite;
        cx.facts.cipher_suite = Some(suite);
        cx.facts.named_group = Some(server_share.group);
        self.begin_transcript(cx, suite)?;
        cx.accept(&received.message)?;
        let transcript = cx.transcript.hash(cx.provider)?;
        let handshake = EarlySecret::new(cx.provider, suite.hash())?.into_handshake(cx.provider, &shared)?;
        let secrets = handshake.traffic_secrets(cx.provider, &transcript)?;
        cx.log_secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &secrets.client)?;
        cx.log_secret("SERVER_HANDSHAKE_TRAFFIC_SECRET", &secrets.server)?;
        // Compatibility mode (RFC 9846 E.4): once, in front of the second flight.
        if !hello.session_id().is_empty() && self.retried.is_none() {
            cx.outgoing.change_cipher_spec(cx.provider)?;
        }
        cx.incoming.install(cx.provider, suite, secrets.server, aligned)?;
        cx.outgoing.install(cx.provider, suite, secrets.client)?;
        Poll::Ready(Ok(Some(State::WaitEncryptedExtensions(WaitEncryptedExtensions::new(handshake)))))
    }

    /// The suite, and with it the hash, is known: the transcript begins with the first ClientHello.
    fn begin_transcript(&self, cx: &mut Context<'_, '_, P>, suite: CipherSuite) -> Result<()> {
        if !cx.transcript.is_none() {
            return Ok(());
        }
        *cx.transcript = Transcript::start(cx.provider, suite.hash())?;
        let (outgoing, transcript, provider) = (&*cx.outgoing, &mut *cx.transcript, &mut *cx.provider);
        outgoing.plaintext(self.hello_records_len).try_for_each(|content| transcript.add(provider, content))
    }

    /// RFC 9846 4.2.4.
    fn on_hello_retry_request(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
        hello: &mut Hello<P>,
        request: &ServerHello<'_>,
    ) -> Poll<Result<Option<State<P>>>> {
        if self.retried.is_some() {
            return Poll::Ready(Err(Error::SecondHelloRetryRequest));
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
        let written = match selected_group {
            Some(group) => {
                let offered = cx.common.named_groups(cx.provider, cx.fits_hybrids()).any(|offered| offered == group);
                if !offered || hello.has_share(group) {
                    return Poll::Ready(Err(Error::IllegalHelloRetryRequest));
                }
                let mut shares = [Some(match self.requested_share.take() {
                    Some(share) => share,
                    None => Share { group, exchange: P::KeyExchange::start(cx.provider, group)? },
                })];
                let written = hello.poll_write(cx, client, &mut shares, cookie);
                let [share] = shares;
                self.requested_share = share;
                written
            }
            None if cookie.is_none() => return Poll::Ready(Err(Error::IllegalHelloRetryRequest)),
            None => {
                let mut shares = core::mem::take(&mut hello.shares);
                let written = hello.poll_write(cx, client, &mut shares, cookie);
                hello.shares = shares;
                written
            }
        };
        let len = ready!(written)?;

        if let Some(share) = self.requested_share.take() {
            hello.shares = [Some(share), None, None];
        }
        cx.facts.retried = true;
        cx.transcript.replace_by_message_hash(cx.provider, request.cipher_suite.hash())?;
        cx.accept(&received.message)?;
        if !hello.session_id().is_empty() {
            cx.outgoing.change_cipher_spec_before(len)?;
        }
        cx.commit(len)?;
        cx.outgoing.flush(cx.provider)?;
        self.retried = Some(request.cipher_suite);
        Poll::Ready(Ok(None))
    }
}

/// What a ServerHello and a HelloRetryRequest are both checked for (RFC 9846 4.2.3, 4.2.4).
fn check<P: CryptoProvider>(cx: &Context<'_, '_, P>, hello: &Hello<P>, server_hello: &ServerHello<'_>) -> Result<()> {
    match server_hello.extensions.get(ExtensionType::SUPPORTED_VERSIONS, SelectedVersion::read)? {
        None if server_hello.has_downgrade_sentinel() => return Err(Error::Downgrade),
        None => return Err(Error::ProtocolVersion),
        Some(version) if version.selected_version != ProtocolVersion::TLS_1_3 => return Err(Error::IllegalVersion),
        Some(_) => {}
    }
    server_hello.extensions.check_places()?;
    if server_hello.legacy_version != ProtocolVersion::TLS_1_2 {
        return Err(Error::ProtocolVersion);
    }
    if server_hello.legacy_session_id_echo != hello.session_id() {
        return Err(Error::SessionIdMismatch);
    }
    if server_hello.legacy_compression_method != 0 {
        return Err(Error::IllegalCompression);
    }
    if !cx.common.cipher_suites(cx.provider).any(|offered| offered == server_hello.cipher_suite) {
        return Err(Error::IllegalCipherSuite);
    }
    Ok(())
}
