//! START and RECVD_CH: take a ClientHello, agree on a secret, send the ServerHello; or a HelloRetryRequest.

use super::negotiate::{Selection, check_version, fingerprint, select};
use super::negotiated::Negotiated;
use super::{Context, State};
use crate::codes::{CertificateType, CipherSuite, ExtensionType, NamedGroup};
use crate::config::ServerConfig;
use crate::crypto::{CryptoProvider, Digest, KeyExchange};
use crate::error::{CertificateFault, Error, Incompatibility, PeerFault, Result};
use crate::handshake::{Operation, Received};
use crate::key_schedule::{Derived, Transcript};
use crate::wire::extensions::{KeyShareClientHello, KeyShareHelloRetryRequest, SelectedVersion};
use crate::wire::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, MESSAGE_HEADER_LEN, ServerHello, Writer};
use core::task::{Poll, ready};

pub(crate) struct Start {
    retried: Option<Retried>,
}

/// What the second ClientHello is held against.
struct Retried {
    cipher_suite: CipherSuite,
    named_group: NamedGroup,
    fingerprint: Digest,
}

impl Start {
    pub(super) const fn new() -> Self {
        Self { retried: None }
    }

    #[inline(never)]
    pub(super) fn on<'a, P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, 'a, P>,
        config: &ServerConfig<'a, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let hello = ClientHello::read(received.message.body)?;
        check_version(&hello)?;
        if let Some(retried) = &self.retried {
            retried.check(cx, &hello)?;
        }
        let selection = select(cx, config, &hello)?;
        if received.aligned.is_none() {
            return Poll::Ready(Err(PeerFault::MessageSpansKeyChange.into()));
        }
        ready!(poll_choose_identity(cx, config, &selection))?;
        // What was sent before has reached the client, or it would not answer.
        if !cx.outgoing.buffer.is_empty() {
            return cx.pending_transmit();
        }
        match selection.client_share {
            Some(share) => self.send_server_hello(cx, received, &hello, &selection, share),
            None => self.send_hello_retry_request(cx, received, &hello, &selection),
        }
    }

    fn send_server_hello<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        received: &mut Received<'_>,
        hello: &ClientHello<'_>,
        selection: &Selection<'_>,
        client_share: &[u8],
    ) -> Poll<Result<State<P>>> {
        if cx.incoming.shares().is_empty() {
            cx.incoming.agree(cx.provider, &[Some(selection.named_group)])?;
        }
        let (len, shared) = ready!(poll_write(cx, hello, selection, client_share))?;
        cx.incoming.end_agreements();

        let suite = selection.cipher_suite;
        let aligned = received.record_aligned()?;
        if self.retried.is_none() {
            begin(cx, hello, suite)?;
        }
        cx.accept(&received.message)?;
        cx.facts.named_group = Some(selection.named_group);
        cx.facts.alpn = selection.alpn;
        cx.facts.asked = selection.asked;
        cx.facts.peer_certificate_type = selection.certificate_types.peer.unwrap_or(CertificateType::X509);
        if let Some(chosen) = cx.identity {
            cx.facts.own_certificate_type = chosen.certificate_type;
        }
        if let Some(name) = selection.identity_request.server_name {
            cx.notes.note_name(name);
        }
        cx.commit(len)?;
        cx.outgoing.flush_last(cx.provider)?;
        // Compatibility mode (RFC 9846 E.4): once, behind the first message.
        if !hello.legacy_session_id.is_empty() && self.retried.is_none() {
            cx.outgoing.change_cipher_spec(cx.provider)?;
        }
        let transcript = cx.transcript.hash(cx.provider)?;
        cx.schedule.begin(cx.provider, suite.hash(), &shared)?;
        cx.install_incoming(&Derived::CLIENT_HANDSHAKE, &transcript, aligned)?;
        cx.incoming.allows_plaintext_alert = true;
        // After a HelloRetryRequest there is none: the second ClientHello had no early_data.
        cx.incoming.early_data_to_skip = 0;
        if selection.early_data {
            cx.incoming.skip_early_data();
        }
        cx.install_outgoing(&Derived::SERVER_HANDSHAKE, &transcript)?;
        Poll::Ready(Ok(State::Negotiated(Negotiated::new(selection))))
    }

    fn send_hello_retry_request<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        received: &mut Received<'_>,
        hello: &ClientHello<'_>,
        selection: &Selection<'_>,
    ) -> Poll<Result<State<P>>> {
        // After the first one, `Retried::check` has made sure that there is a share.
        let suite = selection.cipher_suite;
        let group = selection.named_group;
        let fingerprint = fingerprint(cx.provider, suite, hello)?;
        begin(cx, hello, suite)?;
        cx.accept(&received.message)?;
        cx.transcript.replace_by_message_hash(cx.provider, suite.hash())?;
        cx.facts.retried = true;
        let sent = cx.poll_send(&mut |writer| {
            ServerHello::write_new(writer, &HELLO_RETRY_REQUEST_RANDOM, hello.legacy_session_id, suite, |writer| {
                SelectedVersion::write(writer);
                KeyShareHelloRetryRequest { selected_group: group }.write(writer);
            });
        });
        match sent {
            Poll::Ready(sent) => sent?,
            // Nothing is in front of it that could be sent first.
            Poll::Pending => return Poll::Ready(Err(Error::Internal)),
        }
        cx.outgoing.flush(cx.provider)?;
        if !hello.legacy_session_id.is_empty() {
            cx.outgoing.change_cipher_spec(cx.provider)?;
        }
        if selection.early_data {
            cx.incoming.skip_early_data();
        }
        let retried = Some(Retried { cipher_suite: suite, named_group: group, fingerprint });
        Poll::Ready(Ok(State::Start(Self { retried })))
    }
}

