//! The checks of any provider; what goes on at once; what is left.

use crate::child;
use crate::peers::{connect, software};
use crate::softhsm;
use crate::tokens::{open, with_each};
use cryptoki::context::Pkcs11;
use cryptoki::object::Attribute;
use saitls_conformance::{Conformance, Random};
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::crypto::{Aead, CryptoProvider, Label, Secret};
use saitls_core::error::{Error, ProviderFault};
use saitls_pkcs11::{TokenAead, TokenError, TokenProvider, TokenSecret, Uri};
use saitls_rustcrypto::RustCrypto;

/// What tokens do not do here: keep secrets for tickets, take keys, mask for DTLS; and what has nothing to be seen, as
/// values are handles.
const OUTSIDE: &[&str] = &[
    "secret/stored",
    "aead/vectors",
    "aead/mask",
    "key_exchange/vectors",
    "signer/verifies",
    "signer/refusals",
    "signer/interleaved",
    "wiping/secret",
    "wiping/aead",
    "wiping/key_exchange",
    "handshake/pending",
];

#[test]
fn conforms() {
    with_each("conformance::conforms", |uri| {
        let provider = |random| TokenProvider::open(uri, RustCrypto(random)).unwrap();
        let tried = provider(Random::system());
        let suites: Vec<_> = tried.cipher_suites().iter().map(|suite| (suite, tried.records(*suite))).collect();
        println!("{:?}, {suites:?}", tried.named_groups());
        assert!(tried.named_groups().contains(&NamedGroup::X25519));
        assert_eq!(suites.len(), 3);
        drop(tried);
        let conformance = Conformance::new(|| provider(Random::system())).with_random(provider).run();
        conformance.assert_complete_but(OUTSIDE);
    });
}

/// Each with a session of its own, all with one module: 8 threads with 10 handshakes each.
#[test]
fn threads_do_not_meet() {
    with_each("conformance::threads_do_not_meet", |uri| {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut provider = open(uri);
                    for number in 0..10 {
                        if number % 2 == 0 {
                            connect(&mut provider, &mut software(), None, 3);
                        } else {
                            connect(&mut software(), &mut provider, None, 3);
                        }
                    }
                });
            }
        });
    });
}

/// Many connections of one provider, and new keys in each.
#[test]
fn nothing_is_left_when_connections_are_gone() {
    with_each("conformance::nothing_is_left_when_connections_are_gone", |uri| {
        let mut provider = open(uri);
        let context = Pkcs11::new(uri.module_path.as_ref().unwrap()).unwrap();
        let slots = context.get_slots_with_token().unwrap();
        let sessions: Vec<_> = slots.into_iter().map(|slot| context.open_ro_session(slot).unwrap()).collect();
        let objects = || -> usize {
            let of_sessions = [Attribute::Token(false)];
            sessions.iter().map(|session| session.find_objects(&of_sessions).unwrap().len()).sum()
        };
        connect(&mut provider, &mut software(), None, 1);
        // What is kept are keys of zeros, one for each hash.
        let kept = objects();
        assert_eq!(kept, 2);
        for _ in 0..5 {
            connect(&mut provider, &mut software(), None, 5);
            connect(&mut software(), &mut provider, None, 5);
            assert_eq!(objects(), kept);
        }
        // It is seen if it is there.
        let secret = TokenSecret::import(&mut provider, &[1; 32]).unwrap();
        assert_eq!(objects(), kept + 1);
        drop(secret);
        assert_eq!(objects(), kept);
    });
}

/// `C_CloseAllSessions`, which the crate `cryptoki` does not have.
#[allow(unsafe_code)]
fn close_all_sessions(uri: &Uri, slot: u64) {
    // SAFETY: the module is in use, and its list of functions stays where it is.
    unsafe {
        let library = cryptoki_sys::Pkcs11::new(uri.module_path.as_ref().unwrap()).unwrap();
        let mut list = std::ptr::null_mut();
        assert_eq!(library.C_GetFunctionList.as_ref().unwrap()(&mut list), cryptoki_sys::CKR_OK);
        assert_eq!((*list).C_CloseAllSessions.unwrap()(slot as cryptoki_sys::CK_SLOT_ID), cryptoki_sys::CKR_OK);
    }
}

