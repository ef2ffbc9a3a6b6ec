//! The name of the server (RFC 9525).

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::DnType;
use saitls_core::crypto::{PeerVerifier, VerificationProgress};
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;
use std::task::Poll;

fn is_for(presented: &[&str], name: &str) -> bool {
    let pki = Pki::with_leaf(0, end_entity(presented));
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verified = Verification::server(&pki.chain(), name).run(&verifier, &mut Counting::default());
    assert!(matches!(verified, Ok(1) | Err(Error::Certificate(CertificateFault::NameMismatch))), "{verified:?}");
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
    // Not merely another name: there is none.
    let refused = verify(&pki).unwrap_err();
    assert_eq!(refused, Error::Certificate(CertificateFault::MissingSubjectAltName));
    assert!(refused.to_string().contains("no subjectAltName"), "{refused}");
}

/// With a name of the connection or without, and whatever it is.
const NAMES: [Option<&str>; 3] = [None, Some("server.test"), Some("other.test")];

fn run(verifier: &ChainVerifier<'_>, chain: &[&[u8]], name: Option<&str>) -> (Result<u32, Error>, bool) {
    let verification = Verification { name, ..Verification::server(chain, "") };
    let mut progress = VerificationProgress::default();
    let mut provider = Counting::default();
    match verification.poll(verifier, &mut provider, &mut progress) {
        Poll::Ready(result) => (result.map(|()| provider.verified), progress.server_name_verified),
        Poll::Pending => panic!("nothing is slow here"),
    }
}

#[test]
fn another_name_can_be_expected_than_that_of_the_connection() {
    let pki = Pki::new(1);
    let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
    let (server, other) = ("server.test".try_into().unwrap(), "other.test".try_into().unwrap());
    let expecting = |name| ChainVerifier::new(&anchors, &NOW).unwrap().expecting_server_name(name);
    assert!(!PeerVerifier::<Counting>::needs_server_name(&expecting(&server)));
    for name in NAMES {
        // The name of the connection was verified only if it is the one.
        assert_eq!(run(&expecting(&server), &chain, name), (Ok(2), name == Some("server.test")));
        assert_eq!(run(&expecting(&other), &chain, name), (Err(CertificateFault::NameMismatch.into()), false));
    }
    let rotating = RotatingVerifier::new(expecting(&server));
    assert!(!PeerVerifier::<Counting>::needs_server_name(&rotating));
}

#[test]
fn the_name_can_be_left_out() {
    for names in [&["server.test"][..], &[]] {
        let pki = Pki::with_leaf(1, end_entity(names));
        let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
        let nameless = ChainVerifier::new(&anchors, &NOW).unwrap().ignoring_server_name();
        assert!(!PeerVerifier::<Counting>::needs_server_name(&nameless));
        for name in NAMES {
            assert_eq!(run(&nameless, &chain, name), (Ok(2), false));
        }
    }
}

/// What is checked behind the name is checked without it: KeyUsage, of which a verifier that passes over the error of
/// the name would see nothing.
#[test]
fn without_the_name_all_else_is_checked() {
    use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose, date_time_ymd};
    let server = "server.test".try_into().unwrap();
    let verdicts = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = end_entity(&["server.test"]);
        change(&mut params);
        let pki = Pki::with_leaf(1, params);
        let (anchors, chain) = (anchor(&pki.root.der), pki.chain());
        let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
        let both = [verifier.ignoring_server_name(), verifier.expecting_server_name(&server)];
        both.map(|verifier| run(&verifier, &chain, None).0)
    };
    assert_eq!(verdicts(&|_| ()), [Ok(2); 2]);
    let not_to_sign = |leaf: &mut rcgen::CertificateParams| leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    assert_eq!(verdicts(&not_to_sign), [Err(CertificateFault::Purpose.into()); 2]);
    let for_code =
        |leaf: &mut rcgen::CertificateParams| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    assert_eq!(verdicts(&for_code), [Err(CertificateFault::Purpose.into()); 2]);
    assert_eq!(
        verdicts(&|leaf| leaf.not_after = date_time_ymd(2026, 2, 1)),
        [Err(CertificateFault::Expired.into()); 2]
    );
    let stranger = Pki::new(0);
    let anchors = anchor(&stranger.root.der);
    let nameless = ChainVerifier::new(&anchors, &NOW).unwrap().ignoring_server_name();
    let pki = Pki::new(1);
    assert_eq!(run(&nameless, &pki.chain(), None).0, Err(CertificateFault::Bad.into()));
}

#[test]
fn without_a_name_no_server_is_verified() {
    let pki = Pki::new(0);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    assert!(PeerVerifier::<Counting>::needs_server_name(&verifier));
    let chain = pki.chain();
    let nameless = Verification { name: None, ..Verification::server(&chain, "server.test") };
    assert_eq!(nameless.run(&verifier, &mut Counting::default()), Err(CertificateFault::Unknown.into()));
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
