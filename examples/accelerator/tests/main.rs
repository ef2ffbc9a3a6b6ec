//! Every board passes, with each primitive replaced alone and with all together.

#![allow(clippy::unwrap_used, missing_docs)]

use rand_core::TryRng;
use saitls_accelerator::Devices;
use saitls_accelerator::boards::*;
use saitls_accelerator::hal::{Element, Trng};
use saitls_accelerator::parts::ElementKey;
use saitls_conformance::{Conformance, Outcome, Random, Report};
use saitls_core::crypto::CryptoProvider;
use saitls_rustcrypto::SigningKey;

/// The key that the factory put into the element.
const PRIVATE_KEY: [u8; 32] = [0x42; 32];

/// The devices, with random numbers from `random`, and slow ones that are asked so often before they are done.
fn devices(mut random: Random, ticks: u32) -> Devices {
    let mut devices = Devices::default();
    devices.pka.pka.ticks = ticks;
    devices.element = Element::default().with_key(&PRIVATE_KEY);
    devices.element.ticks = ticks;
    devices.trng = Trng::new(move || random.try_next_u32().ok());
    devices
}

/// The SubjectPublicKeyInfo of the key in the element.
fn element_public_key() -> Vec<u8> {
    // SEC1, RFC 5915: version 1, the private key, the curve.
    let mut der = vec![0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
    der.extend_from_slice(&PRIVATE_KEY);
    der.extend_from_slice(&[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
    let key = SigningKey::from_sec1_der(&der).unwrap();
    let mut spki = vec![0; saitls_rustcrypto::MAX_SUBJECT_PUBLIC_KEY_INFO_LEN];
    let len = key.subject_public_key_info(&mut spki).unwrap();
    spki.truncate(len);
    spki
}

/// Runs the checks of what a board replaces, and those of whole connections.
fn check<P: CryptoProvider>(make: impl Fn(Devices) -> P, replaced: &str) {
    let conformance = Conformance::new(move || make(devices(Random::system(), 2)));
    for prefix in [replaced, "handshake/completes", "handshake/abandoned"] {
        let report = conformance.run_only(prefix);
        report.assert();
        assert!(ran(&report), "{report}");
    }
}

fn ran(report: &Report) -> bool {
    report.outcomes().iter().any(|(_, outcome)| matches!(outcome, Outcome::Passed(_)))
}

#[test]
fn the_aead_alone() {
    check(OnlyAead, "aead/");
}

#[test]
fn the_hash_alone() {
    check(OnlyHash, "hash/");
    check(OnlyHash, "secret/");
}

#[test]
fn the_key_exchange_alone() {
    check(OnlyKeyExchange, "key_exchange/");
}

#[test]
fn verification_alone() {
    check(OnlyVerification, "verifier/");
}

#[test]
fn random_numbers_alone() {
    check(OnlyRandom, "random/");
}

#[test]
fn signing_alone() {
    let (key, spki) = (ElementKey::in_slot(0), element_public_key());
    let conformance =
        Conformance::new(|| OnlySigning(devices(Random::system(), 3))).with_signer("element", &key, &spki);
    conformance.run_only("signer/").assert_complete_but(&[]);
    conformance.run_only("handshake/completes").assert();
}

#[test]
fn all_together() {
    let (key, spki) = (ElementKey::in_slot(0), element_public_key());
    Conformance::new(|| Board(devices(Random::system(), 0)))
        .with_random(|random| Board(devices(random, 0)))
        .with_private_keys_as_drawn()
        .with_slow(|random, ticks| Board(devices(random, ticks)))
        .with_signer("element", &key, &spki)
        .run()
        .assert_complete_but(&["aead/mask"]);
}

#[test]
fn an_empty_slot_is_an_error() {
    use core::task::Poll;
    use saitls_core::codes::SignatureScheme;
    use saitls_core::crypto::Signer;
    let mut board = Board(devices(Random::system(), 0));
    let signed =
        ElementKey::in_slot(1).poll_sign(&mut board, SignatureScheme::ECDSA_SECP256R1_SHA256, b"text", &mut [0; 80]);
    assert_eq!(signed, Poll::Ready(Err(saitls_core::ProviderFault::CryptoFailed.into())));
}

/// What the guide promises.
#[test]
fn each_replacement_fits_on_a_page() {
    let parts = [
        ("aead", include_str!("../src/parts/aead.rs")),
        ("hash", include_str!("../src/parts/hash.rs")),
        ("key exchange", include_str!("../src/parts/key_exchange.rs")),
        ("verification", include_str!("../src/parts/verifier.rs")),
        ("signing", include_str!("../src/parts/signer.rs")),
        ("random numbers", include_str!("../src/parts/random.rs")),
    ];
    for (part, source) in parts {
        let lines = source.lines().count();
        println!("{part}: {lines} lines");
        assert!(lines <= 100, "{part} takes {lines} lines");
    }
}
