//! What tokens do that no token does when a test wants it: a module of our own goes away, hangs, and fails.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/child.rs"]
mod child;
#[path = "support/mock.rs"]
mod mock;

use core::task::Poll;
use mock::{calls, module, order};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use saitls_conformance::{Conformance, Random};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{Signer, x509};
use saitls_core::error::{ProviderFault, Result};
use saitls_pkcs11::{Token, TokenError, TokenKey, Uri, list_keys, list_tokens, threads_left_behind};
use saitls_rustcrypto::RustCrypto;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

type Provider = RustCrypto<Random>;

fn with_mock(test: &str, body: fn(&Path)) {
    if let Some(folder) = child::folder() {
        return body(&folder);
    }
    let folder = child::new_folder(test);
    child::run(test, &folder, &[(mock::FOLDER, &folder)]);
}

fn uri(path: &str, query: &str) -> Uri {
    format!("pkcs11:{path}?module-path={}{query}", module().display()).parse().unwrap()
}

fn open() -> Token {
    Token::open(module(), "mock", "1234").unwrap()
}

fn sign(key: &TokenKey) -> Result<usize> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let provider = &mut RustCrypto(Random::system());
    let message = format!("{:>130}", NUMBER.fetch_add(1, Ordering::SeqCst));
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    loop {
        match Signer::<Provider>::poll_sign(key, provider, scheme, message.as_bytes(), &mut [0; 80]) {
            Poll::Ready(signed) => return signed,
            Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Its signatures verify.
fn check(key: &TokenKey) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/identities/p256.pem");
    let certificate = CertificateDer::from_pem_file(file).unwrap();
    let spki = x509::subject_public_key_info(&certificate).unwrap();
    let conformance = Conformance::new(|| RustCrypto(Random::system()));
    conformance.with_signer("p256", key, spki).run_only("signer/").assert_complete_but(&[]);
}

#[test]
fn one_thread_at_a_time_starts_and_stops_a_module() {
    with_mock("one_thread_at_a_time_starts_and_stops_a_module", |folder| {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        assert!(sign(&open().key("p256").unwrap()).is_ok());
                    }
                });
            }
        });
        let calls = calls(folder);
        let count = |name: &str| calls.iter().filter(|call| *call == name).count();
        assert_eq!(count("RACE"), 0);
        assert_eq!((count("C_OpenSession"), count("C_CloseSession")), (320, 320));
        assert_eq!(count("C_Initialize"), count("C_Finalize"));
        println!("started {} times", count("C_Initialize"));
    });
}

#[test]
fn a_key_may_want_a_login_for_each_signature() {
    with_mock("a_key_may_want_a_login_for_each_signature", |folder| {
        let token = open();
        let key = token.key("always").unwrap();
        check(&key);
        calls(folder);
        assert!(sign(&key).is_ok());
        let each = ["C_SignInit", "C_Login for a signature", "C_SignUpdate", "C_SignFinal", "C_SignFinal"];
        assert_eq!(calls(folder), each);
        // A token counts wrong PINs: one is enough.
        order(folder, &["wrong"]);
        for _ in 0..3 {
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            assert_eq!(token.failure(), Some(TokenError::WrongPin));
        }
        assert_eq!(calls(folder).iter().filter(|call| *call == "C_Login for a signature").count(), 1);
        // Other keys are as they were.
        check(&token.key("p256").unwrap());
    });
}

/// Nor is it when the key is looked for anew, whatever it is called, and when keys are listed.
#[test]
fn a_pin_that_is_wrong_for_a_signature_is_tried_once() {
    with_mock("a_pin_that_is_wrong_for_a_signature_is_tried_once", |folder| {
        let token = open();
        let key = token.key("always").unwrap();
        assert!(sign(&key).is_ok());
        order(folder, &["gone"]);
        assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
        order(folder, &["wrong"]);
        calls(folder);
        let since = Instant::now();
        while token.failure() != Some(TokenError::WrongPin) {
            assert!(since.elapsed() < Duration::from_secs(10), "{:?}", token.failure());
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            std::thread::sleep(Duration::from_millis(50));
        }
        let count = |calls: &[String]| calls.iter().filter(|call| *call == "C_Login for a signature").count();
        for _ in 0..5 {
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            assert_eq!(token.failure(), Some(TokenError::WrongPin));
        }
        assert_eq!(token.key("always").err(), Some(TokenError::WrongPin));
        assert_eq!(token.key_with_id(&[2]).err(), Some(TokenError::WrongPin));
        assert_eq!(count(&calls(folder)), 1);
        check(&token.key("p256").unwrap());
        for _ in 0..2 {
            let listed = list_keys(&uri("", "&pin-value=1234")).unwrap();
            assert_eq!(listed[2].1, Ok(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]));
        }
        assert_eq!(count(&calls(folder)), 0);
        // The first signature with a key is no other.
        let token = open();
        for _ in 0..3 {
            assert_eq!(token.key("always").err(), Some(TokenError::WrongPin));
        }
        assert_eq!(count(&calls(folder)), 1);
    });
}

