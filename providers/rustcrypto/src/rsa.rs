//! RSA keys, as long as they may be and no longer.

use crate::MAX_RSA_BITS;
use der::Decode;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};

/// The length in bits of a big-endian number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len().saturating_mul(8).saturating_sub(first.leading_zeros() as usize))
}

/// The key in a DER RSAPublicKey (RFC 8017 A.1.1). `None` if it is malformed, even, too short or too long; nothing
/// is computed before that is known.
pub(crate) fn public_key<const MIN_BITS: usize>(der: &[u8]) -> Option<rsa::PublicKey> {
    let key = RsaPublicKeyRef::from_der(der).ok()?;
    if !(MIN_BITS..=MAX_RSA_BITS).contains(&bits(key.modulus.as_bytes())) {
        return None;
    }
    key.try_into().ok()
}

/// The key in a DER RSAPrivateKey (RFC 8017 A.1.2), with the same limits.
pub(crate) fn private_key<const MIN_BITS: usize>(der: &[u8]) -> Option<rsa::PrivateKey> {
    let key = RsaPrivateKeyRef::from_der(der).ok()?;
    if !(MIN_BITS..=MAX_RSA_BITS).contains(&bits(key.modulus.as_bytes())) {
        return None;
    }
    key.try_into().ok()
}
