//! WAIT_FINISHED: whether the server saw the same handshake; then the application keys.

use super::sending_certificate::SendingCertificate;
use super::sending_finished::SendingFinished;
use super::wait_certificate_or_request::Requested;
use super::{Context, State, take};
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Received;
use crate::handshake::authentication::check_finished;
use crate::handshake::evidence::PeerAuthenticated;
use crate::key_schedule::HandshakeSecret;
use core::task::Poll;

pub(crate) struct WaitFinished<P: CryptoProvider> {
    handshake: Option<HandshakeSecret<P>>,
    requested: Option<Requested>,
    authenticated: PeerAuthenticated,
}

impl<P: CryptoProvider> WaitFinished<P> {
    pub(super) const fn new(
        handshake: HandshakeSecret<P>,
        requested: Option<Requested>,
        authenticated: PeerAuthenticated,
    ) -> Self {
        Self { handshake: Some(handshake), requested, authenticated }
    }

    #[inline(never)]
    pub(super) fn on(&mut self, cx: &mut Context<'_, '_, P>, received: &mut Received<'_>) -> Poll<Result<State<P>>> {
        let verified = check_finished(cx, received)?;
        let aligned = received.record_aligned()?;
        cx.accept(&received.message)?;
        let transcript = cx.transcript.hash(cx.provider)?;
        let main = take(&mut self.handshake)?.into_main(cx.provider)?;
        let secrets = main.traffic_secrets(cx.provider, &transcript)?;
        let exporter = main.exporter_secret(cx.provider, &transcript)?;
        cx.log_secret("CLIENT_TRAFFIC_SECRET_0", &secrets.client)?;
        cx.log_secret("SERVER_TRAFFIC_SECRET_0", &secrets.server)?;
        cx.log_secret("EXPORTER_SECRET", &exporter)?;
        cx.facts.exporter_secret = Some(exporter);
        cx.facts.peer_authentication = Some(self.authenticated.how());
        let suite = cx.suite()?;
        cx.incoming.install(cx.provider, suite, secrets.server, aligned)?;
        cx.incoming.allows_change_cipher_spec = false;
        Poll::Ready(Ok(match self.requested.take() {
            Some(Requested) => State::SendingCertificate(SendingCertificate::new(secrets.client, verified)),
            None => State::SendingFinished(SendingFinished::new(secrets.client, verified)),
        }))
    }
}
