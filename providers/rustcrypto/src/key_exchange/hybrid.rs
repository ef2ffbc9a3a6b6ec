//! An elliptic curve joined with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem, FIPS 203).

use crate::agreement::Agreement;
use ml_kem::array::Array;
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Key, Seed};
use saitls_core::crypto::CryptoProvider;
use saitls_core::error::{ByteCount, Error, PeerFault, Result};
use saitls_core::secret::SecretBytes;
use zeroize::{Zeroize, Zeroizing};

/// Lengths of an encapsulation key, a ciphertext and a shared secret (FIPS 203 8).
const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;
const SECRET_LEN: usize = 32;

/// One agreement. Shares and secrets are those of both halves, one behind the other; `ECDH_FIRST` says in which order.
///
/// Between [`generate`](Agreement::generate) and [`decapsulate`](Agreement::decapsulate) the ML-KEM key is kept as its
/// seed, 64 bytes in place of 2,400, and expanded again.
#[derive(Default)]
pub(super) struct Hybrid<E, const ECDH_FIRST: bool> {
    ecdh: E,
    seed: Option<Zeroizing<[u8; 64]>>,
}

impl<E: Agreement, const ECDH_FIRST: bool> Hybrid<E, ECDH_FIRST> {
    /// Parts room for a share, or a share of the peer, into that of the curve and that of ML-KEM.
    fn split_mut(share: &mut [u8], kem_len: usize) -> Result<(&mut [u8], &mut [u8])> {
        let needed = E::SHARE_LEN + kem_len;
        let too_small = Error::TransmitBufferTooSmall(ByteCount::new(needed));
        let share = share.get_mut(..needed).ok_or(too_small)?;
        Ok(if ECDH_FIRST {
            share.split_at_mut(E::SHARE_LEN)
        } else {
            let (kem, ecdh) = share.split_at_mut(kem_len);
            (ecdh, kem)
        })
    }

    fn split(share: &[u8], kem_len: usize) -> Result<(&[u8], &[u8])> {
        if share.len() != E::SHARE_LEN + kem_len {
            return Err(PeerFault::InvalidKeyShare.into());
        }
        Ok(if ECDH_FIRST {
            share.split_at(E::SHARE_LEN)
        } else {
            let (kem, ecdh) = share.split_at(kem_len);
            (ecdh, kem)
        })
    }

    /// The secrets of both halves, one behind the other.
    fn agree(&mut self, peer_share: &[u8]) -> Result<SecretBytes> {
        let seed = self.seed.as_ref().ok_or(Error::InvalidState)?;
        let (ecdh, kem) = Self::split(peer_share, CIPHERTEXT_LEN)?;
        let ecdh = self.ecdh.decapsulate(ecdh)?;
        let mut secret = decapsulate(seed, kem)?;
        let joined = Self::join(&ecdh, &secret);
        secret.zeroize();
        joined
    }

    fn join(ecdh: &SecretBytes, kem: &B32) -> Result<SecretBytes> {
        let parts = if ECDH_FIRST { [ecdh.as_bytes(), kem] } else { [kem, ecdh.as_bytes()] };
        let mut joined = SecretBytes::zeros(ecdh.as_bytes().len() + SECRET_LEN)?;
        joined.as_mut_bytes().iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        Ok(joined)
    }
}

/// The key pair of a seed.
fn expand(seed: &[u8; 64]) -> DecapsulationKey {
    let mut seed: Seed = Array(*seed);
    let key = DecapsulationKey::from_seed(seed);
    seed.zeroize();
    key
}

/// Writes the public half of a seed.
fn write_encapsulation_key(seed: &[u8; 64], out: &mut [u8]) {
    out.copy_from_slice(&expand(seed).encapsulation_key().to_bytes());
}

/// Reads an encapsulation key, with the check of FIPS 203 7.2: every coefficient is below the modulus.
fn encapsulation_key(bytes: &[u8]) -> Result<EncapsulationKey> {
    let key = <&Key<EncapsulationKey>>::try_from(bytes).map_err(|_| PeerFault::InvalidKeyShare)?;
    EncapsulationKey::new(key).map_err(|_| Error::Peer(PeerFault::InvalidKeyShare))
}

/// FIPS 203 6.2: writes the ciphertext, returns the secret.
fn encapsulate(key: &EncapsulationKey, message: &B32, out: &mut [u8]) -> B32 {
    let (ciphertext, secret) = key.encapsulate_deterministic(message);
    out.copy_from_slice(&ciphertext);
    secret
}

/// FIPS 203 6.3.
fn decapsulate(seed: &[u8; 64], ciphertext: &[u8]) -> Result<B32> {
    let ciphertext = <&Ciphertext>::try_from(ciphertext).map_err(|_| PeerFault::InvalidKeyShare)?;
    Ok(expand(seed).decapsulate(ciphertext))
}

impl<E: Agreement, const ECDH_FIRST: bool> Agreement for Hybrid<E, ECDH_FIRST> {
    const SHARE_LEN: usize = E::SHARE_LEN + ENCAPSULATION_KEY_LEN;

    fn generate<P: CryptoProvider>(&mut self, provider: &mut P, share: &mut [u8]) -> Result<usize> {
        let (ecdh, kem) = Self::split_mut(share, ENCAPSULATION_KEY_LEN)?;
        self.ecdh.generate(provider, ecdh)?;
        // Asked again, it is the same share again.
        let seed = match &self.seed {
            Some(seed) => seed,
            None => {
                let seed = self.seed.insert(Zeroizing::new([0; 64]));
                if let Err(error) = provider.fill_random(seed.as_mut_slice()) {
                    self.seed = None;
                    return Err(error);
                }
                seed
            }
        };
        write_encapsulation_key(seed, kem);
        Ok(Self::SHARE_LEN)
    }

    fn decapsulate(&mut self, peer_share: &[u8]) -> Result<SecretBytes> {
        let agreed = self.agree(peer_share);
        // Both keys are wiped where they stand, also when the share is refused; to move them out would leave copies.
        self.ecdh = E::default();
        self.seed = None;
        agreed
    }

    fn encapsulate<P: CryptoProvider>(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Result<(usize, SecretBytes)> {
        let (peer_ecdh, peer_kem) = Self::split(peer_share, ENCAPSULATION_KEY_LEN)?;
        let key = encapsulation_key(peer_kem)?;
        let (ecdh, kem) = Self::split_mut(share, CIPHERTEXT_LEN)?;
        let (ecdh_len, ecdh) = self.ecdh.encapsulate(provider, peer_ecdh, ecdh)?;
        let mut message = B32::default();
        provider.fill_random(&mut message)?;
        let mut secret = encapsulate(&key, &message, kem);
        message.zeroize();
        let joined = Self::join(&ecdh, &secret);
        secret.zeroize();
        Ok((ecdh_len + CIPHERTEXT_LEN, joined?))
    }
}
