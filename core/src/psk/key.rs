//! A PSK as the application has it, and those that a client offers.

use super::{HeldSecret, ImportedKey, PskKind, PskModes};
use crate::codes::{CipherSuite, HashAlgorithm};
use crate::crypto::{CryptoProvider, PeerCertificates, PeerVerifier, Secret, VerificationProgress};
use crate::error::{Error, Incompatibility, Misconfiguration, Result};
use crate::limits::MIN_PSK_LEN;
use crate::secret::MAX_SECRET_LEN;
use core::task::{Poll, Waker};

/// Where the key is.
enum Key<'a, P: CryptoProvider> {
    Bytes(&'a [u8]),
    Held(&'a dyn HeldSecret<P>),
}

/// A key that both sides have been given by other means, with its name and its hash.
///
/// It proves to each side who the other is, and must be as hard to guess as any key: 16 random bytes at least, never a
/// password (RFC 9257). Give each pair of peers one of its own, and another one for each direction where both of them
/// are clients and servers: whoever holds a key can play either side, and who shares one with several peers, or with
/// itself, can be led to talk to the wrong one (RFC 9846 F.8).
///
/// ```
/// # fn f<'a, P: saitls_core::crypto::CryptoProvider>() {
/// use saitls_core::psk::PreSharedKey;
///
/// let key = [0x5a; 32]; // From where only the two of them can read it.
/// let psk = PreSharedKey::<P>::new(b"pump-17", &key);
/// # }
/// ```
pub struct PreSharedKey<'a, P: CryptoProvider> {
    identity: &'a [u8],
    hash: HashAlgorithm,
    key: Key<'a, P>,
    kind: PskKind,
}

impl<'a, P: CryptoProvider> PreSharedKey<'a, P> {
    /// A key of [`MIN_PSK_LEN`] to [`MAX_SECRET_LEN`] bytes, whose name has 1 to 65,535 bytes and is sent in the clear;
    /// a client's has at most 32,713, and all that it offers as little together.
    pub const fn new(identity: &'a [u8], key: &'a [u8]) -> Self {
        Self { identity, hash: HashAlgorithm::Sha256, key: Key::Bytes(key), kind: PskKind::External }
    }

    /// A key that a device holds.
    pub const fn held(identity: &'a [u8], secret: &'a dyn HeldSecret<P>) -> Self {
        Self { identity, hash: HashAlgorithm::Sha256, key: Key::Held(secret), kind: PskKind::External }
    }

    /// A key that is imported for TLS 1.3 and a hash, with its imported identity (RFC 9258).
    #[must_use]
    pub const fn imported(key: &'a ImportedKey<'a>) -> Self {
        Self { identity: key.identity(), hash: key.target(), key: Key::Held(key), kind: PskKind::Imported }
    }

    /// The hash of the suites that the key is for, on which both sides must agree; without this, SHA-256 (RFC 9846
    /// 4.3.11).
    #[must_use]
    pub const fn with_hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    /// Its name.
    #[must_use]
    pub const fn identity(&self) -> &'a [u8] {
        self.identity
    }

    /// The hash of the suites that it is for.
    #[must_use]
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    pub(crate) const fn kind(&self) -> PskKind {
        self.kind
    }

    /// The key itself, for the provider to work with.
    pub(crate) fn poll_secret(&self, provider: &mut P) -> Poll<Result<P::Secret>> {
        // Whoever made it may not have asked: anybody could have an empty key.
        self.check()?;
        match self.key {
            Key::Bytes(bytes) => Poll::Ready(P::Secret::import(provider, bytes)),
            Key::Held(secret) => secret.poll_secret(provider),
        }
    }

    fn check(&self) -> Result<()> {
        let has_key = match self.key {
            Key::Bytes(bytes) => (MIN_PSK_LEN..=MAX_SECRET_LEN).contains(&bytes.len()),
            Key::Held(_) => true,
        };
        if self.identity.is_empty() || self.identity.len() > 0xffff || !has_key {
            return Err(Error::InvalidConfiguration(Misconfiguration::PreSharedKey));
        }
        Ok(())
    }
}

