//! P-256 for 32-bit Arm: `p256` 0.13, whose field arithmetic compiles to little there.
//!
//! On a Cortex-M3, a multiplication of a point takes 4.6 million instructions with 0.13 and 12.6 million with 0.14.

use crate::MAX_DRAWS;
use crate::agreement::Agreement;
use core::task::Poll;
use ecdsa_narrow::hazmat::SignPrimitive;
use p256_narrow::elliptic_curve::bigint::modular::constant_mod::ResidueParams;
use p256_narrow::elliptic_curve::group::Group;
use p256_narrow::elliptic_curve::ops::Reduce;
use p256_narrow::elliptic_curve::point::AffineCoordinates;
use p256_narrow::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256_narrow::elliptic_curve::{Field, PrimeField, bigint};
use p256_narrow::{AffinePoint, EncodedPoint, ProjectivePoint, PublicKey, Scalar, SecretKey, U256};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::CryptoProvider;
use saitls_core::crypto::write_to_front;
use saitls_core::error::{CertificateFault, Error, PeerFault, ProviderFault, Result};
use saitls_core::secret::SecretBytes;
use saitls_core::wire::Reader;
use saitls_core::wire::der::{self, Element};
use sha2::Digest;
use zeroize::Zeroizing;

/// The point of an uncompressed encoding, which is the only one TLS 1.3 has (RFC 9846 4.3.8.2). `None` if it has
/// another length or form, or is no point of the curve. Infinity has no such encoding.
#[inline(never)]
fn point(bytes: &[u8]) -> Option<AffinePoint> {
    let (&4, coordinates) = bytes.split_first()? else { return None };
    let coordinates = <&[u8; 64]>::try_from(coordinates).ok()?;
    let encoded = EncodedPoint::from_untagged_bytes(coordinates.into());
    AffinePoint::from_encoded_point(&encoded).into()
}

/// A private key, by drawing until the number is in range (FIPS 186-5 A.2.2).
fn private_key<P: CryptoProvider>(provider: &mut P) -> Result<SecretKey> {
    for _ in 0..MAX_DRAWS {
        let mut bytes = Zeroizing::new([0; 32]);
        provider.fill_random(bytes.as_mut_slice())?;
        if let Ok(key) = SecretKey::from_bytes((&*bytes).into()) {
            return Ok(key);
        }
    }
    Err(ProviderFault::RandomFailed.into())
}

/// One agreement; holds the private key between [`generate`](Agreement::generate) and
/// [`decapsulate`](Agreement::decapsulate).
#[derive(Default)]
pub(crate) struct Exchange {
    private_key: Option<SecretKey>,
}

impl Agreement for Exchange {
    const SHARE_LEN: usize = 65;

    #[inline(never)]
    fn generate<P: CryptoProvider>(&mut self, provider: &mut P, share: &mut [u8]) -> Result<usize> {
        // Asked again, it is the same share again.
        let key = match &self.private_key {
            Some(key) => key,
            None => self.private_key.insert(private_key(provider)?),
        };
        write_to_front(key.public_key().to_encoded_point(false).as_bytes(), share)
    }

    fn decapsulate(&mut self, peer_share: &[u8]) -> Result<SecretBytes> {
        let key = self.private_key.as_ref().ok_or(Error::InvalidState)?;
        let agreed =
            point(peer_share).ok_or(Error::Peer(PeerFault::InvalidKeyShare)).and_then(|peer| agree(key, &peer));
        // It is wiped where it stands; to move it out would leave a copy.
        self.private_key = None;
        agreed
    }

