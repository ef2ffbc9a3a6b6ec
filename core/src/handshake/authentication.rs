//! Certificate, CertificateVerify and Finished, ours and the peer's, for both roles (RFC 9846 4.5).

use super::evidence::{FinishedVerified, Presented, SignatureVerified};
use super::{Asked, Context, Operation, Received};
use crate::codes::{CertificateType, ExtensionType, HandshakeType, SignatureScheme};
use crate::config::{ChosenIdentity, Common, IdentityRequest};
use crate::crypto::{
    CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, SignatureVerifier, VerificationProgress, unusable_key,
    x509,
};
use crate::error::{ByteCount, CertificateFault, Error, Incompatibility, Misconfiguration, PeerFault, Result};
use crate::key_schedule::verify_data;
use crate::limits::MAX_SIGNATURE_LEN;
use crate::secret;
use crate::wire::extensions::{
    CertificateAuthorities, CertificateStatus, CertificateTypeList, Extensions, SignatureSchemeList,
    SignedCertificateTimestamps,
};
use crate::wire::{
    Certificate, CertificateEntries, CertificateEntry, CertificateVerify, Finished, MESSAGE_HEADER_LEN, Writer,
};
use core::task::{Poll, ready};
use rustls_pki_types::ServerName;

/// Who signs (RFC 9846 4.5.2).
#[derive(Clone, Copy)]
pub(crate) enum Side {
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

    const fn new() -> Self {
        Self { bytes: [0; Self::MAX_LEN], len: 0 }
    }

    /// On its own, so that its memory is not in use while signatures are made and verified.
    #[inline(never)]
    fn fill<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>, side: Side) -> Result<()> {
        let transcript = cx.transcript.hash(cx.provider)?;
        let mut writer = Writer::new(&mut self.bytes);
        writer.bytes(&[0x20; 64]);
        writer.bytes(match side {
            Side::Client => b"TLS 1.3, client CertificateVerify",
            Side::Server => b"TLS 1.3, server CertificateVerify",
        });
        writer.u8(0);
        writer.bytes(transcript.as_bytes());
        self.len = writer.finish()?;
        Ok(())
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
        return Poll::Ready(Err(PeerFault::IllegalParameter.into()));
    }
    let (mut leaf, mut stapled, mut chain_len) = (None, Stapled::default(), 0u16);
    for entry in certificate.entries.iter() {
        let of_entry = read_stapled(cx.common, entry)?;
        if leaf.is_none() {
            (leaf, stapled) = (Some(entry), of_entry);
        }
        chain_len = chain_len.saturating_add(1);
    }
    let [ocsp_response, signed_certificate_timestamps] = stapled;
    let Some(leaf) = leaf else { return Poll::Ready(Ok(PeerCertificate::Empty)) };
    let certificate_type = cx.facts.peer_certificate_type;
    if certificate_type != CertificateType::X509 && chain_len != 1 {
        return Poll::Ready(Err(PeerFault::IllegalParameter.into()));
    }
    let mut schemes = [SignatureScheme(0); 32];
    let mut count = 0usize;
    for (slot, scheme) in schemes.iter_mut().zip(cx.common.certificate_schemes(cx.provider)) {
        *slot = scheme;
        count = count.saturating_add(1);
    }
    let peer = PeerCertificates {
        role,
        certificate_type,
        chain: certificate.entries,
        ocsp_response,
        signed_certificate_timestamps,
        subject_public_key_info: public_key(certificate_type, leaf.data)?,
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
            cx.facts.peer_chain_len = chain_len;
            cx.facts.server_name_verified = progress.server_name_verified && server_name.is_some();
            Poll::Ready(Ok(PeerCertificate::Presented(Presented::verifier_accepted())))
        }
    }
}

/// What is stapled to a certificate: an OCSP response, and timestamps.
type Stapled<'m> = [Option<&'m [u8]>; 2];

