//! Every key with every scheme: what fits verifies, and nothing else does.

use crate::common::{Repeatable, error, failing, provider, ready, sign, verify, verify_with};
use saitls_core::codes::SignatureScheme as S;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm as A, Signer};
use saitls_core::error::ByteCount;
use saitls_core::{CertificateFault, Error, PeerFault, ProviderFault};
use saitls_rustcrypto::{RustCrypto, SignatureVerifier, SigningKey};

const MESSAGE: &[u8] = &[b' '; 130];
const P256: &[u8] = include_bytes!("data/p256.pkcs8.der");
const P384: &[u8] = include_bytes!("data/p384.pkcs8.der");
const P521: &[u8] = include_bytes!("data/p521.pkcs8.der");
const ED25519: &[u8] = include_bytes!("data/ed25519.pkcs8.der");
const RSA_1024: &[u8] = include_bytes!("data/rsa1024.pkcs8.der");
const RSA_2048: &[u8] = include_bytes!("data/rsa2048.pkcs8.der");
const RSA_3072: &[u8] = include_bytes!("data/rsa3072.pkcs8.der");
const RSA_4096: &[u8] = include_bytes!("data/rsa4096.pkcs8.der");
const RSA_PSS: &[u8] = include_bytes!("data/rsapss2048.pkcs8.der");
const RSA_PSS_SHA384: &[u8] = include_bytes!("data/rsapss2048_sha384.pkcs8.der");

const RSAE: &[S] = &[S::RSA_PSS_RSAE_SHA256, S::RSA_PSS_RSAE_SHA384, S::RSA_PSS_RSAE_SHA512];
const KEYS: &[(&[u8], &[S])] = &[
    (P256, &[S::ECDSA_SECP256R1_SHA256]),
    (P384, &[S::ECDSA_SECP384R1_SHA384]),
    (P521, &[S::ECDSA_SECP521R1_SHA512]),
    (ED25519, &[S::ED25519]),
    (RSA_2048, RSAE),
    (RSA_3072, RSAE),
    (RSA_4096, RSAE),
    (RSA_PSS, &[S::RSA_PSS_PSS_SHA256, S::RSA_PSS_PSS_SHA384, S::RSA_PSS_PSS_SHA512]),
    (RSA_PSS_SHA384, &[S::RSA_PSS_PSS_SHA384]),
];

const ALGORITHMS: [A; 16] = [
    A::EcdsaP256Sha256,
    A::EcdsaP256Sha384,
    A::EcdsaP256Sha512,
    A::EcdsaP384Sha256,
    A::EcdsaP384Sha384,
    A::EcdsaP384Sha512,
    A::EcdsaP521Sha256,
    A::EcdsaP521Sha384,
    A::EcdsaP521Sha512,
    A::Ed25519,
    A::RsaPkcs1Sha256,
    A::RsaPkcs1Sha384,
    A::RsaPkcs1Sha512,
    A::RsaPssSha256,
    A::RsaPssSha384,
    A::RsaPssSha512,
];

const SCHEMES: [S; 16] = [
    S::RSA_PKCS1_SHA256,
    S::RSA_PKCS1_SHA384,
    S::RSA_PKCS1_SHA512,
    S::ECDSA_SECP256R1_SHA256,
    S::ECDSA_SECP384R1_SHA384,
    S::ECDSA_SECP521R1_SHA512,
    S::RSA_PSS_RSAE_SHA256,
    S::RSA_PSS_RSAE_SHA384,
    S::RSA_PSS_RSAE_SHA512,
    S::ED25519,
    S::ED448,
    S::RSA_PSS_PSS_SHA256,
    S::RSA_PSS_PSS_SHA384,
    S::RSA_PSS_PSS_SHA512,
    S::RSA_PKCS1_SHA1,
    S::ECDSA_SHA1,
];

fn load(der: &[u8]) -> SigningKey {
    SigningKey::from_pkcs8_der(der).unwrap()
}

fn public_key(key: &SigningKey) -> Vec<u8> {
    let mut out = [0; 600];
    let len = key.public_key(&mut out).unwrap();
    out[..len].to_vec()
}

