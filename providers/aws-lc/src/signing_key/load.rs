//! Private keys from DER.

use super::{Key, Rsa, SigningKey};
use crate::{MAX_RSA_BITS, MIN_RSA_BITS};
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
};
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _};
use der::asn1::{AnyRef, BitStringRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use saitls_core::codes::SignatureScheme;
use saitls_core::error::{Error, ProviderFault, Result};
use sec1::EcPrivateKey;

/// id-ecPublicKey (RFC 5480 2.1.1).
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480 2.1.1.1).
pub(super) const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp384r1 (RFC 5480 2.1.1.1).
pub(super) const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// secp521r1 (RFC 5480 2.1.1.1).
pub(super) const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// id-Ed25519 (RFC 8410 3).
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// rsaEncryption (RFC 8017 A.1).
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-RSASSA-PSS (RFC 8017 A.2.3).
pub(super) const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

const RSAE: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA512];
const PSS: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_PSS_SHA256, SignatureScheme::RSA_PSS_PSS_SHA384, SignatureScheme::RSA_PSS_PSS_SHA512];

/// How many zero bytes may be missing at the front of a private key on a curve. RFC 5915 3 asks for all of them, but
/// some programs write the number without. That more are missing happens to one key in 2^64.
const MAX_MISSING_ZEROS: usize = 8;

impl SigningKey {
    /// Loads PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017 A.1.2), whichever it is.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`] if it is none of them, not well-formed, or a key that cannot be used here: another
    /// curve or algorithm, an RSA modulus outside [`MIN_RSA_BITS`] to [`MAX_RSA_BITS`], a public half that does not
    /// fit, an encrypted key, PEM.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::from_pkcs8_der(der).or_else(|_| Self::from_sec1_der(der)).or_else(|_| Self::from_pkcs1_der(der))
    }

    /// Loads PKCS#8 (RFC 5958): `-----BEGIN PRIVATE KEY-----`.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`], as for [`from_der`](Self::from_der).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| ProviderFault::InvalidKey)?;
        let private_key = info.private_key.as_bytes();
        match info.algorithm.oid {
            EC_PUBLIC_KEY => {
                let curve = info.algorithm.parameters_oid().map_err(|_| ProviderFault::InvalidKey)?;
                let key = EcPrivateKey::try_from(private_key).map_err(|_| ProviderFault::InvalidKey)?;
                match named_curve(&key) {
                    Some(named) if named != curve => Err(ProviderFault::InvalidKey.into()),
                    // The key inside: the library takes no PKCS#8 of version 2, which has the public key behind it.
                    _ => on_curve(
                        Some(curve),
                        &key,
                        private_key,
                        info.public_key.as_ref().and_then(BitStringRef::as_bytes),
                    ),
                }
            }
            ED25519 => ed25519(der),
            RSA_ENCRYPTION if info.algorithm.parameters == Some(AnyRef::NULL) => rsa(private_key, false, RSAE),
            RSASSA_PSS => {
                let schemes =
                    info.algorithm.parameters.map_or(Some(PSS), allowed_by).ok_or(ProviderFault::InvalidKey)?;
                rsa(private_key, true, schemes)
            }
            _ => Err(ProviderFault::InvalidKey.into()),
        }
    }

    /// Loads SEC1 (RFC 5915): `-----BEGIN EC PRIVATE KEY-----`. The curve is the one the key names, or the one
    /// that its length fits. Where the curve is named, up to eight leading zero bytes of the key may be missing, as in
    /// PKCS#8.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`], as for [`from_der`](Self::from_der).
    pub fn from_sec1_der(der: &[u8]) -> Result<Self> {
        let key = EcPrivateKey::try_from(der).map_err(|_| ProviderFault::InvalidKey)?;
        on_curve(named_curve(&key), &key, der, None)
    }

    /// Loads PKCS#1 (RFC 8017 A.1.2): `-----BEGIN RSA PRIVATE KEY-----`.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`], as for [`from_der`](Self::from_der).
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self> {
        rsa(der, false, RSAE)
    }
}

