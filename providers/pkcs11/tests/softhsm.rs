//! A real token, SoftHSM's, made anew for each test. Each runs in a process of its own, as PKCS#11 has one state per
//! process and SoftHSM reads where its tokens are from the environment.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/child.rs"]
mod child;
#[path = "support/softhsm.rs"]
mod support;

use core::task::Poll;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use der::Encode;
use der::asn1::{AnyRef, BitString, UintRef};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use saitls_conformance::{Conformance, Random};
use saitls_core::codes::SignatureScheme;
use saitls_core::config::{ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::{PinnedKey, Signer, x509};
use saitls_core::{Buffers, Connection, Error, Operation, ProviderFault, WaitingFor};
use saitls_pkcs11::{Token, TokenError, TokenKey};
use saitls_rustcrypto::RustCrypto;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};
use support::{PIN, make_token, module, module_or_skip, tool};
use x509_cert::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

const KEYS: &[&str] = &["p256", "p384", "ed25519", "rsa"];

type Provider = RustCrypto<Random>;

fn provider() -> Provider {
    RustCrypto(Random::system())
}

fn identities() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/identities")
}

/// Runs `body` in a process of its own, with a token whose keys are those of the examples, labelled by their names.
fn with_token(test: &str, body: fn(&Path)) {
    if let Some(folder) = child::folder() {
        return body(&folder);
    }
    if module_or_skip().is_none() {
        return;
    }
    let folder = child::new_folder(test);
    make_token(&folder, "saitls test", &identities(), KEYS);
    child::run(test, &folder, &[("SOFTHSM2_CONF", &folder.join("softhsm2.conf"))]);
}

fn open() -> Token {
    Token::open(module().unwrap(), "saitls test", PIN).unwrap()
}

fn certificate(key: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(identities().join(format!("{key}.pem"))).unwrap()
}

#[test]
fn keys_sign_as_they_should() {
    with_token("keys_sign_as_they_should", |_| {
        let token = open();
        for label in KEYS {
            let (key, certificate) = (token.key(label).unwrap(), certificate(label));
            let spki = x509::subject_public_key_info(&certificate).unwrap();
            Conformance::new(provider).with_signer(label, &key, spki).run_only("signer/").assert_complete_but(&[]);
        }
        assert_eq!(token.key("p384").unwrap().schemes(), [SignatureScheme::ECDSA_SECP384R1_SHA384]);
        assert!(token.failure().is_none());
    });
}

#[test]
fn what_is_not_there_is_named() {
    with_token("what_is_not_there_is_named", |folder| {
        let module = module().unwrap();
        let error = Token::open("/nowhere/module.so", "saitls test", PIN).err().unwrap();
        assert!(matches!(error, TokenError::Module(_)), "{error}");
        let error = Token::open(module, "another token", PIN).err().unwrap();
        assert!(matches!(&error, TokenError::NoToken(name) if name.contains("another token")), "{error}");
        assert_eq!(error.to_string(), "there is no token with the label \"another token\"");
        let error = Token::open(module, "saitls test", "4321").err().unwrap();
        assert!(matches!(error, TokenError::WrongPin), "{error}");
        let token = open();
        let error = token.key("p521").err().unwrap();
        assert!(matches!(&error, TokenError::NoKey(name) if name.contains("p521")), "{error}");
        let error = token.certificate("p256").err().unwrap();
        assert!(matches!(&error, TokenError::NoCertificate(label) if label == "p256"), "{error}");
        // The same label again.
        let file = identities().join("client.key");
        let import = ["--import", file.to_str().unwrap(), "--token", "saitls test", "--label", "p256", "--id", "77"];
        tool(folder, &[&import[..], &["--pin", PIN]].concat());
        let error = token.key("p256").err().unwrap();
        assert!(matches!(&error, TokenError::AmbiguousKey(name) if name.contains("p256")), "{error}");
    });
}

/// A server whose key is in the token, and its client.
struct Pair<'a> {
    client: Connection<'a, Provider>,
    server: Connection<'a, Provider>,
    provider: Provider,
}

fn carry(from: &mut Connection<'_, Provider>, to: &mut Connection<'_, Provider>) {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
}

impl Pair<'_> {
    fn turn(&mut self) -> Result<(), Error> {
        self.client.process(&mut self.provider)?;
        carry(&mut self.client, &mut self.server);
        let result = self.server.process(&mut self.provider);
        carry(&mut self.server, &mut self.client);
        result
    }
}

fn with_pair<T>(key: &dyn Signer<Provider>, label: &str, f: impl FnOnce(&mut Pair<'_>) -> T) -> T {
    let certificate = certificate(label);
    let pins = [x509::subject_public_key_info(&certificate).unwrap()];
    let trust = PinnedKey::subject_public_key_info(&pins);
    let client_config = ClientConfig::new(&trust);
    let chain = [&certificate[..]];
    let identities = [Identity::new(&chain, key)];
    let server_config = ServerConfig::new(&identities);
    let buffers = || Buffers::new(vec![0; 17_000], vec![0; 8_000]);
    let client = Connection::client(&client_config, ServerName::try_from("localhost").ok(), buffers()).unwrap();
    let server = Connection::server(&server_config, buffers()).unwrap();
    f(&mut Pair { client, server, provider: provider() })
}

struct Count(std::thread::Thread, AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unpark();
    }
}

