//! What is refused that a builder of paths may accept, and why.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{DistinguishedName, DnType, DnValue, GeneralSubtree, Issuer, NameConstraints};
use saitls_chain::*;
use saitls_core::codes::{AlertDescription as Alert, CertificateType};
use saitls_core::crypto::{CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, VerificationProgress, x509};
use saitls_core::error::Misconfiguration;
use saitls_core::wire::CertificateEntries;
use saitls_core::{CertificateFault, Error};
use std::task::Poll;

fn verify_below(root: &[u8], chain: &[&[u8]]) -> Result<u32, Error> {
    let anchors = [anchor_from_der(root).unwrap()];
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    Verification::server(chain, "server.test").run(&verifier, &mut Counting::default())
}

#[test]
fn each_certificate_is_signed_by_the_next_one() {
    let pki = Pki::new(2);
    let (root, chain, stranger) = (&pki.root.der, pki.chain(), self_signed(authority("stranger"), Key::p256()));
    assert_eq!(verify_below(root, &chain), Ok(3));
    let unknown = Err(CertificateFault::UnknownIssuer.into());
    assert_eq!(verify_below(root, &[chain[0], chain[2], chain[1]]), unknown);
    assert_eq!(verify_below(root, &[chain[0], &stranger.der, chain[1], chain[2]]), unknown);
    assert_eq!(verify_below(root, &[chain[0], chain[0], chain[1], chain[2]]), unknown);
    assert_eq!(verify_below(root, &[chain[0], root, chain[1], chain[2]]), unknown);
    // What stands behind is not looked at.
    assert_eq!(verify_below(root, &[chain[0], chain[1], chain[2], root, &stranger.der]), Ok(3));
    assert_eq!(Error::from(CertificateFault::UnknownIssuer).alert(), Some(Alert::UNKNOWN_CA));
}

/// Two authorities that certify each other, as when the clients of an old one are to accept the new one: the chain of
/// the old anchor is for the new one, too.
#[test]
fn a_chain_that_was_made_for_another_anchor_ends_at_the_first_one_that_is_ours() {
    let (old, new) = (Certified::root(), self_signed(authority("new root"), Key::p256()));
    let crossed = old.issue_for(authority("new root"), new.key.clone());
    let intermediate = new.issue(authority("intermediate"));
    let leaf = intermediate.issue(end_entity(&["server.test"]));
    let chain = [&*leaf.der, &intermediate.der, &crossed.der];
    assert_eq!(verify_below(&old.der, &chain), Ok(3));
    assert_eq!(verify_below(&new.der, &chain), Ok(2));
}

#[test]
fn the_right_one_of_many_anchors_of_one_name_is_found() {
    let pkis: Vec<_> = (0..20).map(|_| Pki::new(1)).collect();
    let anchors: Vec<_> = pkis.iter().map(|pki| anchor_from_der(&pki.root.der).unwrap()).collect();
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verdict =
        |pki: &Pki| Verification::server(&pki.chain(), "server.test").run(&verifier, &mut Counting::default());
    assert_eq!(verdict(&pkis[0]), Ok(2));
    assert_eq!(verdict(&pkis[3]), Ok(5));
    // The limit on signatures is what ends the search.
    assert_eq!(verdict(&pkis[19]), Err(CertificateFault::ChainTooLong.into()));
}

/// Anchors of one name and of several kinds of keys, as when an authority goes over from one to the other.
#[test]
fn an_anchor_with_a_key_of_another_kind_is_passed_over() {
    let root = Certified::root();
    let others = [Key::ed25519(), Key::p384()].map(|key| self_signed(authority("root"), key));
    let leaf = root.issue(end_entity(&["server.test"]));
    let ders = [&others[0].der, &others[1].der, &root.der];
    let anchors = ders.map(|der| anchor_from_der(der).unwrap());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let verified = Verification::server(&[&leaf.der], "server.test").run(&verifier, &mut Counting::default());
    // P-384 may sign SHA-256, so that one is tried.
    assert_eq!(verified, Ok(2));
}

#[test]
fn name_constraints_are_refused_wherever_they_are() {
    let constrained = |mut params: rcgen::CertificateParams| {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("test".into())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        params
    };
    let refused = Err(CertificateFault::UnsupportedConstraint.into());
    let root = Certified::root();
    let intermediate = root.issue(constrained(authority("intermediate")));
    let leaf = intermediate.issue(end_entity(&["server.test"]));
    assert_eq!(verify_below(&root.der, &[&leaf.der, &intermediate.der]), refused);
    // Where they are not critical, too.
    let intermediate = root.issue({
        let mut params = authority("intermediate");
        let value = vec![0x30, 10, 0xa0, 8, 0x30, 6, 0x82, 4, b't', b'e', b's', b't'];
        params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 30], value)];
        params
    });
    let leaf = intermediate.issue(end_entity(&["server.test"]));
    assert_eq!(verify_below(&root.der, &[&leaf.der, &intermediate.der]), refused);
    // An anchor's are not forgotten, whoever reads them.
    let root = self_signed(constrained(authority("root")), Key::p256());
    let leaf = root.issue(end_entity(&["server.test"]));
    assert_eq!(verify_below(&root.der, &[&leaf.der]), refused);
    let anchors = anchor(&root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    assert_eq!(Verification::server(&[&leaf.der], "server.test").run(&verifier, &mut Counting::default()), refused);
    // Of an authority that signed nothing of the chain they do not matter.
    let intermediate = Certified::root();
    let leaf = intermediate.issue(end_entity(&["server.test"]));
    let other = self_signed(constrained(authority("another root")), Key::p256());
    let anchors = [&intermediate.der, &other.der].map(|der| anchor_from_der(der).unwrap());
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    assert_eq!(Verification::server(&[&leaf.der], "server.test").run(&verifier, &mut Counting::default()), Ok(1));
}

