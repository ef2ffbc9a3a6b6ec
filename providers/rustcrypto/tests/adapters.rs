//! Parts made of types of the ecosystem in one line each, mixed with those of this crate and of the test.

use crate::common::{Repeatable, Scripted, encapsulate, generate, ready, reveal, scripted, sign, verify};
use rand_core::{TryCryptoRng, TryRng};
use saitls_core::codes::{CipherSuite, HashAlgorithm, SignatureScheme};
use saitls_core::crypto::{
    Aead as _, CryptoProvider, Either, Hash as _, KeyExchange as _, Nothing, Secret as _, SignatureAlgorithm,
    SignatureVerifier as _,
};
use saitls_core::{CertificateFault, Error, PeerFault, ProviderFault, Result};
use saitls_rustcrypto::adapters::{AeadOf, DigestOf, RandomizedSignerOf, RngOf, SignerOf, VerifierOf};
use saitls_rustcrypto::{RustCrypto, Secret};

const P256: u16 = SignatureScheme::ECDSA_SECP256R1_SHA256.0;
const ED25519: u16 = SignatureScheme::ED25519.0;

type Sha256 = DigestOf<sha2::Sha256>;
type ChaCha = AeadOf<chacha20poly1305::ChaCha20Poly1305, { CipherSuite::CHACHA20_POLY1305_SHA256.0 }>;
type P256Verifier = VerifierOf<p256::ecdsa::VerifyingKey, p256::ecdsa::DerSignature, P256>;

/// A provider of adapters, with the parts of this crate behind two of them.
struct Mixed<R>(R);

impl<R: TryCryptoRng> CryptoProvider for Mixed<R> {
    type Hash = Sha256;
    type Secret = Secret;
    type Aead = Either<ChaCha, saitls_rustcrypto::Aead>;
    type KeyExchange = Either<Nothing, saitls_rustcrypto::KeyExchange>;
    type SignatureVerifier = P256Verifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::CryptoFailed))
    }
}

fn mixed() -> Mixed<Repeatable> {
    Mixed(Repeatable(1))
}

/// Errors are passed on as they are.
fn failing() -> Mixed<Scripted> {
    Mixed(Scripted(Vec::new()))
}

#[test]
fn hashes() {
    let provider = &mut mixed();
    assert!(<Sha256 as saitls_core::crypto::Hash<Mixed<Repeatable>>>::supports(HashAlgorithm::Sha256));
    assert!(!<Sha256 as saitls_core::crypto::Hash<Mixed<Repeatable>>>::supports(HashAlgorithm::Sha384));
    assert_eq!(Sha256::start(provider, HashAlgorithm::Sha384).err(), Some(Error::Provider(ProviderFault::Unsupported)));
    let mut ours = Sha256::start(provider, HashAlgorithm::Sha256).unwrap();
    ours.update(provider, b"abc").unwrap();
    let expected = <sha2::Sha256 as sha2::Digest>::digest(b"abc");
    assert_eq!(ours.snapshot(provider).unwrap().as_bytes(), &expected[..]);
    assert_eq!(ours.finish(provider).unwrap().as_bytes(), &expected[..]);

    // What needs SHA-384 says so, it does not use another hash.
    let secret = crate::common::secret(&[1; 48]);
    assert_eq!(
        secret.mac(provider, HashAlgorithm::Sha384, b"").err(),
        Some(Error::Provider(ProviderFault::Unsupported))
    );
}

#[test]
fn record_protection_on_both_sides_of_either() {
    let provider = &mut mixed();
    type Part = <Mixed<Repeatable> as CryptoProvider>::Aead;
    for (suite, first) in [(CipherSuite::CHACHA20_POLY1305_SHA256, true), (CipherSuite::AES_128_GCM_SHA256, false)] {
        let key = vec![3; suite.key_len()];
        let mut aead = Part::from_key(provider, suite, &key).unwrap();
        assert_eq!(matches!(aead, Either::First(_)), first);
        let mut record = [b'x'; 40];
        aead.seal(provider, &[5; 12], b"aad", &mut record).unwrap();
        let rust_crypto = &mut crate::common::provider();
        let mut plain = saitls_rustcrypto::Aead::from_key(rust_crypto, suite, &key).unwrap();
        plain.open(rust_crypto, &[5; 12], b"aad", &mut record).unwrap();
        assert_eq!(record[..24], [b'x'; 24]);
    }
    let other = CipherSuite::AES_128_GCM_SHA256;
    assert_eq!(ChaCha::from_key(provider, other, &[0; 32]).err(), Some(Error::Provider(ProviderFault::Unsupported)));
    assert_eq!(
        Part::from_key(provider, CipherSuite(0x1399), &[0; 16]).err(),
        Some(Error::Provider(ProviderFault::Unsupported))
    );
}

