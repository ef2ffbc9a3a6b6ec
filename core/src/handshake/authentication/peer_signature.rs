//! The peer's CertificateVerify (RFC 9846 4.5.2).

use crate::crypto::{CryptoProvider, SignatureVerifier, unusable_key, x509};
use crate::error::{CertificateFault, Error, PeerFault, Result};
use crate::handshake::evidence::{PeerAuthenticated, Presented, SignatureVerified};
use crate::handshake::{Received, Step};
use crate::identity::{Side, SignedContent, public_key};
use crate::waiting::Operation;
use crate::wire::CertificateVerify;
use core::task::Poll;

/// The body of both roles' WAIT_CV: what was presented, and how far the verification of the signature has come.
pub(in crate::handshake) struct SignatureCheck<P: CryptoProvider> {
    presented: Presented,
    operation: Option<P::SignatureVerifier>,
}

impl<P: CryptoProvider> SignatureCheck<P> {
    pub(in crate::handshake) const fn new(presented: Presented) -> Self {
        Self { presented, operation: None }
    }

    /// Reads a CertificateVerify of `signer` and checks its signature with the key of the certificate that was kept.
    pub(in crate::handshake) fn poll(
        &mut self,
        step: &mut Step<'_, '_, P>,
        signer: Side,
        received: &Received<'_>,
    ) -> Poll<Result<PeerAuthenticated>> {
        let certificate_verify = CertificateVerify::read(received.message.body)?;
        let scheme = certificate_verify.algorithm;
        if !step.handshake_schemes().any(|offered| offered == scheme) {
            return Poll::Ready(Err(PeerFault::IllegalSignatureScheme.into()));
        }
        let info = public_key(step.facts().peer_certificate_type, received.retained)?;
        let key = x509::key_for_scheme(info, scheme)?;
        let mut content = SignedContent::new();
        step.fill(&mut content, signer)?;
        let verification = match &mut self.operation {
            Some(verification) => verification,
            None => self.operation.insert(P::SignatureVerifier::start(step.provider(), scheme.into())?),
        };
        match verification.poll_verify(step.provider(), key, content.as_bytes(), certificate_verify.signature) {
            Poll::Pending => step.pending(Operation::SignatureVerification),
            Poll::Ready(valid) => {
                valid.map_err(|error| match error {
                    Error::Certificate(CertificateFault::Unsupported) => unusable_key::<P>(key).into(),
                    error => error,
                })?;
                let verified = SignatureVerified::signature_is_valid(&self.presented, scheme);
                Poll::Ready(accept(step, received, &verified))
            }
        }
    }
}

/// Own frame, which is gone while the signature is verified.
#[inline(never)]
fn accept<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    received: &Received<'_>,
    verified: &SignatureVerified,
) -> Result<PeerAuthenticated> {
    // The certificate was kept for this alone.
    step.retain(0..0);
    step.accept(&received.message)?;
    step.facts().peer_scheme = Some(verified.scheme);
    Ok(PeerAuthenticated::by_certificate(verified))
}
