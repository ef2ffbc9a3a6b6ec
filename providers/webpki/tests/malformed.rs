//! What is malformed is refused, and nothing worse happens.

use super::support::mutation::{Numbers, mutate};
use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_core::crypto::x509;
use saitls_webpki::*;

/// Everything that reads a certificate.
fn read(chain: &[&[u8]], anchors: &[TrustAnchor<'_>], lists: &[&[u8]], provider: &mut Counting) -> bool {
    for certificate in chain {
        let _ = (x509::issuer(certificate), x509::key_usage(certificate), x509::is_self_signed(certificate));
        let _ = (x509::extensions(certificate).map(Iterator::count), x509::signature_scheme(certificate));
        let _ = (x509::subject_public_key_info(certificate), anchor_from_der(certificate));
    }
    let verifier = ChainVerifier::new(anchors, &NOW).unwrap();
    let accepted = Verification::server(chain, "server.test").run(&verifier, provider).is_ok();
    if let Ok(revocation) = Revocation::new(lists) {
        let strict = verifier.with_revocation(revocation);
        let _ = Verification::server(chain, "server.test").run(&strict, provider);
    }
    let _ = Verification::server(chain, "192.0.2.1").run(&verifier, provider);
    accepted
}

#[test]
fn certificates_that_were_tampered_with_are_refused_without_a_panic() {
    let pki = Pki::with_leaf(2, end_entity(&["server.test", "*.server.test", "192.0.2.1"]));
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let list = pki.intermediates[1].revoke(&[&pki.leaf]);
    // A provider that takes any signature: what is behind a signature must not panic either.
    let mut credulous = Counting { credulous: true, ..Counting::default() };
    let mut strict = Counting::default();
    let mut numbers = Numbers(1);
    for round in 0..12_000 {
        let mut mutated: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
        let index = numbers.below(mutated.len());
        mutate(&mut mutated[index], &mut numbers);
        let mut list = list.clone();
        mutate(&mut list, &mut numbers);
        let is_changed = mutated[index] != chain[index];
        let mutated: Vec<&[u8]> = mutated.iter().map(Vec::as_slice).filter(|der| !der.is_empty()).collect();
        if mutated.is_empty() {
            continue;
        }
        read(&mutated, &anchors, &[&list], &mut credulous);
        // Few are worth real arithmetic.
        if round % 16 == 0 && mutated.len() == chain.len() {
            let accepted = read(&mutated, &anchors, &[&list], &mut strict);
            assert!(!accepted || !is_changed, "round {round}: accepted");
        }
    }
}

#[test]
fn a_certificate_that_is_cut_anywhere_is_refused() {
    let pki = Pki::new(1);
    let chain = pki.chain();
    for index in 0..2 {
        for len in 1..chain[index].len() {
            let mut cut = chain.clone();
            cut[index] = &chain[index][..len];
            assert!(verify_chain(&pki.root.der, &cut).is_err());
        }
    }
}
