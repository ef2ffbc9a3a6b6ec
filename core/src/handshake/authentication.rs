//! Certificate, CertificateVerify and Finished, ours and the peer's, for both roles (RFC 9846 4.5).

use super::evidence::{FinishedVerified, Presented, SignatureVerified};
use super::{Context, Operation, Received, public_key, small};
use crate::codes::SignatureScheme;
use crate::config::Identity;
use crate::crypto::{
    CryptoProvider, Digest, PeerCertificates, PeerRole, PeerVerifier, SignatureVerifier, VerificationProgress,
};
use crate::error::{Error, Result};
use crate::key_schedule::verify_data;
use crate::limits::MAX_SIGNATURE_LEN;
use crate::secret;
use crate::wire::{Certificate, CertificateVerify, Finished, List, MESSAGE_HEADER_LEN, Writer};
use core::task::{Poll, ready};
use rustls_pki_types::ServerName;

/// Who signs (RFC 9846 4.5.2).
#[derive(Clone, Copy)]
pub(super) enum Side {
    Client,
    Server,
}

/// What a CertificateVerify signs: 64 spaces, the context string, a zero, the transcript hash.
struct SignedContent {
    bytes: [u8; SignedContent::MAX_LEN],
    len: usize,
}

impl SignedContent {
    const MAX_LEN: usize = 64 + 33 + 1 + crate::crypto::MAX_DIGEST_LEN;

