//! What is between the two ClientHellos of a handshake with a HelloRetryRequest.

use super::Step;
use super::negotiate::fingerprint;
use crate::codes::{CipherSuite, ExtensionType, NamedGroup};
use crate::crypto::{CryptoProvider, Digest};
use crate::error::{PeerFault, Result};
use crate::wire::extensions::{Cookie, KeyShareClientHello, KeyShareHelloRetryRequest, SelectedVersion};
use crate::wire::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, ServerHello, Writer};

/// What the second ClientHello is held against.
pub(super) struct Retried {
    pub(super) cipher_suite: CipherSuite,
    pub(super) named_group: NamedGroup,
    pub(super) fingerprint: Digest,
    /// It went to the client and back.
    pub(super) is_sealed: bool,
}

impl Retried {
    /// What we act on has not changed, but for what RFC 9846 4.2.2 allows.
    pub(super) fn check<P: CryptoProvider>(&self, step: &mut Step<'_, '_, P>, hello: &ClientHello<'_>) -> Result<()> {
        if fingerprint(step.provider(), self.cipher_suite, hello, self.is_sealed)? != self.fingerprint {
            return Err(PeerFault::ClientHelloChanged.into());
        }
        if hello.extensions.find(ExtensionType::EARLY_DATA).is_some() {
            return Err(PeerFault::ClientHelloChanged.into());
        }
        let shares = hello.extensions.get(ExtensionType::KEY_SHARE, KeyShareClientHello::read)?;
        let mut shares = shares.ok_or(PeerFault::MissingExtension)?.iter();
        match (shares.next(), shares.next()) {
            (Some(share), None) if share.group == self.named_group => Ok(()),
            _ => Err(PeerFault::IllegalKeyShare.into()),
        }
    }
}

/// Writes a HelloRetryRequest, which must be the same again if nobody remembers it.
pub(super) fn write_hello_retry_request(
    writer: &mut Writer<'_>,
    hello: &ClientHello<'_>,
    suite: CipherSuite,
    group: NamedGroup,
    cookie: Option<&[u8]>,
) {
    ServerHello::write(writer, &HELLO_RETRY_REQUEST_RANDOM, hello.legacy_session_id, suite, |writer| {
        SelectedVersion::write(writer);
        KeyShareHelloRetryRequest { selected_group: group }.write(writer);
        if let Some(cookie) = cookie {
            Cookie { cookie }.write(writer);
        }
    });
}
