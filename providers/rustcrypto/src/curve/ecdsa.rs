//! Verification of ECDSA signatures.

use crate::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use crate::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, PublicKey};
use saitls_core::error::Result;
use saitls_core::{CertificateFault, PeerFault};
use signature::hazmat::PrehashVerifier;

/// A curve, and the ECDSA that its crate has for it.
pub(crate) trait Ecdsa: CurveArithmetic {
    type Key: From<PublicKey<Self>> + PrehashVerifier<Self::Signature>;
    type Signature;

    /// A signature in DER.
    fn signature(der: &[u8]) -> Option<Self::Signature>;
}

macro_rules! ecdsa {
    ($name:ident, $curve:ident) => {
        impl Ecdsa for ::$name::$curve {
            type Key = ::$name::ecdsa::VerifyingKey;
            type Signature = ::$name::ecdsa::Signature;

            fn signature(der: &[u8]) -> Option<Self::Signature> {
                Self::Signature::from_der(der).ok()
            }
        }
    };
}
#[cfg(all(feature = "p256", not(any(target_arch = "arm", saitls_p256 = "narrow"))))]
ecdsa!(p256, NistP256);
#[cfg(feature = "p384")]
ecdsa!(p384, NistP384);
#[cfg(feature = "p521")]
ecdsa!(p521, NistP521);

/// ECDSA (FIPS 186-5 6.4.2) over a hash, which is cut to the length of the curve's order.
pub(crate) fn verify<C: Ecdsa>(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Result<()>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let key = super::public_key::<C>(public_key).ok_or(CertificateFault::Unsupported)?;
    let signature = C::signature(signature).ok_or(PeerFault::BadSignature)?;
    C::Key::from(key).verify_prehash(hash, &signature).map_err(|_| PeerFault::BadSignature.into())
}
