//! Keys on the NIST curves, for key exchange and signatures, whatever the curve.

mod ecdh;
mod ecdsa;

pub(crate) use self::ecdh::Ecdh;
pub(crate) use self::ecdsa::verify;

use crate::MAX_DRAWS;
use crate::elliptic_curve::array::typenum::Unsigned;
use crate::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use crate::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, PublicKey, SecretKey};
use saitls_core::crypto::CryptoProvider;
use saitls_core::error::{ProviderFault, Result};
use zeroize::Zeroizing;

/// The point of an uncompressed encoding, which is the only one TLS 1.3 has (RFC 9846 4.3.8.2). `None` if it has
/// another length or form, or is no point of the curve. Infinity has no such encoding.
pub(crate) fn public_key<C>(bytes: &[u8]) -> Option<PublicKey<C>>
where
    C: CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    const UNCOMPRESSED: u8 = 4;
    if bytes.first() != Some(&UNCOMPRESSED)
        || bytes.len() != <FieldBytesSize<C> as ModulusSize>::UncompressedPointSize::USIZE
    {
        return None;
    }
    PublicKey::from_sec1_bytes(bytes).ok()
}

/// Bytes of a number modulo the order of P-521.
const P521_LEN: usize = 66;

/// A private key, by drawing until the number is in range (FIPS 186-5 A.2.2).
pub(crate) fn private_key<C: CurveArithmetic, P: CryptoProvider>(provider: &mut P) -> Result<SecretKey<C>> {
    for _ in 0..MAX_DRAWS {
        let mut bytes = Zeroizing::new(FieldBytes::<C>::default());
        provider.fill_random(&mut bytes)?;
        if FieldBytesSize::<C>::USIZE == P521_LEN
            && let Some(first) = bytes.first_mut()
        {
            // Its order has 521 bits, seven less than 66 bytes.
            *first &= 1;
        }
        if let Ok(key) = SecretKey::from_bytes(&bytes) {
            return Ok(key);
        }
    }
    Err(ProviderFault::RandomFailed.into())
}
