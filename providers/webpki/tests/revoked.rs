//! Certificate revocation lists.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_core::error::Misconfiguration;
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;
use std::time::Duration;

/// Verifies a server below one intermediate with these lists.
fn verify_with(pki: &Pki, time: &UnixTime, revocation: Revocation<'_>) -> Result<u32, Error> {
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, time).unwrap().with_revocation(revocation);
    let mut provider = Counting { pends: 1, ..Counting::default() };
    Verification::server(&pki.chain(), "server.test").run(&verifier, &mut provider)
}

#[test]
fn what_is_on_a_list_is_revoked_wherever_it_is_in_the_chain() {
    let pki = Pki::new(1);
    let intermediate = &pki.intermediates[0];
    let (all_good, no_intermediate) = (pki.root.revoke(&[]), pki.root.revoke(&[intermediate]));
    let (leaf_good, no_leaf) = (intermediate.revoke(&[]), intermediate.revoke(&[&pki.leaf]));
    let with = |lists: &[&[u8]]| verify_with(&pki, &NOW, Revocation::new(lists).unwrap());
    // Two certificates, two lists.
    assert_eq!(with(&[&all_good, &leaf_good]), Ok(4));
    assert_eq!(with(&[&leaf_good, &all_good]), Ok(4));
    assert_eq!(with(&[&no_intermediate, &leaf_good]), Err(CertificateFault::Revoked.into()));
    assert_eq!(with(&[&all_good, &no_leaf]), Err(CertificateFault::Revoked.into()));
}

#[test]
fn a_certificate_without_a_list_is_refused_unless_told_otherwise() {
    let pki = Pki::new(1);
    let lists = [pki.intermediates[0].revoke(&[])];
    let lists: Vec<&[u8]> = lists.iter().map(Vec::as_slice).collect();
    let revocation = Revocation::new(&lists).unwrap();
    assert_eq!(verify_with(&pki, &NOW, revocation), Err(CertificateFault::RevocationUnknown.into()));
    assert_eq!(verify_with(&pki, &NOW, revocation.with_unknown_status(UnknownStatus::Accept)), Ok(3));
    assert_eq!(
        verify_with(&pki, &NOW, revocation.with_unknown_status(UnknownStatus::Refuse)),
        Err(CertificateFault::RevocationUnknown.into())
    );
    assert_eq!(verify_with(&pki, &NOW, revocation.only_end_entity()), Ok(3));
}

#[test]
fn a_list_must_be_signed_by_the_issuer_and_in_time() {
    let (pki, impostor) = (Pki::new(0), Certified::root());
    let (forged, genuine) = (impostor.revoke(&[]), pki.root.revoke(&[]));
    let lists = [forged.as_slice()];
    assert_eq!(
        verify_with(&pki, &NOW, Revocation::new(&lists).unwrap()),
        Err(CertificateFault::RevocationUnknown.into())
    );
    let lists = [genuine.as_slice()];
    let revocation = Revocation::new(&lists).unwrap();
    assert_eq!(verify_with(&pki, &NOW, revocation), Ok(2));
    // The fifteenth of December: the certificates are still valid, the list is not.
    let december = UnixTime::since_unix_epoch(Duration::from_secs(1_797_292_800));
    assert_eq!(verify_with(&pki, &december, revocation), Err(CertificateFault::RevocationUnknown.into()));
}

#[test]
fn lists_that_are_none_are_refused_at_once() {
    let wrong = Some(Error::InvalidConfiguration(Misconfiguration::RevocationLists));
    assert_eq!(Revocation::new(&[]).err(), wrong);
    assert_eq!(Revocation::new(&[&[0x30, 0][..]; MAX_REVOCATION_LISTS + 1]).err(), wrong);
    assert_eq!(Revocation::new(&[&[0x30, 0]]).err(), Some(Error::Certificate(CertificateFault::Bad)));
    // What is said of a certificate is said of a certificate.
    let mut list = Certified::root().revoke(&[]);
    let this_update = list.windows(13).position(|bytes| bytes == b"260201000000Z").unwrap();
    list[this_update] = b'x';
    assert_eq!(Revocation::new(&[&list]).err(), Some(Error::Certificate(CertificateFault::Bad)));
}

/// A session that comes back shows no certificate: what would be said of one goes into the name of what is trusted.
#[cfg(feature = "tickets")]
#[test]
fn sessions_are_for_the_lists_they_began_with() {
    use saitls_core::crypto::PeerVerifier;
    let pki = Pki::new(0);
    let anchors = anchor(&pki.root.der);
    let (older, newer) = (pki.root.revoke(&[]), pki.root.revoke(&[&pki.leaf]));
    let (older, newer, both) = ([&older[..]], [&newer[..]], [&older[..], &newer[..]]);
    let plain = ChainVerifier::new(&anchors, &NOW).unwrap();
    let with = |lists| plain.with_revocation(Revocation::new(lists).unwrap());
    let lenient = Revocation::new(&older).unwrap().with_unknown_status(UnknownStatus::Accept);
    let verifiers = [
        plain,
        with(&older),
        with(&newer),
        with(&both),
        plain.with_revocation(lenient),
        plain.with_revocation(lenient.only_end_entity()),
    ];
    let mut provider = Counting::default();
    let all: Vec<_> = verifiers.iter().map(|verifier| verifier.fingerprint(&mut provider).unwrap().unwrap()).collect();
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{at}");
    }
    // The same lists, elsewhere.
    let copy = older[0].to_vec();
    let again = [&copy[..]];
    assert_eq!(PeerVerifier::fingerprint(&with(&again), &mut provider).unwrap().unwrap(), all[1]);
}
