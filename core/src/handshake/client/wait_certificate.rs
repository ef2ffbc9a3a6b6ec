//! WAIT_CERT: whether the server's certificate is acceptable.

use super::wait_certificate_verify::WaitCertificateVerify;
use super::{Client, State, Step};
use crate::crypto::{CryptoProvider, PeerRole};
use crate::error::{PeerFault, Result};
use crate::handshake::Received;
use crate::handshake::authentication::CertificateCheck;
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
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let name = client.server_name.as_ref();
        let presented = ready!(self.check.poll(step, PeerRole::Server, client.config.verifier, name, received))?;
        let presented = presented.ok_or(PeerFault::EmptyCertificate)?;
        step.accept(&received.message)?;
        Poll::Ready(Ok(State::WaitCertificateVerify(WaitCertificateVerify::new(presented))))
    }
}
