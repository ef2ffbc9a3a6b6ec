//! WAIT_CERT: whether the server's certificate is acceptable.

use super::wait_certificate_verify::WaitCertificateVerify;
use super::{Client, Context, State};
use crate::crypto::{CryptoProvider, PeerRole, VerificationProgress};
use crate::error::{PeerFault, Result};
use crate::handshake::Received;
use crate::handshake::authentication::{PeerCertificate, poll_certificate};
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
        client: &Client<'_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let name = client.server_name.as_ref();
        let verifier = client.config.verifier;
        match ready!(poll_certificate(cx, PeerRole::Server, verifier, &mut self.progress, name, received))? {
            PeerCertificate::Empty => Poll::Ready(Err(PeerFault::EmptyCertificate.into())),
            PeerCertificate::Presented(presented) => {
                cx.accept(&received.message)?;
                let next = WaitCertificateVerify::new(presented);
                Poll::Ready(Ok(State::WaitCertificateVerify(next)))
            }
        }
    }
}
