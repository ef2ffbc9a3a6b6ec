//! The name of the server (RFC 9525).

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::DnType;
use saitls_core::Error;
use saitls_core::crypto::{PeerVerifier, VerificationProgress};
use saitls_webpki::*;
use std::task::Poll;

fn is_for(presented: &[&str], name: &str) -> bool {
    let pki = Pki::with_leaf(0, end_entity(presented));
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verified = Verification::server(&pki.chain(), name).run(&verifier, &mut Counting::default());
    assert!(matches!(verified, Ok(1) | Err(Error::CertificateNameMismatch)), "{verified:?}");
    verified.is_ok()
}

#[test]
fn host_names() {
    assert!(is_for(&["server.test"], "server.test"));
    assert!(is_for(&["server.test"], "SERVER.Test"));
    assert!(is_for(&["server.test"], "server.test."));
    assert!(is_for(&["one.test", "two.test"], "two.test"));
    for other in ["server.tes", "aserver.test", "a.server.test", "test", "192.0.2.1"] {
        assert!(!is_for(&["server.test"], other), "{other}");
    }
}

#[test]
fn wildcards_stand_for_the_whole_leftmost_label_and_for_one() {
    assert!(is_for(&["*.server.test"], "a.server.test"));
    for other in ["server.test", "a.b.server.test", "aserver.test"] {
        assert!(!is_for(&["*.server.test"], other), "{other}");
    }
    for (presented, name) in [
        ("a*.server.test", "ab.server.test"),
        ("*a.server.test", "ba.server.test"),
        ("a.*.test", "a.server.test"),
        ("*.*.test", "a.server.test"),
        ("*", "test"),
    ] {
        let pki = Pki::with_leaf(0, end_entity(&[presented]));
        let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
        let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
        let verified = Verification::server(&chain, name).run(&verifier, &mut Counting::default());
        assert!(verified.is_err(), "{presented} for {name}");
    }
}

#[test]
fn addresses_match_addresses() {
    assert!(is_for(&["192.0.2.1"], "192.0.2.1"));
    assert!(is_for(&["2001:db8::1"], "2001:db8:0::1"));
    assert!(!is_for(&["192.0.2.1"], "192.0.2.2"));
    assert!(!is_for(&["192.0.2.1"], "server.test"));
    assert!(!is_for(&["192.0.2.1"], "2001:db8::1"));
}

#[test]
fn a_common_name_is_no_name() {
    let mut params = end_entity(&[]);
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, "server.test");
    let pki = Pki::with_leaf(0, params);
    assert_eq!(verify(&pki), Err(Error::CertificateNameMismatch));
}

#[test]
fn without_a_name_no_server_is_verified() {
    let pki = Pki::new(0);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    assert!(PeerVerifier::<Counting>::needs_server_name(&verifier));
    let chain = pki.chain();
    let nameless = Verification { name: None, ..Verification::server(&chain, "server.test") };
    assert_eq!(nameless.run(&verifier, &mut Counting::default()), Err(Error::CertificateUnknown));
}

#[test]
fn only_a_name_that_was_found_counts_as_verified() {
    let pki = Pki::new(0);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    for (verification, expected) in [
        (Verification::server(&chain, "server.test"), true),
        (Verification::server(&chain, "other.test"), false),
        (Verification::client(&chain), false),
    ] {
        let mut progress = VerificationProgress::default();
        let verified = verification.poll(&verifier, &mut Counting::default(), &mut progress);
        assert!(matches!(verified, Poll::Ready(_)));
        assert_eq!(progress.server_name_verified, expected);
    }
}
