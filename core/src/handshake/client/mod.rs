//! The client's handshake (RFC 9846 A.1).
//!
//! ```text
//!                                  START <------------+
//!                                    | send ClientHello, once or twice
//!                                    |                |                 K_send = early data, if there is some
//!                                    v                |
//!                                 WAIT_SH ------------+ receive HelloRetryRequest
//!                                    | receive ServerHello
//!                                    |                                  K_recv, K_send = handshake
//!                                 WAIT_EE
//!                                    | receive EncryptedExtensions
//!                              WAIT_CERT_CR
//!    receive CertificateRequest |         | receive Certificate
//!                          WAIT_CERT      |
//!           receive Certificate |         |
//!                               +-> WAIT_CV
//!                                    | receive CertificateVerify
//!                              WAIT_FINISHED
//!                                    | receive Finished
//!                                    |                                  K_recv = application
//!        if early data was taken: SENDING_END_OF_EARLY_DATA
//!                                    | send EndOfEarlyData
//!                                    |                                  K_send = handshake
//!        if asked: SENDING_CERT, then SIGNING_CV if it is not empty
//!                                    |
//!                            SENDING_FINISHED
//!                                    | send Finished
//!                                    |                                  K_send = application
//!                                CONNECTED
//! ```
//!
//! The right-hand column is what the calls of `k_recv` and `k_send` do. K_send is `handshake` as soon as K_recv is, so
//! that alerts are protected; with early data as soon as that was refused, or all of it was said.

mod client_hello;
mod sending_certificate;
#[cfg(feature = "early-data")]
mod sending_end_of_early_data;
mod sending_finished;
mod signing_certificate_verify;
mod start;
#[cfg(feature = "tickets")]
mod ticket;
mod wait_certificate;
mod wait_certificate_or_request;
mod wait_certificate_verify;
mod wait_encrypted_extensions;
mod wait_finished;
mod wait_server_hello;

use super::step::Key;
use super::{Expected, Received, Step};
use crate::codes::{CertificateType, ExtensionType, HandshakeType};
use crate::config::ClientConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::wire::extensions::without_trailing_dot;
use core::task::Poll;
use rustls_pki_types::ServerName;

/// What a client's steps know of the application's wishes.
pub(crate) struct Client<'a, P: CryptoProvider> {
    pub(crate) config: &'a ClientConfig<'a, P>,
    pub(crate) server_name: Option<ServerName<'a>>,
}

impl<P: CryptoProvider> Client<'_, P> {
    /// The types of certificate for each side: what the server may present, and what we have (RFC 7250 3).
    fn certificate_types(&self) -> [(ExtensionType, &[CertificateType]); 2] {
        [
            (ExtensionType::SERVER_CERTIFICATE_TYPE, self.config.common.peer_certificate_types),
            (ExtensionType::CLIENT_CERTIFICATE_TYPE, self.config.certificate_types),
        ]
    }

    /// The name to send: without a dot at its end, and never an address (RFC 6066 3).
    pub(crate) fn host_name(&self) -> Option<&str> {
        match &self.server_name {
            Some(ServerName::DnsName(name)) => Some(without_trailing_dot(name.as_ref())),
            _ => None,
        }
    }
}

/// Where a client stands.
pub(crate) enum State<P: CryptoProvider> {
    Start(start::Start),
    WaitServerHello(wait_server_hello::WaitServerHello),
    WaitEncryptedExtensions(wait_encrypted_extensions::WaitEncryptedExtensions),
    WaitCertificateOrRequest(wait_certificate_or_request::WaitCertificateOrRequest<P>),
    WaitCertificate(wait_certificate::WaitCertificate<P>),
    WaitCertificateVerify(wait_certificate_verify::WaitCertificateVerify<P>),
    WaitFinished(wait_finished::WaitFinished),
    #[cfg(feature = "early-data")]
    SendingEndOfEarlyData(sending_end_of_early_data::SendingEndOfEarlyData),
    SendingCertificate(sending_certificate::SendingCertificate),
    SigningCertificateVerify(signing_certificate_verify::SigningCertificateVerify),
    SendingFinished(sending_finished::SendingFinished),
    Connected,
    /// The handshake failed, or was given up.
    Over,
}