/// Reads the extensions of an entry, each of which must have been asked for (RFC 9846 4.5.1).
fn read_stapled<'m>(common: &Common<'_>, entry: CertificateEntry<'m>) -> Result<Stapled<'m>> {
    let [mut ocsp_response, mut timestamps] = [None; 2];
    for (kind, data) in entry.extensions.iter() {
        match kind {
            ExtensionType::STATUS_REQUEST if common.asks_certificate_status => {
                ocsp_response = Some(CertificateStatus::read(data)?.ocsp_response);
            }
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP if common.asks_certificate_timestamps => {
                timestamps = Some(SignedCertificateTimestamps::read(data)?.list);
            }
            _ => return Err(PeerFault::UnsolicitedExtension.into()),
        }
    }
    Ok([ocsp_response, timestamps])
}

/// The SubjectPublicKeyInfo in what a CertificateEntry holds.
pub(crate) fn public_key(certificate_type: CertificateType, data: &[u8]) -> Result<&[u8]> {
    if certificate_type == CertificateType::RAW_PUBLIC_KEY {
        x509::check_subject_public_key_info(data)?;
        return Ok(data);
    }
    x509::subject_public_key_info(data)
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
        return Poll::Ready(Err(PeerFault::IllegalSignatureScheme.into()));
    }
    let info = public_key(cx.facts.peer_certificate_type, received.retained)?;
    let key = x509::key_for_scheme(info, scheme)?;
    let mut content = SignedContent::new();
    content.fill(cx, signer)?;
    let verification = match operation {
        Some(verification) => verification,
        None => operation.insert(P::SignatureVerifier::start(cx.provider, scheme.into())?),
    };
    match verification.poll_verify(cx.provider, key, content.as_bytes(), certificate_verify.signature) {
        Poll::Pending => cx.pending(Operation::SignatureVerification),
        Poll::Ready(valid) => {
            *operation = None;
            valid.map_err(|error| match error {
                Error::Certificate(CertificateFault::Unsupported) => unusable_key::<P>(key).into(),
                error => error,
            })?;
            // The certificate has done its service: nothing of it is kept.
            *cx.retain = Some(0..0);
            Poll::Ready(Ok(SignatureVerified::signature_is_valid(presented, scheme)))
        }
    }
}

/// Checks a Finished with the peer's handshake traffic secret.
#[inline(never)]
pub(super) fn check_finished<P: CryptoProvider>(
    cx: &mut Context<'_, '_, P>,
    received: &Received<'_>,
) -> Result<FinishedVerified> {
    let hash = cx.hash();
    let finished = Finished::read(received.message.body);
    if finished.verify_data.len() != hash.output_len() {
        return Err(PeerFault::Malformed.into());
    }
    let transcript = cx.transcript.hash(cx.provider)?;
    let base_key = cx.incoming.secret().ok_or(Error::Internal)?;
    let expected = verify_data(cx.provider, hash, base_key, &transcript)?;
    if secret::equal(expected.as_bytes(), finished.verify_data) {
        Ok(FinishedVerified::mac_is_valid())
    } else {
        Err(PeerFault::BadFinished.into())
    }
}

// ---- ours

/// What a ClientHello or a CertificateRequest says of the certificate it wants.
pub(super) fn identity_request<'m>(
    server_name: Option<&'m str>,
    extensions: Extensions<'m>,
    certificate_types: CertificateTypeList<'m>,
) -> Result<IdentityRequest<'m>> {
    let schemes = extensions.get(ExtensionType::SIGNATURE_ALGORITHMS, SignatureSchemeList::read)?;
    let missing = match extensions.find(ExtensionType::PRE_SHARED_KEY) {
        Some(_) => Error::Incompatible(Incompatibility::NoSignatureScheme),
        None => Error::Peer(PeerFault::MissingExtension),
    };
    let signature_schemes = schemes.ok_or(missing)?.supported_signature_algorithms;
    let for_certificates = extensions.get(ExtensionType::SIGNATURE_ALGORITHMS_CERT, SignatureSchemeList::read)?;
    Ok(IdentityRequest {
        server_name,
        signature_schemes,
        certificate_schemes: for_certificates.map_or(signature_schemes, |list| list.supported_signature_algorithms),
        certificate_authorities: extensions
            .get(ExtensionType::CERTIFICATE_AUTHORITIES, CertificateAuthorities::read)?,
        certificate_types,
    })
}

/// Our Certificate message, sent piece by piece straight from where the certificates are.
#[derive(Default)]
pub(crate) struct CertificateSender {
    /// 0 is the front of the message; then each certificate has the pieces of [`Piece`].
    piece: usize,
    /// Bytes of the piece that are sent.
    done: usize,
}