#[test]
fn handshakes_wait_for_the_token_and_are_woken() {
    with_token("handshakes_wait_for_the_token_and_are_woken", |_| {
        let token = open();
        let count = Arc::new(Count(std::thread::current(), AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        for label in KEYS {
            let key = token.key(label).unwrap();
            with_pair(&key, label, |pair| {
                let mut waited = 0;
                while !(pair.client.is_connected() && pair.server.is_connected()) {
                    pair.turn().unwrap();
                    if pair.server.waiting_for() == WaitingFor::Operation(Operation::Signing) {
                        waited += 1;
                        assert!(pair.server.register_waker(&mut pair.provider, &waker));
                        std::thread::park();
                    }
                }
                assert!((1..100).contains(&waited), "{label}: waited {waited} times");
            });
        }
        assert!(count.1.load(Ordering::SeqCst) >= KEYS.len());
    });
}

#[test]
fn a_token_that_goes_away_ends_the_handshake() {
    with_token("a_token_that_goes_away_ends_the_handshake", |folder| {
        let token = open();
        let key = token.key("p256").unwrap();
        with_pair(&key, "p256", |pair| {
            // The ClientHello is on its way; somebody pulls the token.
            pair.client.process(&mut pair.provider).unwrap();
            carry(&mut pair.client, &mut pair.server);
            std::fs::remove_dir_all(folder.join("tokens")).unwrap();
            let error = loop {
                if let Err(error) = pair.turn() {
                    break error;
                }
            };
            assert_eq!(error, Error::Provider(ProviderFault::CryptoFailed));
            assert_eq!(pair.server.error(), Some(Error::Provider(ProviderFault::CryptoFailed)));
            assert!(!pair.server.is_connected() && !pair.client.is_connected());
            let failure = token.failure().expect("it is known why");
            assert!(matches!(failure, TokenError::Gone(_) | TokenError::Failed(_)), "{failure}");
            println!("the failure is told as: {failure}");
        });
        let error = token.key("p256").err().expect("there is none");
        println!("the key is told as: {error}");
        assert!(!matches!(error, TokenError::UnsupportedKey(_)), "{error}");
    });
}

#[test]
fn a_key_outlives_its_token_and_signatures_may_be_left() {
    with_token("a_key_outlives_its_token_and_signatures_may_be_left", |_| {
        let key = open().key("ed25519").unwrap();
        let provider = &mut provider();
        // More than are kept, and none of them fetched.
        for number in 0..1_000_u32 {
            let message = [&number.to_be_bytes()[..], &[b' '; 126]].concat();
            let polled = key.poll_sign(provider, SignatureScheme::ED25519, &message, &mut [0; 64]);
            assert_eq!(polled, Poll::Pending);
        }
        // Nor does what was left wake anybody, once it is old.
        for attempt in 0.. {
            std::thread::sleep(Duration::from_millis(1_500));
            let count = Arc::new(Count(std::thread::current(), AtomicUsize::new(0)));
            assert!(key.register_waker(provider, &Waker::from(count.clone())));
            if count.1.load(Ordering::SeqCst) == 0 {
                break;
            }
            // On a machine that is busy the token may still be at it.
            assert!(attempt < 40, "it wakes for ever");
        }
        let mut signature = [0; 64];
        loop {
            match key.poll_sign(provider, SignatureScheme::ED25519, &[b'x'; 130], &mut signature) {
                Poll::Ready(len) => break assert_eq!(len, Ok(64)),
                Poll::Pending => std::thread::yield_now(),
            }
        }
    });
}

/// Signs once.
fn sign(key: &TokenKey, scheme: SignatureScheme) -> Result<usize, Error> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let message = format!("{:>130}", NUMBER.fetch_add(1, Ordering::SeqCst));
    loop {
        match key.poll_sign(&mut provider(), scheme, message.as_bytes(), &mut [0; 512]) {
            Poll::Ready(signed) => return signed,
            Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[test]
fn threads_may_open_tokens_at_once() {
    with_token("threads_may_open_tokens_at_once", |_| {
        std::thread::scope(|scope| {
            for number in 0..8 {
                scope.spawn(move || {
                    for _ in 0..50 {
                        let key = open().key(KEYS[number % 2]).unwrap();
                        let scheme = key.schemes()[0];
                        assert!(sign(&key, scheme).is_ok());
                    }
                });
            }
        });
    });
}

#[test]
fn a_token_that_was_away_comes_back() {
    with_token("a_token_that_was_away_comes_back", |folder| {
        let token = open();
        let (key, other) = (token.key("p256").unwrap(), open().key("ed25519").unwrap());
        let (scheme, other_scheme) = (key.schemes()[0], other.schemes()[0]);
        assert!(sign(&key, scheme).is_ok() && sign(&other, other_scheme).is_ok());
        let (tokens, away) = (folder.join("tokens"), folder.join("away"));
        std::fs::rename(&tokens, &away).unwrap();
        std::fs::create_dir(&tokens).unwrap();
        assert_eq!(sign(&key, scheme), Err(ProviderFault::CryptoFailed.into()));
        println!("away: {}", token.failure().unwrap());
        assert!(matches!(token.failure(), Some(TokenError::Gone(_))), "{:?}", token.failure());
        std::fs::remove_dir(&tokens).unwrap();
        std::fs::rename(&away, &tokens).unwrap();
        let since = Instant::now();
        while sign(&key, scheme).is_err() || sign(&other, other_scheme).is_err() {
            assert!(since.elapsed() < Duration::from_secs(20), "{:?}", token.failure());
            std::thread::sleep(Duration::from_millis(100));
        }
        println!("back after {:?}", since.elapsed());
        let spki = certificate("p256");
        let spki = x509::subject_public_key_info(&spki).unwrap();
        Conformance::new(provider).with_signer("p256", &key, spki).run_only("signer/").assert_complete_but(&[]);
    });
}

/// Keys with attributes that the tools of SoftHSM do not set.
#[test]
fn keys_may_be_for_few_mechanisms_and_want_a_login_each_time() {
    with_token("keys_may_be_for_few_mechanisms_and_want_a_login_each_time", |_| {
        let own = own_session();
        for (label, allowed, always) in [
            ("raw", vec![MechanismType::RSA_PKCS_PSS], false),
            ("one", vec![MechanismType::SHA384_RSA_PKCS_PSS], false),
            ("none", vec![MechanismType::RSA_PKCS], false),
            ("always", Vec::new(), true),
        ] {
            generate_rsa(&own, label, allowed, always);
        }
        let token = open();
        for (label, schemes) in [("raw", 3), ("one", 1), ("always", 3)] {
            let key = token.key(label).unwrap();
            assert_eq!(key.schemes().len(), schemes, "{label}");
            let spki = spki_of(&own, label);
            Conformance::new(provider).with_signer(label, &key, &spki).run_only("signer/").assert_complete_but(&[]);
        }
        let error = token.key("none").err().unwrap().to_string();
        assert!(error.contains("SHA256_RSA_PKCS_PSS"), "{error}");
        // SoftHSM takes what ECDSA signs in one piece only, which leaves no place for the login: that is said at once.
        generate_always_p256(&own, "piece");
        let error = token.key("piece").err().unwrap().to_string();
        assert!(error.contains("a login for each signature") && error.contains("ECDSA"), "{error}");
        assert!(sign(&token.key("p256").unwrap(), SignatureScheme::ECDSA_SECP256R1_SHA256).is_ok());
    });
}

/// A session of the test's own, beside those of the crate.
fn own_session() -> Session {
    let context = Pkcs11::new(module().unwrap()).unwrap();
    context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    let slots = context.get_slots_with_initialized_token().unwrap();
    let session = context.open_rw_session(slots[0]).unwrap();
    session.login(UserType::User, Some(&AuthPin::from(PIN.to_owned()))).unwrap();
    session
}

fn generate_rsa(session: &Session, label: &str, allowed: Vec<MechanismType>, always: bool) {
    let label = Attribute::Label(label.into());
    let public = [
        Attribute::Token(true),
        label.clone(),
        Attribute::Verify(true),
        Attribute::ModulusBits(2048.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
    ];
    let mut private = vec![Attribute::Token(true), label, Attribute::Sign(true), Attribute::Private(true)];
    if !allowed.is_empty() {
        private.push(Attribute::AllowedMechanisms(allowed));
    }
    private.push(Attribute::AlwaysAuthenticate(always));
    session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private).unwrap();
}

fn generate_always_p256(session: &Session, label: &str) {
    let label = Attribute::Label(label.into());
    let curve = vec![0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let public = [Attribute::Token(true), label.clone(), Attribute::EcParams(curve)];
    let private = [
        Attribute::Token(true),
        label,
        Attribute::Sign(true),
        Attribute::Private(true),
        Attribute::AlwaysAuthenticate(true),
    ];
    session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap();
}

fn spki_of(session: &Session, label: &str) -> Vec<u8> {
    let template = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Label(label.into())];
    let handle = session.find_objects(&template).unwrap()[0];
    let modulus = session.get_attributes(handle, &[AttributeType::Modulus]).unwrap();
    let [Attribute::Modulus(modulus)] = &modulus[..] else { panic!("it has one") };
    let key = pkcs1::RsaPublicKey {
        modulus: UintRef::new(modulus).unwrap(),
        public_exponent: UintRef::new(&[1, 0, 1]).unwrap(),
    };
    let algorithm = AlgorithmIdentifier { oid: pkcs1::ALGORITHM_OID, parameters: Some(AnyRef::NULL) };
    let subject_public_key = BitString::from_bytes(&key.to_der().unwrap()).unwrap();
    SubjectPublicKeyInfo { algorithm, subject_public_key }.to_der().unwrap()
}
