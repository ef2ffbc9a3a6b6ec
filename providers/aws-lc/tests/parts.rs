//! Hash and AEAD give the bytes that RustCrypto gives.

use crate::{Other, WithCcm};
use saitls_aws_lc::AwsLc;
use saitls_core::codes::{CipherSuite, HashAlgorithm};
use saitls_core::crypto::{Aead as _, CryptoProvider, Hash as _};
use saitls_core::{Error, PeerFault, ProviderFault};
use saitls_rustcrypto::RustCrypto;

const SUITES: [CipherSuite; 3] =
    [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256];

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 256) as u8).collect()
}

fn hashes<P: CryptoProvider>(provider: &mut P, algorithm: HashAlgorithm) -> Vec<Vec<u8>> {
    let mut hash = P::Hash::start(provider, algorithm).unwrap();
    let mut all = Vec::new();
    for len in [0, 1, 31, 63, 64, 65, 127, 128, 129, 1000] {
        hash.update(provider, &pattern(len)).unwrap();
        all.push(hash.snapshot(provider).unwrap().as_bytes().to_vec());
    }
    all.push(hash.finish(provider).unwrap().as_bytes().to_vec());
    all
}

#[test]
fn hashes_are_the_same() {
    for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
        assert_eq!(hashes(&mut AwsLc, algorithm), hashes::<Other>(&mut RustCrypto::os(), algorithm));
    }
}

fn seal<P: CryptoProvider>(provider: &mut P, suite: CipherSuite, len: usize) -> Vec<u8> {
    let mut aead = P::Aead::from_key(provider, suite, &pattern(suite.key_len())).unwrap();
    let mut record = pattern(len + suite.tag_len());
    aead.seal(provider, &[9; 12], &[23, 3, 3, 1, 2], &mut record).unwrap();
    record
}

#[test]
fn records_are_the_same_and_open() {
    for suite in SUITES {
        for len in [0, 1, 15, 16, 17, 255, 1400, 16_385] {
            let mut record = seal(&mut AwsLc, suite, len);
            assert_eq!(record, seal::<Other>(&mut RustCrypto::os(), suite, len), "{suite} {len}");
            let mut aead =
                <AwsLc as CryptoProvider>::Aead::from_key(&mut AwsLc, suite, &pattern(suite.key_len())).unwrap();
            aead.open(&mut AwsLc, &[9; 12], &[23, 3, 3, 1, 2], &mut record).unwrap();
            assert_eq!(record[..len], pattern(len + 16)[..len]);
        }
    }
}

#[test]
fn what_was_touched_does_not_open() {
    for suite in SUITES {
        let record = seal(&mut AwsLc, suite, 40);
        let mut aead = <AwsLc as CryptoProvider>::Aead::from_key(&mut AwsLc, suite, &pattern(suite.key_len())).unwrap();
        let mut open = |nonce, aad: &[u8], record: &[u8]| aead.open(&mut AwsLc, &nonce, aad, &mut record.to_vec());
        assert_eq!(open([9; 12], &[23, 3, 3, 1, 2], &record), Ok(()));
        for bit in 0..record.len() * 8 {
            let mut changed = record.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open([9; 12], &[23, 3, 3, 1, 2], &changed), Err(PeerFault::BadRecordMac.into()));
        }
        assert_eq!(open([8; 12], &[23, 3, 3, 1, 2], &record), Err(PeerFault::BadRecordMac.into()));
        assert_eq!(open([9; 12], &[23, 3, 3, 1, 3], &record), Err(PeerFault::BadRecordMac.into()));
        for len in 0..record.len() {
            assert_eq!(open([9; 12], &[23, 3, 3, 1, 2], &record[..len]), Err(PeerFault::BadRecordMac.into()));
        }
        assert_eq!(aead.seal(&mut AwsLc, &[9; 12], &[], &mut [0; 15]), Err(PeerFault::BadRecordMac.into()));
    }
}

#[test]
fn keys_have_the_length_of_their_suite() {
    for suite in SUITES {
        for len in [0, 15, 16, 17, 31, 32, 33].into_iter().filter(|len| *len != suite.key_len()) {
            let key = <AwsLc as CryptoProvider>::Aead::from_key(&mut AwsLc, suite, &vec![1; len]);
            assert_eq!(key.err(), Some(Error::Provider(ProviderFault::Unsupported)));
        }
    }
    let key = <AwsLc as CryptoProvider>::Aead::from_key(&mut AwsLc, CipherSuite::AES_128_CCM_SHA256, &[1; 16]);
    assert_eq!(key.err(), Some(Error::Provider(ProviderFault::Unsupported)));
}

#[test]
fn suites_that_are_missing_come_from_another_provider() {
    for suite in [CipherSuite::AES_128_CCM_SHA256, CipherSuite::AES_128_GCM_SHA256] {
        assert_eq!(seal(&mut WithCcm, suite, 100), seal::<Other>(&mut RustCrypto::os(), suite, 100));
    }
}
