//! The handshake (RFC 9846 4) as the state machines of Appendix A: one file per state.
//!
//! A state is a value with the evidence it needs; bulk data is borrowed through a [`Context`]. Some states
//! wait for a message, others work or send on their own. Every step obeys one law:
//!
//! **A step that returns `Pending` has changed nothing but the operation it polled.** It parses, polls, checks
//! that there is room, and only then touches transcript, keys and output, and names the next state. So it may
//! be repeated, with the message still in the receive buffer, until it is done.

mod authentication;
pub(crate) mod client;
mod evidence;
pub(crate) mod server;

pub(crate) use authentication::{Presenting, Side, check_certificate_len, poll_present, public_key};
pub use evidence::PeerAuthentication;
pub(crate) use evidence::Presented;

use crate::codes::{
    CertificateType, CipherSuite, ContentType, ExtensionType, HandshakeType, HashAlgorithm, NamedGroup, SignatureScheme,
};
use crate::config::{ChosenIdentity, Common};
use crate::crypto::{CryptoProvider, Digest, Secret};
use crate::error::{ByteCount, Error, PeerFault, Result};
use crate::key_schedule::{Derived, KeySchedule, Transcript};
use crate::limits::{MAX_PLAINTEXT_LEN, MIN_HYBRID_BUFFER_LEN};
use crate::record::{Incoming, Outgoing, RecordAligned};
use crate::storage::Storage;
use crate::wire::extensions::{CertificateStatusRequest, Extensions, RecordSizeLimit};
use crate::wire::{Message, Random, Writer};
use core::ops::Range;
use core::task::Poll;
use zeroize::Zeroizing;

/// An operation that a provider, signer or verifier has not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// A key pair for a key share.
    KeyGeneration,
    /// The server's half of a key agreement.
    Encapsulation,
    /// The client's half of a key agreement.
    Decapsulation,
    /// Which identity to present.
    IdentityChoice,
    /// Whether the peer's certificate is acceptable.
    PeerVerification,
    /// The signature in the peer's CertificateVerify.
    SignatureVerification,
    /// The signature in our own CertificateVerify.
    Signing,
}

/// What a connection needs before it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitingFor {
    /// More bytes from the peer.
    Peer,
    /// Sealed bytes to be sent: the transmit buffer has no room for what comes next.
    Transmit,
    /// The application: received data is to be consumed.
    Application,
    /// A slow operation; process again when its device is done.
    Operation(Operation),
    /// Nothing: the connection is over.
    Nothing,
}

/// What a handshake has found out.
pub(crate) struct Facts {
    /// [`CipherSuite::NONE`] until one is chosen.
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) named_group: Option<NamedGroup>,
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) local_scheme: Option<SignatureScheme>,
    /// Index into the configured protocols.
    pub(crate) alpn: Option<u16>,
    pub(crate) retried: bool,
    /// A client was asked who it is. What it answers, if anything, is in the [`Context`].
    pub(crate) certificate_requested: bool,
    pub(crate) peer_authentication: Option<PeerAuthentication>,
    /// What the peer's Certificate holds, and ours.
    pub(crate) peer_certificate_type: CertificateType,
    pub(crate) own_certificate_type: CertificateType,
    pub(crate) peer_chain_len: u16,
    /// The verifier found that the certificate is for the name the client was given.
    pub(crate) server_name_verified: bool,
    /// What the peer wants to see beside our certificate.
    pub(crate) asked: Asked,
    pub(crate) peer_record_size_limit: Option<u16>,
    /// Names the connection in a key log.
    pub(crate) client_random: Random,
}

impl Facts {
    pub(crate) const fn new() -> Self {
        Self {
            cipher_suite: CipherSuite::NONE,
            named_group: None,
            peer_scheme: None,
            local_scheme: None,
            alpn: None,
            retried: false,
            certificate_requested: false,
            peer_authentication: None,
            peer_certificate_type: CertificateType::X509,
            own_certificate_type: CertificateType::X509,
            peer_chain_len: 0,
            server_name_verified: false,
            asked: Asked { status: false, timestamps: false },
            peer_record_size_limit: None,
            client_random: [0; 32],
        }
    }
}

/// The extensions of a CertificateEntry that a peer asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// status_request.
    pub(crate) status: bool,
    /// signed_certificate_timestamp.
    pub(crate) timestamps: bool,
}

impl Asked {
    /// What a ClientHello or a CertificateRequest asks for.
    fn read(extensions: Extensions<'_>) -> Result<Self> {
        let status = extensions.get(ExtensionType::STATUS_REQUEST, CertificateStatusRequest::read)?;
        let timestamps = extensions.find(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP).is_some();
        Ok(Self { status: status.unwrap_or(false), timestamps })
    }
}

/// What is kept about the peer for the application, as far as it lent room: the name that a client asked for,
/// then the end-entity certificate.
pub(crate) struct PeerNotes<'a> {
    pub(crate) bytes: Storage<'a, u8>,
    name_len: u16,
    certificate_len: u32,
}

