//! WAIT_CV: whether the server has the key of its certificate.

use super::wait_finished::WaitFinished;
use super::{Context, State};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::{Side, poll_certificate_verify};
use crate::handshake::evidence::{PeerAuthenticated, SignatureVerified};
use crate::handshake::{Presented, Received};
use core::task::{Poll, ready};

pub(crate) struct WaitCertificateVerify<P: CryptoProvider> {
    presented: Presented,
    operation: Option<P::SignatureVerifier>,
}

impl<P: CryptoProvider> WaitCertificateVerify<P> {
    pub(super) const fn new(presented: Presented) -> Self {
        Self { presented, operation: None }
    }

    #[inline(never)]
    pub(super) fn on(&mut self, cx: &mut Context<'_, '_, P>, received: &mut Received<'_>) -> Poll<Result<State<P>>> {
        let verified =
            ready!(poll_certificate_verify(cx, Side::Server, &self.presented, &mut self.operation, received))?;
        Poll::Ready(self.accept(cx, received, &verified))
    }

    /// On its own, so that its memory is not in use while the signature is verified.
    #[inline(never)]
    fn accept(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        received: &Received<'_>,
        verified: &SignatureVerified,
    ) -> Result<State<P>> {
        cx.accept(&received.message)?;
        cx.facts.peer_scheme = Some(verified.scheme);
        let authenticated = PeerAuthenticated::by_certificate(verified);
        let next = WaitFinished::new(authenticated);
        Ok(State::WaitFinished(next))
    }
}
