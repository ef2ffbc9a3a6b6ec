//! WAIT_CERT: the client's certificate, or its refusal.

use super::wait_certificate_verify::WaitCertificateVerify;
use super::wait_finished::WaitFinished;
use super::{Context, State};
use crate::config::{ClientAuthentication, ServerConfig};
use crate::crypto::{CryptoProvider, PeerRole, VerificationProgress};
use crate::error::{CertificateFault, Error, Result};
use crate::handshake::Received;
use crate::handshake::authentication::{PeerCertificate, poll_certificate};
use crate::handshake::evidence::PeerAuthenticated;
use core::task::{Poll, ready};

pub(crate) struct WaitCertificate<P: CryptoProvider> {
    progress: VerificationProgress<P>,
}

impl<P: CryptoProvider> WaitCertificate<P> {
    pub(super) fn new() -> Self {
        Self { progress: VerificationProgress::default() }
    }

    #[inline(never)]
    pub(super) fn on(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let verifier = config.client_authentication.verifier().ok_or(Error::Internal)?;
        let certificate = ready!(poll_certificate(cx, PeerRole::Client, verifier, &mut self.progress, None, received))?;
        match (certificate, config.client_authentication) {
            (PeerCertificate::Presented(presented), _) => {
                cx.accept(&received.message)?;
                Poll::Ready(Ok(State::WaitCertificateVerify(WaitCertificateVerify::new(presented))))
            }
            (PeerCertificate::Empty, ClientAuthentication::Optional(_)) => {
                cx.accept(&received.message)?;
                let next = WaitFinished::new(PeerAuthenticated::declined());
                Poll::Ready(Ok(State::WaitFinished(next)))
            }
            (PeerCertificate::Empty, _) => Poll::Ready(Err(CertificateFault::Required.into())),
        }
    }
}
