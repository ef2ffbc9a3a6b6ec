//! Key agreement.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_768};
use core::task::Poll;
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::write_to_front;
use saitls_core::crypto::{self, CryptoProvider, Secret as _};
use saitls_core::error::{ByteCount, Error, PeerFault, ProviderFault, Result};
use saitls_core::secret::SecretBytes;

/// X25519, secp256r1, secp384r1, secp521r1, X25519MLKEM768 and SecP256r1MLKEM768: the
/// [`KeyExchange`](crypto::KeyExchange) of any provider.
///
/// The private key is made of random numbers of AWS-LC, used once, and wiped. Shares of the NIST curves are
/// uncompressed points (RFC 9846 4.3.8.2); an all-zero X25519 secret is refused (RFC 9846 7.4.2). Shares with
/// ML-KEM-768 in them have the lengths and the order of draft-ietf-tls-ecdhe-mlkem; an encapsulation key that FIPS 203
/// 7.2 refuses is refused.
pub struct KeyExchange {
    shape: Shape,
    private_key: Option<(PrivateKey, Option<DecapsulationKey>)>,
}

/// What a group consists of.
#[derive(Clone, Copy)]
struct Shape {
    curve: &'static agreement::Algorithm,
    /// Length of a share of the curve.
    curve_len: usize,
    kem: Kem,
}

/// Whether ML-KEM-768 is part of a group, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kem {
    None,
    First,
    Last,
}

/// Lengths of an encapsulation key and a ciphertext (FIPS 203 8).
const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;

const fn shape(group: NamedGroup) -> Option<Shape> {
    Some(match group {
        NamedGroup::X25519 => Shape { curve: &X25519, curve_len: 32, kem: Kem::None },
        NamedGroup::SECP256R1 => Shape { curve: &ECDH_P256, curve_len: 65, kem: Kem::None },
        NamedGroup::SECP384R1 => Shape { curve: &ECDH_P384, curve_len: 97, kem: Kem::None },
        NamedGroup::SECP521R1 => Shape { curve: &ECDH_P521, curve_len: 133, kem: Kem::None },
        NamedGroup::X25519MLKEM768 => Shape { curve: &X25519, curve_len: 32, kem: Kem::First },
        NamedGroup::SECP256R1MLKEM768 => Shape { curve: &ECDH_P256, curve_len: 65, kem: Kem::Last },
        _ => return None,
    })
}

impl Shape {
    /// Parts a share into that of the curve and that of ML-KEM, whose length is `kem_len` if the group has it.
    fn split(self, share: &[u8], kem_len: usize) -> Result<(&[u8], &[u8])> {
        let parts = match self.kem {
            Kem::None => share.split_at_checked(self.curve_len).filter(|(_, rest)| rest.is_empty()),
            Kem::First => share.split_at_checked(kem_len).map(|(kem, curve)| (curve, kem)),
            Kem::Last => share.split_at_checked(self.curve_len),
        };
        let is_whole = share.len() == self.len(kem_len);
        parts.filter(|_| is_whole).ok_or(Error::Peer(PeerFault::InvalidKeyShare))
    }

    /// Writes the two halves of a share to the front of `out` and returns its length.
    fn write(self, curve: &[u8], kem: &[u8], out: &mut [u8]) -> Result<usize> {
        let (first, last) = if self.kem == Kem::First { (kem, curve) } else { (curve, kem) };
        let needed = Error::TransmitBufferTooSmall(ByteCount::new(first.len().saturating_add(last.len())));
        let (front, rest) = out.split_at_mut_checked(first.len()).ok_or(needed)?;
        write_to_front(last, rest).map_err(|_| needed)?;
        front.copy_from_slice(first);
        Ok(first.len().saturating_add(last.len()))
    }

    const fn len(self, kem_len: usize) -> usize {
        match self.kem {
            Kem::None => self.curve_len,
            Kem::First | Kem::Last => self.curve_len.saturating_add(kem_len),
        }
    }

    /// The shared secret of the curve, joined with that of ML-KEM.
    fn agree<P: CryptoProvider>(
        self,
        provider: &mut P,
        key: &PrivateKey,
        peer: &[u8],
        kem: &[u8],
    ) -> Result<P::Secret> {
        // The library would also read compressed points and whole SubjectPublicKeyInfos.
        if peer.len() != self.curve_len || (self.curve_len != 32 && peer.first() != Some(&4)) {
            return Err(PeerFault::InvalidKeyShare.into());
        }
        agreement::agree(
            key,
            UnparsedPublicKey::new(self.curve, peer),
            Error::Peer(PeerFault::InvalidKeyShare),
            |curve| {
                if kem.is_empty() {
                    return P::Secret::import(provider, curve);
                }
                let (first, last) = if self.kem == Kem::First { (kem, curve) } else { (curve, kem) };
                let mut joined = SecretBytes::zeros(first.len().saturating_add(last.len()))?;
                joined.as_mut_bytes().iter_mut().zip(first.iter().chain(last)).for_each(|(to, from)| *to = *from);
                P::Secret::import(provider, joined.as_bytes())
            },
        )
    }
}

