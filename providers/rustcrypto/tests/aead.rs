//! Every suite: round trips, and nothing that was touched opens.

use crate::common::{Repeatable, bytes, provider};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead as _, CryptoProvider, Label, Nonce, Secret as _};
use saitls_core::{Error, PeerFault, ProviderFault, Result};
use saitls_rustcrypto::{Aead, RustCrypto};

const SUITES: [CipherSuite; 5] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
    CipherSuite::AES_128_CCM_8_SHA256,
];
const NONCE: Nonce = [7; 12];
const AAD: &[u8] = &[23, 3, 3, 0, 42];

fn keyed(suite: CipherSuite, seed: u64) -> Aead {
    Aead::from_key(&mut provider(), suite, &bytes(suite.key_len(), seed)).unwrap()
}

/// `text`, sealed, and its tag.
fn seal(aead: &mut Aead, suite: CipherSuite, text: &[u8]) -> Vec<u8> {
    let mut record = text.to_vec();
    record.resize(text.len() + suite.tag_len(), 0xaa);
    aead.seal(&mut provider(), &NONCE, AAD, &mut record).unwrap();
    record
}

fn open(aead: &mut Aead, nonce: &Nonce, aad: &[u8], record: &[u8]) -> Result<Vec<u8>> {
    let mut record = record.to_vec();
    aead.open(&mut provider(), nonce, aad, &mut record).map(|()| record)
}

#[test]
fn opens_what_it_sealed() {
    for suite in SUITES {
        for len in [0, 1, 15, 16, 17, 31, 32, 33, 255, 1400, 16385] {
            let text = bytes(len, 2);
            let record = seal(&mut keyed(suite, 1), suite, &text);
            assert_eq!(record.len(), len + suite.tag_len());
            if len >= 16 {
                assert_ne!(record[..len], text);
            }
            let opened = open(&mut keyed(suite, 1), &NONCE, AAD, &record).unwrap();
            assert_eq!(opened[..len], text);
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_refused() {
    for suite in SUITES {
        let mut aead = keyed(suite, 1);
        let record = seal(&mut aead, suite, &bytes(40, 2));
        for bit in 0..record.len() * 8 {
            let mut changed = record.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&mut aead, &NONCE, AAD, &changed), Err(PeerFault::BadRecordMac.into()), "{suite} {bit}");
        }
        for bit in 0..NONCE.len() * 8 {
            let mut nonce = NONCE;
            nonce[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&mut aead, &nonce, AAD, &record), Err(PeerFault::BadRecordMac.into()));
        }
        for bit in 0..AAD.len() * 8 {
            let mut aad = AAD.to_vec();
            aad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&mut aead, &NONCE, &aad, &record), Err(PeerFault::BadRecordMac.into()));
        }
        assert_eq!(open(&mut aead, &NONCE, &AAD[..4], &record), Err(PeerFault::BadRecordMac.into()));
        assert_eq!(open(&mut keyed(suite, 3), &NONCE, AAD, &record), Err(PeerFault::BadRecordMac.into()));
        assert!(open(&mut aead, &NONCE, AAD, &record).is_ok());
    }
}

#[test]
fn what_is_too_short_or_cut_is_refused() {
    for suite in SUITES {
        let mut aead = keyed(suite, 1);
        let record = seal(&mut aead, suite, &bytes(20, 2));
        for len in 0..record.len() {
            assert_eq!(
                open(&mut aead, &NONCE, AAD, &record[..len]),
                Err(PeerFault::BadRecordMac.into()),
                "{suite} {len}"
            );
        }
        let mut short = vec![0; suite.tag_len() - 1];
        assert!(aead.seal(&mut provider(), &NONCE, AAD, &mut short).is_err());
    }
}

#[test]
fn keys_and_suites_must_fit() {
    for suite in SUITES {
        assert!(<Aead as saitls_core::crypto::Aead<RustCrypto<Repeatable>>>::supports(suite));
        for len in [0, 15, 16, 17, 24, 31, 32, 33] {
            let fits = len == suite.key_len();
            let keyed = Aead::from_key(&mut provider(), suite, &vec![0; len]);
            assert_eq!(keyed.err(), (!fits).then_some(Error::Provider(ProviderFault::Unsupported)), "{suite} {len}");
        }
    }
    let unknown = CipherSuite(0x1306);
    assert!(!<Aead as saitls_core::crypto::Aead<RustCrypto<Repeatable>>>::supports(unknown));
    assert_eq!(
        Aead::from_key(&mut provider(), unknown, &[0; 16]).err(),
        Some(Error::Provider(ProviderFault::Unsupported))
    );
}

#[test]
fn the_key_of_a_traffic_secret_is_its_export() {
    for suite in SUITES {
        let secret = crate::common::secret(&bytes(suite.hash().output_len(), 4));
        let mut key = vec![0; suite.key_len()];
        secret.export(&mut provider(), suite.hash(), &Label::tls13(b"key"), b"", &mut key).unwrap();
        let mut direct = Aead::from_key(&mut provider(), suite, &key).unwrap();
        let mut derived = Aead::from_secret(&mut provider(), suite, &secret, &Label::tls13(b"key")).unwrap();
        assert_eq!(seal(&mut direct, suite, b"text"), seal(&mut derived, suite, b"text"));
    }
}

#[test]
fn offered_suites_are_supported_and_have_long_tags() {
    let provider = provider();
    let offered = provider.cipher_suites();
    assert_eq!(offered.len(), 4);
    for suite in offered {
        assert!(<Aead as saitls_core::crypto::Aead<RustCrypto<Repeatable>>>::supports(*suite));
        assert_eq!(suite.tag_len(), 16);
    }
}
