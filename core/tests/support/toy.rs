//! Cryptography that protects nothing, but is deterministic, counts what it is asked to do, and costs next to nothing:
//! what is wrong is found wrong (a MAC, a signature, a share), which is all that the protocol wants to know.
#![allow(dead_code, unreachable_pub)]

use super::support::Seeded;
use core::task::Poll;
use rand_core::TryRng;
use saitls_core::codes::*;
use saitls_core::crypto::{
    self, CryptoProvider, Digest, Nonce, Secret as _, SignatureAlgorithm, SoftwareSecret, split_tag, x509,
};
use saitls_core::error::{ByteCount, Error, PeerFault, ProviderFault, Result};
#[allow(unused_imports, reason = "core's own tests have no prelude of std")]
use std::{format, vec::Vec};

/// What was asked of a provider so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes that were hashed.
    pub hashed: u64,
    pub hashes: u64,
    pub keys: u64,
    pub sealed: u64,
    pub opened: u64,
    pub agreements: u64,
    pub verifications: u64,
    pub signatures: u64,
    pub random: u64,
}

/// The provider.
pub struct Toy {
    pub random: Seeded,
    pub work: Work,
    /// Whether anything is a signature.
    pub is_gullible: bool,
}

pub type Provider = Toy;

pub fn provider(seed: u64) -> Provider {
    Toy { random: Seeded(seed), work: Work::default(), is_gullible: false }
}

impl CryptoProvider for Toy {
    type Hash = Hash;
    type Secret = SoftwareSecret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.work.random += 1;
        self.random.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }
}

/// A provider that wants to know what is asked of it.
pub trait Counts {
    fn work(&mut self) -> Option<&mut Work> {
        None
    }

    fn is_gullible(&self) -> bool {
        false
    }
}

/// For a provider of a test that does not count.
#[allow(unused_macros, reason = "only some tests have such a provider")]
macro_rules! uncounted {
    ($provider:ty) => {
        impl crate::cryptography::Counts for $provider {}
    };
}
#[allow(unused_imports, reason = "only some tests have such a provider")]
pub(crate) use uncounted;

impl Counts for Toy {
    fn work(&mut self) -> Option<&mut Work> {
        Some(&mut self.work)
    }

    fn is_gullible(&self) -> bool {
        self.is_gullible
    }
}

fn count<P: Counts>(provider: &mut P, f: impl FnOnce(&mut Work)) {
    if let Some(work) = provider.work() {
        f(work);
    }
}

// ---- hashing

/// Four lanes that each word runs through; nothing that anybody should rely on.
#[derive(Clone, Copy)]
struct Mixer {
    lanes: [u64; 4],
    /// What is not yet a word.
    partial: u64,
    len: u64,
}

impl Mixer {
    const fn new(seed: u64) -> Self {
        Self { lanes: [seed, seed ^ 0x243f_6a88, seed ^ 0x85a3_08d3, seed ^ 0x1319_8a2e], partial: 0, len: 0 }
    }

    fn word(&mut self, word: u64) {
        let [a, b, c, d] = &mut self.lanes;
        *a = (*a ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        *b = (*b ^ *a).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31);
        *c = c.wrapping_add(*b ^ word).rotate_left(17);
        *d = (*d ^ *c).wrapping_mul(0x94d0_49bb_1331_11eb);
    }

