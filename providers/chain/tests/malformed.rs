//! What is malformed is refused, and nothing worse happens; and what this verifier accepts of it, rustls-webpki
//! accepts.

use super::support::mutation::{Numbers, mutate};
use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_chain::*;

#[test]
fn certificates_that_were_changed_are_refused_unless_others_accept_them() {
    let pki = Pki::with_leaf(2, end_entity(&["server.test", "*.server.test", "192.0.2.1"]));
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let ours = ChainVerifier::new(&anchors, &NOW).unwrap();
    let other = saitls_webpki::ChainVerifier::new(&anchors, &NOW).unwrap();
    let ever = ChainVerifier::ignoring_validity(&anchors).unwrap();
    // A provider that takes any signature: what is behind a signature must be looked at as well.
    let mut credulous = Counting { credulous: true, ..Counting::default() };
    let mut strict = Counting::default();
    let mut numbers = Numbers(2);
    let (mut accepted, mut anchors_read) = (0, 0);
    for round in 0..30_000 {
        let mut mutated: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        let index = numbers.below(mutated.len());
        mutate(&mut mutated[index], &mut numbers);
        let is_changed = mutated[index] != chain[index];
        let mutated: Vec<&[u8]> = mutated.iter().map(Vec::as_slice).filter(|der| !der.is_empty()).collect();
        if mutated.len() != chain.len() {
            continue;
        }
        if let Ok(anchor) = anchor_from_der(mutated[index]) {
            anchors_read += u32::from(is_changed);
            assert_eq!(saitls_webpki::anchor_from_der(mutated[index]).as_ref(), Ok(&anchor), "round {round}");
        }
        for name in ["server.test", "a.server.test", "192.0.2.1"] {
            let verification = Verification::server(&mutated, name);
            let _ = verification.run(&ever, &mut credulous);
            if verification.run(&ours, &mut credulous).is_ok() {
                accepted += u32::from(is_changed);
                let other = verification.run(&other, &mut credulous);
                assert!(other.is_ok(), "round {round}, {name}: {other:?}: {mutated:02x?}");
            }
        }
        if round % 16 == 0 {
            let verdict = Verification::server(&mutated, "server.test").run(&ours, &mut strict);
            assert!(verdict.is_err() || !is_changed, "round {round}: accepted");
        }
    }
    // Names, keys, numbers and signatures may have any bytes where nobody verifies them.
    assert!(accepted > 1_000 && anchors_read > 1_000, "{accepted}, {anchors_read}");
}

#[test]
fn a_certificate_that_is_cut_off_anywhere_is_refused() {
    let pki = Pki::new(1);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    for index in 0..2 {
        for len in 1..chain[index].len() {
            let mut cut = chain.clone();
            cut[index] = &chain[index][..len];
            let mut credulous = Counting { credulous: true, ..Counting::default() };
            assert!(Verification::server(&cut, "server.test").run(&verifier, &mut credulous).is_err());
        }
    }
}
