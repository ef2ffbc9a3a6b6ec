//! Signatures through the provider: how many, how slow, and what if they fail.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{CertificateParams, GeneralSubtree, NameConstraints};
use saitls_core::crypto::{PeerVerifier, VerificationProgress};
use saitls_core::limits::MAX_SIGNATURE_CHECKS;
use saitls_core::{CertificateFault, ProviderFault};
use saitls_webpki::*;
use std::task::Poll;

#[test]
fn slow_signatures_give_the_same_verdict() {
    let pki = Pki::new(3);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verification = Verification::server(&chain, "server.test");
    for pends in 1..4 {
        let mut provider = Counting { pends, ..Counting::default() };
        assert_eq!(verification.run(&verifier, &mut provider), Ok(4));
        assert_eq!(provider.pended, 4 * pends);
    }
    let mut broken = chain.iter().map(|der| der.to_vec()).collect::<Vec<_>>();
    *broken[1].last_mut().unwrap() ^= 1;
    let broken: Vec<&[u8]> = broken.iter().map(Vec::as_slice).collect();
    let mut provider = Counting { pends: 2, ..Counting::default() };
    let verified = Verification::server(&broken, "server.test").run(&verifier, &mut provider);
    assert_eq!(verified, Err(CertificateFault::Bad.into()));
}

/// Signatures are verified from the anchor down, and none behind one that is wrong.
#[test]
fn no_signature_is_verified_in_vain() {
    let pki = Pki::new(3);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    for (broken, expected) in [(3, 1), (2, 2), (1, 3), (0, 4)] {
        for pends in [0, 1] {
            let mut chain = pki.chain().iter().map(|der| der.to_vec()).collect::<Vec<_>>();
            *chain[broken].last_mut().unwrap() ^= 1;
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            let mut provider = Counting { pends, ..Counting::default() };
            let verified = Verification::server(&chain, "server.test").run(&verifier, &mut provider);
            assert_eq!((verified, provider.verified), (Err(CertificateFault::Bad.into()), expected));
        }
    }
}

#[test]
fn a_device_that_fails_ends_the_verification_at_once() {
    let pki = Pki::new(2);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    for fails_at in 1..=3 {
        for pends in [0, 2] {
            let mut provider = Counting { fails_at: Some(fails_at), pends, ..Counting::default() };
            let verified = Verification::server(&chain, "server.test").run(&verifier, &mut provider);
            assert_eq!((verified, provider.verified), (Err(ProviderFault::CryptoFailed.into()), fails_at));
        }
    }
}

/// Authorities that all have one name, each certified by all the others: the number of paths explodes.
fn maze(size: usize) -> (Certified, Vec<Vec<u8>>) {
    let root = Certified::root();
    let keys: Vec<_> = (0..size).map(|_| self_signed(authority("root"), Key::p256())).collect();
    let mut chain = vec![keys[0].issue(end_entity(&["server.test"])).der];
    for (index, key) in keys.iter().enumerate() {
        let next = &keys[(index + 1) % size];
        chain.push(next.issue_for(authority("root"), key.key.clone()).der);
    }
    (root, chain)
}

#[test]
fn an_attacker_cannot_make_us_verify_more_signatures_than_the_limit() {
    for (size, most) in [(3, DEFAULT_MAX_INTERMEDIATES), (14, MAX_INTERMEDIATES)] {
        let (root, chain) = maze(size);
        let anchors = anchor(&root.der);
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let verifier = ChainVerifier::new(&anchors, &NOW).unwrap().with_max_intermediates(most);
        let mut provider = Counting::default();
        let verified = Verification::server(&chain, "server.test").run(&verifier, &mut provider);
        assert!(verified.is_err());
        assert!(provider.verified <= MAX_SIGNATURE_CHECKS.into(), "{}", provider.verified);
        // The test is about something.
        assert!(provider.verified > 3, "{}", provider.verified);
    }
}

