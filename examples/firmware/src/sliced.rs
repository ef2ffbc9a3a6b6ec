//! A provider that verifies ECDSA in slices, so that the main loop is never away for long: each poll adds a few bits.
//!
//! The arithmetic of the curve is that of the crate `p256` 0.13; what is here is the order of its steps. All of it is
//! public, so none of it need be in constant time.

use core::task::Poll;
use p256_narrow::elliptic_curve::group::Group;
use p256_narrow::elliptic_curve::ops::{Invert, Reduce};
use p256_narrow::elliptic_curve::point::AffineCoordinates;
use p256_narrow::elliptic_curve::sec1::FromEncodedPoint;
use p256_narrow::elliptic_curve::{Field, PrimeField, bigint};
use p256_narrow::{AffinePoint, EncodedPoint, FieldBytes, ProjectivePoint, Scalar, U256};
use rand_core::TryCryptoRng;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Hash, SignatureAlgorithm, SignatureVerifier};
use saitls_core::error::{CertificateFault, Error, PeerFault, ProviderFault, Result};
use saitls_core::wire::Reader;
use saitls_core::wire::der::{self, Element};

/// The provider; its random numbers come from `R`.
pub struct Sliced<R>(pub R);

impl<R: TryCryptoRng> CryptoProvider for Sliced<R> {
    type Hash = saitls_rustcrypto::Hash;
    type Secret = saitls_rustcrypto::Secret;
    type Aead = saitls_rustcrypto::Aead;
    type KeyExchange = saitls_rustcrypto::KeyExchange;
    type SignatureVerifier = SlicedVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }
}

/// Bits of both scalars that one poll takes.
const SLICE: usize = 32;

/// ECDSA with P-256 and SHA-256 (FIPS 186-5 6.4.2): `u1 * G + u2 * Q`, both from their highest bits on.
#[derive(Default)]
pub struct SlicedVerifier {
    was_polled: bool,
    work: Option<Work>,
}

struct Work {
    /// u1 and u2.
    scalars: [U256; 2],
    /// G, Q and their sum.
    points: [ProjectivePoint; 3],
    r: Scalar,
    sum: ProjectivePoint,
    /// Bits that are done.
    done: usize,
}

impl Work {
    fn begin(key: &[u8], hash: &FieldBytes, signature: &[u8]) -> Result<Self> {
        let key = point(key).ok_or(CertificateFault::Unsupported)?;
        let (r, s) = signature_of(signature).ok_or(PeerFault::BadSignature)?;
        let inverse = Option::<Scalar>::from(s.invert_vartime()).ok_or(PeerFault::BadSignature)?;
        let inverse = OfOrder::new(&inverse.into());
        let scalars = [U256::from_be_slice(hash), r.into()].map(|number| (OfOrder::new(&number) * inverse).retrieve());
        let points = [ProjectivePoint::GENERATOR, key, ProjectivePoint::GENERATOR + key];
        Ok(Self { scalars, points, r, sum: ProjectivePoint::IDENTITY, done: 0 })
    }

    /// A slice; the answer, if it was the last one.
    fn step(&mut self) -> Option<bool> {
        for bit in (self.done..self.done + SLICE).map(|done| U256::BITS - 1 - done) {
            self.sum = self.sum.double();
            match self.scalars.map(|scalar| scalar.bit_vartime(bit)) {
                [false, false] => {}
                [true, false] => self.sum += self.points[0],
                [false, true] => self.sum += self.points[1],
                [true, true] => self.sum += self.points[2],
            }
        }
        self.done += SLICE;
        (self.done == U256::BITS).then(|| {
            // Infinity has no x; it comes as zero, which is no `r`.
            <Scalar as Reduce<U256>>::reduce_bytes(&self.sum.to_affine().x()) == self.r
        })
    }
}

bigint::impl_modulus!(Order, U256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

/// A number modulo the order of the curve. The multiplication of [`Scalar`]s takes 3.5 kB.
type OfOrder = bigint::modular::constant_mod::Residue<Order, { U256::LIMBS }>;

/// The point of an uncompressed encoding.
fn point(bytes: &[u8]) -> Option<ProjectivePoint> {
    let coordinates = bytes.strip_prefix(&[4])?;
    let coordinates: &[u8; 64] = coordinates.try_into().ok()?;
    let encoded = EncodedPoint::from_untagged_bytes(coordinates.into());
    Option::<AffinePoint>::from(AffinePoint::from_encoded_point(&encoded)).map(ProjectivePoint::from)
}

/// The numbers in an Ecdsa-Sig-Value (RFC 3279 2.2.3).
fn signature_of(bytes: &[u8]) -> Option<(Scalar, Scalar)> {
    let mut rest = Element::all(bytes, der::SEQUENCE).ok()?.content();
    let numbers = (number(&mut rest)?, number(&mut rest)?);
    rest.finish().ok()?;
    Some(numbers)
}

/// A positive INTEGER below the order of the curve.
fn number(reader: &mut Reader<'_>) -> Option<Scalar> {
    let value = Element::read(reader).ok()?.expect_tag(der::INTEGER).ok()?.value;
    let digits = match value {
        [0, 0x80..=0xff, ..] => &value[1..],
        [0x01..=0x7f, ..] => value,
        _ => return None,
    };
    let mut bytes = FieldBytes::default();
    let start = bytes.len().checked_sub(digits.len())?;
    bytes[start..].copy_from_slice(digits);
    Option::<Scalar>::from(Scalar::from_repr(bytes)).filter(|scalar| !bool::from(scalar.is_zero()))
}

impl<P: CryptoProvider> SignatureVerifier<P> for SlicedVerifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        algorithm == SignatureAlgorithm::EcdsaP256Sha256
    }

    fn start(_: &mut P, algorithm: SignatureAlgorithm) -> Result<Self> {
        if <Self as SignatureVerifier<P>>::supports(algorithm) {
            Ok(Self::default())
        } else {
            Err(ProviderFault::Unsupported.into())
        }
    }

    fn poll_verify(&mut self, provider: &mut P, key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        if !core::mem::replace(&mut self.was_polled, true) {
            // Nothing yet: this may be the same turn of the main loop as a whole key exchange.
            return Poll::Pending;
        }
        let Some(work) = &mut self.work else {
            let hash = P::Hash::digest(provider, HashAlgorithm::Sha256, &[message])?;
            let hash: &[u8; 32] = hash.as_bytes().try_into().map_err(|_| ProviderFault::CryptoFailed)?;
            self.work = Some(Work::begin(key, hash.into(), signature)?);
            return Poll::Pending;
        };
        match work.step() {
            None => Poll::Pending,
            Some(true) => Poll::Ready(Ok(())),
            Some(false) => Poll::Ready(Err(PeerFault::BadSignature.into())),
        }
    }
}