#[test]
fn each_key_signs_with_its_schemes_and_no_other() {
    let provider = &mut provider();
    for (der, expected) in KEYS {
        let key = load(der);
        assert_eq!(key.schemes(), *expected);
        assert_eq!(Signer::<RustCrypto<Repeatable>>::schemes(&key), *expected);
        for scheme in SCHEMES {
            let signature = sign(provider, &key, scheme, MESSAGE);
            if !expected.contains(&scheme) {
                assert_eq!(signature.err(), Some(Error::Provider(ProviderFault::Unsupported)), "{scheme}");
                continue;
            }
            assert_eq!(verify(scheme.into(), &public_key(&key), MESSAGE, &signature.unwrap()), Ok(()), "{scheme}");
        }
    }
}

#[test]
fn each_signature_verifies_with_its_algorithm_and_key_and_no_other() {
    let provider = &mut provider();
    for (der, expected) in KEYS {
        let (key, scheme) = (load(der), expected[0]);
        let signature = sign(provider, &key, scheme, MESSAGE).unwrap();
        for algorithm in ALGORITHMS {
            let verified = verify(algorithm, &public_key(&key), MESSAGE, &signature);
            assert_eq!(verified.is_ok(), algorithm == A::from(scheme), "{scheme} {algorithm:?}");
        }
        for (other, _) in KEYS.iter().filter(|(other, _)| other != der) {
            assert!(verify(scheme.into(), &public_key(&load(other)), MESSAGE, &signature).is_err());
        }
        assert_eq!(
            verify(scheme.into(), &public_key(&key), &MESSAGE[1..], &signature),
            Err(PeerFault::BadSignature.into())
        );
    }
}

#[test]
fn a_changed_bit_of_a_signature_is_refused() {
    let provider = &mut provider();
    for (der, expected) in &KEYS[..5] {
        let (key, scheme) = (load(der), expected[0]);
        let signature = sign(provider, &key, scheme, MESSAGE).unwrap();
        for bit in (0..signature.len() * 8).step_by(3) {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                verify(scheme.into(), &public_key(&key), MESSAGE, &changed),
                Err(PeerFault::BadSignature.into())
            );
        }
        for cut in [&signature[1..], &signature[..signature.len() - 1], &[]] {
            assert_eq!(verify(scheme.into(), &public_key(&key), MESSAGE, cut), Err(PeerFault::BadSignature.into()));
        }
        let longer = [&signature[..], &[0]].concat();
        assert_eq!(verify(scheme.into(), &public_key(&key), MESSAGE, &longer), Err(PeerFault::BadSignature.into()));
    }
}

#[test]
fn public_keys_that_are_none_are_refused() {
    for (der, expected) in KEYS {
        let algorithm = A::from(expected[0]);
        let key = public_key(&load(der));
        for bad in [&[][..], &key[1..], &key[..key.len() - 1], &[&key[..], &[0]].concat()] {
            assert_eq!(verify(algorithm, bad, MESSAGE, &[0; 64]), Err(CertificateFault::Unsupported.into()));
        }
    }
    // A compressed point.
    let point = public_key(&load(P256));
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    assert_eq!(verify(A::EcdsaP256Sha256, &compressed, MESSAGE, &[]), Err(CertificateFault::Unsupported.into()));
    // An even modulus: the first byte of the exponent's tag follows the last one of the modulus.
    let mut even = public_key(&load(RSA_2048));
    let last = even.len() - 6;
    assert_eq!(even[last + 1..], [2, 3, 1, 0, 1]);
    even[last] &= 0xfe;
    assert_eq!(verify(A::RsaPssSha256, &even, MESSAGE, &[0; 256]), Err(CertificateFault::Unsupported.into()));
}

