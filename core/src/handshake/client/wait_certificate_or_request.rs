//! WAIT_CERT_CR: the server's certificate, or first its question for ours.

use super::wait_certificate::WaitCertificate;
use super::{Client, State, Step};
use crate::codes::HandshakeType;
use crate::crypto::CryptoProvider;
use crate::error::{PeerFault, Result};
use crate::handshake::Received;
use crate::identity::{Asked, IdentityRequest};
use crate::wire::CertificateRequest;
use crate::wire::extensions::CertificateTypeList;
use core::task::{Poll, ready};

pub(crate) struct WaitCertificateOrRequest<P: CryptoProvider> {
    /// Without a request, the certificate is next: the same state, one message on.
    certificate: WaitCertificate<P>,
}

impl<P: CryptoProvider> WaitCertificateOrRequest<P> {
    pub(super) fn new() -> Self {
        Self { certificate: WaitCertificate::new() }
    }

    #[inline(never)]
    pub(super) fn on<'a>(
        &mut self,
        step: &mut Step<'_, 'a, P>,
        client: &Client<'a, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        if received.message.kind == HandshakeType::CERTIFICATE {
            return self.certificate.on(step, client, received);
        }
        let request = CertificateRequest::read(received.message.body)?;
        if !request.certificate_request_context.is_empty() {
            return Poll::Ready(Err(PeerFault::IllegalParameter.into()));
        }
        let asked = Asked::read(request.extensions)?;
        let types = [step.facts().own_certificate_type.0];
        let request = IdentityRequest::read(client.host_name(), request.extensions, CertificateTypeList::of(&types))?;
        ready!(step.poll_choose_identity(&client.config.identities, &request))?;
        step.accept(&received.message)?;
        let facts = step.facts();
        facts.asked = asked;
        facts.certificate_requested = true;
        Poll::Ready(Ok(State::WaitCertificate(WaitCertificate::new())))
    }
}
