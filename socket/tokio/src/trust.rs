//! Whom to trust, owned.

#[cfg(feature = "tickets")]
use saitls::protocol::crypto::TrustFingerprint;
use saitls::protocol::crypto::{CryptoProvider, PeerCertificates, PeerVerifier, PinnedKey, VerificationProgress};
use saitls::protocol::error::Result;
use std::task::{Poll, Waker};

/// Whom a configuration trusts: a verifier, and all that it needs.
pub struct Trust<P: CryptoProvider>(pub(crate) Box<dyn PeerVerifier<P> + Send>);

impl<P: CryptoProvider> Trust<P> {
    /// Trusts whom `verifier` accepts.
    pub fn new(verifier: impl PeerVerifier<P> + Send + 'static) -> Self {
        Self(Box::new(verifier))
    }

    /// Trusts peers that have one of these keys: SHA-256 hashes of their SubjectPublicKeyInfo in DER
    /// ([`PinnedKey::sha256`]).
    pub fn pinned(hashes: impl Into<Vec<[u8; 32]>>) -> Self {
        Self::new(Pins(hashes.into()))
    }
}

struct Pins(Vec<[u8; 32]>);

impl<P: CryptoProvider> PeerVerifier<P> for Pins {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        PinnedKey::sha256(&self.0).poll_verify(provider, progress, peer)
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        PinnedKey::sha256(&self.0).fingerprint(provider)
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for Trust<P> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        self.0.poll_verify(provider, progress, peer)
    }

    fn needs_server_name(&self) -> bool {
        self.0.needs_server_name()
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        self.0.fingerprint(provider)
    }

    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        self.0.register_waker(provider, waker)
    }
}

#[cfg(feature = "webpki")]
mod chains {
    use super::*;
    use saitls::webpki::{ChainVerifier, SystemClock, TrustAnchor, anchors_from_pem, system_anchors};

    /// Trust anchors, and what else a verifier of chains borrows. The verifier itself is a handful of references.
    struct Chains(Vec<TrustAnchor<'static>>);

    impl<P: CryptoProvider> Trust<P> {
        /// Trusts peers whose certificates lead to an authority that the operating system trusts (`SSL_CERT_FILE` and
        /// `SSL_CERT_DIR` replace these).
        ///
        /// # Errors
        /// [`Error::InvalidConfiguration`](saitls::Error::InvalidConfiguration) if there is none.
        pub fn system() -> Result<Self> {
            Self::anchors(system_anchors()?)
        }

        /// Trusts peers whose certificates lead to one of those in `pem`.
        ///
        /// # Errors
        /// [`Bad`](saitls::protocol::error::CertificateFault::Bad) if the text is no PEM or one of them cannot be read;
        /// [`Error::InvalidConfiguration`](saitls::Error::InvalidConfiguration) if there is none.
        pub fn pem(pem: &[u8]) -> Result<Self> {
            Self::anchors(anchors_from_pem(pem)?)
        }

        /// Trusts peers whose certificates lead to one of these anchors, at the time of the operating system's clock.
        ///
        /// # Errors
        /// [`Error::InvalidConfiguration`](saitls::Error::InvalidConfiguration) without anchors.
        pub fn anchors(anchors: Vec<TrustAnchor<'static>>) -> Result<Self> {
            ChainVerifier::new(&anchors, &SystemClock)?;
            Ok(Self::new(Chains(anchors)))
        }
    }

    impl Chains {
        const fn verifier(&self) -> Result<ChainVerifier<'_>> {
            ChainVerifier::new(self.0.as_slice(), &SystemClock)
        }
    }

    impl<P: CryptoProvider> PeerVerifier<P> for Chains {
        fn poll_verify(
            &self,
            provider: &mut P,
            progress: &mut VerificationProgress<P>,
            peer: &PeerCertificates<'_>,
        ) -> Poll<Result<()>> {
            self.verifier()?.poll_verify(provider, progress, peer)
        }

        fn needs_server_name(&self) -> bool {
            true
        }

        #[cfg(feature = "tickets")]
        fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
            self.verifier()?.fingerprint(provider)
        }
    }
}
