//! Presenting an identity: our Certificate and CertificateVerify (RFC 9846 4.5.1, 4.5.2).

use super::{Identity, IdentityRequest, Side, SignedContent};
use crate::codes::{CertificateType, ExtensionType, SignatureScheme};
use crate::crypto::{CryptoProvider, Signer};
use crate::error::{Error, Misconfiguration, Result};
use crate::limits::MAX_SIGNATURE_LEN;
use crate::sender::Sender;
use crate::waiting::Operation;
use crate::wire::extensions::{CertificateStatus, CertificateStatusRequest, Extensions, SignedCertificateTimestamps};
use crate::wire::{Certificate, CertificateEntry, CertificateVerify, Writer};
use core::task::{Poll, ready};

/// What is left of an identity when it is chosen, and how it will be presented.
pub(crate) struct ChosenIdentity<'a, P: CryptoProvider> {
    pub(crate) certificate_chain: &'a [&'a [u8]],
    pub(crate) signer: &'a dyn Signer<P>,
    pub(crate) ocsp_response: Option<&'a [u8]>,
    pub(crate) signed_certificate_timestamps: Option<&'a [u8]>,
    pub(crate) certificate_type: CertificateType,
    pub(crate) scheme: SignatureScheme,
    /// A pointer, so that a client which has no identity does not link what presents one.
    poll_present: PollPresent<P>,
}

type PollPresent<P> =
    for<'x, 'i, 's, 'p> fn(&'x ChosenIdentity<'i, P>, &'x mut Sender<'s, P>, Presenting<'p>) -> Poll<Result<()>>;

impl<'a, P: CryptoProvider> ChosenIdentity<'a, P> {
    /// None, if the identity has no scheme that the peer verifies.
    pub(super) fn new(identity: Identity<'a, P>, request: &IdentityRequest<'_>) -> Option<Self> {
        let scheme = request.scheme_for(&identity)?;
        Some(Self {
            certificate_chain: identity.certificate_chain,
            signer: identity.signer,
            ocsp_response: identity.ocsp_response,
            signed_certificate_timestamps: identity.signed_certificate_timestamps,
            certificate_type: identity.certificate_type,
            scheme,
            poll_present,
        })
    }

    /// Sends one of our messages.
    pub(crate) fn poll_present(&self, sender: &mut Sender<'_, P>, what: Presenting<'_>) -> Poll<Result<()>> {
        (self.poll_present)(self, sender, what)
    }
}

impl<P: CryptoProvider> Clone for ChosenIdentity<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: CryptoProvider> Copy for ChosenIdentity<'_, P> {}

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
    pub(crate) fn read(extensions: Extensions<'_>) -> Result<Self> {
        let status = extensions.get(ExtensionType::STATUS_REQUEST, CertificateStatusRequest::read)?;
        let timestamps = extensions.find(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP).is_some();
        Ok(Self { status: status.unwrap_or(false), timestamps })
    }
}

/// What of an identity is to be sent.
pub(crate) enum Presenting<'p> {
    /// The Certificate, with what the peer asked for beside it.
    Certificate(&'p mut CertificateSender, Asked),
    /// The CertificateVerify of this side.
    Signature(Side),
}

fn poll_present<P: CryptoProvider>(
    identity: &ChosenIdentity<'_, P>,
    sender: &mut Sender<'_, P>,
    what: Presenting<'_>,
) -> Poll<Result<()>> {
    match what {
        Presenting::Certificate(certificate, asked) => certificate.poll_send(&Outline::new(identity, asked), sender),
        Presenting::Signature(side) => poll_sign(identity, sender, side),
    }
}

