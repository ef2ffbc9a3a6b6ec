//! The Handshake Secret: of the shared secret, and of what is above it.

use super::{Arrow, Main, Name, Stage};
use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, LabelPrefix, Secret};
use crate::error::Result;

/// The Handshake Secret.
pub(crate) struct Handshake<P: CryptoProvider>(Stage<P>);

impl<P: CryptoProvider> Handshake<P> {
    /// From the shared secret of the key exchange alone.
    pub(crate) fn without_psk(provider: &mut P, hash: HashAlgorithm, shared: &P::Secret) -> Result<Self> {
        let salt = P::Secret::handshake_salt(provider, hash, LabelPrefix::TLS_1_3)?;
        Self::extract(provider, hash, &salt, Some(shared))
    }

    pub(super) fn extract(
        provider: &mut P,
        hash: HashAlgorithm,
        salt: &P::Secret,
        shared: Option<&P::Secret>,
    ) -> Result<Self> {
        Stage::extract(provider, hash, Some(salt), shared).map(Self)
    }

    /// `client_handshake_traffic_secret`; `transcript` is that of ClientHello...ServerHello.
    pub(crate) const fn client_traffic(&self) -> Arrow<'_, P> {
        self.0.arrow(&Name::CLIENT_HANDSHAKE_TRAFFIC)
    }

    /// `server_handshake_traffic_secret`; `transcript` is that of ClientHello...ServerHello.
    pub(crate) const fn server_traffic(&self) -> Arrow<'_, P> {
        self.0.arrow(&Name::SERVER_HANDSHAKE_TRAFFIC)
    }

    /// The Main Secret. It depends on no message, so nothing need be kept to make it later.
    pub(crate) fn into_main(self, provider: &mut P) -> Result<Main<P>> {
        let salt = self.0.salt(provider)?;
        Stage::extract(provider, self.0.hash, Some(&salt), None).map(Main)
    }
}