fn failed<E>(_: E) -> Error {
    Error::Provider(ProviderFault::CryptoFailed)
}

impl KeyExchange {
    /// An agreement on a curve whose private key is given, 32 bytes for X25519, the scalar in big-endian order for the
    /// others: for test vectors. A private key must not serve twice.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`] for other groups, [`ProviderFault::InvalidKey`].
    pub fn from_private_key(group: NamedGroup, private_key: &[u8]) -> Result<Self> {
        let shape = shape(group).filter(|shape| shape.kem == Kem::None).ok_or(ProviderFault::Unsupported)?;
        let key = PrivateKey::from_private_key(shape.curve, private_key).map_err(|_| ProviderFault::InvalidKey)?;
        Ok(Self { shape, private_key: Some((key, None)) })
    }

    fn generate(&mut self, share: &mut [u8]) -> Result<usize> {
        let shape = self.shape;
        let needed = shape.len(ENCAPSULATION_KEY_LEN);
        if share.len() < needed {
            return Err(Error::TransmitBufferTooSmall(ByteCount::new(needed)));
        }
        // Asked again, it is the same share again.
        let (curve, kem) = match self.private_key.take() {
            Some(keys) => keys,
            None => {
                let kem = (shape.kem != Kem::None).then(|| DecapsulationKey::generate(&ML_KEM_768)).transpose();
                (PrivateKey::generate(shape.curve).map_err(failed)?, kem.map_err(failed)?)
            }
        };
        let (curve, kem) = self.private_key.insert((curve, kem));
        let curve = curve.compute_public_key().map_err(failed)?;
        match kem {
            None => shape.write(curve.as_ref(), &[], share),
            Some(key) => {
                let key = key.encapsulation_key().map_err(failed)?.key_bytes().map_err(failed)?;
                shape.write(curve.as_ref(), key.as_ref(), share)
            }
        }
    }

    fn decapsulate<P: CryptoProvider>(&mut self, provider: &mut P, peer_share: &[u8]) -> Result<P::Secret> {
        let (key, kem) = self.private_key.take().ok_or(Error::InvalidState)?;
        let (curve, ciphertext) = self.shape.split(peer_share, CIPHERTEXT_LEN)?;
        match kem {
            None => self.shape.agree(provider, &key, curve, &[]),
            Some(kem) => {
                let secret = kem.decapsulate(Ciphertext::from(ciphertext)).map_err(failed)?;
                self.shape.agree(provider, &key, curve, secret.as_ref())
            }
        }
    }

    fn encapsulate<P: CryptoProvider>(
        &self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Result<(usize, P::Secret)> {
        let shape = self.shape;
        let (peer_curve, peer_kem) = shape.split(peer_share, ENCAPSULATION_KEY_LEN)?;
        let needed = shape.len(CIPHERTEXT_LEN);
        if share.len() < needed {
            return Err(Error::TransmitBufferTooSmall(ByteCount::new(needed)));
        }
        let key = PrivateKey::generate(shape.curve).map_err(failed)?;
        let curve = key.compute_public_key().map_err(failed)?;
        if shape.kem == Kem::None {
            let len = shape.write(curve.as_ref(), &[], share)?;
            return Ok((len, shape.agree(provider, &key, peer_curve, &[])?));
        }
        let peer_key = EncapsulationKey::new(&ML_KEM_768, peer_kem).map_err(|_| PeerFault::InvalidKeyShare)?;
        let (ciphertext, secret) = peer_key.encapsulate().map_err(|_| PeerFault::InvalidKeyShare)?;
        let len = shape.write(curve.as_ref(), ciphertext.as_ref(), share)?;
        Ok((len, shape.agree(provider, &key, peer_curve, secret.as_ref())?))
    }
}

impl<P: CryptoProvider> crypto::KeyExchange<P> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        shape(group).is_some()
    }

    fn start(_: &mut P, group: NamedGroup) -> Result<Self> {
        Ok(Self { shape: shape(group).ok_or(ProviderFault::Unsupported)?, private_key: None })
    }

    fn poll_generate(&mut self, _: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
        Poll::Ready(self.generate(share))
    }

    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
        Poll::Ready(self.decapsulate(provider, peer_share))
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>> {
        Poll::Ready(self.encapsulate(provider, peer_share, share))
    }
}