/// Somebody ends all sessions: what was in them is gone, in words, and the next connection has a session again.
#[test]
fn a_session_that_ended_is_had_again() {
    with_each("conformance::a_session_that_ended_is_had_again", |uri| {
        let mut provider = open(uri);
        let context = Pkcs11::new(uri.module_path.as_ref().unwrap()).unwrap();
        connect(&mut provider, &mut software(), None, 1);
        let secret = TokenSecret::import(&mut provider, &[1; 32]).unwrap();
        for slot in context.get_slots_with_token().unwrap() {
            close_all_sessions(uri, slot.id());
        }
        let hash = saitls_core::codes::HashAlgorithm::Sha256;
        for _ in 0..2 {
            let derived = secret.derive(&mut provider, hash, &Label::tls13(b"derived"), b"");
            assert_eq!(derived.err(), Some(Error::Provider(ProviderFault::CryptoFailed)));
            assert!(matches!(provider.failure(), Some(TokenError::Gone(_))), "{:?}", provider.failure());
        }
        connect(&mut provider, &mut software(), None, 2);
        // What is left of the old session meets nothing of the new one.
        let new = TokenSecret::import(&mut provider, &[1; 32]).unwrap();
        drop(secret);
        assert!(new.derive(&mut provider, hash, &Label::tls13(b"derived"), b"").is_ok());
        connect(&mut software(), &mut provider, None, 2);
    });
}

/// A key seals more records than two bytes count: each with the nonce that software takes for it.
#[test]
fn the_token_counts_as_tls_does() {
    with_each("conformance::the_token_counts_as_tls_does", |uri| {
        let mut provider = open(uri);
        let reference = &mut software();
        let suite = CipherSuite::AES_128_GCM_SHA256;
        assert_eq!(provider.records(suite), Some("messages, counted by the token"));
        let secret = TokenSecret::import(&mut provider, &[7; 32]).unwrap();
        let mut aead = TokenAead::from_secret(&mut provider, suite, &secret, &Label::tls13(b"key")).unwrap();
        let secret = saitls_rustcrypto::Secret::import(reference, &[7; 32]).unwrap();
        let mut other: saitls_rustcrypto::Aead =
            Aead::from_secret(reference, suite, &secret, &Label::tls13(b"key")).unwrap();
        let iv = [0xa5; 12];
        for number in 0..70_000u64 {
            let mut nonce = iv;
            nonce.iter_mut().rev().zip(number.to_be_bytes().iter().rev()).for_each(|(byte, of)| *byte ^= of);
            let mut records = [[1; 40]; 2];
            aead.seal(&mut provider, &nonce, b"12345", &mut records[0]).unwrap();
            // One of a thousand, and those at carries.
            if number % 997 == 0 || (number + 2) % 256 < 4 {
                other.seal(reference, &nonce, b"12345", &mut records[1]).unwrap();
                assert_eq!(records[0], records[1], "record {number}");
            }
        }
    });
}

/// Nothing but nonces and exported keying material is told.
#[test]
fn no_secret_is_told() {
    with_each("conformance::no_secret_is_told", |uri| {
        let mut provider = open(uri);
        let hash = saitls_core::codes::HashAlgorithm::Sha256;
        let secret = TokenSecret::import(&mut provider, &[1; 32]).unwrap();
        for label in [&b"key"[..], b"derived", b"finished", b"c hs traffic", b"resumption", b"traffic upd", b""] {
            let told = secret.export(&mut provider, hash, &Label::tls13(label), b"", &mut [0; 16]);
            assert_eq!(told, Err(ProviderFault::Unsupported.into()), "{label:?}");
        }
        assert_eq!(secret.reveal(&mut provider, &mut [0; 64]), Err(ProviderFault::Unsupported.into()));
        let suite = CipherSuite::AES_128_GCM_SHA256;
        assert!(matches!(
            TokenAead::from_key(&mut provider, suite, &[1; 16]),
            Err(Error::Provider(ProviderFault::Unsupported))
        ));
    });
}

/// SoftHSM derives nothing: that is said, not found out by handshakes that fail.
#[test]
fn a_token_that_cannot_is_refused_in_words() {
    let test = "conformance::a_token_that_cannot_is_refused_in_words";
    let Some(module) = softhsm::module() else {
        assert!(std::env::var_os("SAITLS_REQUIRE_PEERS").is_none(), "SoftHSM is not installed");
        println!("SKIPPED: SoftHSM is not installed (Debian: softhsm2)");
        return;
    };
    if child::folder().is_some() {
        let uri = Uri::of_token(module, "provider", softhsm::PIN);
        let Err(error) = TokenProvider::open(&uri, software()) else { panic!("SoftHSM is taken") };
        println!("{error}");
        assert!(matches!(&error, TokenError::Unfit(_)) && error.to_string().contains("CKM_HKDF_DERIVE"), "{error}");
        return;
    }
    let folder = child::new_folder("unfit");
    let identities = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/identities");
    softhsm::make_token(&folder, "provider", &identities, &["p256"]);
    child::run(test, &folder, &[("SOFTHSM2_CONF", &folder.join("softhsm2.conf"))]);
}
