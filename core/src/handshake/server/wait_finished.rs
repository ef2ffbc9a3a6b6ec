//! WAIT_FINISHED: whether the client saw the same handshake; then its application key.

use super::{Context, State};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Received;
use crate::handshake::authentication::check_finished;
use crate::handshake::evidence::PeerAuthenticated;
use core::task::Poll;

pub(crate) struct WaitFinished {
    authenticated: PeerAuthenticated,
}

impl WaitFinished {
    pub(super) const fn new(authenticated: PeerAuthenticated) -> Self {
        Self { authenticated }
    }

    #[inline(never)]
    pub(super) fn on<P: CryptoProvider>(
        &self,
        cx: &mut Context<'_, '_, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<State<P>>> {
        let _verified = check_finished(cx, received)?;
        let aligned = received.record_aligned()?;
        cx.accept(&received.message)?;
        cx.facts.peer_authentication = Some(self.authenticated.how());
        let (suite, secret) = (cx.facts.cipher_suite, cx.schedule.take_client_secret()?);
        cx.incoming.install(cx.provider, suite, secret, aligned)?;
        cx.incoming.allows_change_cipher_spec = false;
        Poll::Ready(Ok(State::Connected))
    }
}
