//! A PSK that both sides go on with.

use crate::codes::HashAlgorithm;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::handshake::Step;
use crate::handshake::evidence::PskAgreed;
use crate::key_schedule::{Early, Handshake};
use crate::psk::PskKind;

/// A PSK that both sides go on with: on a server, its binder is right; on a client, the server selected it.
pub(in crate::handshake) struct Agreed<P: CryptoProvider>(PskKind, Early<P>);

impl<P: CryptoProvider> Agreed<P> {
    /// To be called where the above is known, and only there.
    pub(super) const fn on(kind: PskKind, early: Early<P>) -> Self {
        Self(kind, early)
    }
}

/// The Handshake Secret: of the PSK, if there is one, and of the shared secret, if there is one.
pub(in crate::handshake) fn extract<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    hash: HashAlgorithm,
    agreed: Option<Agreed<P>>,
    shared: Option<&P::Secret>,
) -> Result<(Handshake<P>, Option<PskAgreed>)> {
    match (agreed, shared) {
        (Some(Agreed(kind, early)), shared) => {
            step.facts().psk = Some(kind);
            let handshake = early.into_handshake(step.provider(), shared)?;
            Ok((handshake, Some(PskAgreed::secret_has_psk())))
        }
        (None, Some(shared)) => Ok((Handshake::without_psk(step.provider(), hash, shared)?, None)),
        // Never without a secret at all.
        (None, None) => Err(Error::Internal),
    }
}
