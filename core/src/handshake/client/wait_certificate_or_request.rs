//! WAIT_CERT_CR: the server's certificate, or first its question for ours.

use super::wait_certificate::WaitCertificate;
use super::{Client, Context, State};
use crate::codes::HandshakeType;
use crate::crypto::CryptoProvider;
use crate::error::{PeerFault, Result};
use crate::handshake::authentication::identity_request;
use crate::handshake::{Asked, Operation, Received};
use crate::wire::CertificateRequest;
use crate::wire::extensions::CertificateTypeList;
use core::task::Poll;

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
        cx: &mut Context<'_, 'a, P>,
        client: &Client<'a, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        if received.message.kind == HandshakeType::CERTIFICATE {
            return self.certificate.on(cx, client, received);
        }
        let request = CertificateRequest::read(received.message.body)?;
        if !request.certificate_request_context.is_empty() {
            return Poll::Ready(Err(PeerFault::IllegalParameter.into()));
        }
        let asked = Asked::read(request.extensions)?;
        let types = [cx.facts.own_certificate_type.0];
        let request = identity_request(client.host_name(), request.extensions, CertificateTypeList::of(&types))?;
        match client.config.identities.poll_choose(cx.provider, &request, cx.identity) {
            Poll::Pending => return cx.pending(Operation::IdentityChoice),
            Poll::Ready(chosen) => chosen?,
        }
        cx.accept(&received.message)?;
        cx.facts.asked = asked;
        cx.facts.certificate_requested = true;
        Poll::Ready(Ok(State::WaitCertificate(WaitCertificate::new())))
    }
}
