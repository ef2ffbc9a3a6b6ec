//! The server's handshake (RFC 9846 A.2).
//!
//! ```text
//!                                  START <------------+
//!                                    | receive ClientHello
//!                                RECVD_CH ------------+ send HelloRetryRequest
//!                                    | send ServerHello
//!                                    |                                  K_recv, K_send = handshake
//!                                    |                                  or K_recv = early data
//!                               NEGOTIATED
//!                                    | send EncryptedExtensions
//!               if we ask: REQUESTING_CERT, send CertificateRequest
//!                                    |
//!                              SENDING_CERT
//!                                    | send Certificate
//!                               SIGNING_CV
//!                                    | send CertificateVerify
//!                            SENDING_FINISHED
//!                                    | send Finished
//!                                    |                                  K_send = application
//!  if we take early data: WAIT_EOED
//!                                    | receive EndOfEarlyData
//!                                    |                                  K_recv = handshake
//!                if we asked: WAIT_CERT, then WAIT_CV if it is not empty
//!                                    |
//!                              WAIT_FINISHED
//!                                    | receive Finished
//!                                    |                                  K_recv = application
//!                                CONNECTED
//! ```
//!
//! The right-hand column is what the calls of `k_recv` and `k_send` do. RECVD_CH is the part of START that selects the
//! parameters: `negotiate`.

#[cfg(feature = "tickets")]
mod cookie;
#[cfg(not(feature = "tickets"))]
#[path = "no_cookie.rs"]
mod cookie;
mod negotiate;
mod negotiated;
mod requesting_certificate;
mod retried;
mod sending_certificate;
mod sending_finished;
mod server_hello;
mod signing_certificate_verify;
mod start;
mod wait_certificate;
mod wait_certificate_verify;
mod wait_end_of_early_data;
mod wait_finished;

use super::step::Key;
use super::{Expected, Received, Step};
use crate::codes::HandshakeType;
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use core::task::Poll;

/// Where a server stands.
pub(crate) enum State<P: CryptoProvider> {
    Start(start::Start<P>),
    Negotiated(negotiated::Negotiated),
    RequestingCertificate(requesting_certificate::RequestingCertificate),
    SendingCertificate(sending_certificate::SendingCertificate),
    SigningCertificateVerify(signing_certificate_verify::SigningCertificateVerify),
    SendingFinished(sending_finished::SendingFinished),
    WaitEndOfEarlyData(wait_end_of_early_data::WaitEndOfEarlyData),
    WaitCertificate(wait_certificate::WaitCertificate<P>),
    WaitCertificateVerify(wait_certificate_verify::WaitCertificateVerify<P>),
    WaitFinished(wait_finished::WaitFinished),
    Connected,
    /// The handshake failed, or was given up.
    Over,
}

impl<P: CryptoProvider> State<P> {
    pub(crate) const fn start() -> Self {
        Self::Start(start::Start::new())
    }

    /// What RFC 9846 A.2 calls it; our flight, for which it has the one name NEGOTIATED, has one for each message here.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "START",
            Self::Negotiated(_) => "NEGOTIATED",
            Self::RequestingCertificate(_) => "REQUESTING_CERT",
            Self::SendingCertificate(_) => "SENDING_CERT",
            Self::SigningCertificateVerify(_) => "SIGNING_CV",
            Self::SendingFinished(_) => "SENDING_FINISHED",
            Self::WaitEndOfEarlyData(_) => "WAIT_EOED",
            Self::WaitCertificate(_) => "WAIT_CERT",
            Self::WaitCertificateVerify(_) => "WAIT_CV",
            Self::WaitFinished(_) => "WAIT_FINISHED",
            Self::Connected => "CONNECTED",
            Self::Over => "OVER",
        }
    }

    /// Whether our Finished has gone, and the client's has not come.
    pub(crate) const fn has_sent_finished(&self) -> bool {
        matches!(
            self,
            Self::WaitEndOfEarlyData(_)
                | Self::WaitCertificate(_)
                | Self::WaitCertificateVerify(_)
                | Self::WaitFinished(_)
        )
    }

    /// The messages this state waits for; none if it works on its own.
    pub(crate) fn expected(&self) -> Expected {
        match self {
            Self::Start(_) => Expected::one(HandshakeType::CLIENT_HELLO),
            Self::WaitEndOfEarlyData(_) => Expected::one(HandshakeType::END_OF_EARLY_DATA),
            Self::WaitCertificate(_) => Expected::one(HandshakeType::CERTIFICATE),
            Self::WaitCertificateVerify(_) => Expected::one(HandshakeType::CERTIFICATE_VERIFY),
            Self::WaitFinished(_) => Expected::one(HandshakeType::FINISHED),
            Self::Negotiated(_)
            | Self::RequestingCertificate(_)
            | Self::SendingCertificate(_)
            | Self::SigningCertificateVerify(_)
            | Self::SendingFinished(_)
            | Self::Connected
            | Self::Over => Expected::NOTHING,
        }
    }

    /// One step: by a message that is [expected](Self::expected), or on its own where none is.
    pub(crate) fn advance<'a>(
        &mut self,
        step: &mut Step<'_, 'a, P>,
        config: &ServerConfig<'a, P>,
        received: Option<&mut Received<'_>>,
    ) -> Poll<Result<Self>> {
        match (self, received) {
            (Self::Start(state), Some(received)) => state.on(step, config, received),
            (Self::Negotiated(state), None) => state.advance(step, config),
            (Self::RequestingCertificate(state), None) => state.advance(step),
            (Self::SendingCertificate(state), None) => state.advance(step),
            (Self::SigningCertificateVerify(state), None) => state.advance(step),
            (Self::SendingFinished(state), None) => state.advance(step, config),
            (Self::WaitEndOfEarlyData(state), Some(received)) => state.on(step, received),
            (Self::WaitCertificate(state), Some(received)) => state.on(step, config, received),
            (Self::WaitCertificateVerify(state), Some(received)) => state.on(step, received),
            (Self::WaitFinished(state), Some(received)) => state.on(step, received),
            (
                Self::Negotiated(_)
                | Self::RequestingCertificate(_)
                | Self::SendingCertificate(_)
                | Self::SigningCertificateVerify(_)
                | Self::SendingFinished(_),
                Some(_),
            )
            | (
                Self::Start(_)
                | Self::WaitEndOfEarlyData(_)
                | Self::WaitCertificate(_)
                | Self::WaitCertificateVerify(_)
                | Self::WaitFinished(_),
                None,
            )
            | (Self::Connected | Self::Over, _) => Poll::Ready(Err(Error::Internal)),
        }
    }
}
