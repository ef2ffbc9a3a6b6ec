//! What is known of a connection.

use saitls::Error;
use saitls::protocol::codes::{AlertDescription, CipherSuite};
use saitls::protocol::crypto::CryptoProvider;
use saitls::protocol::{Negotiated, PeerAuthentication};

/// What is known of a connection: what `get_ref` of the streams gives beside the transport.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'s> {
    negotiated: Option<Negotiated<'s>>,
    error: Option<Error>,
    alert_received: Option<AlertDescription>,
}

impl<'s> Connection<'s> {
    pub(crate) fn of<P: CryptoProvider>(connection: &'s saitls::Connection<'_, P>) -> Self {
        Self {
            negotiated: connection.negotiated(),
            error: connection.error(),
            alert_received: connection.alert_received(),
        }
    }

    /// All that the handshake agreed on; `None` before it is complete.
    #[must_use]
    pub const fn negotiated(&self) -> Option<Negotiated<'s>> {
        self.negotiated
    }

    /// The application protocol (RFC 7301), such as `b"h2"`.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<&'s [u8]> {
        self.negotiated?.alpn
    }

    /// The cipher suite.
    #[must_use]
    pub fn negotiated_cipher_suite(&self) -> Option<CipherSuite> {
        Some(self.negotiated?.cipher_suite)
    }

    /// The host name: on a client, the one it sent; on a server, the one that was asked for, if the configuration has
    /// [room](crate::ServerConfigBuilder::with_peer_buffer_len) for it. A
    /// [`LazyConfigAcceptor`](crate::LazyConfigAcceptor) has it without.
    #[must_use]
    pub fn server_name(&self) -> Option<&'s str> {
        self.negotiated?.server_name
    }

    /// The peer's end-entity certificate in DER, or its raw public key, if the configuration has room for it.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&'s [u8]> {
        self.negotiated?.peer_certificate
    }

    /// How the peer proved who it is.
    #[must_use]
    pub fn peer_authentication(&self) -> Option<PeerAuthentication> {
        Some(self.negotiated?.peer_authentication)
    }

    /// Why the connection failed, if it did.
    #[must_use]
    pub const fn error(&self) -> Option<Error> {
        self.error
    }

    /// The fatal alert that the peer sent, if there was one.
    #[must_use]
    pub const fn alert_received(&self) -> Option<AlertDescription> {
        self.alert_received
    }
}
