//! The CertificateRequest.

use super::sending_certificate::SendingCertificate;
use super::{State, Step};
use crate::codes::ExtensionType;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Misconfiguration, Result};
use crate::wire::CertificateRequest;
use crate::wire::extensions::{
    CertificateAuthorities, CertificateStatusRequest, SignatureSchemeList, SignedCertificateTimestamps,
};
use core::task::{Poll, ready};

pub(crate) struct RequestingCertificate;

impl RequestingCertificate {
    #[inline(never)]
    #[allow(clippy::unused_self, reason = "as every state")]
    pub(super) fn advance<P: CryptoProvider>(&self, step: &mut Step<'_, '_, P>) -> Poll<Result<State<P>>> {
        let common = step.common();
        if step.handshake_schemes().next().is_none() {
            return Poll::Ready(Err(Error::InvalidConfiguration(Misconfiguration::NoSignatureScheme)));
        }
        ready!(step.poll_send(&mut |writer, provider| {
            CertificateRequest::write(writer, &[], |writer| {
                let handshake = common.handshake_schemes(provider);
                SignatureSchemeList::write(writer, ExtensionType::SIGNATURE_ALGORITHMS, handshake);
                if !common.certificate_authorities.is_empty() {
                    CertificateAuthorities::write(writer, common.certificate_authorities);
                }
                if common.asks_certificate_status {
                    CertificateStatusRequest::write_empty(writer);
                }
                if common.asks_certificate_timestamps {
                    SignedCertificateTimestamps::write_request(writer);
                }
                if common.has_schemes_for_certificates(provider) {
                    let certificate = common.certificate_schemes(provider);
                    SignatureSchemeList::write(writer, ExtensionType::SIGNATURE_ALGORITHMS_CERT, certificate);
                }
            });
        }))?;
        Poll::Ready(Ok(State::SendingCertificate(SendingCertificate::new())))
    }
}