    fn encapsulate<P: CryptoProvider>(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Result<(usize, SecretBytes)> {
        let peer = point(peer_share).ok_or(PeerFault::InvalidKeyShare)?;
        let key = private_key(provider)?;
        let len = write_to_front(key.public_key().to_encoded_point(false).as_bytes(), share)?;
        Ok((len, agree(&key, &peer)?))
    }
}

/// The x-coordinate of the shared point, in full length. It is never the point at infinity: the order of the curve
/// is prime, and neither key is zero.
fn agree(key: &SecretKey, peer: &AffinePoint) -> Result<SecretBytes> {
    let shared = p256_narrow::ecdh::diffie_hellman(key.to_nonzero_scalar(), peer);
    SecretBytes::new(shared.raw_secret_bytes())
}

/// Checks a signature over a hash: `u1 * G + u2 * Q` (FIPS 186-5 6.4.2).
///
/// Nothing here is secret, so both multiplications share their doublings, and their numbers are in non-adjacent form:
/// that takes three fifths of the instructions. And two multiplications of numbers are no place for the 3.5 kB that
/// those of a [`Scalar`] have.
pub(crate) fn verify(public_key: &[u8], hash: &[u8], signature: &[u8]) -> Result<()> {
    let key = ProjectivePoint::from(point(public_key).ok_or(CertificateFault::Unsupported)?);
    let [r, u1, u2] = factors(hash, signature).ok_or(PeerFault::BadSignature)?;
    let (u1, u2) = (NonAdjacent::new(&u1), NonAdjacent::new(&u2));
    let (both, difference) = (key + ProjectivePoint::GENERATOR, key + minus(&ProjectivePoint::GENERATOR));
    let mut sum = ProjectivePoint::IDENTITY;
    for place in (0..=U256::BITS).rev() {
        sum = sum.double();
        let (of_generator, of_key) = (u1.digit(place), u2.digit(place));
        let (point, sign) = match (of_generator, of_key) {
            (0, 0) => continue,
            (sign, 0) => (&ProjectivePoint::GENERATOR, sign),
            (0, sign) => (&key, sign),
            (other, sign) => (if other == sign { &both } else { &difference }, sign),
        };
        sum += if sign < 0 { minus(point) } else { *point };
    }
    // Infinity has no x; it comes as zero, which is no `r`.
    let x = <Scalar as Reduce<U256>>::reduce_bytes(&sum.to_affine().x());
    if U256::from(x) == r { Ok(()) } else { Err(PeerFault::BadSignature.into()) }
}

/// Out of line.
#[inline(never)]
fn minus(point: &ProjectivePoint) -> ProjectivePoint {
    -point
}

/// A number in digits -1, 0 and 1 of which no two neighbours are both there: two thirds are zeros (Reitwiesner). They
/// are the differences of the binary digits of 3n/2 and n/2, which stand here, the lowest 32 first.
struct NonAdjacent([[u32; 2]; NonAdjacent::WORDS]);

impl NonAdjacent {
    const WORDS: usize = U256::BITS / 32 + 1;

    #[inline(never)]
    fn new(number: &U256) -> Self {
        let mut words = [[0; 2]; Self::WORDS];
        let (mut sum, mut above) = (0u64, 0);
        // From the top, for the halves; the sums have their carries later.
        for (pair, &word) in words.iter_mut().zip(number.as_words()).rev() {
            *pair = [word, word >> 1 | above << 31];
            above = word;
        }
        for [word, half] in &mut words {
            sum = (sum >> 32).wrapping_add((*word).into()).wrapping_add((*half).into());
            *word = sum as u32;
        }
        Self(words)
    }

