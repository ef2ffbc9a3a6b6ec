//! What stands in the place of cookies in a build without them.

use super::retried::Retried;
use crate::config::ServerConfig;
use crate::crypto::CryptoProvider;
use crate::error::Result;
use crate::handshake::Step;
use crate::handshake::psk::Choice;
use crate::wire::ClientHello;

/// A cookie.
pub(super) enum Sealed {}

impl Sealed {
    #[expect(clippy::unnecessary_wraps, reason = "as where there are cookies")]
    pub(super) const fn new<P: CryptoProvider>(
        _: &mut Step<'_, '_, P>,
        _: &ServerConfig<'_, P>,
        _: &Retried,
        _: &Choice<P>,
    ) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        match *self {}
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as where there are cookies")]
pub(super) const fn open<P: CryptoProvider>(
    _: &mut Step<'_, '_, P>,
    _: &ServerConfig<'_, P>,
    _: &ClientHello<'_>,
) -> Result<Option<(Retried, Choice<P>)>> {
    Ok(None)
}