/// Signs and sends our CertificateVerify.
fn poll_sign<P: CryptoProvider>(
    identity: &ChosenIdentity<'_, P>,
    sender: &mut Sender<'_, P>,
    side: Side,
) -> Poll<Result<()>> {
    const FRONT_LEN: usize = CertificateVerify::FRONT_LEN;
    ready!(sender.poll_room(FRONT_LEN.saturating_add(MAX_SIGNATURE_LEN)))?;
    let mut content = SignedContent::new();
    content.fill(sender.provider, sender.transcript, side)?;
    // In too small a room nothing can be signed, and what is missing is told.
    let (front, signature) = sender.flight.draft().split_at_mut_checked(FRONT_LEN).unwrap_or_default();
    let len = match identity.signer.poll_sign(sender.provider, identity.scheme, content.as_bytes(), signature) {
        Poll::Pending => return sender.pending(Operation::Signing),
        Poll::Ready(Err(Error::TransmitBufferTooSmall(len))) => {
            return Poll::Ready(Err(sender.flight.too_small(len.get().saturating_add(FRONT_LEN))));
        }
        Poll::Ready(len) => len?,
    };
    CertificateVerify::write_front(&mut Writer::new(front), identity.scheme, len);
    Poll::Ready(sender.commit(FRONT_LEN.saturating_add(len)))
}

/// Our Certificate message, sent piece by piece straight from where the certificates are.
#[derive(Default)]
pub(crate) struct CertificateSender {
    /// 0 is the front of the message; then each certificate has its pieces.
    piece: usize,
    /// Bytes of the piece that are sent.
    done: usize,
}

/// How many pieces a CertificateEntry is sent in: its length; the certificate; the length of its extensions and, if it
/// has one, the front of the OCSP response; that response; the front of the timestamps; these.
const PIECES: usize = 6;

/// The longest piece that is not the identity's.
const MAX_FRONT_LEN: usize = 2 + CertificateStatus::FRONT_LEN;
const _: () = assert!(MAX_FRONT_LEN >= Certificate::FRONT_LEN);

impl CertificateSender {
    /// Sends what there is room for.
    fn poll_send<P: CryptoProvider>(&mut self, outline: &Outline<'_>, sender: &mut Sender<'_, P>) -> Poll<Result<()>> {
        let mut front = [0; MAX_FRONT_LEN];
        while let Some(bytes) = outline.piece(self.piece, &mut front)? {
            ready!(sender.poll_send_piece(bytes, &mut self.done))?;
            self.piece = self.piece.saturating_add(1);
            self.done = 0;
        }
        Poll::Ready(Ok(()))
    }
}

/// Checks that a Certificate message can hold this, if the peer asks for all of it.
pub(super) fn check_certificate_len(
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

    /// One piece; `None` behind the last. Where it is not the identity's it is written into `front`.
    fn piece<'f>(&self, index: usize, front: &'f mut [u8; MAX_FRONT_LEN]) -> Result<Option<&'f [u8]>>
    where
        'a: 'f,
    {
        let mut writer = Writer::new(front);
        if let Some(index) = index.checked_sub(1) {
            let Some(certificate) = self.chain.get(index / PIECES) else { return Ok(None) };
            let is_leaf = index < PIECES;
            match index % PIECES {
                0 => CertificateEntry::write_front(&mut writer, certificate.len()),
                1 => return Ok(Some(certificate)),
                2 => {
                    writer.u16(if is_leaf { small16(self.extensions_len()) } else { 0 });
                    if is_leaf && !self.ocsp_response.is_empty() {
                        CertificateStatus::write_front(&mut writer, self.ocsp_response.len());
                    }
                }
                3 if is_leaf => return Ok(Some(self.ocsp_response)),
                4 if is_leaf && !self.timestamps.is_empty() => {
                    SignedCertificateTimestamps::write_front(&mut writer, self.timestamps.len());
                }
                5 if is_leaf => return Ok(Some(self.timestamps)),
                _ => {}
            }
        } else {
            Certificate::write_front(&mut writer, &[], self.list_len()?);
        }
        let len = writer.finish()?;
        Ok(front.get(..len))
    }
}

/// A length that was checked to fit.
fn small16(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}
