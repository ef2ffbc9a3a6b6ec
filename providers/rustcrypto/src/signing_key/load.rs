//! Private keys from DER.

use super::SigningKey;
use saitls_core::error::{Error, Result};

use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
#[cfg(any(feature = "p256", feature = "p384"))]
use sec1::EcPrivateKey;

/// id-ecPublicKey (RFC 5480 2.1.1).
#[cfg(any(feature = "p256", feature = "p384"))]
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480 2.1.1.1).
#[cfg(feature = "p256")]
pub(super) const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1 (RFC 5480 2.1.1.1).
#[cfg(feature = "p384")]
pub(super) const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// id-Ed25519 (RFC 8410 3).
#[cfg(feature = "ed25519")]
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// rsaEncryption (RFC 8017 A.1).
#[cfg(feature = "rsa")]
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-RSASSA-PSS (RFC 8017 A.2.3).
pub(super) const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

impl SigningKey {
    /// Loads PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017 A.1.2), whichever it is.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] if it is none of them, not well-formed, or a key that cannot be used here: another
    /// curve or algorithm, an RSA modulus outside [`MIN_RSA_BITS`](crate::MIN_RSA_BITS) to
    /// [`MAX_RSA_BITS`](crate::MAX_RSA_BITS), a public half that does not fit, an encrypted key, PEM.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::from_pkcs8_der(der).or_else(|_| Self::from_sec1_der(der)).or_else(|_| Self::from_pkcs1_der(der))
    }

    /// Loads PKCS#8 (RFC 5958): `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], as for [`from_der`](Self::from_der).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| Error::InvalidKey)?;
        match info.algorithm.oid {
            #[cfg(any(feature = "p256", feature = "p384"))]
            EC_PUBLIC_KEY => match info.algorithm.parameters_oid() {
                #[cfg(feature = "p256")]
                Ok(SECP256R1) => Self::from_p256(
                    &EcPrivateKey::try_from(info.private_key.as_bytes()).map_err(|_| Error::InvalidKey)?,
                ),
                #[cfg(feature = "p384")]
                Ok(SECP384R1) => info.try_into().map(Self::from_p384).map_err(|_| Error::InvalidKey),
                _ => Err(Error::InvalidKey),
            },
            #[cfg(feature = "ed25519")]
            ED25519 => info.try_into().map(Self::from_ed25519).map_err(|_| Error::InvalidKey),
            #[cfg(feature = "rsa")]
            RSA_ENCRYPTION if info.algorithm.parameters == Some(der::asn1::AnyRef::NULL) => {
                Self::from_pkcs1_der(info.private_key.as_bytes())
            }
            #[cfg(feature = "rsa")]
            RSASSA_PSS => super::rsa::Rsa::restricted(info.private_key.as_bytes(), info.algorithm.parameters)
                .map(|key| Self(super::Key::Rsa(key))),
            _ => Err(Error::InvalidKey),
        }
    }

    /// Loads SEC1 (RFC 5915): `-----BEGIN EC PRIVATE KEY-----`. The curve is the one the key names, or the one
    /// that its length fits.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], as for [`from_der`](Self::from_der).
    #[cfg(any(feature = "p256", feature = "p384"))]
    pub fn from_sec1_der(der: &[u8]) -> Result<Self> {
        let key = EcPrivateKey::try_from(der).map_err(|_| Error::InvalidKey)?;
        match (key.parameters.and_then(|curve| curve.named_curve()), key.private_key.len()) {
            #[cfg(feature = "p256")]
            (Some(SECP256R1) | None, 32) => Self::from_p256(&key),
            #[cfg(feature = "p384")]
            (Some(SECP384R1) | None, 48) => key.try_into().map(Self::from_p384).map_err(|_| Error::InvalidKey),
            _ => Err(Error::InvalidKey),
        }
    }

    #[cfg(feature = "p256")]
    fn from_p256(key: &EcPrivateKey<'_>) -> Result<Self> {
        crate::p256::Key::load(key.private_key, key.public_key).map(|key| Self(super::Key::P256(key)))
    }

    /// Loads SEC1: without the features `p256` and `p384`, always refuses.
    ///
    /// # Errors
    /// [`Error::InvalidKey`].
    #[cfg(not(any(feature = "p256", feature = "p384")))]
    pub fn from_sec1_der(_: &[u8]) -> Result<Self> {
        Err(Error::InvalidKey)
    }

    /// Loads PKCS#1 (RFC 8017 A.1.2): `-----BEGIN RSA PRIVATE KEY-----`. Without the feature `rsa`, always refuses.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], as for [`from_der`](Self::from_der).
    #[allow(unused_variables, reason = "without `rsa`")]
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self> {
        #[cfg(feature = "rsa")]
        return super::rsa::Rsa::unrestricted(der).map(|key| Self(super::Key::Rsa(key)));
        #[cfg(not(feature = "rsa"))]
        Err(Error::InvalidKey)
    }
}
