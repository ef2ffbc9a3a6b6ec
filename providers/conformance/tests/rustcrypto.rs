//! The default provider passes.

use saitls_conformance::{Conformance, Instrumented, Outcome, Random};
use saitls_core::crypto::CryptoProvider;
use saitls_rustcrypto::{RustCrypto, SigningKey};

/// Keys of all kinds.
pub(crate) fn keys() -> Vec<(&'static str, SigningKey, Vec<u8>)> {
    let files: [(&str, &[u8]); 6] = [
        ("P-256", include_bytes!("../../rustcrypto/tests/data/p256.pkcs8.der")),
        ("P-384", include_bytes!("../../rustcrypto/tests/data/p384.pkcs8.der")),
        ("P-521", include_bytes!("../../rustcrypto/tests/data/p521.pkcs8.der")),
        ("Ed25519", include_bytes!("../../rustcrypto/tests/data/ed25519.pkcs8.der")),
        ("RSA", include_bytes!("../../rustcrypto/tests/data/rsa2048.pkcs8.der")),
        ("RSASSA-PSS", include_bytes!("../../rustcrypto/tests/data/rsapss2048.pkcs8.der")),
    ];
    let load = |(name, der): (&'static str, &[u8])| {
        let key = SigningKey::from_pkcs8_der(der).unwrap();
        let mut spki = vec![0; saitls_rustcrypto::MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
        let len = key.subject_public_key_info(&mut spki).unwrap();
        (name, key, spki[..len].to_vec())
    };
    files.into_iter().map(load).collect()
}

#[test]
fn the_default_provider_passes() {
    let keys = keys();
    let mut conformance =
        Conformance::new(|| RustCrypto(Random::system())).with_random(RustCrypto).with_private_keys_as_drawn();
    for (name, key, spki) in &keys {
        conformance = conformance.with_signer(name, key, spki);
    }
    conformance.run().assert_complete_but(&["aead/mask", "handshake/pending"]);
}

#[test]
fn a_provider_that_is_slow_passes() {
    let slow = |random, pends| Instrumented { pends, ..Instrumented::new(RustCrypto(random)) };
    let conformance = Conformance::new(move || slow(Random::system(), 2)).with_slow(slow);
    for prefix in ["key_exchange/agreement", "key_exchange/interleaved", "verifier/interleaved", "handshake/"] {
        conformance.run_only(prefix).assert();
    }
    let report = conformance.run_only("handshake/pending");
    assert!(matches!(report.outcomes(), [("handshake/pending", Outcome::Passed(_))]));
}

#[test]
fn what_was_not_given_is_said() {
    let report = Conformance::new(RustCrypto::os).run_only("signer/");
    assert!(report.to_string().contains("skipped: no private key was given (with_signer)"));
    assert!(report.outcomes().iter().all(|(_, outcome)| matches!(outcome, Outcome::Skipped(_))));
    let panicked = std::panic::catch_unwind(|| report.assert());
    assert!(panicked.is_err(), "a report without a check that passed is no success");
}

#[test]
fn an_instrumented_provider_offers_what_the_inner_one_does() {
    let provider = Instrumented::new(RustCrypto::os());
    assert_eq!(provider.cipher_suites(), RustCrypto::os().cipher_suites());
    assert_eq!(provider.named_groups(), RustCrypto::os().named_groups());
    assert_eq!(provider.signature_schemes(), RustCrypto::os().signature_schemes());
}
