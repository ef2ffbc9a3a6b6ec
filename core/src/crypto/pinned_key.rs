//! Trust in keys, whatever the certificates around them say.

#[cfg(feature = "tickets")]
use super::TrustFingerprint;
use super::{CryptoProvider, Hash, PeerCertificates, PeerVerifier, VerificationProgress};
use crate::codes::HashAlgorithm;
use crate::error::{CertificateFault, Result};
use core::task::Poll;

/// Accepts exactly the keys it names, whatever else the certificate says: how self-signed peers are accepted.
///
/// ```
/// use saitls_core::crypto::PinnedKey;
///
/// // `openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`
/// static SENSOR: [[u8; 32]; 1] = [[0x5a; 32]];
/// let verifier = PinnedKey::sha256(&SENSOR);
/// # let _ = verifier;
/// ```
#[derive(Debug, Clone, Copy)]
pub enum PinnedKey<'a> {
    /// SubjectPublicKeyInfos in DER, any of which will do.
    SubjectPublicKeyInfo(&'a [&'a [u8]]),
    /// SHA-256 hashes of SubjectPublicKeyInfos in DER, any of which will do.
    Sha256(&'a [[u8; 32]]),
}

impl<'a> PinnedKey<'a> {
    /// Accepts the keys with these hashes.
    #[must_use]
    pub const fn sha256(hashes: &'a [[u8; 32]]) -> Self {
        Self::Sha256(hashes)
    }

    /// Accepts these keys.
    #[must_use]
    pub const fn subject_public_key_info(keys: &'a [&'a [u8]]) -> Self {
        Self::SubjectPublicKeyInfo(keys)
    }

    /// Accepts these keys, and what `verifier` accepts: a few self-signed devices beside a public-key infrastructure.
    #[must_use]
    pub const fn or<V>(self, verifier: V) -> PinnedKeyOr<'a, V> {
        PinnedKeyOr { pinned: self, verifier }
    }

    fn contains<P: CryptoProvider>(&self, provider: &mut P, key: &[u8]) -> Result<bool> {
        Ok(match self {
            Self::SubjectPublicKeyInfo(keys) => keys.contains(&key),
            Self::Sha256(hashes) => {
                let hash = P::Hash::digest(provider, HashAlgorithm::Sha256, &[key])?;
                hashes.iter().any(|pin| pin == hash.as_bytes())
            }
        })
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for PinnedKey<'_> {
    fn poll_verify(
        &self,
        provider: &mut P,
        _: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        let pinned = self.contains(provider, peer.subject_public_key_info)?;
        Poll::Ready(if pinned { Ok(()) } else { Err(CertificateFault::KeyNotPinned.into()) })
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        match self {
            Self::SubjectPublicKeyInfo(keys) => {
                TrustFingerprint::of(provider, [&b"keys"[..]].into_iter().chain(keys.iter().copied()))
            }
            Self::Sha256(hashes) => TrustFingerprint::of(
                provider,
                [&b"hashes"[..]].into_iter().chain(hashes.iter().map(<[u8; 32]>::as_slice)),
            ),
        }
        .map(Some)
    }
}

/// Accepts the keys of a [`PinnedKey`] and whatever another verifier accepts; made by [`PinnedKey::or`].
///
/// A peer that neither accepts is refused with the error of the other verifier.
///
/// ```
/// # use saitls_core::crypto::{CryptoProvider, PeerVerifier, PinnedKey};
/// # fn f<P: CryptoProvider>(chain_verifier: impl PeerVerifier<P>) {
/// static GATEWAYS: [[u8; 32]; 2] = [[0x5a; 32], [0xa5; 32]];
/// let verifier = PinnedKey::sha256(&GATEWAYS).or(chain_verifier);
/// # let _: &dyn PeerVerifier<P> = &verifier;
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PinnedKeyOr<'a, V> {
    pinned: PinnedKey<'a>,
    verifier: V,
}

impl<P: CryptoProvider, V: PeerVerifier<P>> PeerVerifier<P> for PinnedKeyOr<'_, V> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        if self.pinned.contains(provider, peer.subject_public_key_info)? {
            return Poll::Ready(Ok(()));
        }
        self.verifier.poll_verify(provider, progress, peer)
    }

    fn needs_server_name(&self) -> bool {
        self.verifier.needs_server_name()
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        let pinned = self.pinned.fingerprint(provider)?;
        let (Some(pinned), Some(other)) = (pinned, self.verifier.fingerprint(provider)?) else { return Ok(None) };
        TrustFingerprint::of(provider, [&b"or"[..], pinned.as_bytes(), other.as_bytes()]).map(Some)
    }
}

/// Verifiers that verify nothing. Whoever names this module should know why.
pub mod dangerous {
    use super::{CryptoProvider, PeerCertificates, PeerVerifier, Poll, Result, VerificationProgress};

    /// Accepts any certificate: anybody in the middle can read and change everything.
    #[derive(Debug, Clone, Copy, Default)]
    pub struct AcceptAnyPeer;

    impl<P: CryptoProvider> PeerVerifier<P> for AcceptAnyPeer {
        fn poll_verify(
            &self,
            _: &mut P,
            _: &mut VerificationProgress<P>,
            _: &PeerCertificates<'_>,
        ) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        #[cfg(feature = "tickets")]
        fn fingerprint(&self, provider: &mut P) -> Result<Option<super::TrustFingerprint>> {
            super::TrustFingerprint::of(provider, [&b"anybody"[..]]).map(Some)
        }
    }
}