/// What is not said to be a wrong PIN may be one: it is not tried with each handshake.
#[test]
fn a_login_for_a_signature_that_fails_is_not_repeated_at_once() {
    with_mock("a_login_for_a_signature_that_fails_is_not_repeated_at_once", |folder| {
        let token = open();
        let key = token.key("always").unwrap();
        order(folder, &["unwell-later"]);
        calls(folder);
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(2_500) {
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(token.failure(), Some(TokenError::Failed("C_Login: CKR_FUNCTION_FAILED".to_owned())));
        // Now, after one second, and two later.
        let count = calls(folder).iter().filter(|call| *call == "C_Login for a signature").count();
        assert!((1..=2).contains(&count), "{count}");
        order(folder, &[]);
        while sign(&key).is_err() {
            assert!(since.elapsed() < Duration::from_secs(20), "{:?}", token.failure());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_pad_takes_the_pin() {
    with_mock("a_pad_takes_the_pin", |folder| {
        assert_eq!(Token::from_uri(&uri("token=mock", "")).err(), Some(TokenError::NoPin));
        order(folder, &["pad"]);
        let token = Token::from_uri(&uri("token=mock", "")).unwrap();
        check(&token.key("p256").unwrap());
        check(&token.key("always").unwrap());
    });
}

#[test]
fn a_token_that_was_away_comes_back() {
    with_mock("a_token_that_was_away_comes_back", |folder| {
        for way in ["", "after-finalize", "after-close"] {
            order(folder, &[way]);
            let (token, other) = (open(), open());
            let (key, other_key) = (token.key("p256").unwrap(), other.key_with_id(&[7]).unwrap());
            assert!(sign(&key).is_ok() && sign(&other_key).is_ok());
            order(folder, &[way, "gone"]);
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            let failure = token.failure().unwrap();
            assert!(matches!(failure, TokenError::Gone(_)), "{failure}");
            order(folder, &[way]);
            let since = Instant::now();
            while sign(&key).is_err() {
                assert!(since.elapsed() < Duration::from_secs(10), "{way}: {:?}", token.failure());
                std::thread::sleep(Duration::from_millis(50));
            }
            println!("{way:?}: back after {:?}", since.elapsed());
            check(&key);
            if way != "after-close" {
                check(&other_key);
            }
        }
    });
}

/// It may be another token by then, which locks itself after a few wrong PINs.
#[test]
fn a_pin_that_is_wrong_when_a_token_comes_back_is_tried_once() {
    with_mock("a_pin_that_is_wrong_when_a_token_comes_back_is_tried_once", |folder| {
        let token = open();
        let key = token.key("p256").unwrap();
        assert!(sign(&key).is_ok());
        order(folder, &["gone"]);
        assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
        order(folder, &["changed"]);
        calls(folder);
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(3) {
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(token.failure(), Some(TokenError::WrongPin));
        assert_eq!(calls(folder).iter().filter(|call| *call == "C_Login").count(), 1);
    });
}

/// Not every module says of a wrong PIN that it is one.
#[test]
fn a_login_that_fails_is_not_repeated_at_once() {
    with_mock("a_login_that_fails_is_not_repeated_at_once", |folder| {
        let token = open();
        let key = token.key("p256").unwrap();
        order(folder, &["gone"]);
        assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
        order(folder, &["unwell"]);
        calls(folder);
        let failure = TokenError::Failed("C_Login: CKR_FUNCTION_FAILED".to_owned());
        let count = |calls: &[String]| calls.iter().filter(|call| *call == "C_Login").count();
        let since = Instant::now();
        while token.failure().as_ref() != Some(&failure) {
            assert!(since.elapsed() < Duration::from_secs(10), "{:?}", token.failure());
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(count(&calls(folder)), 1);
        // After at least one second, and two more, and four more.
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(5) {
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            std::thread::sleep(Duration::from_millis(20));
        }
        let count = count(&calls(folder));
        assert!((1..=2).contains(&count), "{count}");
        order(folder, &[]);
        while sign(&key).is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "{:?}", token.failure());
            std::thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn a_module_that_does_not_stop_holds_nobody_whose_token_was_not_opened() {
    let test = "a_module_that_does_not_stop_holds_nobody_whose_token_was_not_opened";
    with_mock(test, |folder| {
        order(folder, &["changed", "no-end"]);
        let (sender, opened) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(Token::open(module(), "mock", "1234").err()));
        let error = opened.recv_timeout(Duration::from_secs(60)).expect("it is held");
        assert_eq!(error, Some(TokenError::WrongPin));
        assert_eq!(threads_left_behind(), 1);
        order(folder, &[]);
        let since = Instant::now();
        while threads_left_behind() > 0 {
            assert!(since.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn what_the_token_says_is_told_by_its_name() {
    with_mock("what_the_token_says_is_told_by_its_name", |folder| {
        let token = open();
        let key = token.key("p256").unwrap();
        order(folder, &["fail"]);
        assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
        assert_eq!(token.failure(), Some(TokenError::Failed("C_Sign: CKR_DEVICE_ERROR".to_owned())));
        let error = token.key("nosign").err().unwrap();
        assert!(matches!(&error, TokenError::UnsupportedKey(what) if what.contains("CKA_SIGN")), "{error}");
        order(folder, &["odd"]);
        assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
        let failure = token.failure().unwrap().to_string();
        assert!(failure.contains("a signature of 63 bytes, where 64 are due"), "{failure}");
        // What can be helped is.
        for order_of in ["large", "mechanism"] {
            order(folder, &[order_of]);
            check(&key);
        }
    });
}

#[test]
fn tokens_and_keys_are_named_as_by_rfc_7512() {
    with_mock("tokens_and_keys_are_named_as_by_rfc_7512", |folder| {
        order(folder, &["twins"]);
        let pin = "&pin-value=1234";
        let Some(TokenError::AmbiguousToken(which)) = Token::from_uri(&uri("token=mock", pin)).err() else {
            panic!("there are two");
        };
        let all = "pkcs11:slot-id=11;model=model%201;manufacturer=SaiTLS;serial=0011;token=mock";
        assert_eq!((which.len(), which[1].as_str()), (2, all));
        for one in [
            "serial=0011",
            "slot-id=11",
            "slot-id=10;slot-description=a%20slot;slot-manufacturer=a%20maker%20of%20slots",
            "serial=0010;manufacturer=SaiTLS;model=model%201;library-description=mock;library-version=1.2",
        ] {
            let uri = uri(&format!("{one};id=%07;type=private"), pin);
            let token = Token::from_uri(&uri).unwrap();
            check(&token.key_of_uri(&uri).unwrap());
        }
        for none in ["serial=0012", "model=x", "slot-id=1;serial=0011", "library-version=1.3", "slot-description=x"] {
            let error = Token::from_uri(&uri(none, pin)).err().unwrap();
            assert!(matches!(error, TokenError::NoToken(_)), "{none}: {error}");
        }
        let token = Token::from_uri(&uri("serial=0010", pin)).unwrap();
        let error = token.key_of_uri(&uri("", "")).err().unwrap();
        assert!(matches!(error, TokenError::AmbiguousKey(_)), "{error}");
        let error = token.key_of_uri(&uri("object=p256;type=cert", "")).err().unwrap();
        assert!(matches!(error, TokenError::Uri(_)), "{error}");
        // What is listed can be used as it is. Nobody is logged in any more.
        drop(token);
        let tokens = list_tokens(&uri("", "")).unwrap();
        assert_eq!(tokens.len(), 2);
        let listed = list_keys(&uri("serial=0010", pin)).unwrap();
        assert_eq!(listed.len(), 4);
        let text = "pkcs11:model=model%201;manufacturer=SaiTLS;serial=0010;token=mock;id=%07;type=private";
        assert_eq!(listed[1].0.to_string(), text);
        assert_eq!(listed[1].1, Ok(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]));
        assert!(matches!(listed[3].1, Err(TokenError::UnsupportedKey(_))));
        assert_eq!(list_keys(&uri("serial=0010", "")).unwrap().len(), 0);
    });
}

/// openCryptoki's tokens have a time that is not as PKCS#11 writes it, which the crate `cryptoki` refuses with all the
/// rest.
#[test]
fn a_token_whose_description_is_not_understood_is_named_by_its_slot() {
    with_mock("a_token_whose_description_is_not_understood_is_named_by_its_slot", |folder| {
        order(folder, &["clock"]);
        let listed = list_tokens(&uri("", "")).unwrap();
        assert_eq!(listed[0].to_string(), "pkcs11:slot-id=10");
        let uri_of_slot = uri("slot-id=10;object=p256", "&pin-value=1234");
        check(&Token::from_uri(&uri_of_slot).unwrap().key_of_uri(&uri_of_slot).unwrap());
        assert_eq!(Token::from_uri(&uri("slot-id=10", "")).err(), Some(TokenError::NoPin));
        let error = Token::open(module(), "mock", "1234").err().unwrap();
        assert!(matches!(error, TokenError::NoToken(_)), "{error}");
    });
}

#[test]
fn a_module_may_want_parameters() {
    with_mock("a_module_may_want_parameters", |folder| {
        let token = Token::from_uri(&uri("", "&pin-value=1234&x-init-reserved=configdir=%27a%20b%27")).unwrap();
        assert_eq!(calls(folder)[..2], ["C_Initialize", "parameters configdir='a b'"]);
        let error = Token::open(module(), "mock", "1234").err().unwrap();
        assert!(matches!(&error, TokenError::Module(what) if what.contains("other parameters")), "{error}");
        drop(token);
        check(&open().key("p256").unwrap());
    });
}

struct Count(std::thread::Thread, AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unpark();
    }
}

#[test]
fn a_token_that_hangs_holds_nobody() {
    with_mock("a_token_that_hangs_holds_nobody", |folder| {
        let limit = Duration::from_millis(700);
        let token = Token::from_uri_within(&uri("token=mock", "&pin-value=1234"), limit).unwrap();
        let key = token.key("p256").unwrap();
        check(&key);
        order(folder, &["hang"]);
        // Whoever waits is woken.
        let count = Arc::new(Count(std::thread::current(), AtomicUsize::new(0)));
        let (waker, provider) = (Waker::from(count.clone()), &mut RustCrypto(Random::system()));
        let (since, scheme, message) = (Instant::now(), SignatureScheme::ECDSA_SECP256R1_SHA256, [b' '; 130]);
        let signed = loop {
            match Signer::<Provider>::poll_sign(&key, provider, scheme, &message, &mut [0; 80]) {
                Poll::Ready(signed) => break signed,
                Poll::Pending => {
                    assert!(Signer::<Provider>::register_waker(&key, provider, &waker));
                    std::thread::park_timeout(Duration::from_secs(20));
                }
            }
        };
        assert_eq!(signed, Err(ProviderFault::CryptoFailed.into()));
        // The machine may be busy; who is not woken comes after 20 seconds.
        assert!((limit..Duration::from_secs(15)).contains(&since.elapsed()), "{:?}", since.elapsed());
        assert!(count.1.load(Ordering::SeqCst) > 0, "it was not woken");
        assert_eq!(token.failure(), Some(TokenError::Hangs));
        // Nor does it hold what comes after. Who waits is never faster than the limit.
        let is_prompt = (0..10).any(|_| {
            let since = Instant::now();
            assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
            assert_eq!(token.key("p256").err(), Some(TokenError::Hangs));
            since.elapsed() < limit
        });
        assert!(is_prompt);
        let since = Instant::now();
        // It may still go on.
        order(folder, &[]);
        while sign(&key).is_err() {
            assert!(since.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(20));
        }
        check(&key);
        // It is left at the end.
        order(folder, &["hang"]);
        assert_eq!(sign(&key), Err(ProviderFault::CryptoFailed.into()));
        let since = Instant::now();
        drop((key, token));
        assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
        assert_eq!(threads_left_behind(), 1);
        // When it returns after all, it is not left any more.
        order(folder, &[]);
        let since = Instant::now();
        while threads_left_behind() > 0 {
            assert!(since.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}
