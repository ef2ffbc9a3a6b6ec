//! The CertificateRequest.

use super::sending_certificate::SendingCertificate;
use super::{Context, State};
use crate::codes::ExtensionType;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Misconfiguration, Result};
use crate::wire::CertificateRequest;
use crate::wire::extensions::{CertificateAuthorities, SignatureSchemeList, SignedCertificateTimestamps};
use core::task::Poll;

pub(crate) struct RequestingCertificate;

impl RequestingCertificate {
    #[inline(never)]
    #[allow(clippy::unused_self, reason = "as every state")]
    pub(super) fn advance<P: CryptoProvider>(&self, cx: &mut Context<'_, '_, P>) -> Poll<Result<State<P>>> {
        let (common, provider) = (cx.common, &*cx.provider);
        if common.handshake_schemes(provider).next().is_none() {
            return Poll::Ready(Err(Error::InvalidConfiguration(Misconfiguration::NoSignatureScheme)));
        }
        let more_for_certificates = common.certificate_schemes(provider).any(|scheme| !scheme.signs_handshake());
        let written = cx.outgoing.poll_write(&mut |writer| {
            CertificateRequest::write_with(writer, &[], |writer| {
                let handshake = common.handshake_schemes(provider);
                SignatureSchemeList::write(writer, ExtensionType::SIGNATURE_ALGORITHMS, handshake);
                if !common.certificate_authorities.is_empty() {
                    CertificateAuthorities::write(writer, common.certificate_authorities);
                }
                if common.asks_certificate_status {
                    writer.plain_extension(ExtensionType::STATUS_REQUEST, &[]);
                }
                if common.asks_certificate_timestamps {
                    SignedCertificateTimestamps::write_request(writer);
                }
                if more_for_certificates {
                    let certificate = common.certificate_schemes(provider);
                    SignatureSchemeList::write(writer, ExtensionType::SIGNATURE_ALGORITHMS_CERT, certificate);
                }
            });
        });
        match written {
            Poll::Ready(len) => cx.commit(len?)?,
            Poll::Pending => {
                cx.outgoing.flush(cx.provider)?;
                return cx.pending_transmit();
            }
        }
        Poll::Ready(Ok(State::SendingCertificate(SendingCertificate::new())))
    }
}
