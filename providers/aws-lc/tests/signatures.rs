//! Each signs what the other verifies, and nothing else passes.

use crate::{Other, ready, sign};
use saitls_aws_lc::{AwsLc, SignatureVerifier, SigningKey};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier as _};
use saitls_core::error::{CertificateFault, Error, PeerFault, ProviderFault, Result};
use saitls_rustcrypto::RustCrypto;

const MESSAGE: &[u8] = b"130 or 146 bytes as a rule";

fn verify<P: CryptoProvider>(
    provider: &mut P,
    algorithm: SignatureAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let mut verifier = P::SignatureVerifier::start(provider, algorithm)?;
    ready(verifier.poll_verify(provider, key, message, signature))
}

fn keys() -> Vec<(SigningKey, saitls_rustcrypto::SigningKey, Vec<u8>)> {
    let ders: [&[u8]; 7] = [
        include_bytes!("../../rustcrypto/tests/data/p256.pkcs8.der"),
        include_bytes!("../../rustcrypto/tests/data/p384.pkcs8.der"),
        include_bytes!("../../rustcrypto/tests/data/p521.pkcs8.der"),
        include_bytes!("../../rustcrypto/tests/data/ed25519.pkcs8.der"),
        include_bytes!("../../rustcrypto/tests/data/rsa2048.pkcs8.der"),
        include_bytes!("../../rustcrypto/tests/data/rsa3072.pkcs8.der"),
        include_bytes!("../../rustcrypto/tests/data/rsapss2048.pkcs8.der"),
    ];
    let both = |der| {
        let ours = SigningKey::from_der(der).unwrap();
        let mut public = [0; 1024];
        let len = ours.public_key(&mut public).unwrap();
        (ours, saitls_rustcrypto::SigningKey::from_der(der).unwrap(), public[..len].to_vec())
    };
    ders.into_iter().map(both).collect()
}

#[test]
fn each_verifies_what_the_other_signs() {
    let other: &mut Other = &mut RustCrypto::os();
    for (ours, theirs, public) in keys() {
        assert_eq!(ours.schemes(), theirs.schemes());
        for &scheme in ours.schemes() {
            let algorithm = scheme.into();
            let signature = sign(&mut AwsLc, &ours, scheme, MESSAGE).unwrap();
            assert_eq!(verify(other, algorithm, &public, MESSAGE, &signature), Ok(()), "{scheme}");
            let signature = sign(other, &theirs, scheme, MESSAGE).unwrap();
            assert_eq!(verify(&mut AwsLc, algorithm, &public, MESSAGE, &signature), Ok(()), "{scheme}");
            // Not for another message, not after any change.
            let refused = Err(PeerFault::BadSignature.into());
            assert_eq!(verify(&mut AwsLc, algorithm, &public, b"another", &signature), refused);
            for at in 0..signature.len() {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert_eq!(verify(&mut AwsLc, algorithm, &public, MESSAGE, &changed), refused, "{scheme} {at}");
            }
            for wrong in [&signature[..signature.len() - 1], &signature[1..], &[&signature[..], &[0]].concat(), &[]] {
                assert_eq!(verify(&mut AwsLc, algorithm, &public, MESSAGE, wrong), refused, "{scheme}");
            }
        }
        let foreign = SignatureScheme::RSA_PKCS1_SHA256;
        assert_eq!(sign(&mut AwsLc, &ours, foreign, MESSAGE), Err(ProviderFault::Unsupported.into()));
        let mut small = [0; 16];
        let result = ready(saitls_core::crypto::Signer::<AwsLc>::poll_sign(
            &ours,
            &mut AwsLc,
            ours.schemes()[0],
            MESSAGE,
            &mut small,
        ));
        assert!(matches!(result, Err(Error::TransmitBufferTooSmall(needed)) if needed.get() > 60));
    }
}

#[test]
fn keys_in_another_form_are_refused() {
    let refused = Err(CertificateFault::Unsupported.into());
    for (ours, _, public) in keys() {
        let scheme = ours.schemes()[0];
        let signature = sign(&mut AwsLc, &ours, scheme, MESSAGE).unwrap();
        let mut info = [0; 1024];
        let len = ours.subject_public_key_info(&mut info).unwrap();
        let long = [&public[..], &[0]].concat();
        for wrong in [&info[..len], &public[..public.len() - 1], &long, &[]] {
            assert_eq!(verify(&mut AwsLc, scheme.into(), wrong, MESSAGE, &signature), refused, "{scheme}");
        }
        if public[0] == 4 {
            let compressed = [&[2 + (public[public.len() - 1] & 1)], &public[1..=public.len() / 2]].concat();
            assert_eq!(verify(&mut AwsLc, scheme.into(), &compressed, MESSAGE, &signature), refused);
        }
    }
}

#[test]
fn short_and_long_rsa_keys_are_refused() {
    let modulus = |bits: usize| {
        let mut number = vec![0xff; bits / 8];
        number.insert(0, 0);
        let mut key = vec![0x02, 0x82, (number.len() >> 8) as u8, number.len() as u8];
        key.extend(number);
        key.extend([2, 3, 1, 0, 1]);
        let mut sequence = vec![0x30, 0x82, (key.len() >> 8) as u8, key.len() as u8];
        sequence.extend(key);
        sequence
    };
    for bits in [1024, 2040, 4104, 8192] {
        let result = verify(&mut AwsLc, SignatureAlgorithm::RsaPssSha256, &modulus(bits), MESSAGE, &vec![1; bits / 8]);
        assert_eq!(result, Err(CertificateFault::Unsupported.into()), "{bits}");
    }
    let result = verify(&mut AwsLc, SignatureAlgorithm::RsaPssSha256, &modulus(2048), MESSAGE, &[1; 256]);
    assert_eq!(result, Err(PeerFault::BadSignature.into()));
}

#[test]
fn algorithms_that_are_not_there_are_refused() {
    let algorithm = SignatureAlgorithm::Other(SignatureScheme::ED448);
    assert!(!<SignatureVerifier as saitls_core::crypto::SignatureVerifier<AwsLc>>::supports(algorithm));
    assert_eq!(
        SignatureVerifier::start(&mut AwsLc, algorithm).err(),
        Some(Error::Provider(ProviderFault::Unsupported))
    );
}