#[test]
fn a_name_in_another_form_is_another_name() {
    let named = |value: DnValue| {
        let mut params = authority("root");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, value);
        params
    };
    let root = self_signed(named(DnValue::PrintableString("ACME Ltd".try_into().unwrap())), Key::p256());
    let as_utf8 = named(DnValue::Utf8String("ACME Ltd".into()));
    let key = Key::p256();
    let leaf = end_entity(&["server.test"]).signed_by(&key, &Issuer::from_params(&as_utf8, &root.key)).unwrap();
    assert_eq!(verify_below(&root.der, &[leaf.der()]), Err(CertificateFault::UnknownIssuer.into()));
}

#[test]
fn anchors_are_the_same_as_those_of_the_other_verifier() {
    let mut kept = vec![Certified::root().der];
    for name in ["v1.root", "rsapss.root", "rsa4096.root", "p521-sha512.root"] {
        let file = format!("{}/../webpki/tests/data/{name}.der", env!("CARGO_MANIFEST_DIR"));
        kept.push(std::fs::read(file).unwrap());
    }
    for root in kept {
        assert_eq!(anchor_from_der(&root), saitls_webpki::anchor_from_der(&root));
        for len in 0..root.len() {
            assert_eq!(anchor_from_der(&root[..len]), Err(CertificateFault::Bad.into()));
        }
    }
    let none = Some(Error::InvalidConfiguration(Misconfiguration::NoTrustAnchors));
    assert_eq!(ChainVerifier::new(&[], &NOW).err(), none);
    assert_eq!(ChainVerifier::ignoring_validity(&[]).err(), none);
}

/// A key without a certificate has no chain, whatever its bytes are: not even those of a certificate with a chain.
#[test]
fn a_raw_public_key_is_not_taken_for_a_chain() {
    let pki = Pki::new(0);
    let anchors = [anchor_from_der(&pki.root.der).unwrap()];
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let list = certificate_list(&pki.chain());
    let name = ServerName::try_from("server.test").unwrap();
    let unsupported = Err(CertificateFault::Unsupported.into());
    for (certificate_type, expected) in
        [(CertificateType::X509, Ok(())), (CertificateType::RAW_PUBLIC_KEY, unsupported)]
    {
        let mut provider = Counting::default();
        let schemes = provider.signature_schemes().to_vec();
        let peer = PeerCertificates {
            role: PeerRole::Server,
            certificate_type,
            chain: CertificateEntries::new(&list).unwrap(),
            ocsp_response: None,
            signed_certificate_timestamps: None,
            subject_public_key_info: x509::subject_public_key_info(&pki.leaf.der).unwrap(),
            server_name: Some(&name),
            signature_schemes: &schemes,
        };
        let verdict = verifier.poll_verify(&mut provider, &mut VerificationProgress::default(), &peer);
        assert_eq!(verdict, Poll::Ready(expected));
    }
}

/// Whom a name or its absence lets in, and whether it counts as verified.
#[test]
fn the_expected_name_can_be_another_one_or_none() {
    let pki = Pki::new(1);
    let anchors = [anchor_from_der(&pki.root.der).unwrap()];
    let chain = pki.chain();
    let (server, other) = ("server.test".try_into().unwrap(), "other.test".try_into().unwrap());
    let of_connection = ChainVerifier::new(&anchors, &NOW).unwrap();
    let run = |verifier: &ChainVerifier<'_>, role, name| {
        let (mut progress, mut provider) = (VerificationProgress::default(), Counting::default());
        let verification = Verification { role, chain: &chain, name, schemes: None };
        match verification.poll(verifier, &mut provider, &mut progress) {
            Poll::Ready(result) => (result, progress.server_name_verified),
            Poll::Pending => panic!("nothing is slow here"),
        }
    };
    let mismatch = (Err(CertificateFault::NameMismatch.into()), false);
    for (name, is_it) in [(None, false), (Some("server.test"), true), (Some("other.test"), false)] {
        let expected = match name {
            None => (Err(CertificateFault::Unknown.into()), false),
            Some(_) if is_it => (Ok(()), true),
            Some(_) => mismatch,
        };
        assert_eq!(run(&of_connection, PeerRole::Server, name), expected);
        let (to_server, to_other) =
            (of_connection.expecting_server_name(&server), of_connection.expecting_server_name(&other));
        assert_eq!(run(&to_server, PeerRole::Server, name), (Ok(()), is_it));
        assert_eq!(run(&to_other, PeerRole::Server, name), mismatch);
        assert_eq!(run(&of_connection.ignoring_server_name(), PeerRole::Server, name), (Ok(()), false));
        for verifier in [of_connection, to_other] {
            assert_eq!(run(&verifier, PeerRole::Client, name), (Ok(()), false));
        }
    }
    let needs = |verifier: ChainVerifier<'_>| PeerVerifier::<Counting>::needs_server_name(&verifier);
    assert!(needs(of_connection));
    assert!(!needs(of_connection.expecting_server_name(&server)) && !needs(of_connection.ignoring_server_name()));
}
