//! Hashes and AEADs.

use super::{Broken, Held, Mutation, Secret};
use aes::cipher::{BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher, StreamCipherSeek};
use aes::{Aes128, Aes256};
use chacha20::ChaCha20;
use saitls_core::Result;
use saitls_core::codes::{CipherSuite, HashAlgorithm};
use saitls_core::crypto::{self, Aead as _, Digest, Label, Nonce, SoftwareSecret};
use saitls_rustcrypto as real;

pub(crate) struct Hash {
    inner: real::Hash,
    algorithm: HashAlgorithm,
    number: u32,
}

impl crypto::Hash<Broken> for Hash {
    fn supports(algorithm: HashAlgorithm) -> bool {
        <real::Hash as crypto::Hash<Broken>>::supports(algorithm)
    }

    fn start(provider: &mut Broken, algorithm: HashAlgorithm) -> Result<Self> {
        provider.hashes += 1;
        provider.current_hash = provider.hashes;
        Ok(Self { inner: real::Hash::start(provider, algorithm)?, algorithm, number: provider.hashes })
    }

    fn update(&mut self, provider: &mut Broken, data: &[u8]) -> Result<()> {
        if provider.is(Mutation::OneHashAtATime) && self.number != provider.current_hash {
            return Ok(());
        }
        let data = match data {
            [first @ .., _] if data.len() == 128 && provider.is(Mutation::HashLosesByteOfFullPieces) => first,
            data => data,
        };
        self.inner.update(provider, data)
    }

    fn snapshot(&mut self, provider: &mut Broken) -> Result<Digest> {
        let digest = self.inner.snapshot(provider)?;
        if provider.is(Mutation::SnapshotEndsHash) {
            self.inner = real::Hash::start(provider, self.algorithm)?;
        }
        if provider.is(Mutation::HashIsWrong) {
            let mut bytes = digest.as_bytes().to_vec();
            bytes[31] ^= 1;
            return Digest::new(&bytes);
        }
        Ok(digest)
    }

    fn hmac(provider: &mut Broken, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        let parts = match parts {
            // One that works for whole messages, and not in pieces.
            [first @ .., _, empty] if empty.is_empty() && provider.is(Mutation::HmacLosesLastPart) => first,
            parts => parts,
        };
        real::Hash::hmac(provider, algorithm, key, parts)
    }
}

pub(crate) struct Aead {
    inner: Held<real::Aead>,
    key: Vec<u8>,
    suite: CipherSuite,
}

/// For the device with one register: whatever key it got last.
fn reload(provider: &mut Broken, aead: &mut Aead) -> Result<()> {
    if provider.is(Mutation::LastKeyServesAll) && provider.current_key.len() == aead.key.len() {
        let key = provider.current_key.clone();
        *aead.inner = real::Aead::from_key(provider, aead.suite, &key)?;
    }
    Ok(())
}

impl Aead {
    fn nonce(provider: &Broken, nonce: &Nonce) -> Nonce {
        let mut nonce = *nonce;
        if provider.is(Mutation::NonceLosesABit) {
            nonce[0] &= 0x7f;
        }
        nonce
    }
}

impl crypto::Aead<Broken> for Aead {
    fn supports(suite: CipherSuite) -> bool {
        <real::Aead as crypto::Aead<Broken>>::supports(suite)
    }

    fn from_key(provider: &mut Broken, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        let mut key = key.to_vec();
        if provider.is(Mutation::KeyIsReversed) {
            key.reverse();
        }
        if provider.is(Mutation::LongKeyIsCut) {
            key.truncate(suite.key_len());
        }
        let inner = real::Aead::from_key(provider, suite, &key)?;
        provider.current_key.clone_from(&key);
        Ok(Self { inner: Held::new(inner, provider.is(Mutation::AeadIsNotWiped)), key, suite })
    }

    fn from_secret(provider: &mut Broken, suite: CipherSuite, secret: &Secret, label: &Label<'_>) -> Result<Self> {
        let name = if provider.is(Mutation::FromSecretTakesOtherLabel) { b"kye" } else { label.name };
        let mut key = SoftwareSecret::zeros(suite.key_len())?;
        crypto::Secret::export(secret, provider, suite.hash(), &Label { name, ..*label }, b"", key.as_mut_bytes())?;
        Self::from_key(provider, suite, key.as_bytes())
    }

    fn seal(&mut self, provider: &mut Broken, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        reload(provider, self)?;
        let nonce = Self::nonce(provider, nonce);
        self.inner.seal(provider, &nonce, aad, in_out)?;
        if provider.is(Mutation::WrongWhereUnaligned) && !in_out.as_ptr().addr().is_multiple_of(4) {
            in_out[0] ^= 1;
        }
        Ok(())
    }

    fn seal_from(
        &mut self,
        provider: &mut Broken,
        nonce: &Nonce,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let room = out.get_mut(..text.len()).ok_or(saitls_core::Error::Internal)?;
        room.copy_from_slice(text);
        if provider.is(Mutation::SealFromForgetsTheRest) {
            let rest_len = out.len().saturating_sub(text.len() + self.suite.tag_len());
            out[text.len()..][..rest_len].fill(0);
        }
        self.seal(provider, nonce, aad, out)
    }

    fn open(&mut self, provider: &mut Broken, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        reload(provider, self)?;
        let nonce = Self::nonce(provider, nonce);
        if provider.is(Mutation::ShortRecordPanics) {
            assert!(in_out.len() >= self.suite.tag_len(), "a record without a tag");
        }
        if provider.is(Mutation::OpenIgnoresLastByteOfTag) {
            // Tries all 256 of them.
            let sealed = in_out.to_vec();
            for last in 0..=255 {
                in_out.copy_from_slice(&sealed);
                let Some(byte) = in_out.last_mut() else { break };
                *byte = last;
                if self.inner.open(provider, &nonce, aad, in_out).is_ok() {
                    return Ok(());
                }
            }
            in_out.copy_from_slice(&sealed);
        }
        self.inner.open(provider, &nonce, aad, in_out)
    }

    fn mask(&mut self, provider: &mut Broken, sample: &[u8; 16]) -> Result<[u8; 16]> {
        let mut block = *sample;
        if provider.is(Mutation::MaskIsOfOtherBlock) {
            block.reverse();
        }
        if self.suite == CipherSuite::CHACHA20_POLY1305_SHA256 {
            let (counter, nonce) = block.split_first_chunk().expect("16 bytes");
            let mut cipher = ChaCha20::new_from_slices(&self.key, nonce).expect("a key and a nonce");
            cipher.seek(u64::from(u32::from_le_bytes(*counter)) * 64);
            block = [0; 16];
            cipher.apply_keystream(&mut block);
        } else if let Ok(cipher) = Aes128::new_from_slice(&self.key) {
            cipher.encrypt_block((&mut block).into());
        } else {
            Aes256::new_from_slice(&self.key).expect("a key").encrypt_block((&mut block).into());
        }
        Ok(block)
    }
}