impl<P: CryptoProvider> State<P> {
    pub(crate) const fn start() -> Self {
        Self::Start(start::Start::new())
    }

    /// What RFC 9846 A.1 calls it; it has no names for what happens between WAIT_FINISHED and CONNECTED.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "START",
            Self::WaitServerHello(_) => "WAIT_SH",
            Self::WaitEncryptedExtensions(_) => "WAIT_EE",
            Self::WaitCertificateOrRequest(_) => "WAIT_CERT_CR",
            Self::WaitCertificate(_) => "WAIT_CERT",
            Self::WaitCertificateVerify(_) => "WAIT_CV",
            Self::WaitFinished(_) => "WAIT_FINISHED",
            #[cfg(feature = "early-data")]
            Self::SendingEndOfEarlyData(_) => "SENDING_END_OF_EARLY_DATA",
            Self::SendingCertificate(_) => "SENDING_CERT",
            Self::SigningCertificateVerify(_) => "SIGNING_CV",
            Self::SendingFinished(_) => "SENDING_FINISHED",
            Self::Connected => "CONNECTED",
            Self::Over => "OVER",
        }
    }

    /// The messages this state waits for; none if it works on its own.
    pub(crate) fn expected(&self) -> Expected {
        match self {
            Self::WaitServerHello(_) => Expected::one(HandshakeType::SERVER_HELLO),
            Self::WaitEncryptedExtensions(_) => Expected::one(HandshakeType::ENCRYPTED_EXTENSIONS),
            Self::WaitCertificateOrRequest(_) => {
                Expected::either(HandshakeType::CERTIFICATE, HandshakeType::CERTIFICATE_REQUEST)
            }
            Self::WaitCertificate(_) => Expected::one(HandshakeType::CERTIFICATE),
            Self::WaitCertificateVerify(_) => Expected::one(HandshakeType::CERTIFICATE_VERIFY),
            Self::WaitFinished(_) => Expected::one(HandshakeType::FINISHED),
            #[cfg(feature = "early-data")]
            Self::SendingEndOfEarlyData(_) => Expected::NOTHING,
            Self::Start(_)
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
        client: &Client<'a, P>,
        received: Option<&mut Received<'_>>,
    ) -> Poll<Result<Self>> {
        match (self, received) {
            (Self::Start(state), None) => state.advance(step, client),
            (Self::WaitServerHello(state), Some(received)) => state.on(step, client, received),
            (Self::WaitEncryptedExtensions(state), Some(received)) => state.on(step, client, received),
            (Self::WaitCertificateOrRequest(state), Some(received)) => state.on(step, client, received),
            (Self::WaitCertificate(state), Some(received)) => state.on(step, client, received),
            (Self::WaitCertificateVerify(state), Some(received)) => state.on(step, received),
            (Self::WaitFinished(state), Some(received)) => state.on(step, received),
            #[cfg(feature = "early-data")]
            (Self::SendingEndOfEarlyData(state), None) => state.advance(step),
            #[cfg(feature = "early-data")]
            (Self::SendingEndOfEarlyData(_), Some(_)) => Poll::Ready(Err(Error::Internal)),
            (Self::SendingCertificate(state), None) => state.advance(step),
            (Self::SigningCertificateVerify(state), None) => state.advance(step),
            (Self::SendingFinished(state), None) => state.advance(step, client),
            (
                Self::Start(_)
                | Self::SendingCertificate(_)
                | Self::SigningCertificateVerify(_)
                | Self::SendingFinished(_),
                Some(_),
            )
            | (
                Self::WaitServerHello(_)
                | Self::WaitEncryptedExtensions(_)
                | Self::WaitCertificateOrRequest(_)
                | Self::WaitCertificate(_)
                | Self::WaitCertificateVerify(_)
                | Self::WaitFinished(_),
                None,
            )
            | (Self::Connected | Self::Over, _) => Poll::Ready(Err(Error::Internal)),
        }
    }
}

/// A state's value, moved into the next one: each is left only once.
pub(super) fn take<T>(slot: &mut Option<T>) -> Result<T> {
    slot.take().ok_or(Error::Internal)
}
