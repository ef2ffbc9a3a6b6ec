//! Private keys from DER.

use super::SigningKey;
use saitls_core::error::{ProviderFault, Result};

use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
use sec1::EcPrivateKey;

/// id-ecPublicKey (RFC 5480 2.1.1).
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480 2.1.1.1).
#[cfg(feature = "p256")]
pub(super) const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1 (RFC 5480 2.1.1.1).
#[cfg(feature = "p384")]
pub(super) const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// secp521r1 (RFC 5480 2.1.1.1).
#[cfg(feature = "p521")]
pub(super) const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// id-Ed25519 (RFC 8410 3).
#[cfg(feature = "ed25519")]
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// rsaEncryption (RFC 8017 A.1).
#[cfg(feature = "rsa")]
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-RSASSA-PSS (RFC 8017 A.2.3).
pub(super) const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// How many zero bytes may be missing at the front of a private key on a curve. RFC 5915 3 asks for all of them, but
/// some programs write the number without. That more are missing happens to one key in 2^64.
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
const MAX_MISSING_ZEROS: usize = 8;

impl SigningKey {
    /// Loads PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017 A.1.2), whichever it is.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`] if it is none of them, not well-formed, or a key that cannot be used here: another
    /// curve or algorithm, an RSA modulus outside [`MIN_RSA_BITS`](crate::MIN_RSA_BITS) to
    /// [`MAX_RSA_BITS`](crate::MAX_RSA_BITS), a public half that does not fit, an encrypted key, PEM.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::from_pkcs8_der(der).or_else(|_| Self::from_sec1_der(der)).or_else(|_| Self::from_pkcs1_der(der))
    }

    /// Loads PKCS#8 (RFC 5958): `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`], as for [`from_der`](Self::from_der).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| ProviderFault::InvalidKey)?;
        match info.algorithm.oid {
            #[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
            EC_PUBLIC_KEY => {
                let curve = info.algorithm.parameters_oid().map_err(|_| ProviderFault::InvalidKey)?;
                let key = EcPrivateKey::try_from(info.private_key.as_bytes()).map_err(|_| ProviderFault::InvalidKey)?;
                match named_curve(&key) {
                    Some(named) if named != curve => Err(ProviderFault::InvalidKey.into()),
                    _ => Self::on_curve(Some(curve), key),
                }
            }
            #[cfg(feature = "ed25519")]
            ED25519 => info.try_into().map(Self::from_ed25519).map_err(|_| ProviderFault::InvalidKey.into()),
            #[cfg(feature = "rsa")]
            RSA_ENCRYPTION if info.algorithm.parameters == Some(der::asn1::AnyRef::NULL) => {
                Self::from_pkcs1_der(info.private_key.as_bytes())
            }
            #[cfg(feature = "rsa")]
            RSASSA_PSS => super::rsa::Rsa::restricted(info.private_key.as_bytes(), info.algorithm.parameters)
                .map(|key| Self(super::Key::Rsa(key))),
            _ => Err(ProviderFault::InvalidKey.into()),
        }
    }

    /// Loads SEC1 (RFC 5915): `-----BEGIN EC PRIVATE KEY-----`. The curve is the one the key names, or the one
    /// that its length fits. Where the curve is named, up to eight leading zero bytes of the key may be missing, as in
    /// PKCS#8.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`], as for [`from_der`](Self::from_der).
    #[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
    pub fn from_sec1_der(der: &[u8]) -> Result<Self> {
        let key = EcPrivateKey::try_from(der).map_err(|_| ProviderFault::InvalidKey)?;
        Self::on_curve(named_curve(&key), key)
    }

    /// A key on this curve, or on the one that its length fits.
    #[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
    fn on_curve(curve: Option<ObjectIdentifier>, key: EcPrivateKey<'_>) -> Result<Self> {
        let len = key.private_key.len();
        let is_on = |this: ObjectIdentifier, order_len: usize| match curve {
            Some(curve) => curve == this && (order_len.saturating_sub(MAX_MISSING_ZEROS)..=order_len).contains(&len),
            None => len == order_len,
        };
        #[cfg(feature = "p256")]
        if is_on(SECP256R1, 32) {
            return crate::p256::Key::load(key.private_key, key.public_key).map(|key| Self(super::Key::P256(key)));
        }
        #[cfg(feature = "p384")]
        if is_on(SECP384R1, 48) {
            return key.try_into().map(Self::from_p384).map_err(|_| ProviderFault::InvalidKey.into());
        }
        #[cfg(feature = "p521")]
        if is_on(SECP521R1, 66) {
            return key.try_into().map(Self::from_p521).map_err(|_| ProviderFault::InvalidKey.into());
        }
        Err(ProviderFault::InvalidKey.into())
    }

    /// Loads SEC1: without the features `p256`, `p384` and `p521`, always refuses.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`].
    #[cfg(not(any(feature = "p256", feature = "p384", feature = "p521")))]
    pub fn from_sec1_der(_: &[u8]) -> Result<Self> {
        Err(ProviderFault::InvalidKey.into())
    }

    /// Loads PKCS#1 (RFC 8017 A.1.2): `-----BEGIN RSA PRIVATE KEY-----`. Without the feature `rsa`, always refuses.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`], as for [`from_der`](Self::from_der).
    #[allow(unused_variables, reason = "without `rsa`")]
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self> {
        #[cfg(feature = "rsa")]
        return super::rsa::Rsa::unrestricted(der).map(|key| Self(super::Key::Rsa(key)));
        #[cfg(not(feature = "rsa"))]
        Err(ProviderFault::InvalidKey.into())
    }
}

/// The curve that a SEC1 key names.
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
fn named_curve(key: &EcPrivateKey<'_>) -> Option<ObjectIdentifier> {
    key.parameters.as_ref().and_then(|parameters| parameters.named_curve())
}