/// How many pieces a CertificateEntry is sent in: its length; the certificate; the length of its extensions and, if it
/// has one, the front of the OCSP response; that response; the front of the timestamps; these.
const PIECES: usize = 6;

/// The longest piece that is not the identity's.
const MAX_FRONT_LEN: usize = 2 + CertificateStatus::FRONT_LEN;

impl CertificateSender {
    /// Sends what there is room for.
    pub(crate) fn poll_send<P: CryptoProvider>(&mut self, cx: &mut Context<'_, '_, P>) -> Poll<Result<()>> {
        let outline = Outline::new(cx.identity.as_ref().ok_or(Error::Internal)?, cx.facts.asked);
        if self.piece == 0 {
            let mut front = [0; MESSAGE_HEADER_LEN + 1 + 3];
            ready!(cx.poll_send_piece(outline.front(&mut front)?, &mut self.done))?;
            self.next();
        }
        let mut front = [0; MAX_FRONT_LEN];
        while let Some(bytes) = outline.piece(self.piece.saturating_sub(1), &mut front)? {
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

/// Checks that a Certificate message can hold this, if the peer asks for all of it.
pub(crate) fn check_certificate_len(
    chain: &[&[u8]],
    ocsp_response: Option<&[u8]>,
    timestamps: Option<&[u8]>,
) -> Result<()> {
    let (ocsp_response, timestamps) = (ocsp_response.unwrap_or_default(), timestamps.unwrap_or_default());
    Outline { chain, ocsp_response, timestamps }.list_len().map(drop)
}

/// What our Certificate message consists of.
struct Outline<'a> {
    chain: &'a [&'a [u8]],
    /// Beside the first certificate; empty where there is nothing.
    ocsp_response: &'a [u8],
    timestamps: &'a [u8],
}

impl<'a> Outline<'a> {
    fn new<P: CryptoProvider>(identity: &ChosenIdentity<'a, P>, asked: Asked) -> Self {
        Self {
            chain: identity.certificate_chain,
            ocsp_response: identity.ocsp_response.filter(|_| asked.status).unwrap_or_default(),
            timestamps: identity.signed_certificate_timestamps.filter(|_| asked.timestamps).unwrap_or_default(),
        }
    }

    /// Length of the extensions of the first certificate.
    fn extensions_len(&self) -> usize {
        let with_front =
            |bytes: &[u8], front: usize| if bytes.is_empty() { 0 } else { bytes.len().saturating_add(front) };
        with_front(self.ocsp_response, CertificateStatus::FRONT_LEN)
            .saturating_add(with_front(self.timestamps, SignedCertificateTimestamps::FRONT_LEN))
    }

    /// Length of its list, which the message can hold.
    fn list_len(&self) -> Result<usize> {
        let certificates = self.chain.iter().map(|certificate| certificate.len().saturating_add(5));
        let list = certificates.fold(self.extensions_len(), usize::saturating_add);
        if list > 0xff_ffff - 4 || self.extensions_len() > 0xffff {
            return Err(Error::InvalidConfiguration(Misconfiguration::ChainTooLong));
        }
        Ok(list)
    }

    /// Type and length of the message, its empty context, and the length of its list.
    fn front<'f>(&self, front: &'f mut [u8]) -> Result<&'f [u8]> {
        let list = self.list_len()?;
        let mut writer = Writer::new(front);
        writer.u8(HandshakeType::CERTIFICATE.0);
        writer.u24(list.saturating_add(4));
        writer.u8(0);
        writer.u24(list);
        writer.finish()?;
        Ok(front)
    }

    /// One piece; `None` behind the last. Where it is not the identity's it is written into `front`.
    fn piece<'f>(&self, index: usize, front: &'f mut [u8; MAX_FRONT_LEN]) -> Result<Option<&'f [u8]>>
    where
        'a: 'f,
    {
        let entry = index / PIECES;
        let Some(certificate) = self.chain.get(entry) else { return Ok(None) };
        let is_leaf = entry == 0;
        let mut writer = Writer::new(front);
        match index % PIECES {
            0 => writer.u24(certificate.len()),
            1 => return Ok(Some(certificate)),
            2 => {
                writer.u16(if is_leaf { small16(self.extensions_len()) } else { 0 });
                if is_leaf && !self.ocsp_response.is_empty() {
                    CertificateStatus::write_front(&mut writer, self.ocsp_response.len());
                }
            }
            3 if is_leaf => return Ok(Some(self.ocsp_response)),
            4 if is_leaf && !self.timestamps.is_empty() => {
                writer.u16(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP.0);
                writer.u16(small16(self.timestamps.len()));
            }
            5 if is_leaf => return Ok(Some(self.timestamps)),
            _ => {}
        }
        let len = writer.finish()?;
        Ok(front.get(..len))
    }
}

