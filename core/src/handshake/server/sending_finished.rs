//! The end of our flight: Finished, then our application key.

use super::wait_certificate::WaitCertificate;
use super::wait_end_of_early_data::WaitEndOfEarlyData;
use super::wait_finished::WaitFinished;
use super::{Key, State, Step};
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::authentication::poll_send_finished;
use crate::handshake::evidence::{PeerAuthenticated, PskAgreed};
use core::task::{Poll, ready};

pub(crate) struct SendingFinished {
    /// The client is known by its PSK: there is nothing to wait for but its Finished.
    psk: Option<PskAgreed>,
}

impl SendingFinished {
    pub(super) const fn new() -> Self {
        Self { psk: None }
    }

    pub(super) const fn after_psk(agreed: PskAgreed) -> Self {
        Self { psk: Some(agreed) }
    }

    #[inline(never)]
    pub(super) fn advance<P: CryptoProvider>(
        &self,
        step: &mut Step<'_, '_, P>,
        config: &ServerConfig<'_, P>,
    ) -> Poll<Result<State<P>>> {
        ready!(poll_send_finished(step))?;
        step.end_key()?;
        step.note_server_finished()?;
        step.k_send(&Key::SERVER_APPLICATION)?;
        if let Some(agreed) = &self.psk {
            let authenticated = PeerAuthenticated::by_psk(agreed);
            return Poll::Ready(Ok(match step.early_data_taken() {
                Some(taken) => State::WaitEndOfEarlyData(WaitEndOfEarlyData::new(taken, authenticated)),
                None => State::WaitFinished(WaitFinished::new(authenticated)),
            }));
        }
        Poll::Ready(Ok(if config.client_authentication.verifier().is_some() {
            State::WaitCertificate(WaitCertificate::new())
        } else {
            State::WaitFinished(WaitFinished::new(PeerAuthenticated::not_requested()))
        }))
    }
}