#[test]
fn certificates_may_pair_a_curve_with_another_hash() {
    use p256::ecdsa::signature::DigestSigner;
    let key = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
    let signature: p256::ecdsa::DerSignature = key.sign_digest(|hash: &mut sha2::Sha384| {
        digest::Update::update(hash, MESSAGE);
    });
    let public = key.verifying_key().to_sec1_point(false);
    assert_eq!(verify(A::EcdsaP256Sha384, public.as_bytes(), MESSAGE, signature.as_bytes()), Ok(()));
    assert!(verify(A::EcdsaP256Sha256, public.as_bytes(), MESSAGE, signature.as_bytes()).is_err());

    let key = p384::ecdsa::SigningKey::from_slice(&[9; 48]).unwrap();
    let signature: p384::ecdsa::DerSignature = key.sign_digest(|hash: &mut sha2::Sha256| {
        digest::Update::update(hash, MESSAGE);
    });
    let public = key.verifying_key().to_sec1_point(false);
    assert_eq!(verify(A::EcdsaP384Sha256, public.as_bytes(), MESSAGE, signature.as_bytes()), Ok(()));
    assert!(verify(A::EcdsaP384Sha384, public.as_bytes(), MESSAGE, signature.as_bytes()).is_err());
}

#[test]
fn so_they_may_with_sha512_and_with_p521() {
    use sha2::{Digest, Sha256, Sha384, Sha512};
    use signature::hazmat::PrehashSigner;
    let hashes = [Sha256::digest(MESSAGE).to_vec(), Sha384::digest(MESSAGE).to_vec(), Sha512::digest(MESSAGE).to_vec()];
    let p256 = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
    let p384 = p384::ecdsa::SigningKey::from_slice(&[9; 48]).unwrap();
    let p521 = p521::ecdsa::SigningKey::from_slice(&[&[0][..], &[9; 65]].concat()).unwrap();
    let algorithms = [
        [A::EcdsaP256Sha256, A::EcdsaP256Sha384, A::EcdsaP256Sha512],
        [A::EcdsaP384Sha256, A::EcdsaP384Sha384, A::EcdsaP384Sha512],
        [A::EcdsaP521Sha256, A::EcdsaP521Sha384, A::EcdsaP521Sha512],
    ];
    for (at, hash) in hashes.iter().enumerate() {
        let p256_signature: p256::ecdsa::DerSignature = p256.sign_prehash(hash).unwrap();
        let p384_signature: p384::ecdsa::DerSignature = p384.sign_prehash(hash).unwrap();
        let p521_signature: p521::ecdsa::DerSignature = p521.sign_prehash(hash).unwrap();
        let signed = [
            (p256.verifying_key().to_sec1_point(false).as_bytes().to_vec(), p256_signature.as_bytes().to_vec()),
            (p384.verifying_key().to_sec1_point(false).as_bytes().to_vec(), p384_signature.as_bytes().to_vec()),
            (p521.verifying_key().to_sec1_point(false).as_bytes().to_vec(), p521_signature.as_bytes().to_vec()),
        ];
        for (with, (public, signature)) in algorithms.iter().zip(&signed) {
            for (other, algorithm) in with.iter().enumerate() {
                let verified = verify(*algorithm, public, MESSAGE, signature);
                assert_eq!(verified.is_ok(), other == at, "{algorithm:?}");
            }
        }
    }
}

/// RFC 6979 A.2.7, SHA-512, "sample": the nonces of P-521 are not cut.
#[test]
fn nonces_on_p521_are_those_of_rfc_6979() {
    use hex_literal::hex;
    use p521::ecdsa::signature::Signer;
    let key = hex!(
        "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db"
        "89ec0c08b0e996b83538"
    );
    let signature: p521::ecdsa::Signature = p521::ecdsa::SigningKey::from_slice(&key).unwrap().sign(b"sample");
    let expected = hex!(
        "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc9"
        "1f9b15bf05ec36e377fa"
        "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc"
        "43997f1ee0e44da4a67a"
    );
    assert_eq!(signature.to_bytes()[..], expected);
}

#[test]
fn short_rsa_keys_are_for_who_asks_for_them() {
    use pkcs8::DecodePrivateKey;
    use rsa::pkcs1::EncodeRsaPublicKey;
    let key = rsa::PrivateKey::from_pkcs8_der(RSA_1024).unwrap();
    let public = key.as_public_key().to_pkcs1_der().unwrap();
    let signature = key.pss_sign_with_rng::<sha2::Sha256, _>(&mut Repeatable(3), MESSAGE).unwrap();
    let refused = verify(A::RsaPssSha256, public.as_bytes(), MESSAGE, &signature);
    assert_eq!(refused, Err(CertificateFault::Unsupported.into()));
    let verified = verify_with::<SignatureVerifier<1024>>(A::RsaPssSha256, public.as_bytes(), MESSAGE, &signature);
    assert_eq!(verified, Ok(()));
    let refused = verify_with::<SignatureVerifier<1025>>(A::RsaPssSha256, public.as_bytes(), MESSAGE, &signature);
    assert_eq!(refused, Err(CertificateFault::Unsupported.into()));
}

