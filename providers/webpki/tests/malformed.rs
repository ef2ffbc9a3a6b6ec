//! What is malformed is refused, and nothing worse happens.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_core::crypto::x509;
use saitls_webpki::*;

/// Numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Changes bytes the way a parser may not like: lengths, tags, cuts, repetitions.
fn mutate(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = numbers.below(bytes.len());
        match numbers.below(7) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = [0, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff][numbers.below(7)],
            2 => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            3 => bytes.truncate(at),
            4 => drop(bytes.remove(at)),
            5 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            _ => {
                let end = (at + 1 + numbers.below(32)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

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