impl<'a> PeerNotes<'a> {
    pub(crate) const fn new(bytes: Storage<'a, u8>) -> Self {
        Self { bytes, name_len: 0, certificate_len: 0 }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        core::str::from_utf8(self.bytes.get(..self.name_len.into())?).ok().filter(|name| !name.is_empty())
    }

    pub(crate) fn certificate(&self) -> Option<&[u8]> {
        let certificate_len = usize::try_from(self.certificate_len).ok()?;
        let certificate = self.bytes.get(self.name_len.into()..)?.get(..certificate_len)?;
        Some(certificate).filter(|certificate| !certificate.is_empty())
    }

    /// The storage, wiped.
    pub(crate) fn into_storage(mut self) -> Storage<'a, u8> {
        self.bytes.fill(0);
        self.bytes
    }

    fn note_name(&mut self, name: &str) {
        if let (Some(room), Ok(len)) = (self.bytes.get_mut(..name.len()), name.len().try_into()) {
            room.copy_from_slice(name.as_bytes());
            self.name_len = len;
        }
    }

    fn note_certificate(&mut self, certificate: &[u8]) {
        let room = self.bytes.get_mut(self.name_len.into()..).and_then(|room| room.get_mut(..certificate.len()));
        if let (Some(room), Ok(len)) = (room, certificate.len().try_into()) {
            room.copy_from_slice(certificate);
            self.certificate_len = len;
        }
    }
}

/// What a step borrows of its connection.
pub(crate) struct Context<'c, 'a, P: CryptoProvider> {
    pub(crate) provider: &'c mut P,
    pub(crate) common: &'c Common<'a>,
    pub(crate) outgoing: &'c mut Outgoing<'a, P>,
    pub(crate) incoming: &'c mut Incoming<P>,
    pub(crate) transcript: &'c mut Transcript<P>,
    pub(crate) schedule: &'c mut KeySchedule<P>,
    pub(crate) facts: &'c mut Facts,
    pub(crate) notes: &'c mut PeerNotes<'a>,
    /// The identity we present, once it is chosen.
    pub(crate) identity: &'c mut Option<ChosenIdentity<'a, P>>,
    /// Length of the receive buffer, which the record_size_limit comes from.
    pub(crate) receive_capacity: usize,
    /// Why the step is pending.
    pub(crate) waiting_for: &'c mut WaitingFor,
    /// Part of the message to be kept when it is consumed.
    pub(crate) retain: &'c mut Option<Range<usize>>,
}

/// A message for a state, with the evidence that it ends its record, if it does.
pub(crate) struct Received<'m> {
    pub(crate) message: Message<'m>,
    pub(crate) aligned: Option<RecordAligned>,
    /// What an earlier message left: the peer's certificate.
    pub(crate) retained: &'m [u8],
}

impl Received<'_> {
    /// The evidence needed to change keys (RFC 9846 5.1).
    pub(crate) fn record_aligned(&mut self) -> Result<RecordAligned> {
        self.aligned.take().ok_or(Error::Peer(PeerFault::MessageSpansKeyChange))
    }
}

impl<P: CryptoProvider> Context<'_, '_, P> {
    /// The hash of the negotiated suite.
    pub(crate) const fn hash(&self) -> HashAlgorithm {
        self.facts.cipher_suite.hash()
    }

    /// Whether both buffers have room for the shares of hybrid groups.
    pub(crate) fn fits_hybrids(&self) -> bool {
        self.receive_capacity.min(self.outgoing.buffer.capacity()) >= MIN_HYBRID_BUFFER_LEN
    }

    /// The point of no return for a message: it becomes part of the transcript.
    pub(crate) fn accept(&mut self, message: &Message<'_>) -> Result<()> {
        self.transcript.add(self.provider, message.bytes)
    }

    /// Says why a step is pending.
    pub(crate) fn pending<T>(&mut self, operation: Operation) -> Poll<Result<T>> {
        *self.waiting_for = WaitingFor::Operation(operation);
        Poll::Pending
    }

    /// Says that a step is pending until something has been sent.
    pub(crate) fn pending_transmit<T>(&mut self) -> Poll<Result<T>> {
        *self.waiting_for = WaitingFor::Transmit;
        Poll::Pending
    }

