//! A PSK that both sides go on with.

#[cfg(feature = "early-data")]
use super::early_offer::EarlyOffer;
use crate::codes::HashAlgorithm;
use crate::crypto::CryptoProvider;
use crate::error::{Error, Result};
use crate::handshake::Step;
#[cfg(not(feature = "tickets"))]
use crate::handshake::evidence::PeerAuthentication;
use crate::handshake::evidence::PskAgreed;
#[cfg(feature = "tickets")]
use crate::handshake::psk::resumed::Resumed;
use crate::key_schedule::{Early, Handshake};
use crate::psk::PskKind;

/// A PSK that both sides go on with: on a server, its binder is right; on a client, the server selected it.
pub(in crate::handshake) struct Agreed<P: CryptoProvider> {
    kind: PskKind,
    /// `None` on a client whose ticket was selected: the secret stays where it is until it is used, for what is between
    /// may be pending.
    early: Option<Early<P>>,
    /// On a server, what its ticket said.
    #[cfg(feature = "tickets")]
    resumed: Option<Resumed>,
}

impl<P: CryptoProvider> Agreed<P> {
    /// To be called where the above is known, and only there.
    pub(super) const fn on(kind: PskKind, early: Early<P>) -> Self {
        Self {
            kind,
            early: Some(early),
            #[cfg(feature = "tickets")]
            resumed: None,
        }
    }

    /// As [`on`](Self::on), on a client whose ticket was selected.
    pub(super) const fn on_ticket() -> Self {
        Self {
            kind: PskKind::Resumption,
            early: None,
            #[cfg(feature = "tickets")]
            resumed: None,
        }
    }

    /// The session that its ticket told of.
    #[cfg(feature = "tickets")]
    pub(super) fn resuming(self, resumed: Option<Resumed>) -> Self {
        Self { resumed, ..self }
    }
}

#[cfg(feature = "early-data")]
impl<P: CryptoProvider> Agreed<P> {
    /// The Early Secret, and what the ticket says of early data; nothing if it was not the client's first.
    pub(super) fn early_data(&self) -> Option<(&Early<P>, &EarlyOffer)> {
        Some((self.early.as_ref()?, self.resumed.as_ref()?.early_data()?))
    }
}

/// The Handshake Secret: of the PSK, if there is one, and of the shared secret, if there is one.
pub(in crate::handshake) fn extract<P: CryptoProvider>(
    step: &mut Step<'_, '_, P>,
    hash: HashAlgorithm,
    agreed: Option<Agreed<P>>,
    shared: Option<&P::Secret>,
) -> Result<(Handshake<P>, Option<PskAgreed>)> {
    // The transcript is of the suite that was agreed on.
    if hash != step.hash() {
        return Err(Error::Internal);
    }
    match (agreed, shared) {
        (Some(agreed), shared) => {
            step.facts().psk = Some(agreed.kind);
            #[cfg(feature = "tickets")]
            let how = Resumed::restore(agreed.resumed, step);
            #[cfg(not(feature = "tickets"))]
            let how = PeerAuthentication::PreSharedKey;
            let early = match agreed.early {
                Some(early) => early,
                None => step.resume()?,
            };
            let handshake = early.into_handshake(step.provider(), shared)?;
            Ok((handshake, Some(PskAgreed::secret_has_psk(how))))
        }
        (None, Some(shared)) => Ok((Handshake::without_psk(step.provider(), hash, shared)?, None)),
        // Never without a secret at all.
        (None, None) => Err(Error::Internal),
    }
}