/// Checks each of them, and that no two have the same name: by that alone a server finds a key.
pub(super) fn check_list<P: CryptoProvider>(psks: &[PreSharedKey<'_, P>]) -> Result<()> {
    let is_again =
        |(at, psk): (usize, &PreSharedKey<'_, P>)| psks.iter().take(at).any(|earlier| earlier.identity == psk.identity);
    if psks.iter().enumerate().any(is_again) {
        return Err(Error::InvalidConfiguration(Misconfiguration::NamedTwice));
    }
    psks.iter().try_for_each(PreSharedKey::check)
}

/// Registers the waker with all that may be pending. Which of them is, is not known: only if each of them will wake is
/// there a promise.
pub(super) fn register_with_all<P: CryptoProvider>(
    psks: &[PreSharedKey<'_, P>],
    provider: &mut P,
    waker: &Waker,
) -> bool {
    let all = psks.iter().fold(None, |all, psk| match psk.key {
        Key::Bytes(_) => all,
        Key::Held(secret) => Some(secret.register_waker(provider, waker) && all.unwrap_or(true)),
    });
    all.unwrap_or_else(|| provider.register_waker(waker))
}

/// The verifier of a client that accepts no certificate.
pub(crate) struct NoCertificate;

impl<P: CryptoProvider> PeerVerifier<P> for NoCertificate {
    fn poll_verify(&self, _: &mut P, _: &mut VerificationProgress<P>, _: &PeerCertificates<'_>) -> Poll<Result<()>> {
        Poll::Ready(Err(Incompatibility::NoPreSharedKey.into()))
    }
}

/// What a client offers.
pub(crate) struct ClientPsks<'a, P: CryptoProvider> {
    pub(crate) keys: &'a [PreSharedKey<'a, P>],
    pub(crate) modes: PskModes,
    /// There is a verifier: the server may do without a PSK and present a certificate.
    pub(crate) or_certificate: bool,
}

impl<'a, P: CryptoProvider> ClientPsks<'a, P> {
    pub(crate) const fn none() -> Self {
        Self { keys: &[], modes: PskModes::WithKeyExchange, or_certificate: true }
    }

    pub(crate) const fn only(keys: &'a [PreSharedKey<'a, P>]) -> Self {
        Self { keys, modes: PskModes::WithKeyExchange, or_certificate: false }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.keys.is_empty() && !self.or_certificate {
            return Err(Error::InvalidConfiguration(Misconfiguration::NoPreSharedKey));
        }
        check_list(self.keys)?;
        // Each twice with its lengths, and binders of 48 bytes.
        let len = self.keys.iter().fold(0usize, |sum, psk| sum.saturating_add(psk.identity.len()).saturating_add(55));
        if len > 0x8000 {
            return Err(Error::InvalidConfiguration(Misconfiguration::ListTooLong));
        }
        Ok(())
    }

    /// Whether a certificate will do, too.
    pub(crate) const fn accepts_certificate(&self) -> bool {
        self.or_certificate
    }

    /// Whether there may be a key agreement.
    pub(crate) const fn accepts_exchange(&self) -> bool {
        self.or_certificate || self.modes.allows_exchange()
    }

    /// Whether a server may choose this suite: where it must know one of the keys, only those of their hashes.
    pub(crate) fn allows_suite(&self, suite: CipherSuite) -> bool {
        self.or_certificate || self.keys.iter().any(|psk| psk.hash == suite.hash())
    }

    /// Checks that there is such a suite.
    pub(crate) fn check_suites(&self, mut suites: impl Iterator<Item = CipherSuite>) -> Result<()> {
        if suites.any(|suite| self.allows_suite(suite)) {
            Ok(())
        } else {
            Err(Error::InvalidConfiguration(Misconfiguration::PreSharedKeyHash))
        }
    }

    /// Where suites of this hash go first: many servers choose the suite, then look for a PSK that fits it.
    pub(crate) fn preferred_hash(&self) -> Option<HashAlgorithm> {
        self.keys.first().map(PreSharedKey::hash)
    }

    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        register_with_all(self.keys, provider, waker)
    }
}