#[test]
fn key_exchange_serves_other_providers() {
    let provider = &mut mixed();
    for group in [saitls_core::codes::NamedGroup::X25519, saitls_core::codes::NamedGroup::SECP256R1] {
        let (mut exchange, share) = generate(provider, group).unwrap();
        let (peer_share, secret) = encapsulate(&mut crate::common::provider(), group, &share).unwrap();
        assert_eq!(reveal(&ready(exchange.poll_decapsulate(provider, &peer_share)).unwrap()), reveal(&secret));
        assert_eq!(generate(&mut failing(), group).err(), Some(Error::Provider(ProviderFault::CryptoFailed)));
    }
}

#[test]
fn verifiers() {
    let provider = &mut mixed();
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let signer = RandomizedSignerOf::<_, p256::ecdsa::DerSignature, P256>::new(key.clone());
    let signature = sign(provider, &signer, SignatureScheme(P256), b"message").unwrap();
    let public = key.verifying_key().to_sec1_point(false);

    let mut check = |algorithm, public: &[u8], message: &[u8], signature: &[u8]| {
        let mut verifier = P256Verifier::start(provider, algorithm)?;
        ready(verifier.poll_verify(provider, public, message, signature))
    };
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    assert_eq!(check(algorithm, public.as_bytes(), b"message", &signature), Ok(()));
    assert_eq!(check(algorithm, public.as_bytes(), b"massage", &signature), Err(PeerFault::BadSignature.into()));
    assert_eq!(check(algorithm, public.as_bytes(), b"message", &[0x30]), Err(PeerFault::BadSignature.into()));
    assert_eq!(check(algorithm, &[4; 65], b"message", &signature), Err(CertificateFault::Unsupported.into()));
    let other = SignatureAlgorithm::EcdsaP384Sha384;
    assert_eq!(check(other, public.as_bytes(), b"message", &signature), Err(ProviderFault::Unsupported.into()));
}

#[test]
fn signers() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key();
    let signer = SignerOf::<_, ed25519_dalek::Signature, ED25519>::encoded(key);
    let signature = sign(&mut mixed(), &signer, SignatureScheme(ED25519), b"message").unwrap();
    assert_eq!(verify(SignatureAlgorithm::Ed25519, public.as_bytes(), b"message", &signature), Ok(()));
    let refused = sign(&mut mixed(), &signer, SignatureScheme(P256), b"message");
    assert_eq!(refused, Err(ProviderFault::Unsupported.into()));

    // Deterministic: RFC 6979 A.2.5, P-256 with SHA-256, message "sample".
    let key = hex_literal::hex!("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let key = p256::ecdsa::SigningKey::from_slice(&key).unwrap();
    let signer = SignerOf::<_, p256::ecdsa::DerSignature, P256>::new(key.clone());
    let signature = sign(&mut failing(), &signer, SignatureScheme(P256), b"sample").unwrap();
    let (r, s) = signature.split_at(37);
    assert!(r.ends_with(&hex_literal::hex!("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716")));
    assert!(s.ends_with(&hex_literal::hex!("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")));

    // Hedged: another nonce, and the errors of the provider.
    let signer = RandomizedSignerOf::<_, p256::ecdsa::DerSignature, P256>::new(key);
    assert_ne!(sign(&mut mixed(), &signer, SignatureScheme(P256), b"sample").unwrap(), signature);
    let refused = sign(&mut failing(), &signer, SignatureScheme(P256), b"sample");
    assert_eq!(refused, Err(ProviderFault::CryptoFailed.into()));
}

#[test]
fn a_generator_over_a_provider() {
    let provider = &mut scripted(&[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9]);
    let mut rng = RngOf::new(provider);
    assert_eq!(rng.try_next_u32(), Ok(1));
    assert_eq!(rng.try_next_u64(), Ok(2));
    let mut last = [0];
    assert_eq!((rng.try_fill_bytes(&mut last), last), (Ok(()), [9]));
    assert_eq!(rng.failure(), None);
    assert_eq!(rng.try_next_u32(), Err(ProviderFault::RandomFailed.into()));
    assert_eq!(rng.failure(), Some(Error::Provider(ProviderFault::RandomFailed)));
}

#[test]
fn random_numbers_of_the_operating_system() {
    let (mut one, mut other) = ([0; 32], [0; 32]);
    RustCrypto::os().fill_random(&mut one).unwrap();
    RustCrypto::os().fill_random(&mut other).unwrap();
    assert_ne!(one, other);
}
