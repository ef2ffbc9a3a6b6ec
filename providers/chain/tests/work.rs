//! Signatures through the provider: how many, in which order, how slow, and what if they fail; and the clock meanwhile.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_chain::*;
use saitls_core::crypto::{PeerVerifier, VerificationProgress};
use saitls_core::limits::MAX_SIGNATURE_CHECKS;
use saitls_core::{CertificateFault, ProviderFault};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

fn tampered(chain: &[&[u8]], index: usize) -> Vec<Vec<u8>> {
    let mut chain: Vec<Vec<u8>> = chain.iter().map(|der| der.to_vec()).collect();
    *chain[index].last_mut().unwrap() ^= 1;
    chain
}

/// A signature that is slow is polled as often as it wants, and none that is done is verified again.
#[test]
fn slow_signatures_give_the_same_verdict_and_are_verified_once() {
    let pki = Pki::new(3);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verification = Verification::server(&chain, "server.test");
    for pends in 0..4 {
        let mut provider = Counting { pends, ..Counting::default() };
        assert_eq!(verification.run(&verifier, &mut provider), Ok(4));
        assert_eq!(provider.pended, 4 * pends);
    }
    let mut provider = Counting { pends: 1, ..Counting::default() };
    let mut progress = VerificationProgress::default();
    for verified in [0, 1, 2, 3] {
        assert_eq!(verification.poll(&verifier, &mut provider, &mut progress), Poll::Pending);
        assert_eq!(provider.verified, verified);
    }
    assert_eq!(verification.poll(&verifier, &mut provider, &mut progress), Poll::Ready(Ok(())));
    assert_eq!(provider.verified, 4);
}

/// Signatures are verified from the anchor down, and none behind one that is wrong.
#[test]
fn nothing_is_verified_that_no_anchor_vouches_for() {
    let pki = Pki::new(3);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    for (broken, expected) in [(3, 1), (2, 2), (1, 3), (0, 4)] {
        for pends in [0, 1] {
            let chain = tampered(&pki.chain(), broken);
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            let mut provider = Counting { pends, ..Counting::default() };
            let verified = Verification::server(&chain, "server.test").run(&verifier, &mut provider);
            assert_eq!((verified, provider.verified), (Err(CertificateFault::Bad.into()), expected));
        }
    }
}

/// What can be seen without a signature is seen first.
#[test]
fn no_signature_is_verified_of_a_chain_that_is_refused_for_what_stands_in_it() {
    let pki = Pki::new(2);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let too_late = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_601));
    let mut provider = Counting::default();
    let verifier = ChainVerifier::new(&anchors, &too_late).unwrap();
    let verified = Verification::server(&chain, "server.test").run(&verifier, &mut provider);
    assert_eq!((verified, provider.verified), (Err(CertificateFault::Expired.into()), 0));
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verified = Verification::server(&chain, "other.test").run(&verifier, &mut provider);
    assert_eq!((verified, provider.verified), (Err(CertificateFault::NameMismatch.into()), 0));
    let verified = Verification::server(&chain[..2], "server.test").run(&verifier, &mut provider);
    assert_eq!((verified, provider.verified), (Err(CertificateFault::UnknownIssuer.into()), 0));
}

#[test]
fn a_device_that_fails_ends_the_verification() {
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

/// Authorities that all have the name of the anchors: each is tried with each key.
#[test]
fn an_attacker_cannot_make_us_verify_more_signatures_than_is_allowed() {
    let roots: Vec<_> = (0..10).map(|_| Certified::root()).collect();
    let anchors: Vec<_> = roots.iter().map(|root| anchor_from_der(&root.der).unwrap()).collect();
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap().with_max_intermediates(usize::MAX);
    let mut issuer = Certified::root();
    let mut chain = Vec::new();
    for _ in 0..10 {
        let next = issuer.issue(authority("root"));
        chain.insert(0, next.der.clone());
        issuer = next;
    }
    chain.insert(0, issuer.issue(end_entity(&["server.test"])).der);
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let mut provider = Counting::default();
    let verified = Verification::server(&chain, "server.test").run(&verifier, &mut provider);
    assert_eq!(verified, Err(CertificateFault::ChainTooLong.into()));
    assert_eq!(provider.verified, u32::from(MAX_SIGNATURE_CHECKS));
}

#[test]
fn answers_to_one_verifier_are_none_to_another() {
    // The true root, and one with its name.
    let (pki, impostor) = (Pki::new(1), Certified::root());
    let (anchors, other_anchors) = (anchor(&pki.root.der), anchor(&impostor.der));
    let chain = tampered(&pki.chain(), 0);
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    // The first one has a signature verified, which is valid, before it refuses.
    let first = ChainVerifier::new(&anchors, &NOW).unwrap();
    let second = ChainVerifier::new(&other_anchors, &NOW).unwrap();
    let builder = saitls_webpki::ChainVerifier::new(&anchors, &NOW).unwrap();
    let verification = Verification::server(&chain, "server.test");
    for (one, other) in [
        (&first as &dyn PeerVerifier<Counting>, &second as &dyn PeerVerifier<Counting>),
        (&second, &first),
        (&first, &builder),
        (&builder, &first),
    ] {
        let mut provider = Counting::default();
        assert_eq!(verification.run(&Or(one, other), &mut provider), Err(CertificateFault::Bad.into()));
        let alone = [one, other].map(|verifier| {
            let _ = verification.run(verifier, &mut provider);
            provider.verified
        });
        let _ = verification.run(&Or(one, other), &mut provider);
        assert_eq!(provider.verified, alone[0] + alone[1]);
    }
}

#[test]
fn the_time_of_the_first_poll_is_that_of_all() {
    let pki = Pki::new(2);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let read = AtomicU32::new(0);
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    // The certificates expire while the verification goes on.
    let clock = || Ok(if read.fetch_add(1, Relaxed) == 0 { at(1_798_761_600) } else { at(1_798_761_601) });
    let verifier = ChainVerifier::new(&anchors, &clock).unwrap();
    let mut provider = Counting { pends: 2, ..Counting::default() };
    let verification = Verification::server(&chain, "server.test");
    assert_eq!(verification.run(&verifier, &mut provider), Ok(3));
    assert_eq!((provider.pended, read.load(Relaxed)), (6, 1));
    assert_eq!(verification.run(&verifier, &mut provider), Err(CertificateFault::Expired.into()));
}

#[test]
fn without_the_time_nothing_is_verified_until_it_is_set() {
    let pki = Pki::new(1);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let set = Mutex::new(None);
    let clock = || set.lock().unwrap().ok_or(CertificateFault::ClockNotSet.into());
    let verifier = ChainVerifier::new(&anchors, &clock).unwrap();
    let mut provider = Counting::default();
    let verification = Verification::server(&chain, "server.test");
    assert_eq!(verification.run(&verifier, &mut provider), Err(CertificateFault::ClockNotSet.into()));
    assert_eq!(provider.verified, 0);
    *set.lock().unwrap() = Some(NOW);
    assert_eq!(verification.run(&verifier, &mut provider), Ok(2));
}
