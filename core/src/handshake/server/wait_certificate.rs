//! WAIT_CERT: the client's certificate, or its refusal.

use super::wait_certificate_verify::WaitCertificateVerify;
use super::wait_finished::WaitFinished;
use super::{State, Step};
use crate::config::{ClientAuthentication, ServerConfig};
use crate::crypto::{CryptoProvider, PeerRole};
use crate::error::{CertificateFault, Error, Result};
use crate::handshake::Received;
use crate::handshake::authentication::CertificateCheck;
use crate::handshake::evidence::PeerAuthenticated;
use core::task::{Poll, ready};

pub(crate) struct WaitCertificate<P: CryptoProvider> {
    check: CertificateCheck<P>,
}

impl<P: CryptoProvider> WaitCertificate<P> {
    pub(super) fn new() -> Self {
        Self { check: CertificateCheck::new() }
    }

    #[inline(never)]
    pub(super) fn on(
        &mut self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let verifier = config.client_authentication.verifier().ok_or(Error::Internal)?;
        let presented = ready!(self.check.poll(step, PeerRole::Client, verifier, None, received))?;
        let next = match (presented, config.client_authentication) {
            (Some(presented), _) => State::WaitCertificateVerify(WaitCertificateVerify::new(presented)),
            (None, ClientAuthentication::Optional(_)) => {
                State::WaitFinished(WaitFinished::new(PeerAuthenticated::declined()))
            }
            (None, ClientAuthentication::Required(_) | ClientAuthentication::None) => {
                return Poll::Ready(Err(CertificateFault::Required.into()));
            }
        };
        step.accept(&received.message)?;
        Poll::Ready(Ok(next))
    }
}
