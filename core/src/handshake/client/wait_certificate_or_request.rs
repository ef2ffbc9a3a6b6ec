//! WAIT_CERT_CR: the server's certificate, or first its question for ours.

use super::wait_certificate::WaitCertificate;
use super::{Client, Context, State, take};
use crate::codes::{ExtensionType, HandshakeType};
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::handshake::Received;
use crate::handshake::authentication::ChosenIdentity;
use crate::key_schedule::HandshakeSecret;
use crate::wire::CertificateRequest;
use crate::wire::extensions::SignatureSchemeList;
use core::task::Poll;

/// The server asked who we are.
pub(super) struct Requested {
    /// What we answer; `None` if nothing fits.
    pub(super) identity: Option<ChosenIdentity>,
}

pub(crate) struct WaitCertificateOrRequest<P: CryptoProvider> {
    /// Without a request, the certificate is next: the same state, one message on.
    certificate: Option<WaitCertificate<P>>,
}

impl<P: CryptoProvider> WaitCertificateOrRequest<P> {
    pub(super) fn new(handshake: HandshakeSecret<P>) -> Self {
        Self { certificate: Some(WaitCertificate::new(handshake, None)) }
    }

    pub(super) fn on(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        if received.message.kind == HandshakeType::CERTIFICATE {
            return self.certificate.as_mut().ok_or(Error::Internal)?.on(cx, client, received);
        }
        let request = CertificateRequest::read(received.message.body)?;
        if !request.certificate_request_context.is_empty() {
            return Poll::Ready(Err(Error::IllegalParameter));
        }
        let schemes = request
            .extensions
            .get(ExtensionType::SIGNATURE_ALGORITHMS, SignatureSchemeList::read)?
            .ok_or(Error::MissingExtension)?;
        request.extensions.get(ExtensionType::SIGNATURE_ALGORITHMS_CERT, SignatureSchemeList::read)?;
        let identity = ChosenIdentity::choose(client.config.identities, schemes.supported_signature_algorithms);
        cx.accept(&received.message)?;
        let certificate = take(&mut self.certificate)?.with_request(Requested { identity });
        Poll::Ready(Ok(State::WaitCertificate(certificate)))
    }
}
