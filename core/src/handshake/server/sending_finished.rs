//! The end of our flight: Finished, then our application key.

use super::wait_certificate::WaitCertificate;
use super::wait_finished::WaitFinished;
use super::{Context, State, take};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::poll_send_finished;
use crate::handshake::evidence::PeerAuthenticated;
use crate::key_schedule::HandshakeSecret;
use core::task::{Poll, ready};

pub(crate) struct SendingFinished<P: CryptoProvider> {
    handshake: Option<HandshakeSecret<P>>,
}

impl<P: CryptoProvider> SendingFinished<P> {
    pub(super) const fn new(handshake: HandshakeSecret<P>) -> Self {
        Self { handshake: Some(handshake) }
    }

    #[inline(never)]
    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_, '_, P>,
        config: &ServerConfig<'_, P>,
    ) -> Poll<Result<State<P>>> {
        ready!(poll_send_finished(cx))?;
        cx.outgoing.flush_last(cx.provider)?;
        let transcript = cx.transcript.hash(cx.provider)?;
        let main = take(&mut self.handshake)?.into_main(cx.provider)?;
        let secrets = main.traffic_secrets(cx.provider, &transcript)?;
        let exporter = main.exporter_secret(cx.provider, &transcript)?;
        cx.log_secret("CLIENT_TRAFFIC_SECRET_0", &secrets.client)?;
        cx.log_secret("SERVER_TRAFFIC_SECRET_0", &secrets.server)?;
        cx.log_secret("EXPORTER_SECRET", &exporter)?;
        cx.facts.exporter_secret = Some(exporter);
        let suite = cx.suite()?;
        cx.outgoing.install(cx.provider, suite, secrets.server)?;
        Poll::Ready(Ok(if config.client_authentication.verifier().is_some() {
            State::WaitCertificate(WaitCertificate::new(secrets.client))
        } else {
            State::WaitFinished(WaitFinished::new(secrets.client, PeerAuthenticated::not_requested()))
        }))
    }
}
