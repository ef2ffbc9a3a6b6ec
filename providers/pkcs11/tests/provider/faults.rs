//! What tokens do that they should not, and what they cannot: the spy stands in between.

use crate::peers::{connect, software};
use crate::tokens::{Provider, count, open, order, with_each_by};
use crate::{child, mock};
use saitls_conformance::{Conformance, Random};
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::crypto::{Aead, CryptoProvider, KeyExchange, Label, Secret};
use saitls_core::error::{Error, ProviderFault};
use saitls_pkcs11::{TokenAead, TokenError, TokenKeyExchange, TokenProvider, TokenSecret, Uri};
use saitls_rustcrypto::RustCrypto;
use std::task::Poll;
use std::time::Duration;

const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
const FAILED: Error = Error::Provider(ProviderFault::CryptoFailed);

fn with_spy(test: &str, orders: &str, body: impl FnOnce(&Uri)) {
    let spy = child::folder().is_none().then(mock::module);
    with_each_by(test, spy.as_deref().map(|spy| (spy, orders)), body);
}

/// A module of PKCS#11 2.40: each record is an operation.
#[test]
fn records_may_be_an_operation_each() {
    with_spy("faults::records_may_be_an_operation_each", "old", |uri| {
        let provider = |random| TokenProvider::open(uri, RustCrypto(random)).unwrap();
        let mut tried = provider(Random::system());
        let suites = tried.cipher_suites().to_vec();
        assert_eq!(suites.len(), 3);
        suites.into_iter().for_each(|suite| assert_eq!(tried.records(suite), Some("an operation each")));
        connect(&mut tried, &mut software(), None, 3);
        connect(&mut software(), &mut tried, None, 3);
        drop(tried);
        Conformance::new(|| provider(Random::system())).run_only("aead/").assert();
    });
}

/// An operation that failed and goes on: its session is not given to the next key.
#[test]
fn what_is_left_of_an_operation_meets_no_other_key() {
    with_spy("faults::what_is_left_of_an_operation_meets_no_other_key", "old", |uri| {
        let mut provider = open(uri);
        let secret = TokenSecret::import(&mut provider, &[1; 32]).unwrap();
        let key =
            |provider: &mut Provider| TokenAead::from_secret(provider, SUITE, &secret, &Label::tls13(b"key")).unwrap();
        let (mut sound, mut stuck) = (key(&mut provider), key(&mut provider));
        sound.seal(&mut provider, &[0; 12], b"12345", &mut [0; 40]).unwrap();
        order("old stuck");
        assert_eq!(stuck.seal(&mut provider, &[1; 12], b"12345", &mut [0; 40]), Err(FAILED));
        order("old");
        drop(stuck);
        for number in 2..6 {
            let mut other = key(&mut provider);
            other.seal(&mut provider, &[number; 12], b"12345", &mut [0; 40]).unwrap();
        }
        connect(&mut provider, &mut software(), None, 2);
    });
}

/// Begins a key exchange and has it fail, since its session has ended.
fn lose(provider: &mut Provider) {
    let mut exchange = TokenKeyExchange::start(provider, NamedGroup::X25519).unwrap();
    assert_eq!(exchange.poll_generate(provider, &mut [0; 32]), Poll::Ready(Err(FAILED)));
    assert!(matches!(provider.failure(), Some(TokenError::Gone(_))), "{:?}", provider.failure());
}

/// A token counts wrong PINs and locks itself: one that was wrong is not tried again.
#[test]
fn a_wrong_pin_is_tried_once() {
    with_spy("faults::a_wrong_pin_is_tried_once", "locked", |uri| {
        let uri = format!("{uri}&pin-value=1234").parse().unwrap();
        let mut provider = open(&uri);
        connect(&mut provider, &mut software(), None, 0);
        order("locked gone");
        lose(&mut provider);
        order("locked changed");
        let before = count("login");
        for _ in 0..3 {
            assert!(matches!(TokenKeyExchange::start(&mut provider, NamedGroup::X25519), Err(FAILED)));
            assert_eq!(provider.failure(), Some(&TokenError::WrongPin));
            std::thread::sleep(Duration::from_millis(1100));
        }
        assert_eq!(count("login"), before + 1);
    });
}

/// A token that is away is looked for with its module started anew, which ends what others have in it: ever more
/// seldom.
#[test]
fn others_of_the_module_are_let_be() {
    with_spy("faults::others_of_the_module_are_let_be", "", |uri| {
        let mut provider = open(uri);
        let mut other = open(uri);
        connect(&mut other, &mut software(), None, 0);
        order("gone");
        lose(&mut provider);
        for _ in 0..3 {
            assert!(TokenKeyExchange::start(&mut provider, NamedGroup::X25519).is_err());
            std::thread::sleep(Duration::from_millis(1100));
        }
        // At once and after one second, not after two.
        assert_eq!(count("finalize"), 2);
        order("");
        // It is back for the other, which did not look for it meanwhile.
        connect(&mut other, &mut software(), None, 1);
    });
}