/// Names by the thousand under constraints by the thousand: the library compares a quarter of a million and gives up.
#[test]
fn comparisons_with_name_constraints_are_bounded() {
    let dns = |at: usize| format!("{at:x}.test");
    // How many names, how many subtrees, and whether that is too many: the name of the certificate is compared, too.
    for (names, subtrees, expected) in [(240, 1_000, Ok(2)), (260, 1_000, Err(CertificateFault::ChainTooLong.into()))] {
        let root = Certified::root();
        let mut params = authority("intermediate");
        let excluded_subtrees = (0..subtrees).map(|at| GeneralSubtree::DnsName(format!("{at:x}.invalid"))).collect();
        params.name_constraints = Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees });
        let intermediate = root.issue(params);
        let mut params = end_entity(&["server.test"]);
        let more = CertificateParams::new((1..names).map(dns).collect::<Vec<_>>()).unwrap();
        params.subject_alt_names.extend(more.subject_alt_names);
        let leaf = intermediate.issue(params);
        for pends in [0, 1] {
            let mut provider = Counting { pends, ..Counting::default() };
            let chain = [leaf.der.as_slice(), &intermediate.der];
            let verified = Verification::server(&chain, "server.test")
                .run(&ChainVerifier::new(&anchor(&root.der), &NOW).unwrap(), &mut provider);
            assert_eq!(verified, expected);
            assert_eq!(provider.verified, 2);
        }
    }
}

#[test]
fn anchors_are_replaced_while_a_chain_is_verified() {
    let (old, new) = (Pki::new(1), Pki::new(1));
    let (old_anchors, new_anchors) = (anchor(&old.root.der), anchor(&new.root.der));
    let verifier = |anchors| ChainVerifier::new(anchors, &NOW).unwrap();
    let rotating = RotatingVerifier::new(verifier(&old_anchors));
    let old_chain = old.chain();
    let verification = Verification::server(&old_chain, "server.test");
    let mut provider = Counting::default();
    assert_eq!(verification.run(&rotating, &mut provider), Ok(2));

    // One signature is verified, the next one is under way. What was true of the old anchors is not of the new ones.
    provider.pends = 1;
    let mut progress = VerificationProgress::default();
    assert_eq!(verification.poll(&rotating, &mut provider, &mut progress), Poll::Pending);
    assert_eq!(verification.poll(&rotating, &mut provider, &mut progress), Poll::Pending);
    rotating.replace(verifier(&new_anchors));
    let mut verdict = verification.poll(&rotating, &mut provider, &mut progress);
    while verdict == Poll::Pending {
        verdict = verification.poll(&rotating, &mut provider, &mut progress);
    }
    assert_eq!(verdict, Poll::Ready(Err(CertificateFault::Bad.into())));
    assert_eq!(Verification::server(&new.chain(), "server.test").run(&rotating, &mut provider), Ok(2));
    assert!(PeerVerifier::<Counting>::needs_server_name(&rotating));
}

/// Where things are in memory says which verifier it is; how many there were before it says so, too.
#[test]
fn a_verification_begins_anew_with_a_verifier_that_only_looks_the_same() {
    let pki = Pki::new(2);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let rotating = RotatingVerifier::new(verifier);
    let verification = Verification::server(&chain, "server.test");
    for (replaced, expected) in [(false, 3), (true, 4)] {
        let mut provider = Counting { pends: 1, ..Counting::default() };
        let mut progress = VerificationProgress::default();
        // One signature is verified, the next one is under way.
        while provider.verified < 1 {
            assert_eq!(verification.poll(&rotating, &mut provider, &mut progress), Poll::Pending);
        }
        if replaced {
            rotating.replace(verifier);
        }
        while verification.poll(&rotating, &mut provider, &mut progress) == Poll::Pending {}
        assert_eq!(provider.verified, expected);
    }
}

#[test]
fn answers_of_one_verifier_are_worth_nothing_to_another() {
    // The true root, and one with its name.
    let (pki, impostor) = (Pki::new(0), Certified::root());
    let (anchors, other_anchors) = (anchor(&pki.root.der), anchor(&impostor.der));
    let (wrong_year, chain) = (UnixTime::since_unix_epoch(std::time::Duration::ZERO), pki.chain());
    // The first one has the signature verified and refuses for another reason, so that the answer "valid" is there.
    let first = ChainVerifier::new(&anchors, &NOW).unwrap();
    let second = ChainVerifier::new(&other_anchors, &NOW).unwrap();
    let verification = Verification::server(&chain, "other.test");
    let mut provider = Counting::default();
    assert_eq!(verification.run(&first, &mut provider), Err(CertificateFault::NameMismatch.into()));
    assert_eq!(verification.run(&Or(&first, &second), &mut provider), Err(CertificateFault::Bad.into()));
    assert_eq!(verification.run(&Or(&second, &first), &mut provider), Err(CertificateFault::NameMismatch.into()));
    let never = ChainVerifier::new(&anchors, &wrong_year).unwrap();
    assert_eq!(verification.run(&Or(&first, &never), &mut provider), Err(CertificateFault::NotYetValid.into()));
}
