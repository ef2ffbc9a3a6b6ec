//! Verification of ECDSA signatures.

use core::ops::Add;
use ecdsa::der::{MaxOverhead, MaxSize};
use ecdsa::{EcdsaCurve, Signature, VerifyingKey};
use elliptic_curve::array::ArraySize;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize};
use saitls_core::error::Result;
use saitls_core::{CertificateFault, PeerFault};
use signature::hazmat::PrehashVerifier;

/// ECDSA (FIPS 186-5 6.4.2) over a hash, which is cut to the length of the curve's order.
pub(crate) fn verify<C>(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Result<()>
where
    C: EcdsaCurve + CurveArithmetic,
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<MaxOverhead> + ArraySize,
{
    let key = super::public_key::<C>(public_key).ok_or(CertificateFault::Unsupported)?;
    let signature = Signature::<C>::from_der(signature).map_err(|_| PeerFault::BadSignature)?;
    VerifyingKey::from(key).verify_prehash(hash, &signature).map_err(|_| PeerFault::BadSignature.into())
}
