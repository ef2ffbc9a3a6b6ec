//! WAIT_FINISHED: whether the client saw the same handshake; then its application key.

use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Received;
use crate::handshake::authentication::check_finished;
use crate::handshake::evidence::PeerAuthenticated;
use core::task::Poll;

pub(crate) struct WaitFinished<P: CryptoProvider> {
    client_secret: Option<P::Secret>,
    authenticated: PeerAuthenticated,
}

impl<P: CryptoProvider> WaitFinished<P> {
    pub(super) const fn new(client_secret: P::Secret, authenticated: PeerAuthenticated) -> Self {
        Self { client_secret: Some(client_secret), authenticated }
    }

    #[inline(never)]
    pub(super) fn on(&mut self, cx: &mut Context<'_, '_, P>, received: &mut Received<'_>) -> Poll<Result<State<P>>> {
        let _verified = check_finished(cx, received)?;
        let aligned = received.record_aligned()?;
        cx.accept(&received.message)?;
        cx.facts.peer_authentication = Some(self.authenticated.how());
        let suite = cx.suite()?;
        cx.incoming.install(cx.provider, suite, take(&mut self.client_secret)?, aligned)?;
        cx.incoming.allows_change_cipher_spec = false;
        Poll::Ready(Ok(State::Connected))
    }
}