/// Chooses an identity for this client, once for both ClientHellos: what it depends on must not change between them.
fn poll_choose_identity<'a, P: CryptoProvider>(
    cx: &mut Context<'_, 'a, P>,
    config: &ServerConfig<'a, P>,
    selection: &Selection<'_>,
) -> Poll<Result<()>> {
    if cx.identity.is_none() {
        let request = &selection.identity_request;
        match config.identities.poll_choose(cx.provider, request, cx.identity) {
            Poll::Pending => return cx.pending(Operation::IdentityChoice),
            Poll::Ready(chosen) => chosen?,
        }
        if cx.identity.is_none() {
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
fn begin<P: CryptoProvider>(cx: &mut Context<'_, '_, P>, hello: &ClientHello<'_>, suite: CipherSuite) -> Result<()> {
    cx.facts.cipher_suite = suite;
    cx.facts.client_random = *hello.random;
    *cx.transcript = Transcript::start(cx.provider, suite.hash())?;
    cx.incoming.allows_change_cipher_spec = true;
    Ok(())
}

/// Writes the ServerHello where [`Outgoing::message_room`] is: its length, and the shared secret.
///
/// [`Outgoing::message_room`]: crate::record::Outgoing::message_room
fn poll_write<P: CryptoProvider>(
    cx: &mut Context<'_, '_, P>,
    hello: &ClientHello<'_>,
    selection: &Selection<'_>,
    client_share: &[u8],
) -> Poll<Result<(usize, P::Secret)>> {
    let mut agreed = Poll::Pending;
    let exchange = &mut cx.incoming.shares().iter_mut().flatten().next().ok_or(Error::Internal)?.exchange;
    let room = cx.outgoing.message_room(usize::MAX);
    let mut writer = Writer::new(room);
    ServerHello::write_new(&mut writer, &[0; 32], hello.legacy_session_id, selection.cipher_suite, |writer| {
        SelectedVersion::write(writer);
        writer.extension(ExtensionType::KEY_SHARE, |writer| {
            writer.u16(selection.named_group.0);
            writer.vector16(|writer| {
                agreed = exchange.poll_encapsulate(cx.provider, client_share, writer.room()).map_ok(|(len, shared)| {
                    writer.filled(len);
                    shared
                });
                if let Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) = agreed {
                    writer.missing(len);
                }
            });
        });
    });
    let len = writer.finish().map_err(Error::with_record_overhead);
    let shared = match agreed {
        Poll::Pending => return cx.pending(Operation::Encapsulation),
        Poll::Ready(Err(Error::TransmitBufferTooSmall(_))) => {
            return Poll::Ready(Err(len.err().unwrap_or(Error::Internal)));
        }
        Poll::Ready(shared) => shared?,
    };
    let len = len?;
    // Only now, so that a pending operation draws no random bytes twice: type, length, version, then random.
    const AT: usize = MESSAGE_HEADER_LEN + 2;
    let random = cx.outgoing.message_room(0).get_mut(AT..AT + 32).ok_or(Error::Internal)?;
    cx.provider.fill_random(random)?;
    Poll::Ready(Ok((len, shared)))
}

impl Retried {
    /// What we act on has not changed, but for what RFC 9846 4.2.2 allows.
    fn check<P: CryptoProvider>(&self, cx: &mut Context<'_, '_, P>, hello: &ClientHello<'_>) -> Result<()> {
        if fingerprint(cx.provider, self.cipher_suite, hello)? != self.fingerprint {
            return Err(PeerFault::ClientHelloChanged.into());
        }
        if hello.extensions.find(ExtensionType::EARLY_DATA).is_some() {
            return Err(PeerFault::ClientHelloChanged.into());
        }
        let shares = hello.extensions.get(ExtensionType::KEY_SHARE, KeyShareClientHello::read)?;
        let mut shares = shares.ok_or(PeerFault::MissingExtension)?.iter();
        match (shares.next(), shares.next()) {
            (Some(share), None) if share.group == self.named_group => Ok(()),
            _ => Err(PeerFault::IllegalKeyShare.into()),
        }
    }
}
