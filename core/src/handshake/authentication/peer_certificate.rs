//! The peer's Certificate (RFC 9846 4.5.1).

use crate::codes::{CertificateType, ExtensionType, SignatureScheme};
use crate::config::Common;
use crate::crypto::{CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, VerificationProgress};
use crate::error::{PeerFault, Result};
use crate::handshake::evidence::Presented;
use crate::handshake::{Received, Step};
use crate::identity::public_key;
use crate::waiting::Operation;
use crate::wire::extensions::{CertificateStatus, SignedCertificateTimestamps};
use crate::wire::{Certificate, CertificateEntry};
use core::task::Poll;
use rustls_pki_types::ServerName;

/// The body of both roles' WAIT_CERT: how far the verifier has come.
pub(in crate::handshake) struct CertificateCheck<P: CryptoProvider> {
    progress: VerificationProgress<P>,
}

impl<P: CryptoProvider> CertificateCheck<P> {
    pub(in crate::handshake) fn new() -> Self {
        Self { progress: VerificationProgress::default() }
    }

    /// Reads a Certificate and has the verifier check it; `None` is for one that is empty.
    pub(in crate::handshake) fn poll(
        &mut self,
        step: &mut Step<'_, '_, P>,
        role: PeerRole,
        verifier: &dyn PeerVerifier<P>,
        server_name: Option<&ServerName<'_>>,
        received: &Received<'_>,
    ) -> Poll<Result<Option<Presented>>> {
        let certificate = Certificate::read(received.message.body)?;
        if !certificate.certificate_request_context.is_empty() {
            return Poll::Ready(Err(PeerFault::IllegalParameter.into()));
        }
        let (mut leaf, mut stapled, mut chain_len) = (None, Stapled::default(), 0u16);
        for entry in certificate.entries.iter() {
            let of_entry = read_stapled(step.common(), entry)?;
            if leaf.is_none() {
                (leaf, stapled) = (Some(entry), of_entry);
            }
            chain_len = chain_len.saturating_add(1);
        }
        let [ocsp_response, signed_certificate_timestamps] = stapled;
        let Some(leaf) = leaf else { return Poll::Ready(Ok(None)) };
        let certificate_type = step.facts().peer_certificate_type;
        if certificate_type != CertificateType::X509 && chain_len != 1 {
            return Poll::Ready(Err(PeerFault::IllegalParameter.into()));
        }
        let mut schemes = [SignatureScheme(0); 32];
        let mut count = 0usize;
        for (slot, scheme) in schemes.iter_mut().zip(step.certificate_schemes()) {
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
        match verifier.poll_verify(step.provider(), &mut self.progress, &peer) {
            Poll::Pending => step.pending(Operation::PeerVerification),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {
                // The certificate stays in the receive buffer until its key is proved.
                const OFFSET: usize = Certificate::FRONT_LEN + CertificateEntry::FRONT_LEN;
                step.retain(OFFSET..OFFSET.saturating_add(leaf.data.len()));
                step.notes().note_certificate(leaf.data);
                let facts = step.facts();
                facts.peer_chain_len = chain_len;
                facts.server_name_verified = self.progress.server_name_verified && server_name.is_some();
                Poll::Ready(Ok(Some(Presented::verifier_accepted())))
            }
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
