//! The client's handshake (RFC 9846 A.1).
//!
//! ```text
//! Start -> WaitServerHello -> WaitEncryptedExtensions -> WaitCertificateOrRequest -> [WaitCertificate]
//!   -> WaitCertificateVerify -> WaitFinished -> [SendingCertificate -> [SigningCertificateVerify]]
//!   -> SendingFinished -> Connected
//! ```
//!
//! A HelloRetryRequest leads from WaitServerHello to WaitServerHello.

mod client_hello;
mod sending_certificate;
mod sending_finished;
mod signing_certificate_verify;
mod start;
mod wait_certificate;
mod wait_certificate_or_request;
mod wait_certificate_verify;
mod wait_encrypted_extensions;
mod wait_finished;
mod wait_server_hello;

use super::{Context, Expected, Received};
use crate::codes::{CertificateType, ExtensionType, HandshakeType};
use crate::config::ClientConfig;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
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
    SendingCertificate(sending_certificate::SendingCertificate),
    SigningCertificateVerify(signing_certificate_verify::SigningCertificateVerify),
    SendingFinished(sending_finished::SendingFinished),
    Connected,
}

impl<P: CryptoProvider> State<P> {
    pub(crate) const fn start() -> Self {
        Self::Start(start::Start::new())
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
            Self::Start(_)
            | Self::SendingCertificate(_)
            | Self::SigningCertificateVerify(_)
            | Self::SendingFinished(_)
            | Self::Connected => Expected::NOTHING,
        }
    }

    /// One step on its own.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_, '_, P>, client: &Client<'_, P>) -> Poll<Result<Self>> {
        match self {
            Self::Start(state) => state.advance(cx, client),
            Self::SendingCertificate(state) => state.advance(cx),
            Self::SigningCertificateVerify(state) => state.advance(cx),
            Self::SendingFinished(state) => state.advance(cx),
            _ => Poll::Ready(Err(Error::Internal)),
        }
    }

    /// One step by a message that is [expected](Self::expected).
    pub(crate) fn on<'a>(
        &mut self,
        cx: &mut Context<'_, 'a, P>,
        client: &Client<'a, P>,
        received: &mut Received<'_>,
    ) -> Poll<Result<Self>> {
        match self {
            Self::WaitServerHello(state) => state.on(cx, client, received),
            Self::WaitEncryptedExtensions(state) => state.on(cx, client, received),
            Self::WaitCertificateOrRequest(state) => state.on(cx, client, received),
            Self::WaitCertificate(state) => state.on(cx, client, received),
            Self::WaitCertificateVerify(state) => state.on(cx, received),
            Self::WaitFinished(state) => state.on(cx, received),
            _ => Poll::Ready(Err(Error::Internal)),
        }
    }
}

/// An absolute name as it is told to a server.
pub(super) fn without_trailing_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// A state's value, moved into the next one: each is left only once.
pub(super) fn take<T>(slot: &mut Option<T>) -> Result<T> {
    slot.take().ok_or(Error::Internal)
}