    /// It does not matter how the input is cut.
    fn bytes(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) =
            bytes.split_first().filter(|(_, rest)| !self.len.is_multiple_of(8) || rest.len() < 7)
        {
            self.byte(byte);
            bytes = rest;
        }
        while let Some((word, rest)) = bytes.split_first_chunk() {
            self.word(u64::from_le_bytes(*word));
            self.len += 8;
            bytes = rest;
        }
        bytes.iter().for_each(|&byte| self.byte(byte));
    }

    /// A stretch of its own: here it does matter how the input is cut.
    fn part(&mut self, part: &[u8]) {
        let (words, rest) = part.as_chunks();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        rest.iter().for_each(|&byte| self.word(byte.into()));
        self.word(part.len() as u64);
    }

    fn byte(&mut self, byte: u8) {
        self.partial |= u64::from(byte) << (self.len % 8 * 8);
        self.len += 1;
        if self.len.is_multiple_of(8) {
            self.word(self.partial);
            self.partial = 0;
        }
    }

    fn fill(mut self, out: &mut [u8]) {
        self.word(self.partial);
        self.word(self.len);
        for chunk in out.chunks_mut(8) {
            self.word(chunk.len() as u64);
            let word = self.lanes.iter().fold(0u64, |word, lane| word.rotate_left(23) ^ lane);
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

#[derive(Clone)]
pub struct Hash(Mixer, HashAlgorithm);

impl<P: CryptoProvider + Counts> crypto::Hash<P> for Hash {
    fn supports(_: HashAlgorithm) -> bool {
        true
    }

    fn start(provider: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        count(provider, |work| work.hashes += 1);
        Ok(Self(Mixer::new(algorithm.output_len() as u64), algorithm))
    }

    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()> {
        count(provider, |work| work.hashed += data.len() as u64);
        self.0.bytes(data);
        Ok(())
    }

    fn snapshot(&mut self, _: &mut P) -> Result<Digest> {
        let mut digest = [0; 48];
        let digest = &mut digest[..self.1.output_len()];
        self.0.fill(digest);
        Digest::new(digest)
    }

    /// In one go: most of what a handshake hashes is a few bytes with a key.
    fn hmac(provider: &mut P, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        let mut hash = <Self as crypto::Hash<P>>::start(provider, algorithm)?;
        hash.0.word(!0);
        for part in [key].iter().chain(parts) {
            count(provider, |work| work.hashed += part.len() as u64);
            hash.0.part(part);
        }
        hash.snapshot(provider)
    }
}

// ---- records

pub struct Aead {
    suite: CipherSuite,
    key: [u8; 32],
}

impl Aead {
    fn mixer(&self, nonce: &Nonce, aad: &[u8]) -> Mixer {
        let mut mixer = Mixer::new(u64::from(self.suite.0));
        mixer.bytes(&self.key);
        mixer.bytes(nonce);
        mixer.bytes(aad);
        mixer
    }

    fn encrypt(mixer: &Mixer, text: &mut [u8]) {
        let mut stream = *mixer;
        let (words, rest) = text.as_chunks_mut();
        for word in words {
            stream.word(1);
            *word = (u64::from_le_bytes(*word) ^ stream.lanes[0]).to_le_bytes();
        }
        stream.word(1);
        rest.iter_mut().zip(stream.lanes[0].to_le_bytes()).for_each(|(byte, key)| *byte ^= key);
    }

    fn tag(&self, mut mixer: Mixer, text: &[u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        mixer.bytes(text);
        mixer.fill(&mut tag[..self.suite.tag_len()]);
        tag
    }
}

impl<P: CryptoProvider + Counts> crypto::Aead<P> for Aead {
    fn supports(suite: CipherSuite) -> bool {
        (0x1301..=0x1305).contains(&suite.0)
    }

    fn from_key(provider: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        count(provider, |work| work.keys += 1);
        let mut aead = Self { suite, key: [0; 32] };
        aead.key[..key.len()].copy_from_slice(key);
        Ok(aead)
    }

    fn seal(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        count(provider, |work| work.sealed += 1);
        let mixer = self.mixer(nonce, aad);
        let (text, tag) = split_tag(in_out, self.suite.tag_len())?;
        let expected = self.tag(mixer, text);
        Self::encrypt(&mixer, text);
        tag.copy_from_slice(&expected[..tag.len()]);
        Ok(())
    }

    fn open(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        count(provider, |work| work.opened += 1);
        let mixer = self.mixer(nonce, aad);
        let (text, tag) = split_tag(in_out, self.suite.tag_len())?;
        Self::encrypt(&mixer, text);
        if self.tag(mixer, text)[..tag.len()] == *tag { Ok(()) } else { Err(PeerFault::BadRecordMac.into()) }
    }
}

// ---- key agreement

/// Diffie-Hellman in a group where everybody can divide: multiplication modulo 2^64.
pub struct KeyExchange {
    group: NamedGroup,
    private: u64,
}

impl KeyExchange {
    const GENERATOR: u64 = 0x5851_f42d_4c95_7f2d;

    /// The length of a share, and whether it is a point with a form in front.
    const fn form(group: NamedGroup) -> Option<(usize, bool)> {
        match group {
            NamedGroup::X25519 => Some((32, false)),
            NamedGroup::SECP256R1 => Some((65, true)),
            NamedGroup::SECP384R1 => Some((97, true)),
            _ => None,
        }
    }

    fn write(&self, share: &mut [u8]) -> Result<usize> {
        let (len, has_form) = Self::form(self.group).ok_or(ProviderFault::Unsupported)?;
        let share = share.get_mut(..len).ok_or(Error::TransmitBufferTooSmall(ByteCount::new(len)))?;
        let public = self.private.wrapping_mul(Self::GENERATOR).to_le_bytes();
        share.iter_mut().zip(public.iter().cycle()).for_each(|(to, from)| *to = *from);
        if has_form {
            share[0] = 4;
        }
        Ok(len)
    }

    fn make<P: CryptoProvider>(&mut self, provider: &mut P) -> Result<()> {
        if self.private == 0 {
            let mut bytes = [0; 8];
            provider.fill_random(&mut bytes)?;
            self.private = u64::from_le_bytes(bytes) | 1;
        }
        Ok(())
    }

    fn agree<P: CryptoProvider + Counts>(&self, provider: &mut P, peer: &[u8]) -> Result<P::Secret> {
        count(provider, |work| work.agreements += 1);
        let (len, has_form) = Self::form(self.group).ok_or(ProviderFault::Unsupported)?;
        if peer.len() != len || (has_form && peer[0] != 4) {
            return Err(PeerFault::InvalidKeyShare.into());
        }
        let public = u64::from_le_bytes(peer[8..16].try_into().unwrap());
        let is_point = peer.iter().enumerate().skip(1).all(|(at, byte)| *byte == public.to_le_bytes()[at % 8]);
        if public % 2 == 0 || !is_point {
            return Err(PeerFault::InvalidKeyShare.into());
        }
        let shared = self.private.wrapping_mul(public).to_le_bytes();
        P::Secret::import(provider, &shared.repeat(4))
    }
}

impl<P: CryptoProvider + Counts> crypto::KeyExchange<P> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        Self::form(group).is_some()
    }

    fn start(_: &mut P, group: NamedGroup) -> Result<Self> {
        if Self::form(group).is_some() {
            Ok(Self { group, private: 0 })
        } else {
            Err(ProviderFault::Unsupported.into())
        }
    }

    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
        self.make(provider)?;
        Poll::Ready(self.write(share))
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
        self.make(provider)?;
        let shared = self.agree(provider, peer_share)?;
        Poll::Ready(self.write(share).map(|len| (len, shared)))
    }
}