/// A length that was checked to fit.
fn small16(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

/// Says that we have no certificate.
pub(super) fn poll_send_empty<P: CryptoProvider>(cx: &mut Context<'_, '_, P>) -> Poll<Result<()>> {
    let certificate = Certificate { certificate_request_context: &[], entries: CertificateEntries::EMPTY };
    cx.poll_send(&mut |writer| certificate.write(writer))
}

/// What of an identity is to be sent.
pub(crate) enum Presenting<'s> {
    /// The Certificate.
    Certificate(&'s mut CertificateSender),
    /// The CertificateVerify.
    Signature(Side),
}

/// Sends it.
pub(crate) fn poll_present<P: CryptoProvider>(cx: &mut Context<'_, '_, P>, what: Presenting<'_>) -> Poll<Result<()>> {
    match what {
        Presenting::Certificate(sender) => sender.poll_send(cx),
        Presenting::Signature(side) => poll_sign(cx, side),
    }
}

/// Signs and sends our CertificateVerify.
pub(super) fn poll_sign<P: CryptoProvider>(cx: &mut Context<'_, '_, P>, side: Side) -> Poll<Result<()>> {
    let ChosenIdentity { signer, scheme, .. } = cx.identity.ok_or(Error::Internal)?;
    // Type and length, scheme, length of the signature.
    const FRONT: usize = MESSAGE_HEADER_LEN + 2 + 2;
    let wanted = FRONT.saturating_add(MAX_SIGNATURE_LEN);
    if !cx.outgoing.fits(wanted) && !cx.outgoing.buffer.is_empty() {
        cx.outgoing.flush(cx.provider)?;
        return cx.pending_transmit();
    }
    let mut content = SignedContent::new();
    content.fill(cx, side)?;
    let room = cx.outgoing.message_room(wanted);
    let Some((front, signature)) = room.split_at_mut_checked(FRONT) else {
        return Poll::Ready(Err(Error::TransmitBufferTooSmall(ByteCount::new(crate::limits::MIN_TRANSMIT_BUFFER_LEN))));
    };
    let len = match signer.poll_sign(cx.provider, scheme, content.as_bytes(), signature) {
        Poll::Pending => return cx.pending(Operation::Signing),
        Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) => {
            return Poll::Ready(Err(cx.outgoing.too_small(len.get().saturating_add(FRONT))));
        }
        Poll::Ready(len) => len?,
    };
    // The message is the same as `CertificateVerify::write` makes; only its front is written here.
    let mut header = [0; FRONT + 1];
    let mut writer = Writer::new(&mut header);
    let signature = signature.get(..len).ok_or(Error::Internal)?;
    CertificateVerify { algorithm: scheme, signature }.write(&mut writer);
    let total = writer.len();
    front.copy_from_slice(header.get(..FRONT).ok_or(Error::Internal)?);
    if !cx.outgoing.fits(total) {
        // With small records it takes more room, and nothing is in front of it.
        return Poll::Ready(Err(cx.outgoing.too_small(total)));
    }
    cx.commit(total)?;
    cx.facts.local_scheme = Some(scheme);
    Poll::Ready(Ok(()))
}

/// Sends our Finished, with our handshake traffic secret.
pub(super) fn poll_send_finished<P: CryptoProvider>(cx: &mut Context<'_, '_, P>) -> Poll<Result<()>> {
    let transcript = cx.transcript.hash(cx.provider)?;
    let base_key = cx.outgoing.secret().ok_or(Error::Internal)?;
    let verify_data = verify_data(cx.provider, cx.hash(), base_key, &transcript)?;
    cx.poll_send(&mut |writer| Finished { verify_data: verify_data.as_bytes() }.write(writer))
}