    /// The digit at a place, of 257.
    fn digit(&self, place: usize) -> i32 {
        let [three_halves, half] = self.0.get(place / 32).copied().unwrap_or_default();
        let bit = |word: u32| (word >> (place % 32) & 1) as i32;
        bit(three_halves).wrapping_sub(bit(half))
    }
}

bigint::impl_modulus!(Order, U256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

/// A number modulo the order of the curve.
type OfOrder = bigint::modular::constant_mod::Residue<Order, { U256::LIMBS }>;

/// Of an Ecdsa-Sig-Value (RFC 3279 2.2.3): `r`, and what the points are multiplied with. Own frame, as
/// [`point`] has: it is gone while the signature is verified.
#[inline(never)]
fn factors(hash: &[u8], signature: &[u8]) -> Option<[U256; 3]> {
    let mut rest = Element::all(signature, der::SEQUENCE).ok()?.content();
    let (r, s) = (scalar(&mut rest)?, scalar(&mut rest)?);
    rest.finish().ok()?;
    // What a longer hash has beyond the length of the order is cut off.
    let hash = U256::from_be_slice(hash.get(..32)?);
    let inverse = inverse(&OfOrder::new(&s.into()));
    // A number that is taken for one in Montgomery's form is one of a product that is none.
    let times = |number: U256| times(&OfOrder::from_montgomery(number), &inverse).to_montgomery();
    let r = r.into();
    Some([r, times(hash), times(r)])
}

/// The inverse of a number modulo the order, which is prime: a power of it (Fermat). A multiplication is there already;
/// the inversion of a [`Scalar`] would take 0.7 kB more.
fn inverse(number: &OfOrder) -> OfOrder {
    let exponent = Order::MODULUS.wrapping_sub(&U256::from_u8(2));
    let mut power = *number;
    for bit in (0..U256::BITS - 1).rev() {
        power = times(&power, &power);
        if exponent.bit_vartime(bit) {
            power = times(&power, number);
        }
    }
    power
}

/// Out of line.
#[inline(never)]
fn times(a: &OfOrder, b: &OfOrder) -> OfOrder {
    a.mul(b)
}

/// A positive INTEGER in its shortest form, below the order of the curve.
fn scalar(reader: &mut Reader<'_>) -> Option<Scalar> {
    let value = Element::read(reader).ok()?.expect_tag(der::INTEGER).ok()?.value;
    let digits = match value {
        // A zero in front says that the number is positive, where the next bit would say the opposite.
        [0, 0x80..=0xff, ..] => value.get(1..)?,
        [0x01..=0x7f, ..] => value,
        _ => return None,
    };
    let mut bytes = [0; 32];
    let start = bytes.len().checked_sub(digits.len())?;
    bytes.get_mut(start..)?.copy_from_slice(digits);
    Option::<Scalar>::from(Scalar::from_repr(bytes.into())).filter(|scalar| !bool::from(scalar.is_zero()))
}

/// A private key that signs.
pub(crate) struct Key(SecretKey);

impl Key {
    /// From a number, and the point that should go with it.
    pub(crate) fn load(private_key: &[u8], public_key: Option<&[u8]>) -> Result<Self> {
        let key = SecretKey::from_slice(private_key).map_err(|_| ProviderFault::InvalidKey)?;
        if public_key.is_some_and(|point| PublicKey::from_sec1_bytes(point) != Ok(key.public_key())) {
            return Err(ProviderFault::InvalidKey.into());
        }
        Ok(Self(key))
    }

    /// A new one.
    pub(crate) fn generate<P: CryptoProvider>(provider: &mut P) -> Result<Self> {
        private_key(provider).map(Self)
    }

    /// The public half, as an uncompressed point.
    pub(crate) fn public_key(&self) -> EncodedPoint {
        self.0.public_key().to_encoded_point(false)
    }

    /// Signs a message: the nonce is the deterministic one of RFC 6979 with random bytes mixed in (3.6).
    pub(crate) fn poll_sign<P: CryptoProvider>(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        if scheme != SignatureScheme::ECDSA_SECP256R1_SHA256 {
            return Poll::Ready(Err(ProviderFault::Unsupported.into()));
        }
        let mut added = Zeroizing::new([0; 32]);
        provider.fill_random(added.as_mut_slice())?;
        let hash: [u8; 32] = sha2::Sha256::digest(message).into();
        let signed = self
            .0
            .to_nonzero_scalar()
            .try_sign_prehashed_rfc6979::<sha2_narrow::Sha256>(&hash.into(), added.as_slice());
        let (made, _) = signed.map_err(|_| ProviderFault::CryptoFailed)?;
        Poll::Ready(write_to_front(made.to_der().as_bytes(), signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256_narrow::NistP256;
    use p256_narrow::elliptic_curve::Curve;
    use p256_narrow::elliptic_curve::bigint::ArrayEncoding;

    /// Hashes at the ends of the range, and around the order of the curve, which is below it: as numbers they are
    /// reduced. The keys are 1, 2, -1 and -2, whose points are the generator, its double, and their opposites: one of
    /// the sums that a verification begins with is a doubling, another is infinity.
    #[test]
    fn a_signature_over_any_hash_is_valid_with_its_key_and_with_no_other_hash() {
        let order = NistP256::ORDER;
        let below = |number: u8| order.wrapping_sub(&U256::from_u8(number));
        let hashes = [U256::ZERO, U256::ONE, below(1), order, order.wrapping_add(&U256::ONE), U256::MAX];
        for private in [U256::ONE, U256::from_u8(2), below(1), below(2)] {
            let key = SecretKey::from_bytes(&Scalar::reduce(private).to_repr()).unwrap();
            let point = key.public_key().to_encoded_point(false);
            for hash in hashes {
                let hash = hash.to_be_byte_array();
                let signed = key.to_nonzero_scalar().try_sign_prehashed_rfc6979::<sha2_narrow::Sha256>(&hash, &[]);
                let signature = signed.unwrap().0.to_der();
                assert_eq!(verify(point.as_bytes(), &hash, signature.as_bytes()), Ok(()));
                let mut other = hash;
                other[31] ^= 1;
                assert_eq!(verify(point.as_bytes(), &other, signature.as_bytes()), Err(PeerFault::BadSignature.into()));
                // Of a longer hash, the front counts.
                let longer: [u8; 48] = core::array::from_fn(|index| hash.get(index).copied().unwrap_or(0x5a));
                assert_eq!(verify(point.as_bytes(), &longer, signature.as_bytes()), Ok(()));
                assert_eq!(
                    verify(point.as_bytes(), &hash[..31], signature.as_bytes()),
                    Err(PeerFault::BadSignature.into())
                );
            }
        }
    }
}