// ---- signatures

const SIGNATURE_LEN: usize = 40;

/// Anybody can make it who knows the public key.
fn signature(public_key: &[u8], message: &[u8], algorithm: SignatureAlgorithm) -> [u8; SIGNATURE_LEN] {
    let mut mixer = Mixer::new(7);
    mixer.bytes(format!("{algorithm:?}").as_bytes());
    mixer.bytes(public_key);
    mixer.bytes(message);
    let mut signature = [0; SIGNATURE_LEN];
    mixer.fill(&mut signature);
    signature
}

pub struct SignatureVerifier(SignatureAlgorithm);

impl<P: CryptoProvider + Counts> crypto::SignatureVerifier<P> for SignatureVerifier {
    fn supports(algorithm: SignatureAlgorithm) -> bool {
        !matches!(algorithm, SignatureAlgorithm::Other(_))
    }

    fn start(_: &mut P, algorithm: SignatureAlgorithm) -> Result<Self> {
        Ok(Self(algorithm))
    }

    fn poll_verify(&mut self, provider: &mut P, key: &[u8], message: &[u8], given: &[u8]) -> Poll<Result<()>> {
        count(provider, |work| work.verifications += 1);
        let valid = provider.is_gullible() || signature(key, message, self.0) == *given;
        Poll::Ready(if valid { Ok(()) } else { Err(PeerFault::BadSignature.into()) })
    }
}

/// The key of a certificate: what can be read there.
pub struct SigningKey {
    public_key: Vec<u8>,
    schemes: &'static [SignatureScheme],
}

/// The key of a certificate.
pub fn signing_key(certificate: &[u8], _pkcs8: &[u8]) -> SigningKey {
    use SignatureScheme as S;
    let info = x509::subject_public_key_info(certificate).unwrap();
    let is = |oid: &[u8]| info.windows(oid.len()).any(|window| window == oid);
    let schemes: &[S] = if is(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]) {
        &[S::ECDSA_SECP256R1_SHA256]
    } else if is(&[0x2b, 0x81, 4, 0, 0x22]) {
        &[S::ECDSA_SECP384R1_SHA384]
    } else if is(&[0x2b, 0x65, 0x70]) {
        &[S::ED25519]
    } else if is(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]) {
        &[S::RSA_PSS_PSS_SHA256, S::RSA_PSS_PSS_SHA384, S::RSA_PSS_PSS_SHA512]
    } else {
        &[S::RSA_PSS_RSAE_SHA256, S::RSA_PSS_RSAE_SHA384, S::RSA_PSS_RSAE_SHA512]
    };
    SigningKey { public_key: subject_public_key(info), schemes }
}

/// The content of the BIT STRING: the last element of a SubjectPublicKeyInfo.
fn subject_public_key(info: &[u8]) -> Vec<u8> {
    let len_of = |at: usize| match info[at + 1] {
        len @ ..=0x7f => (2, usize::from(len)),
        0x81 => (3, usize::from(info[at + 2])),
        _ => (4, usize::from(u16::from_be_bytes([info[at + 2], info[at + 3]]))),
    };
    let (front, _) = len_of(0);
    let (algorithm_front, algorithm) = len_of(front);
    let (bits_front, _) = len_of(front + algorithm_front + algorithm);
    info[front + algorithm_front + algorithm + bits_front + 1..].to_vec()
}

impl<P: CryptoProvider> crypto::Signer<P> for SigningKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.schemes
    }

    fn poll_sign(&self, _: &mut P, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Poll<Result<usize>> {
        let made = signature(&self.public_key, message, scheme.into());
        let room = out.get_mut(..made.len()).ok_or(Error::TransmitBufferTooSmall(ByteCount::new(made.len())))?;
        room.copy_from_slice(&made);
        Poll::Ready(Ok(made.len()))
    }
}
