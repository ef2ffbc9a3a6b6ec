//! P-256 for all processors but 32-bit Arm: `p256` 0.14, with tables where there is memory for them.

use crate::adapters::RandomizedSignerOf;
use core::task::Poll;
use p256::NistP256;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_core::error::{ProviderFault, Result};

/// One agreement.
pub(crate) type Exchange = crate::curve::Ecdh<NistP256>;

/// Checks a signature over a hash.
pub(crate) fn verify(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Result<()> {
    crate::curve::verify::<NistP256>(public_key, hash, signature)
}

/// A private key that signs.
pub(crate) struct Key(
    RandomizedSignerOf<
        p256::ecdsa::SigningKey,
        p256::ecdsa::DerSignature,
        { SignatureScheme::ECDSA_SECP256R1_SHA256.0 },
    >,
);

impl Key {
    /// From a number, and the point that should go with it.
    pub(crate) fn load(private_key: &[u8], public_key: Option<&[u8]>) -> Result<Self> {
        let key = p256::SecretKey::from_slice(private_key).map_err(|_| ProviderFault::InvalidKey)?;
        if public_key.is_some_and(|point| p256::PublicKey::from_sec1_bytes(point) != Ok(key.public_key())) {
            return Err(ProviderFault::InvalidKey.into());
        }
        Ok(Self(RandomizedSignerOf::new(key.into())))
    }

    /// A new one.
    pub(crate) fn generate<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        crate::curve::private_key::<NistP256, P>(provider).map(|key| Self(RandomizedSignerOf::new(key.into())))
    }

    /// The public half, as an uncompressed point.
    pub(crate) fn public_key(&self) -> p256::Sec1Point {
        self.0.key().verifying_key().to_sec1_point(false)
    }

    /// Signs a message.
    pub(crate) fn poll_sign<P: CryptoProvider>(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        self.0.poll_sign(provider, scheme, message, signature)
    }
}