#[test]
fn the_salt_is_as_long_as_the_hash() {
    use pkcs8::DecodePrivateKey;
    use rsa::pss::SigningKey as Pss;
    use rsa::signature::{RandomizedSigner, SignatureEncoding};
    let key = rsa::PrivateKey::from_pkcs8_der(RSA_2048).unwrap();
    let public = public_key(&load(RSA_2048));
    for salt_len in [0, 20, 31, 32, 33, 64] {
        let signature = Pss::<sha2::Sha256>::new_with_salt_len(key.clone(), salt_len)
            .try_sign_with_rng(&mut Repeatable(4), MESSAGE)
            .unwrap();
        let expected = if salt_len == 32 { Ok(()) } else { Err(PeerFault::BadSignature.into()) };
        assert_eq!(verify(A::RsaPssSha256, &public, MESSAGE, &signature.to_vec()), expected, "{salt_len}");
    }
}

#[test]
fn what_is_random_comes_from_the_provider() {
    for (der, expected) in KEYS {
        let (key, scheme) = (load(der), expected[0]);
        let one = sign(&mut RustCrypto(Repeatable(1)), &key, scheme, MESSAGE).unwrap();
        let same = sign(&mut RustCrypto(Repeatable(1)), &key, scheme, MESSAGE).unwrap();
        let other = sign(&mut RustCrypto(Repeatable(2)), &key, scheme, MESSAGE).unwrap();
        assert_eq!(one, same);
        if scheme == S::ED25519 {
            assert_eq!(one, other);
            assert!(sign(&mut failing(), &key, scheme, MESSAGE).is_ok());
        } else {
            assert_ne!(one, other);
            assert_eq!(
                error(sign(&mut failing(), &key, scheme, MESSAGE)),
                Some(Error::Provider(ProviderFault::RandomFailed))
            );
        }
    }
}

#[test]
fn a_small_buffer_is_told_how_much_is_needed() {
    fn poll<P: CryptoProvider>(provider: &mut P, key: &SigningKey, scheme: S, out: &mut [u8]) -> Result<usize, Error> {
        ready(key.poll_sign(provider, scheme, MESSAGE, out))
    }
    for (der, expected) in KEYS {
        let (key, scheme) = (load(der), expected[0]);
        let needed = poll(&mut provider(), &key, scheme, &mut [0; 512]).unwrap();
        let mut small = vec![0; needed - 1];
        let refused = poll(&mut provider(), &key, scheme, &mut small);
        assert_eq!(refused, Err(Error::TransmitBufferTooSmall(ByteCount::new(needed))), "{scheme}");
        assert_eq!(poll(&mut provider(), &key, scheme, &mut vec![0; needed]), Ok(needed));
    }
}

#[test]
fn ed25519_keys_of_small_order_are_refused() {
    use ed25519_dalek::Verifier;
    // The neutral element as key and as R, and S = 0: one signature for all messages.
    let mut key = [0; 32];
    key[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let lenient = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    assert!(lenient.verify(MESSAGE, &signature.into()).is_ok());
    assert_eq!(verify(A::Ed25519, &key, MESSAGE, &signature), Err(PeerFault::BadSignature.into()));
}

#[test]
fn algorithms_that_are_not_built_are_refused() {
    for scheme in [S::ED448, S::RSA_PKCS1_SHA1, S::ECDSA_SHA1, S(0)] {
        assert_eq!(verify(A::from(scheme), &[4; 133], MESSAGE, &[0; 64]), Err(ProviderFault::Unsupported.into()));
    }
    let provider = provider();
    for scheme in provider.signature_schemes() {
        assert_ne!(verify((*scheme).into(), &[], MESSAGE, &[]), Err(ProviderFault::Unsupported.into()), "{scheme}");
    }
}