    fn new(side: Side, transcript: &Digest) -> Result<Self> {
        let mut content = Self { bytes: [0; Self::MAX_LEN], len: 0 };
        let mut writer = Writer::new(&mut content.bytes);
        writer.bytes(&[0x20; 64]);
        writer.bytes(match side {
            Side::Client => b"TLS 1.3, client CertificateVerify",
            Side::Server => b"TLS 1.3, server CertificateVerify",
        });
        writer.u8(0);
        writer.bytes(transcript.as_bytes());
        content.len = writer.finish()?;
        Ok(content)
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

// ---- the peer's

/// What a Certificate message says.
pub(super) enum PeerCertificate {
    /// A chain that the verifier accepts.
    Presented(Presented),
    /// No certificate.
    Empty,
}

/// Reads a Certificate and has the verifier check it.
pub(super) fn poll_certificate<P: CryptoProvider>(
    cx: &mut Context<'_, '_, P>,
    role: PeerRole,
    verifier: &dyn PeerVerifier<P>,
    progress: &mut VerificationProgress<P>,
    server_name: Option<&ServerName<'_>>,
    received: &Received<'_>,
) -> Poll<Result<PeerCertificate>> {
    let certificate = Certificate::read(received.message.body)?;
    if !certificate.certificate_request_context.is_empty() {
        return Poll::Ready(Err(Error::IllegalParameter));
    }
    // Nothing that belongs into an entry was asked for (status_request, signed_certificate_timestamp).
    if certificate.entries.iter().any(|entry| entry.extensions.iter().next().is_some()) {
        return Poll::Ready(Err(Error::UnsolicitedExtension));
    }
    let Some(leaf) = certificate.entries.leaf() else {
        return Poll::Ready(Ok(PeerCertificate::Empty));
    };
    let mut schemes = [SignatureScheme(0); 32];
    let mut count = 0usize;
    for (slot, scheme) in schemes.iter_mut().zip(cx.common.certificate_schemes(cx.provider)) {
        *slot = scheme;
        count = count.saturating_add(1);
    }
    let peer = PeerCertificates {
        role,
        chain: certificate.entries,
        subject_public_key_info: public_key::subject_public_key_info(leaf.data)?,
        server_name,
        signature_schemes: schemes.get(..count).unwrap_or(&[]),
    };
    match verifier.poll_verify(cx.provider, progress, &peer) {
        Poll::Pending => cx.pending(Operation::PeerVerification),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Ready(Ok(())) => {
            // The certificate stays in the receive buffer until its key is proved: type, length, empty context,
            // length of the list and of the entry are in front of it.
            const OFFSET: usize = MESSAGE_HEADER_LEN + 1 + 3 + 3;
            *cx.retain = Some(OFFSET..OFFSET.saturating_add(leaf.data.len()));
            cx.notes.note_certificate(leaf.data);
            Poll::Ready(Ok(PeerCertificate::Presented(Presented::verifier_accepted())))
        }
    }
}

/// Reads a CertificateVerify and checks its signature with the key of the certificate that was kept.
pub(super) fn poll_certificate_verify<P: CryptoProvider>(
    cx: &mut Context<'_, '_, P>,
    signer: Side,
    presented: &Presented,
    operation: &mut Option<P::SignatureVerifier>,
    received: &Received<'_>,
) -> Poll<Result<SignatureVerified>> {
    let certificate_verify = CertificateVerify::read(received.message.body)?;
    let scheme = certificate_verify.algorithm;
    if !cx.common.handshake_schemes(cx.provider).any(|offered| offered == scheme) {
        return Poll::Ready(Err(Error::IllegalSignatureScheme));
    }
    let info = public_key::subject_public_key_info(received.retained)?;
    let key = public_key::key_for_scheme(info, scheme)?;
    let content = SignedContent::new(signer, &cx.transcript.hash(cx.provider)?)?;
    let verification = match operation {
        Some(verification) => verification,
        None => operation.insert(P::SignatureVerifier::start(cx.provider, scheme.into())?),
    };
    match verification.poll_verify(cx.provider, key, content.as_bytes(), certificate_verify.signature) {
        Poll::Pending => cx.pending(Operation::SignatureVerification),
        Poll::Ready(valid) => {
            *operation = None;
            valid?;
            // The certificate has done its service: nothing of it is kept.
            *cx.retain = Some(0..0);
            Poll::Ready(Ok(SignatureVerified::signature_is_valid(presented, scheme)))
        }
    }
}

/// Checks a Finished with the peer's handshake traffic secret.
pub(super) fn check_finished<P: CryptoProvider>(
    cx: &mut Context<'_, '_, P>,
    received: &Received<'_>,
) -> Result<FinishedVerified> {
    let hash = cx.hash()?;
    let finished = Finished::read(received.message.body);
    if finished.verify_data.len() != hash.output_len() {
        return Err(Error::Malformed);
    }
    let transcript = cx.transcript.hash(cx.provider)?;
    let base_key = cx.incoming.secret().ok_or(Error::Internal)?;
    let expected = verify_data(cx.provider, hash, base_key, &transcript)?;
    if secret::equal(expected.as_bytes(), finished.verify_data) {
        Ok(FinishedVerified::mac_is_valid())
    } else {
        Err(Error::BadFinished)
    }
}

// ---- ours

/// An identity, by its place in the configuration, and how it will sign.
#[derive(Clone, Copy)]
pub(super) struct ChosenIdentity {
    index: usize,
    scheme: SignatureScheme,
}

impl ChosenIdentity {
    /// The first identity with a scheme that the peer verifies (RFC 9846 4.5.1.2).
    pub(super) fn choose<P: CryptoProvider>(
        identities: &[Identity<'_, P>],
        peer_schemes: List<'_, SignatureScheme>,
    ) -> Option<Self> {
        identities.iter().enumerate().find_map(|(index, identity)| {
            let schemes = identity.signer.schemes().iter();
            let scheme = schemes.copied().find(|&scheme| scheme.signs_handshake() && peer_schemes.contains(scheme))?;
            Some(Self { index, scheme })
        })
    }

    fn of<'i, 'a, P: CryptoProvider>(self, identities: &'i [Identity<'a, P>]) -> Result<&'i Identity<'a, P>> {
        identities.get(self.index).ok_or(Error::Internal)
    }
}

/// Our Certificate message, sent piece by piece straight from where the certificates are.
#[derive(Default)]
pub(super) struct CertificateSender {
    /// 0 is the front of the message; then each certificate has its length, its bytes, and its extensions.
    piece: usize,
    /// Bytes of the piece that are sent.
    done: usize,
}

impl CertificateSender {
    /// Sends what there is room for. Without an identity, an empty Certificate.
    pub(super) fn poll_send<P: CryptoProvider>(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        identities: &[Identity<'_, P>],
        identity: Option<ChosenIdentity>,
    ) -> Poll<Result<()>> {
        let chain = match identity {
            Some(identity) => identity.of(identities)?.certificate_chain,
            None => &[],
        };
        if self.piece == 0 {
            let mut front = [0; MESSAGE_HEADER_LEN + 1 + 3];
            ready!(cx.poll_send_piece(certificate_front(chain, &mut front)?, &mut self.done))?;
            self.next();
        }
        while let Some(certificate) = chain.get(self.piece.saturating_sub(1) / 3) {
            let [_, length @ ..] = small(certificate.len()).to_be_bytes();
            let bytes = match self.piece % 3 {
                1 => &length[..],
                2 => certificate,
                _ => &[0, 0],
            };
            ready!(cx.poll_send_piece(bytes, &mut self.done))?;
            self.next();
        }
        Poll::Ready(Ok(()))
    }

    const fn next(&mut self) {
        self.piece = self.piece.saturating_add(1);
        self.done = 0;
    }
}

/// Type and length of a Certificate message, its empty context, and the length of its list.
fn certificate_front<'f>(chain: &[&[u8]], front: &'f mut [u8]) -> Result<&'f [u8]> {
    const TOO_LONG: Error = Error::InvalidConfiguration("a certificate chain is longer than its message can hold");
    let list = chain.iter().fold(0usize, |sum, certificate| sum.saturating_add(certificate.len()).saturating_add(5));
    if list > 0xff_ffff - 4 {
        return Err(TOO_LONG);
    }
    let [_, list_length @ ..] = small(list).to_be_bytes();
    let [_, body_length @ ..] = small(list.saturating_add(4)).to_be_bytes();
    let mut writer = Writer::new(front);
    writer.u8(crate::codes::HandshakeType::CERTIFICATE.0);
    writer.bytes(&body_length);
    writer.u8(0);
    writer.bytes(&list_length);
    writer.finish()?;
    Ok(front)
}

/// Signs and sends our CertificateVerify.
pub(super) fn poll_sign<P: CryptoProvider>(
    cx: &mut Context<'_, '_, P>,
    side: Side,
    identities: &[Identity<'_, P>],
    identity: ChosenIdentity,
) -> Poll<Result<()>> {
    // Type and length, scheme, length of the signature.
    const FRONT: usize = MESSAGE_HEADER_LEN + 2 + 2;
    let wanted = FRONT.saturating_add(MAX_SIGNATURE_LEN);
    if !cx.outgoing.fits(wanted) && !cx.outgoing.buffer.is_empty() {
        cx.outgoing.flush(cx.provider)?;
        return cx.pending_transmit();
    }
    let content = SignedContent::new(side, &cx.transcript.hash(cx.provider)?)?;
    let signer = identity.of(identities)?.signer;
    let room = cx.outgoing.message_room(wanted);
    let Some((front, signature)) = room.split_at_mut_checked(FRONT) else {
        return Poll::Ready(Err(Error::TransmitBufferTooSmall(small(crate::limits::MIN_TRANSMIT_BUFFER_LEN))));
    };
    let len = match signer.poll_sign(cx.provider, identity.scheme, content.as_bytes(), signature) {
        Poll::Pending => return cx.pending(Operation::Signing),
        Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) => {
            let needed = len.saturating_add(small(FRONT)).saturating_add(64);
            return Poll::Ready(Err(Error::TransmitBufferTooSmall(needed)));
        }
        Poll::Ready(len) => len?,
    };
    // The message is the same as `CertificateVerify::write` makes; only its front is written here.
    let mut header = [0; FRONT + 1];
    let mut writer = Writer::new(&mut header);
    let signature = signature.get(..len).ok_or(Error::Internal)?;
    CertificateVerify { algorithm: identity.scheme, signature }.write(&mut writer);
    let total = writer.len();
    front.copy_from_slice(header.get(..FRONT).ok_or(Error::Internal)?);
    cx.commit(total)?;
    cx.facts.local_scheme = Some(identity.scheme);
    Poll::Ready(Ok(()))
}

/// Sends our Finished, with our handshake traffic secret.
pub(super) fn poll_send_finished<P: CryptoProvider>(cx: &mut Context<'_, '_, P>) -> Poll<Result<()>> {
    let transcript = cx.transcript.hash(cx.provider)?;
    let base_key = cx.outgoing.secret().ok_or(Error::Internal)?;
    let verify_data = verify_data(cx.provider, cx.suite()?.hash(), base_key, &transcript)?;
    cx.poll_send(&mut |writer| Finished { verify_data: verify_data.as_bytes() }.write(writer))
}
