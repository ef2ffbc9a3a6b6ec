//! Chains, good and bad.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose};
use rcgen::{CertificateParams, NameConstraints};
use saitls_core::codes::CertificateType;
use saitls_core::crypto::{CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, VerificationProgress, x509};
use saitls_core::wire::CertificateEntries;
use saitls_core::{CertificateFault, Error, ServerName};
use saitls_webpki::*;
use std::task::Poll;

/// A server below one intermediate, each with what `change` does to them.
fn changed(
    change_intermediate: impl FnOnce(&mut CertificateParams),
    change_leaf: impl FnOnce(&mut CertificateParams),
) -> Result<u32, Error> {
    let root = Certified::root();
    let mut params = authority("intermediate");
    change_intermediate(&mut params);
    let intermediate = root.issue(params);
    let mut params = end_entity(&["server.test"]);
    change_leaf(&mut params);
    let leaf = intermediate.issue(params);
    verify_chain(&root.der, &[&leaf.der, &intermediate.der])
}

fn nothing(_: &mut CertificateParams) {}

#[test]
fn chains_of_up_to_three_intermediates_are_accepted() {
    for intermediates in 0..=3 {
        assert_eq!(verify(&Pki::new(intermediates)), Ok(intermediates as u32 + 1));
    }
    assert_eq!(verify(&Pki::new(4)), Err(CertificateFault::ChainTooLong.into()));
}

#[test]
fn more_intermediates_are_accepted_by_who_asks_for_it() {
    let pki = Pki::new(5);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap().with_max_intermediates(5);
    let chain = pki.chain();
    assert_eq!(Verification::server(&chain, "server.test").run(&verifier, &mut Counting::default()), Ok(6));
}

#[test]
fn order_and_company_of_intermediates_do_not_matter() {
    let pki = Pki::new(2);
    let stranger = Certified::root();
    let chain = pki.chain();
    assert_eq!(verify_chain(&pki.root.der, &[chain[0], chain[2], chain[1]]), Ok(3));
    assert_eq!(verify_chain(&pki.root.der, &[chain[0], chain[1], chain[2], &pki.root.der]), Ok(3));
    assert_eq!(verify_chain(&pki.root.der, &[chain[0], &stranger.der, chain[2], chain[1]]), Ok(3));
    // No more than three are looked at.
    assert_eq!(
        verify_chain(&pki.root.der, &[chain[0], &stranger.der, &stranger.der, &stranger.der, chain[1], chain[2]]),
        Err(CertificateFault::ChainTooLong.into())
    );
}

#[test]
fn an_intermediate_can_be_the_trust_anchor() {
    let pki = Pki::new(2);
    assert_eq!(verify_chain(&pki.intermediates[0].der, &pki.chain()), Ok(2));
    assert_eq!(verify_chain(&pki.intermediates[1].der, &pki.chain()), Ok(1));
}

#[test]
fn a_chain_without_its_end_is_from_an_unknown_issuer() {
    let pki = Pki::new(2);
    let chain = pki.chain();
    assert_eq!(verify_chain(&pki.root.der, &[chain[0]]), Err(CertificateFault::UnknownIssuer.into()));
    assert_eq!(verify_chain(&pki.root.der, &[chain[0], chain[2]]), Err(CertificateFault::UnknownIssuer.into()));
    let stranger = self_signed(authority("somebody else"), Key::p256());
    assert_eq!(verify_chain(&stranger.der, &chain), Err(CertificateFault::UnknownIssuer.into()));
    // The same name is not the same key.
    assert_eq!(verify_chain(&Certified::root().der, &chain), Err(CertificateFault::Bad.into()));
}

#[test]
fn each_signature_of_a_chain_counts() {
    let pki = Pki::new(2);
    for index in 0..3 {
        let mut chain: Vec<Vec<u8>> = pki.chain().iter().map(|der| der.to_vec()).collect();
        *chain[index].last_mut().unwrap() ^= 1;
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        assert_eq!(verify_chain(&pki.root.der, &chain), Err(CertificateFault::Bad.into()));
    }
}

#[test]
fn an_issuer_must_be_an_authority() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let made = changed(|intermediate| intermediate.is_ca = is_ca, nothing);
        assert_eq!(made, Err(CertificateFault::Constraint.into()));
    }
}

#[test]
fn an_authority_whose_key_may_not_sign_certificates_signs_none() {
    let usages = vec![KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let made = changed(|intermediate| intermediate.key_usages = usages, nothing);
    assert_eq!(made, Err(CertificateFault::Constraint.into()));
    // Without the extension it may.
    assert_eq!(changed(|intermediate| intermediate.key_usages = Vec::new(), nothing), Ok(2));
}

#[test]
fn unknown_critical_extensions_are_refused() {
    let unknown = |critical| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
        extension.set_criticality(critical);
        vec![extension]
    };
    assert_eq!(
        changed(|intermediate| intermediate.custom_extensions = unknown(true), nothing),
        Err(CertificateFault::CriticalExtension.into())
    );
    assert_eq!(
        changed(nothing, |leaf| leaf.custom_extensions = unknown(true)),
        Err(CertificateFault::CriticalExtension.into())
    );
    assert_eq!(changed(nothing, |leaf| leaf.custom_extensions = unknown(false)), Ok(2));
}

