//! Imported keys (RFC 9258).

use crate::support::forger::{Forger, Step, Tested, hash};
use crate::support::*;
use saitls_core::codes::ExtensionType as E;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{Label, Secret as _, SoftwareSecret};
use saitls_core::error::Misconfiguration;
use saitls_core::psk::*;
use saitls_core::wire::extensions::PskIdentity;
use saitls_core::{Error, PeerFault};

const KEY: &[u8] = &[0x5a; 32];
const HASHES: [HashAlgorithm; 2] = [HashAlgorithm::Sha256, HashAlgorithm::Sha384];

fn identity(target: HashAlgorithm) -> Vec<u8> {
    let mut room = [0; 64];
    let len = ImportedKey::write_identity(b"pump-17", b"plant 3", target, &mut room).unwrap();
    room[..len].to_vec()
}

#[test]
fn both_sides_import_for_either_hash() {
    let identities = HASHES.map(identity);
    for own_hash in HASHES {
        let [sha256, sha384] = [0, 1].map(|at| ImportedKey::new(&identities[at], KEY).unwrap().with_hash(own_hash));
        let both = [PreSharedKey::imported(&sha384), PreSharedKey::imported(&sha256)];
        for target in HASHES {
            let suites = [if target == HashAlgorithm::Sha256 { 0x1301 } else { 0x1302 }].map(CipherSuite);
            for shares in [None, Some(&[][..])] {
                let mut client_config = ClientConfig::psk_only(&both);
                if let Some(shares) = shares {
                    client_config = client_config.with_key_shares(shares);
                }
                let server_config = ServerConfig::psk_only(&both).with_cipher_suites(&suites);
                let mut pair = Pair::new(client(&client_config), server(&server_config));
                pair.connect();
                let negotiated = pair.server.negotiated().unwrap();
                assert_eq!(negotiated.psk, Some(PskKind::Imported));
                assert_eq!(negotiated.psk_identity, Some(&identity(target)[..]));
                assert_eq!(negotiated.cipher_suite, suites[0]);
                pair.exchange(b"ping", true);
            }
        }
    }
}

/// As RFC 9258 says, step by step; with its own binder, and no other one.
#[test]
fn the_imported_key_and_its_binder() {
    for target in HASHES {
        let imported_identity = identity(target);
        let tail = [0, 7].iter().chain(b"pump-17").chain(&[0, 7]).chain(b"plant 3").chain(&[3, 4, 0]);
        let tail: Vec<u8> = tail.copied().chain([if target == HashAlgorithm::Sha256 { 1 } else { 2 }]).collect();
        assert_eq!(imported_identity, tail);
        let mut provider = provider(3);
        let external = SoftwareSecret::new(KEY).unwrap();
        let sha256 = HashAlgorithm::Sha256;
        let extracted = SoftwareSecret::extract(&mut provider, sha256, None, Some(&external)).unwrap();
        let mut imported = vec![0; target.output_len()];
        let context = hash(sha256, &imported_identity);
        extracted.export(&mut provider, sha256, &Label::tls13(b"derived psk"), &context, &mut imported).unwrap();
        let key = ImportedKey::new(&imported_identity, KEY).unwrap();
        let psks = [PreSharedKey::imported(&key)];
        let config = ServerConfig::psk_only(&psks);
        for (label, right) in [(&b"imp binder"[..], true), (b"ext binder", false), (b"res binder", false)] {
            let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
            forger.suite = CipherSuite(if target == sha256 { 0x1301 } else { 0x1302 });
            forger.psk = Some(imported.clone());
            let mut hello = forger.make_client_hello();
            hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
            let extension = |binder: &[u8]| {
                written(|writer| {
                    writer.vector16(|writer| {
                        PskIdentity { identity: &imported_identity, obfuscated_ticket_age: 0 }.write(writer);
                    });
                    writer.vector16(|writer| writer.vector8(|writer| writer.bytes(binder)));
                })
            };
            hello.extensions().push(E::PRE_SHARED_KEY, extension(&vec![0; target.output_len()]));
            let message = hello.message();
            let truncated = &message[..message.len() - 3 - target.output_len()];
            let binder = forger.binder_of(label, target, &imported, truncated);
            hello.extensions().set(E::PRE_SHARED_KEY, extension(&binder));
            let result = forger.hello(&mut tested, &hello);
            if right {
                result.unwrap();
                forger.step(&mut tested, Step::Finished).unwrap();
                assert!(tested.connection.is_connected());
            } else {
                assert_eq!(result, Err(PeerFault::BadBinder.into()));
            }
        }
    }
}

#[test]
fn what_is_no_imported_identity_is_refused() {
    let wrong = Error::InvalidConfiguration(Misconfiguration::PreSharedKey);
    let good = identity(HashAlgorithm::Sha256);
    let refused = |identity: &[u8], key: &[u8]| ImportedKey::new(identity, key).err();
    assert_eq!(refused(&good, KEY), None);
    assert_eq!(refused(&good, &[1; 15]), Some(wrong));
    for len in 0..good.len() {
        assert_eq!(refused(&good[..len], KEY), Some(wrong), "{len}");
    }
    // Another protocol, another KDF, one byte more, no name.
    for (at, value) in [(good.len() - 4, 2), (good.len() - 1, 9)] {
        let mut changed = good.clone();
        changed[at] = value;
        assert_eq!(refused(&changed, KEY), Some(wrong));
    }
    assert_eq!(refused(&[&good[..], &[0]].concat(), KEY), Some(wrong));
    assert_eq!(refused(&[0, 0, 0, 0, 3, 4, 0, 1], KEY), Some(wrong));
    assert_eq!(ImportedKey::write_identity(b"", b"", HASHES[0], &mut [0; 64]), Err(wrong));
    assert_eq!(ImportedKey::write_identity(b"pump-17", b"", HASHES[0], &mut [0; 14]), Err(wrong));
    assert_eq!(ImportedKey::write_identity(b"pump-17", b"", HASHES[0], &mut [0; 15]), Ok(15));
}
