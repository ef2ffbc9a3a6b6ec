//! The server's handshake (RFC 9846 A.2).
//!
//! ```text
//! Start (-> Start, by a HelloRetryRequest) -> Negotiated -> [RequestingCertificate] -> SendingCertificate
//!   -> SigningCertificateVerify -> SendingFinished
//!   -> [WaitCertificate -> [WaitCertificateVerify]] -> WaitFinished -> Connected
//! ```
//!
//! RECVD_CH is the part of Start that selects the parameters: `negotiate`.

mod negotiate;
mod negotiated;
mod requesting_certificate;
mod sending_certificate;
mod sending_finished;
mod signing_certificate_verify;
mod start;
mod wait_certificate;
mod wait_certificate_verify;
mod wait_finished;

use super::{Context, Expected, Received};
use crate::codes::HandshakeType;
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use core::task::Poll;

/// Where a server stands.
pub(crate) enum State<P: CryptoProvider> {
    Start(start::Start),
    Negotiated(negotiated::Negotiated),
    RequestingCertificate(requesting_certificate::RequestingCertificate),
    SendingCertificate(sending_certificate::SendingCertificate),
    SigningCertificateVerify(signing_certificate_verify::SigningCertificateVerify),
    SendingFinished(sending_finished::SendingFinished),
    WaitCertificate(wait_certificate::WaitCertificate<P>),
    WaitCertificateVerify(wait_certificate_verify::WaitCertificateVerify<P>),
    WaitFinished(wait_finished::WaitFinished),
    Connected,
}

impl<P: CryptoProvider> State<P> {
    pub(crate) const fn start() -> Self {
        Self::Start(start::Start::new())
    }

    /// The messages this state waits for; none if it works on its own.
    pub(crate) fn expected(&self) -> Expected {
        match self {
            Self::Start(_) => Expected::one(HandshakeType::CLIENT_HELLO),
            Self::WaitCertificate(_) => Expected::one(HandshakeType::CERTIFICATE),
            Self::WaitCertificateVerify(_) => Expected::one(HandshakeType::CERTIFICATE_VERIFY),
            Self::WaitFinished(_) => Expected::one(HandshakeType::FINISHED),
            Self::Negotiated(_)
            | Self::RequestingCertificate(_)
            | Self::SendingCertificate(_)
            | Self::SigningCertificateVerify(_)
            | Self::SendingFinished(_)
            | Self::Connected => Expected::NOTHING,
        }
    }

    /// One step on its own.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_, '_, P>, config: &ServerConfig<'_, P>) -> Poll<Result<Self>> {
        match self {
            Self::Negotiated(state) => state.advance(cx, config),
            Self::RequestingCertificate(state) => state.advance(cx),
            Self::SendingCertificate(state) => state.advance(cx),
            Self::SigningCertificateVerify(state) => state.advance(cx),
            Self::SendingFinished(state) => state.advance(cx, config),
            _ => Poll::Ready(Err(Error::Internal)),
        }
    }

    /// One step by a message that is [expected](Self::expected).
    pub(crate) fn on<'a>(
        &mut self,
        cx: &mut Context<'_, 'a, P>,
        config: &ServerConfig<'a, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<Self>> {
        match self {
            Self::Start(state) => state.on(cx, config, received),
            Self::WaitCertificate(state) => state.on(cx, config, received),
            Self::WaitCertificateVerify(state) => state.on(cx, received),
            Self::WaitFinished(state) => state.on(cx, received),
            _ => Poll::Ready(Err(Error::Internal)),
        }
    }
}
