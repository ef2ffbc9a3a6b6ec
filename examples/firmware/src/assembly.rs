//! A provider whose P-256 is assembly for the Cortex-M4 (`p256-cm4`), and whose rest is RustCrypto: two parts of one's
//! own, three by name.

use core::task::Poll;
use p256_cm4::{ecdh_calc_shared_secret, keygen, octet_string_to_point, point_to_octet_string_uncompressed, verify};
use rand_core::TryCryptoRng;
use saitls_core::codes::{HashAlgorithm, NamedGroup};
use saitls_core::crypto::{CryptoProvider, Hash, KeyExchange, Secret, SignatureAlgorithm, SignatureVerifier};
use saitls_core::error::{ByteCount, CertificateFault, Error, PeerFault, ProviderFault, Result};
use saitls_core::wire::Reader;
use saitls_core::wire::der::{self, Element};
use zeroize::Zeroizing;

/// The provider; its random numbers come from `R`.
pub struct Assembly<R>(pub R);

impl<R: TryCryptoRng> CryptoProvider for Assembly<R> {
    type Hash = saitls_rustcrypto::Hash;
    type Secret = saitls_rustcrypto::Secret;
    type Aead = saitls_rustcrypto::Aead;
    type KeyExchange = P256Exchange;
    type SignatureVerifier = P256Verifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }
}

/// A coordinate or a scalar, least significant word first.
type Number = [u32; 8];

const SHARE_LEN: usize = 65;

/// The point of an uncompressed encoding.
fn point(bytes: &[u8]) -> Option<(Number, Number)> {
    let (mut x, mut y) = ([0; 8], [0; 8]);
    let is_point = bytes.len() == SHARE_LEN && bytes[0] == 4 && octet_string_to_point(&mut x, &mut y, bytes);
    is_point.then_some((x, y))
}

/// secp256r1 (RFC 9846 4.3.8.2).
#[derive(Default)]
pub struct P256Exchange {
    /// Private key and share.
    keys: Option<(Zeroizing<Number>, [u8; SHARE_LEN])>,
}

impl P256Exchange {
    fn keys<P: CryptoProvider>(&mut self, provider: &mut P) -> Result<&(Zeroizing<Number>, [u8; SHARE_LEN])> {
        // One number of 2^32 is out of range.
        for _ in 0..4 {
            if self.keys.is_some() {
                break;
            }
            let mut bytes = Zeroizing::new([0; 32]);
            provider.fill_random(bytes.as_mut_slice())?;
            // Made where it will be wiped: what is moved leaves a copy.
            let (private, share) = self.keys.insert((Zeroizing::new([0; 8]), [0; SHARE_LEN]));
            let words = private.iter_mut().zip(bytes.chunks_exact(4));
            words.for_each(|(word, bytes)| *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
            let (mut x, mut y) = ([0; 8], [0; 8]);
            if keygen(&mut x, &mut y, private) {
                point_to_octet_string_uncompressed(share, &x, &y);
            } else {
                self.keys = None;
            }
        }
        self.keys.as_ref().ok_or(Error::Provider(ProviderFault::RandomFailed))
    }

    /// The private key serves once.
    fn agree<P: CryptoProvider>(&mut self, provider: &mut P, peer_share: &[u8]) -> Result<P::Secret> {
        let agreed = match &self.keys {
            Some((private, _)) => shared_secret(provider, private, peer_share),
            None => Err(Error::InvalidState),
        };
        self.keys = None;
        agreed
    }
}

fn shared_secret<P: CryptoProvider>(provider: &mut P, private: &Number, peer_share: &[u8]) -> Result<P::Secret> {
    let (x, y) = point(peer_share).ok_or(PeerFault::InvalidKeyShare)?;
    let mut shared = Zeroizing::new([0; 32]);
    if !ecdh_calc_shared_secret(&mut shared, private, &x, &y) {
        return Err(PeerFault::InvalidKeyShare.into());
    }
    P::Secret::import(provider, shared.as_slice())
}

fn write(share: &[u8], out: &mut [u8]) -> Result<usize> {
    let room = out.get_mut(..share.len()).ok_or(Error::TransmitBufferTooSmall(ByteCount::new(share.len())))?;
    room.copy_from_slice(share);
    Ok(share.len())
}

impl<P: CryptoProvider> KeyExchange<P> for P256Exchange {
    fn supports(group: NamedGroup) -> bool {
        group == NamedGroup::SECP256R1
    }

    fn start(_: &mut P, group: NamedGroup) -> Result<Self> {
        if <Self as KeyExchange<P>>::supports(group) {
            Ok(Self::default())
        } else {
            Err(ProviderFault::Unsupported.into())
        }
    }

    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
        Poll::Ready(self.keys(provider).and_then(|(_, own)| write(own, share)))
    }

    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
        Poll::Ready(self.agree(provider, peer_share))
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>> {
        let len = self.keys(provider).and_then(|(_, own)| write(own, share))?;
        Poll::Ready(self.agree(provider, peer_share).map(|secret| (len, secret)))
    }
}

/// ECDSA with P-256 and SHA-256.
pub struct P256Verifier(());

/// A positive INTEGER (RFC 3279 2.2.3).
fn number(reader: &mut Reader<'_>) -> Option<Number> {
    let value = Element::read(reader).ok()?.expect_tag(der::INTEGER).ok()?.value;
    let digits = match value {
        [0, 0x80..=0xff, ..] => &value[1..],
        [0x01..=0x7f, ..] => value,
        _ => return None,
    };
    let mut number = [0; 8];
    for (index, &digit) in digits.iter().rev().enumerate() {
        *number.get_mut(index / 4)? |= u32::from(digit) << (index % 4 * 8);
    }
    Some(number)
}

fn signature_of(bytes: &[u8]) -> Option<(Number, Number)> {
    let mut rest = Element::all(bytes, der::SEQUENCE).ok()?.content();
    let numbers = (number(&mut rest)?, number(&mut rest)?);
    rest.finish().ok()?;
    Some(numbers)
}

impl<P: CryptoProvider> SignatureVerifier<P> for P256Verifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        algorithm == SignatureAlgorithm::EcdsaP256Sha256
    }

    fn start(_: &mut P, algorithm: SignatureAlgorithm) -> Result<Self> {
        if <Self as SignatureVerifier<P>>::supports(algorithm) {
            Ok(Self(()))
        } else {
            Err(ProviderFault::Unsupported.into())
        }
    }

    fn poll_verify(&mut self, provider: &mut P, key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        let (x, y) = point(key).ok_or(CertificateFault::Unsupported)?;
        let (r, s) = signature_of(signature).ok_or(PeerFault::BadSignature)?;
        let mut hash = P::Hash::start(provider, HashAlgorithm::Sha256)?;
        hash.update(provider, message)?;
        let hash = hash.finish(provider)?;
        Poll::Ready(if verify(&x, &y, hash.as_bytes(), &r, &s) { Ok(()) } else { Err(PeerFault::BadSignature.into()) })
    }
}