#[test]
fn the_length_of_a_path_is_limited_by_its_authorities() {
    let root = Certified::root();
    let limited = |limit| {
        let mut params = authority("limited");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit));
        root.issue(params)
    };
    for (limit, expected) in [(1, Ok(3)), (0, Err(CertificateFault::Constraint.into()))] {
        let first = limited(limit);
        let second = first.issue(authority("second"));
        let leaf = second.issue(end_entity(&["server.test"]));
        assert_eq!(verify_chain(&root.der, &[&leaf.der, &second.der, &first.der]), expected);
    }
}

#[test]
fn name_constraints_of_intermediates_and_anchors_hold() {
    let constraints = |permitted: &[&str], excluded: &[&str]| {
        let subtrees = |names: &[&str]| names.iter().map(|&name| GeneralSubtree::DnsName(name.into())).collect();
        Some(NameConstraints { permitted_subtrees: subtrees(permitted), excluded_subtrees: subtrees(excluded) })
    };
    for (permitted, excluded, expected) in [
        (&["test"][..], &[][..], Ok(2)),
        (&["example"], &[], Err(CertificateFault::Constraint.into())),
        (&[], &["server.test"], Err(CertificateFault::Constraint.into())),
        (&[], &["other.test"], Ok(2)),
    ] {
        let made = changed(|intermediate| intermediate.name_constraints = constraints(permitted, excluded), nothing);
        assert_eq!(made, expected);
        let mut params = authority("root");
        params.name_constraints = constraints(permitted, excluded);
        let root = self_signed(params, Key::p256());
        let leaf = root.issue(end_entity(&["server.test"]));
        assert_eq!(verify_chain(&root.der, &[&leaf.der]), expected.map(|_| 1));
    }
}

#[test]
fn certificates_are_for_their_purpose() {
    use ExtendedKeyUsagePurpose::{ClientAuth, CodeSigning, ServerAuth};

    let for_purpose = |purposes: Vec<ExtendedKeyUsagePurpose>| {
        let root = Certified::root();
        let mut params = end_entity(&["server.test"]);
        params.extended_key_usages = purposes;
        let leaf = root.issue(params);
        let (anchors, chain) = (anchor(&root.der), [leaf.der.as_slice()]);
        let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
        let provider = &mut Counting::default();
        let as_server = Verification::server(&chain, "server.test").run(&verifier, provider);
        (as_server, Verification::client(&chain).run(&verifier, provider))
    };
    const WRONG: Result<u32, Error> = Err(Error::Certificate(CertificateFault::Purpose));
    assert_eq!(for_purpose(vec![]), (Ok(1), Ok(1)));
    assert_eq!(for_purpose(vec![ServerAuth, ClientAuth]), (Ok(1), Ok(1)));
    assert_eq!(for_purpose(vec![ServerAuth]), (Ok(1), WRONG));
    assert_eq!(for_purpose(vec![ClientAuth]), (WRONG, Ok(1)));
    assert_eq!(for_purpose(vec![CodeSigning]), (WRONG, WRONG));
    // Of an authority too, if it says so.
    assert_eq!(changed(|intermediate| intermediate.extended_key_usages = vec![ClientAuth], nothing), WRONG);
}

#[test]
fn a_key_that_may_not_sign_does_not_authenticate() {
    for (usages, expected) in [
        (vec![], Ok(2)),
        (vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment], Ok(2)),
        (vec![KeyUsagePurpose::KeyEncipherment], Err(CertificateFault::Purpose.into())),
        (vec![KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::DecipherOnly], Err(CertificateFault::Purpose.into())),
        (vec![KeyUsagePurpose::DecipherOnly], Err(CertificateFault::Purpose.into())),
    ] {
        assert_eq!(changed(nothing, |leaf| leaf.key_usages = usages), expected);
    }
}

#[test]
fn an_authority_is_no_peer() {
    let mut params = authority("authority.test");
    params.subject_alt_names = end_entity(&["server.test"]).subject_alt_names;
    params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    let root = Certified::root();
    let leaf = root.issue(params);
    let refused = verify_chain(&root.der, &[&leaf.der]).unwrap_err();
    assert_eq!(refused, Error::Certificate(CertificateFault::CertificationAuthorityAsPeer));
    assert!(refused.to_string().contains("PinnedKey"), "{refused}");
}

#[test]
fn nothing_but_certificates_is_verified() {
    let root = Certified::root();
    for certificate in [&[][..], &[0x30, 0], &root.key.signer.schemes()[0].0.to_be_bytes()] {
        assert!(verify_chain(&root.der, &[certificate]).is_err());
    }
    let pki = Pki::new(1);
    let chain = pki.chain();
    // Nonsense beside a good chain does no harm.
    assert_eq!(verify_chain(&pki.root.der, &[chain[0], &[0x30, 0], chain[1]]), Ok(2));
    let longer = [chain[0], &[0]].concat();
    assert_eq!(verify_chain(&pki.root.der, &[&longer, chain[1]]), Err(CertificateFault::Bad.into()));
}

/// A key without a certificate has no chain, whatever its bytes are: not even those of a certificate with a chain.
#[test]
fn a_raw_public_key_is_no_chain() {
    let pki = Pki::new(0);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    let list = certificate_list(&pki.chain());
    let name = ServerName::try_from("server.test").unwrap();
    for (certificate_type, expected) in
        [(CertificateType::X509, Ok(())), (CertificateType::RAW_PUBLIC_KEY, Err(CertificateFault::Unsupported.into()))]
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