/// The curve that a SEC1 key names.
fn named_curve(key: &EcPrivateKey<'_>) -> Option<ObjectIdentifier> {
    key.parameters.as_ref().and_then(|parameters| parameters.named_curve())
}

/// A curve: its identifier, the length of its order in bytes, and what keys on it are to us.
type Curve = (ObjectIdentifier, usize, &'static EcdsaSigningAlgorithm, fn(EcdsaKeyPair) -> Key);

const CURVES: [Curve; 3] = [
    (SECP256R1, 32, &ECDSA_P256_SHA256_ASN1_SIGNING, Key::P256),
    (SECP384R1, 48, &ECDSA_P384_SHA384_ASN1_SIGNING, Key::P384),
    (SECP521R1, 66, &ECDSA_P521_SHA512_ASN1_SIGNING, Key::P521),
];

/// A key on this curve, or on the one that its length fits, from SEC1; with the public key that must fit, if there is
/// one besides.
fn on_curve(
    curve: Option<ObjectIdentifier>,
    key: &EcPrivateKey<'_>,
    der: &[u8],
    public: Option<&[u8]>,
) -> Result<SigningKey> {
    let len = key.private_key.len();
    let found = CURVES.iter().find(|(this, order_len, ..)| match curve {
        Some(curve) => curve == *this && (order_len.saturating_sub(MAX_MISSING_ZEROS)..=*order_len).contains(&len),
        None => len == *order_len,
    });
    let (_, _, algorithm, wrap) = found.ok_or(ProviderFault::InvalidKey)?;
    let key = EcdsaKeyPair::from_private_key_der(algorithm, der).map_err(|_| ProviderFault::InvalidKey)?;
    if public.is_some_and(|public| public != key.public_key().as_ref()) {
        return Err(ProviderFault::InvalidKey.into());
    }
    Ok(SigningKey(wrap(key)))
}

fn ed25519(der: &[u8]) -> Result<SigningKey> {
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
    key.map(|key| SigningKey(Key::Ed25519(key))).map_err(|_| Error::Provider(ProviderFault::InvalidKey))
}

fn rsa(der: &[u8], is_pss: bool, schemes: &'static [SignatureScheme]) -> Result<SigningKey> {
    // The library does not mind bytes behind the key; and before the length is known, nothing is computed.
    let outline = pkcs1::RsaPrivateKeyRef::try_from(der).map_err(|_| ProviderFault::InvalidKey)?;
    let modulus = outline.modulus.as_bytes();
    let unused = modulus.first().map_or(0, |first| first.leading_zeros());
    let bits = modulus.len().saturating_mul(8).saturating_sub(usize::try_from(unused).unwrap_or(0));
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(ProviderFault::InvalidKey.into());
    }
    let key = rsa::KeyPair::from_der(der).map_err(|_| ProviderFault::InvalidKey)?;
    Ok(SigningKey(Key::Rsa(Rsa { key, is_pss, schemes })))
}

/// The schemes that the RSASSA-PSS-params of a key leave (RFC 4055 3.1): hash and mask generation are bound to
/// one hash, and the salt has at least the length given.
fn allowed_by(parameters: AnyRef<'_>) -> Option<&'static [SignatureScheme]> {
    const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
    const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
    const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
    const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

    let parameters: pkcs1::RsaPssParamsOwned = parameters.decode_as().ok()?;
    if parameters.mask_gen.oid != MGF1
        || parameters.mask_gen.parameters.map(|hash| hash.oid) != Some(parameters.hash.oid)
    {
        return None;
    }
    match (parameters.hash.oid, parameters.salt_len) {
        (SHA256, 0..=32) => Some(&[SignatureScheme::RSA_PSS_PSS_SHA256]),
        (SHA384, 0..=48) => Some(&[SignatureScheme::RSA_PSS_PSS_SHA384]),
        (SHA512, 0..=64) => Some(&[SignatureScheme::RSA_PSS_PSS_SHA512]),
        _ => None,
    }
}
