//! When a certificate is valid.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{CertificateParams, date_time_ymd};
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// The first of January of these years.
fn valid(mut params: CertificateParams, from: i32, until: i32) -> CertificateParams {
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}

/// A root, an intermediate and a server, valid in these years.
fn pki(intermediate: (i32, i32), leaf: (i32, i32)) -> Pki {
    let root = Certified::root();
    let intermediate = root.issue(valid(authority("intermediate"), intermediate.0, intermediate.1));
    let leaf = intermediate.issue(valid(end_entity(&["server.test"]), leaf.0, leaf.1));
    Pki { root, intermediates: vec![intermediate], leaf }
}

#[test]
fn all_of_a_chain_must_be_valid_and_the_error_says_what_is_wrong() {
    assert_eq!(verify(&pki((2026, 2027), (2026, 2027))), Ok(2));
    for (early, late) in [((2024, 2025), (2027, 2028)), ((2020, 2026), (2030, 2031))] {
        assert_eq!(verify(&pki((2026, 2027), early)), Err(CertificateFault::Expired.into()));
        assert_eq!(verify(&pki(early, (2026, 2027))), Err(CertificateFault::Expired.into()));
        assert_eq!(verify(&pki((2026, 2027), late)), Err(CertificateFault::NotYetValid.into()));
        assert_eq!(verify(&pki(late, (2026, 2027))), Err(CertificateFault::NotYetValid.into()));
    }
}

#[test]
fn the_first_and_the_last_second_count() {
    let pki = Pki::new(0);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let (not_before, not_after) = (1_767_225_600, 1_798_761_600);
    for (time, expected) in [
        (not_before - 1, Err(CertificateFault::NotYetValid.into())),
        (not_before, Ok(1)),
        (not_after, Ok(1)),
        (not_after + 1, Err(CertificateFault::Expired.into())),
    ] {
        let clock = at(time);
        let verifier = ChainVerifier::new(&anchors, &clock).unwrap();
        assert_eq!(Verification::server(&chain, "server.test").run(&verifier, &mut Counting::default()), expected);
    }
}

#[test]
fn a_root_that_has_expired_is_still_an_anchor() {
    let root = self_signed(valid(authority("root"), 2000, 2010), Key::p256());
    let leaf = root.issue(end_entity(&["server.test"]));
    assert_eq!(verify_chain(&root.der, &[&leaf.der]), Ok(1));
}

#[test]
fn a_clock_that_is_not_set_is_an_error_of_its_own_until_it_is_set() {
    let pki = Pki::new(1);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let set = Mutex::new(None);
    let clock = || set.lock().unwrap().ok_or(Error::Certificate(CertificateFault::ClockNotSet));
    let verifier = ChainVerifier::new(&anchors, &clock).unwrap();
    let mut provider = Counting::default();
    let verification = Verification::server(&chain, "server.test");
    assert_eq!(verification.run(&verifier, &mut provider), Err(CertificateFault::ClockNotSet.into()));
    assert_eq!(provider.verified, 0);
    *set.lock().unwrap() = Some(NOW);
    assert_eq!(verification.run(&verifier, &mut provider), Ok(2));
}

#[test]
fn the_clock_is_read_once_for_each_chain() {
    let pki = Pki::new(2);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let read = AtomicU32::new(0);
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
fn validity_is_ignored_by_who_says_so_as_long_as_the_chain_was_ever_valid() {
    let verify = |pki: &Pki| {
        let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
        let verifier = ChainVerifier::ignoring_validity(&anchors).unwrap();
        Verification::server(&chain, "server.test").run(&verifier, &mut Counting::default())
    };
    assert_eq!(verify(&pki((2000, 2010), (2005, 2006))), Ok(2));
    assert_eq!(verify(&pki((2005, 2006), (2000, 2010))), Ok(2));
    assert_eq!(verify(&pki((2040, 2049), (2045, 2050))), Ok(2));
    assert_eq!(verify(&pki((2000, 2010), (2011, 2012))), Err(CertificateFault::Expired.into()));
    // All the rest is checked.
    let mut bad = pki((2000, 2010), (2005, 2006));
    *bad.leaf.der.last_mut().unwrap() ^= 1;
    assert_eq!(verify(&bad), Err(CertificateFault::Bad.into()));
}

/// A certificate that leads nowhere does not push the time past the years of the one that does, wherever it stands.
#[test]
fn without_a_clock_every_path_is_looked_at_in_its_own_time() {
    let (root, other) = (Certified::root(), self_signed(authority("other root"), Key::p256()));
    let good = root.issue(valid(authority("intermediate"), 2001, 2009));
    let leaf = good.issue(valid(end_entity(&["server.test"]), 2000, 2030));
    let anchors = anchor(&root.der);
    let verifier = ChainVerifier::ignoring_validity(&anchors).unwrap();
    for years in [(2010, 2020), (1990, 1995), (1990, 2030), (2005, 2008), (2040, 2049)] {
        let stray = other.issue_for(valid(authority("intermediate"), years.0, years.1), good.key.clone());
        for chain in [[&leaf.der, &stray.der, &good.der], [&leaf.der, &good.der, &stray.der]] {
            let chain = chain.map(Vec::as_slice);
            let mut provider = Counting::default();
            let verification = Verification::server(&chain, "server.test");
            assert_eq!(verification.run(&verifier, &mut provider), Ok(2), "{years:?}");
            // With slow signatures, too.
            provider.pends = 2;
            assert_eq!(verification.run(&verifier, &mut provider), Ok(2), "{years:?}");
        }
    }
    // Two that were never valid at once do not help each other.
    let late = root.issue_for(valid(authority("intermediate"), 2031, 2040), good.key.clone());
    let early = root.issue_for(valid(authority("intermediate"), 1990, 1999), good.key.clone());
    let chain = [&leaf.der, &late.der, &early.der].map(Vec::as_slice);
    let verified = Verification::server(&chain, "server.test").run(&verifier, &mut Counting::default());
    assert_eq!(verified, Err(CertificateFault::Expired.into()));
}
