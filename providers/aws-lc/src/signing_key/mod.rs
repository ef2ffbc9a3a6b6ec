//! Private keys that sign handshakes.

mod load;
mod public;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, RsaSignatureEncoding};
use core::task::Poll;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::write_to_front;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm as A, Signer};
use saitls_core::error::{ByteCount, Error, ProviderFault, Result};

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
/// Nonces, salts and blinding come from the random source of AWS-LC. The key is wiped on drop.
///
/// ```
/// use saitls_aws_lc::SigningKey;
///
/// let der = include_bytes!("../../../rustcrypto/tests/data/p256.pkcs8.der");   // or from a file, ...
/// let key = SigningKey::from_der(der)?;
/// assert_eq!(key.schemes()[0].to_string(), "ecdsa_secp256r1_sha256");
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub struct SigningKey(Key);

enum Key {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    P521(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Rsa),
}

/// An RSA key with what its AlgorithmIdentifier says, which decides on the schemes that fit (RFC 9846 4.3.3).
struct Rsa {
    key: rsa::KeyPair,
    is_pss: bool,
    schemes: &'static [SignatureScheme],
}

impl SigningKey {
    /// The schemes this key signs with, in order of preference.
    #[must_use]
    pub const fn schemes(&self) -> &[SignatureScheme] {
        match &self.0 {
            Key::P256(_) => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
            Key::P384(_) => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
            Key::P521(_) => &[SignatureScheme::ECDSA_SECP521R1_SHA512],
            Key::Ed25519(_) => &[SignatureScheme::ED25519],
            Key::Rsa(rsa) => rsa.schemes,
        }
    }

    /// A new key on P-256.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`].
    pub fn generate_p256() -> Result<Self> {
        EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_ASN1_SIGNING).map(Key::P256).map(Self).map_err(failed)
    }

    /// A new key on P-384.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`].
    pub fn generate_p384() -> Result<Self> {
        EcdsaKeyPair::generate(&lc::ECDSA_P384_SHA384_ASN1_SIGNING).map(Key::P384).map(Self).map_err(failed)
    }

    /// A new key on P-521.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`].
    pub fn generate_p521() -> Result<Self> {
        EcdsaKeyPair::generate(&lc::ECDSA_P521_SHA512_ASN1_SIGNING).map(Key::P521).map(Self).map_err(failed)
    }

    /// A new Ed25519 key.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`].
    pub fn generate_ed25519() -> Result<Self> {
        Ed25519KeyPair::generate().map(Key::Ed25519).map(Self).map_err(failed)
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Result<usize> {
        if !self.schemes().contains(&scheme) {
            return Err(ProviderFault::Unsupported.into());
        }
        match &self.0 {
            Key::P256(key) | Key::P384(key) | Key::P521(key) => {
                write_to_front(key.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref(), out)
            }
            Key::Ed25519(key) => write_to_front(key.try_sign(message).map_err(failed)?.as_ref(), out),
            Key::Rsa(rsa) => rsa.sign(scheme, message, out),
        }
    }
}

impl Rsa {
    fn sign(&self, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Result<usize> {
        let encoding: &RsaSignatureEncoding = match A::from(scheme) {
            A::RsaPssSha256 => &lc::RSA_PSS_SHA256,
            A::RsaPssSha384 => &lc::RSA_PSS_SHA384,
            A::RsaPssSha512 => &lc::RSA_PSS_SHA512,
            _ => return Err(ProviderFault::Unsupported.into()),
        };
        let len = self.key.public_modulus_len();
        let signature = out.get_mut(..len).ok_or(Error::TransmitBufferTooSmall(ByteCount::new(len)))?;
        self.key.sign(encoding, &SystemRandom::new(), message, signature).map_err(failed)?;
        Ok(len)
    }
}

fn failed<E>(_: E) -> Error {
    Error::Provider(ProviderFault::CryptoFailed)
}

impl<P: CryptoProvider> Signer<P> for SigningKey {
    fn schemes(&self) -> &[SignatureScheme] {
        Self::schemes(self)
    }

    fn poll_sign(
        &self,
        _: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        Poll::Ready(self.sign(scheme, message, signature))
    }
}
