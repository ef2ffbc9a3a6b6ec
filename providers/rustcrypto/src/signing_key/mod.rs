//! Private keys that sign handshakes.

mod load;
mod public;
#[cfg(feature = "rsa")]
mod rsa;

pub use public::MAX_SUBJECT_PUBLIC_KEY_INFO_LEN;

#[cfg(any(feature = "p384", feature = "p521"))]
use crate::adapters::RandomizedSignerOf;
#[cfg(feature = "ed25519")]
use crate::adapters::SignerOf;
use core::task::Poll;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_core::error::Result;

#[cfg(feature = "p384")]
type P384 = RandomizedSignerOf<
    p384::ecdsa::SigningKey,
    p384::ecdsa::DerSignature,
    { SignatureScheme::ECDSA_SECP384R1_SHA384.0 },
>;
#[cfg(feature = "p521")]
type P521 = RandomizedSignerOf<
    p521::ecdsa::SigningKey,
    p521::ecdsa::DerSignature,
    { SignatureScheme::ECDSA_SECP521R1_SHA512.0 },
>;
#[cfg(feature = "ed25519")]
type Ed25519 = SignerOf<ed25519_dalek::SigningKey, ed25519_dalek::Signature, { SignatureScheme::ED25519.0 }>;

/// A private key in RAM: a [`Signer`] for any provider.
///
/// | key | schemes (RFC 9846 4.3.3) |
/// |---|---|
/// | P-256 | `ecdsa_secp256r1_sha256` |
/// | P-384 | `ecdsa_secp384r1_sha384` |
/// | P-521 | `ecdsa_secp521r1_sha512` |
/// | Ed25519 | `ed25519` |
/// | RSA (rsaEncryption) | `rsa_pss_rsae_sha256`, `_sha384`, `_sha512` |
/// | RSA (id-RSASSA-PSS) | `rsa_pss_pss_sha256`, `_sha384`, `_sha512`; if the key names a hash, that one only |
///
/// ECDSA is hedged: the nonce is the deterministic one of RFC 6979 with random bytes of the provider mixed in (3.6),
/// so that neither a weak random source nor a fault gives the key away. Salts of PSS and the blinding of RSA come
/// from the provider too. Ed25519 is deterministic.
///
/// The key is wiped on drop.
///
/// ```
/// use saitls_rustcrypto::SigningKey;
///
/// let der = include_bytes!("../../tests/data/p256.pkcs8.der");   // or from flash, a file, ...
/// let key = SigningKey::from_der(der)?;
/// # let _ = key;
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub struct SigningKey(Key);

#[allow(clippy::large_enum_variant, reason = "without an allocator there is no box")]
enum Key {
    #[cfg(feature = "p256")]
    P256(crate::p256::Key),
    #[cfg(feature = "p384")]
    P384(P384),
    #[cfg(feature = "p521")]
    P521(P521),
    #[cfg(feature = "ed25519")]
    Ed25519(Ed25519),
    #[cfg(feature = "rsa")]
    Rsa(rsa::Rsa),
}

impl SigningKey {
    /// The schemes this key signs with, in order of preference.
    #[must_use]
    pub const fn schemes(&self) -> &[SignatureScheme] {
        match self.0 {
            #[cfg(feature = "p256")]
            Key::P256(_) => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
            #[cfg(feature = "p384")]
            Key::P384(_) => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
            #[cfg(feature = "p521")]
            Key::P521(_) => &[SignatureScheme::ECDSA_SECP521R1_SHA512],
            #[cfg(feature = "ed25519")]
            Key::Ed25519(_) => &[SignatureScheme::ED25519],
            #[cfg(feature = "rsa")]
            Key::Rsa(ref key) => key.schemes(),
        }
    }

    /// A new key on P-256.
    ///
    /// # Errors
    /// [`ProviderFault::RandomFailed`](saitls_core::ProviderFault::RandomFailed), or what the random source of the
    /// provider says.
    #[cfg(feature = "p256")]
    pub fn generate_p256<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        crate::p256::Key::generate(provider).map(|key| Self(Key::P256(key)))
    }

    /// A new key on P-384.
    ///
    /// # Errors
    /// [`ProviderFault::RandomFailed`](saitls_core::ProviderFault::RandomFailed), or what the random source of the
    /// provider says.
    #[cfg(feature = "p384")]
    pub fn generate_p384<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        crate::curve::private_key::<p384::NistP384, P>(provider).map(Self::from_p384)
    }

    /// A new key on P-521.
    ///
    /// # Errors
    /// [`ProviderFault::RandomFailed`](saitls_core::ProviderFault::RandomFailed), or what the random source of the
    /// provider says.
    #[cfg(feature = "p521")]
    pub fn generate_p521<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        crate::curve::private_key::<p521::NistP521, P>(provider).map(Self::from_p521)
    }

    /// A new Ed25519 key.
    ///
    /// # Errors
    /// What the random source of the provider says.
    #[cfg(feature = "ed25519")]
    pub fn generate_ed25519<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        let mut seed = zeroize::Zeroizing::new([0; ed25519_dalek::SECRET_KEY_LENGTH]);
        provider.fill_random(seed.as_mut_slice())?;
        Ok(Self::from_ed25519(ed25519_dalek::SigningKey::from_bytes(&seed)))
    }

    #[cfg(feature = "p384")]
    fn from_p384(key: p384::SecretKey) -> Self {
        Self(Key::P384(RandomizedSignerOf::new(key.into())))
    }

    #[cfg(feature = "p521")]
    fn from_p521(key: p521::SecretKey) -> Self {
        Self(Key::P521(RandomizedSignerOf::new(key.into())))
    }

    #[cfg(feature = "ed25519")]
    fn from_ed25519(key: ed25519_dalek::SigningKey) -> Self {
        Self(Key::Ed25519(SignerOf::encoded(key)))
    }
}

impl<P: CryptoProvider> Signer<P> for SigningKey {
    fn schemes(&self) -> &[SignatureScheme] {
        Self::schemes(self)
    }

    #[allow(unused_variables, reason = "with all algorithms off")]
    fn poll_sign(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        match self.0 {
            #[cfg(feature = "p256")]
            Key::P256(ref key) => key.poll_sign(provider, scheme, message, signature),
            #[cfg(feature = "p384")]
            Key::P384(ref key) => key.poll_sign(provider, scheme, message, signature),
            #[cfg(feature = "p521")]
            Key::P521(ref key) => key.poll_sign(provider, scheme, message, signature),
            #[cfg(feature = "ed25519")]
            Key::Ed25519(ref key) => key.poll_sign(provider, scheme, message, signature),
            #[cfg(feature = "rsa")]
            Key::Rsa(ref key) => Poll::Ready(key.sign(provider, scheme, message, signature)),
        }
    }
}
