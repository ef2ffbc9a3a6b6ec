//! Values that can only be made by whoever did the check they stand for.

use crate::codes::SignatureScheme;

/// How the peer proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PeerAuthentication {
    /// With a certificate that the verifier accepted and whose key signed the handshake.
    Certificate,
    /// With a pre-shared key, which both sides have. On a client also where the key came with a ticket: the server is
    /// who it was when the session began. A server says of a client that comes back what it was then: the other
    /// variants.
    PreSharedKey,
    /// Not at all, since this server does not ask.
    NotRequested,
    /// Not at all, since the client declined and this server allows that.
    Declined,
}

/// The peer's certificate was accepted; its key has not been proved yet.
pub(crate) struct Presented(());

/// The signature in the peer's CertificateVerify is right.
pub(crate) struct SignatureVerified {
    pub(crate) scheme: SignatureScheme,
    private: (),
}

/// The peer is who the configuration wants it to be; without this value nobody waits for a Finished.
pub(crate) struct PeerAuthenticated(PeerAuthentication);

/// A build without PSKs has no evidence of one.
#[cfg(not(feature = "psk"))]
type IfPsk = core::convert::Infallible;
#[cfg(feature = "psk")]
type IfPsk = PeerAuthentication;

/// The Handshake Secret is of a PSK: on a server, the client's binder proved that it has it; on a client, the server
/// must have it to make the Finished that is next. And what whoever has it is known as.
pub(crate) struct PskAgreed(IfPsk);

/// A build without early data has no evidence of any.
#[cfg(not(feature = "early-data"))]
type IfEarlyData = core::convert::Infallible;
#[cfg(feature = "early-data")]
type IfEarlyData = ();

/// A server takes the client's early data, and has kept the key for what follows it.
pub(crate) struct EarlyDataTaken(#[allow(dead_code, reason = "says whether there can be such a value")] IfEarlyData);

/// The MAC in the peer's Finished is right.
pub(crate) struct FinishedVerified(());

impl Presented {
    /// To be called where a [`PeerVerifier`](crate::crypto::PeerVerifier) accepted a chain, and only there.
    pub(super) const fn verifier_accepted() -> Self {
        Self(())
    }
}

impl SignatureVerified {
    /// To be called where the signature was found right, and only there. It needs an accepted certificate.
    pub(super) const fn signature_is_valid(_: &Presented, scheme: SignatureScheme) -> Self {
        Self { scheme, private: () }
    }
}

#[cfg(feature = "psk")]
impl PskAgreed {
    /// To be called where the Handshake Secret was made of a PSK that was agreed on, and only there.
    pub(super) const fn secret_has_psk(how: PeerAuthentication) -> Self {
        Self(how)
    }
}

#[cfg(feature = "early-data")]
impl EarlyDataTaken {
    /// To be called where that was done, and only there.
    pub(super) const fn key_is_kept() -> Self {
        Self(())
    }
}

impl PeerAuthenticated {
    /// By a certificate and its key.
    pub(super) const fn by_certificate(proof: &SignatureVerified) -> Self {
        let () = proof.private;
        Self(PeerAuthentication::Certificate)
    }

    /// By a PSK.
    pub(super) const fn by_psk(agreed: &PskAgreed) -> Self {
        #[cfg(feature = "psk")]
        return Self(agreed.0);
        #[cfg(not(feature = "psk"))]
        match agreed.0 {}
    }

    /// On a server that does not ask its clients.
    pub(super) const fn not_requested() -> Self {
        Self(PeerAuthentication::NotRequested)
    }

    /// On a server whose client declined, which it allows.
    pub(super) const fn declined() -> Self {
        Self(PeerAuthentication::Declined)
    }

    pub(crate) const fn how(&self) -> PeerAuthentication {
        self.0
    }
}

impl FinishedVerified {
    /// To be called where the MAC was found right, and only there.
    pub(super) const fn mac_is_valid() -> Self {
        Self(())
    }
}
