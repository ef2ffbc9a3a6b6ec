//! The Early Secret: of a PSK alone. A handshake without a PSK has none that is secret, and begins with
//! [`Handshake::without_psk`].

#![cfg_attr(not(test), allow(dead_code, reason = "some of it is for tickets and early data; all of it for PSKs"))]

use super::{Arrow, Handshake, Name, Stage, label};
use crate::codes::HashAlgorithm;
use crate::crypto::CryptoProvider;
use crate::error::Result;

/// The Early Secret of a PSK.
pub(crate) struct Early<P: CryptoProvider>(Stage<P>);

impl<P: CryptoProvider> Early<P> {
    /// From a PSK, whose hash is that of the connection.
    pub(crate) fn new(provider: &mut P, hash: HashAlgorithm, psk: &P::Secret) -> Result<Self> {
        Stage::extract(provider, hash, None, Some(psk)).map(Self)
    }

    /// `binder_key` of a PSK that was agreed on by other means.
    pub(crate) fn external_binder_key(&self, provider: &mut P) -> Result<P::Secret> {
        self.0.derive_bare(provider, &label::EXTERNAL_BINDER)
    }

    /// `binder_key` of a PSK that was imported (RFC 9258).
    pub(crate) fn imported_binder_key(&self, provider: &mut P) -> Result<P::Secret> {
        self.0.derive_bare(provider, &label::IMPORTED_BINDER)
    }

    /// `binder_key` of a PSK that came with a ticket.
    pub(crate) fn resumption_binder_key(&self, provider: &mut P) -> Result<P::Secret> {
        self.0.derive_bare(provider, &label::RESUMPTION_BINDER)
    }

    /// `client_early_traffic_secret`; `transcript` is that of the ClientHello.
    pub(crate) const fn client_traffic(&self) -> Arrow<'_, P> {
        self.0.arrow(&Name::CLIENT_EARLY_TRAFFIC)
    }

    /// `early_exporter_secret`; `transcript` is that of the ClientHello.
    pub(crate) const fn exporter(&self) -> Arrow<'_, P> {
        self.0.arrow(&Name::EARLY_EXPORTER)
    }

    /// The Handshake Secret; without a shared secret in `psk_ke`.
    pub(crate) fn into_handshake(self, provider: &mut P, shared: Option<&P::Secret>) -> Result<Handshake<P>> {
        let salt = self.0.salt(provider)?;
        Handshake::extract(provider, self.0.hash, &salt, shared)
    }
}