    /// Sends a handshake message that is part of the transcript.
    pub(crate) fn poll_send(&mut self, write: &mut dyn FnMut(&mut Writer<'_>)) -> Poll<Result<()>> {
        match self.outgoing.poll_write(write) {
            Poll::Ready(len) => Poll::Ready(self.commit(len?)),
            Poll::Pending => {
                self.outgoing.flush(self.provider)?;
                self.pending_transmit()
            }
        }
    }

    /// Sends the handshake message of `len` bytes that stands in [`Outgoing::message_room`].
    pub(crate) fn commit(&mut self, len: usize) -> Result<()> {
        self.transcript.add(self.provider, self.outgoing.written(len))?;
        self.outgoing.commit_message(self.provider, len)
    }

    /// Sends bytes of a message that is written in pieces; pending when there is no room for all of them.
    /// `done` counts what has been sent.
    pub(crate) fn poll_send_piece(&mut self, piece: &[u8], done: &mut usize) -> Poll<Result<()>> {
        let rest = piece.get(*done..).ok_or(Error::Internal)?;
        let sent = self.outgoing.append(self.provider, ContentType::HANDSHAKE, rest)?;
        self.transcript.add(self.provider, rest.get(..sent).ok_or(Error::Internal)?)?;
        *done = done.saturating_add(sent);
        if *done == piece.len() {
            return Poll::Ready(Ok(()));
        }
        if self.outgoing.buffer.is_empty() {
            return Poll::Ready(Err(Error::TransmitBufferTooSmall(ByteCount::new(
                crate::limits::MIN_TRANSMIT_BUFFER_LEN,
            ))));
        }
        self.outgoing.flush(self.provider)?;
        self.pending_transmit()
    }

    /// Derives a secret of the current stage, and tells it to the key log, if one is configured.
    #[inline(never)]
    fn derive(&mut self, derived: &Derived, transcript: &Digest) -> Result<P::Secret> {
        let hash = self.hash();
        let secret = self.schedule.derive(self.provider, hash, derived, transcript)?;
        if let Some(key_log) = self.common.key_log {
            let mut revealed = Zeroizing::new([0; crate::secret::MAX_SECRET_LEN]);
            let len = secret.reveal(self.provider, &mut *revealed)?;
            let revealed = revealed.get(..len).ok_or(Error::Internal)?;
            key_log.log(derived.log_label, &self.facts.client_random, revealed);
        }
        Ok(secret)
    }

    /// Opens records with a key of the current stage from here on.
    #[inline(never)]
    pub(crate) fn install_incoming(
        &mut self,
        derived: &Derived,
        transcript: &Digest,
        aligned: RecordAligned,
    ) -> Result<()> {
        let secret = self.derive(derived, transcript)?;
        self.incoming.install(self.provider, self.facts.cipher_suite, secret, aligned)
    }

    /// Seals records with a key of the current stage from here on.
    #[inline(never)]
    pub(crate) fn install_outgoing(&mut self, derived: &Derived, transcript: &Digest) -> Result<()> {
        let secret = self.derive(derived, transcript)?;
        self.outgoing.install(self.provider, self.facts.cipher_suite, secret)
    }

    /// Goes on to the main secret.
    pub(crate) fn proceed_to_main(&mut self) -> Result<()> {
        let hash = self.hash();
        self.schedule.proceed(self.provider, hash)
    }

    /// Derives what the main secret is needed for later, and forgets it.
    #[inline(never)]
    pub(crate) fn complete_schedule(&mut self, transcript: &Digest) -> Result<()> {
        let client_secret = self.derive(&Derived::CLIENT_APPLICATION, transcript)?;
        let exporter_secret = self.derive(&Derived::EXPORTER, transcript)?;
        self.schedule.complete(client_secret, exporter_secret);
        Ok(())
    }

    /// The record_size_limit to advertise: what fits into the receive buffer, or less if so configured.
    #[inline(never)]
    pub(crate) fn own_record_size_limit(&self) -> u16 {
        let fits = self
            .receive_capacity
            .saturating_sub(crate::limits::RECORD_HEADER_LEN)
            .saturating_sub(16)
            .min(MAX_PLAINTEXT_LEN.saturating_add(1));
        let fits = u16::try_from(fits).unwrap_or(u16::MAX);
        self.common.record_size_limit.map_or(fits, |limit| limit.min(fits))
    }

    /// Obeys the peer's record_size_limit (RFC 8449 4).
    pub(crate) fn obey_record_size_limit(&mut self, limit: RecordSizeLimit) {
        self.facts.peer_record_size_limit = Some(limit.limit);
        self.outgoing.limit_content(usize::from(limit.limit).saturating_sub(1));
    }

    /// Both sides agreed on a max_fragment_length (RFC 6066 4): the content type comes on top.
    pub(crate) fn limit_fragments(&mut self, bytes: usize) {
        self.outgoing.limit_content(bytes);
        self.incoming.limit_inner(bytes.saturating_add(1));
    }
}

/// The messages that a state expects, a bit for each type.
#[derive(Clone, Copy)]
pub(crate) struct Expected(u32);

impl Expected {
    /// None: the state works on its own.
    pub(crate) const NOTHING: Self = Self(0);

    /// One type of message.
    pub(crate) fn one(kind: HandshakeType) -> Self {
        Self(1u32.unbounded_shl(kind.0.into()))
    }

    /// One of two.
    pub(crate) fn either(one: HandshakeType, other: HandshakeType) -> Self {
        Self(Self::one(one).0 | Self::one(other).0)
    }

    pub(crate) const fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// Refuses a message that the state does not expect: the one place where that happens.
    pub(crate) fn check(self, kind: HandshakeType) -> Result<()> {
        if self.0 & Self::one(kind).0 == 0 { Err(PeerFault::UnexpectedMessage.into()) } else { Ok(()) }
    }
}
