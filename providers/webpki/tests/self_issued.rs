//! Self-issued is not self-signed (RFC 5280 3.2): names alone say nothing about keys.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::CertificateParams;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use saitls_core::crypto::x509;
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

/// A server with the name of an authority called `root`.
fn of_the_same_name() -> CertificateParams {
    let mut params = end_entity(&["server.test"]);
    params.distinguished_name = authority("root").distinguished_name;
    params
}

/// With the identifiers of its own key and of its issuer's.
fn with_identifiers(mut params: CertificateParams, own: u8) -> CertificateParams {
    // Written into the certificates of authorities and of who says explicitly that it is none.
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![own]);
    params.use_authority_key_identifier_extension = true;
    params
}

#[test]
fn a_server_may_have_the_name_of_its_authority() {
    let root = Certified::root();
    let leaf = root.issue(of_the_same_name());
    assert_eq!(verify_chain(&root.der, &[&leaf.der]), Ok(1));
    assert_eq!(verify_chain(&root.der, &[&leaf.der, &root.der]), Ok(1));
    // An intermediate may as well, as when an authority changes its key. The name alone does not say whose the key is:
    // the signature is tried with both.
    let successor = root.issue(authority("root"));
    let leaf = successor.issue(of_the_same_name());
    assert_eq!(verify_chain(&root.der, &[&leaf.der, &successor.der]), Ok(3));
}

#[test]
fn so_may_a_client() {
    let root = Certified::root();
    let leaf = root.issue(of_the_same_name());
    let (anchors, chain) = (anchor(&root.der), [leaf.der.as_slice()]);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    assert_eq!(Verification::client(&chain).run(&verifier, &mut Counting::default()), Ok(1));
}

/// The files of `self-issued` in the folder that `SAITLS_CASES` names, which OpenSSL, GnuTLS, Node and Java accept.
#[test]
fn a_chain_that_others_accept_is_accepted() {
    let Some(folder) = std::env::var_os("SAITLS_CASES") else {
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: a self-issued chain: SAITLS_CASES names no folder with it");
        return;
    };
    let folder = Path::new(&folder).join("self-issued");
    let [leaf, root] = ["leaf.pem", "ca.pem"].map(|name| CertificateDer::from_pem_file(folder.join(name)).unwrap());
    let (anchors, chain) = (anchor(&root), [leaf.as_ref()]);
    let time = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    let verifier = ChainVerifier::new(&anchors, &time).unwrap();
    let verified = Verification::server(&chain, "localhost").run(&verifier, &mut Counting::default());
    assert_eq!(verified, Ok(1));
    // Below another root it is what it is: not self-signed, but from somebody unknown.
    let stranger = Certified::root();
    let anchors = anchor(&stranger.der);
    let verifier = ChainVerifier::new(&anchors, &time).unwrap();
    let refused = Verification::server(&chain, "localhost").run(&verifier, &mut Counting::default());
    assert_eq!(refused, Err(CertificateFault::UnknownIssuer.into()));
}

#[test]
fn a_self_signed_server_is_refused_with_the_remedy() {
    let stranger = Certified::root();
    for params in [end_entity(&["server.test"]), of_the_same_name(), authority("authority")] {
        let certified = self_signed(params, Key::p256());
        assert!(x509::is_self_signed(&certified.der).unwrap());
        let refused = verify_chain(&stranger.der, &[&certified.der]).unwrap_err();
        // Also where an anchor has its name: the signature is wrong for that one's key.
        assert_eq!(refused, Error::Certificate(CertificateFault::SelfSigned));
        assert!(refused.to_string().contains("PinnedKey"), "{refused}");
    }
    let mut expired = end_entity(&["server.test"]);
    expired.not_after = rcgen::date_time_ymd(2026, 2, 1);
    let certified = self_signed(expired, Key::p256());
    assert_eq!(verify_chain(&stranger.der, &[&certified.der]), Err(CertificateFault::SelfSigned.into()));
}

/// Without key identifiers it looks self-signed, but it has an issuer: what is wrong is something else.
#[test]
fn what_an_authority_of_the_same_name_issued_is_refused_for_what_is_wrong() {
    let root = Certified::root();
    let changed = |change: fn(&mut CertificateParams)| {
        let mut params = of_the_same_name();
        change(&mut params);
        params
    };
    let expired = changed(|params| params.not_after = rcgen::date_time_ymd(2026, 2, 1));
    let named_otherwise = changed(|params| params.subject_alt_names = end_entity(&["other.test"]).subject_alt_names);
    let without_purpose =
        changed(|params| params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::CodeSigning]);
    for (params, error) in [
        (expired, Error::Certificate(CertificateFault::Expired)),
        (named_otherwise, Error::Certificate(CertificateFault::NameMismatch)),
        (without_purpose, Error::Certificate(CertificateFault::Purpose)),
    ] {
        let leaf = root.issue(params.clone());
        assert!(x509::is_self_signed(&leaf.der).unwrap());
        assert_eq!(verify_chain(&root.der, &[&leaf.der]), Err(error));
        // Or an intermediate has its name.
        let other = self_signed(authority("other"), Key::p256());
        let intermediate = other.issue(authority("root"));
        let leaf = intermediate.issue(params);
        assert_eq!(verify_chain(&other.der, &[&leaf.der, &intermediate.der]), Err(error));
    }
    let leaf = root.issue(of_the_same_name());
    let (anchors, chain, list) = (anchor(&root.der), [leaf.der.as_slice()], root.revoke(&[&leaf]));
    let lists = [list.as_slice()];
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap().with_revocation(Revocation::new(&lists).unwrap());
    let refused = Verification::server(&chain, "server.test").run(&verifier, &mut Counting::default());
    assert_eq!(refused, Err(CertificateFault::Revoked.into()));
}

/// An anchor is a name and a key (RFC 5280 6.1.1 d): what that key signed is a path of one certificate.
#[test]
fn a_self_signed_server_that_is_an_anchor_is_accepted() {
    let certified = self_signed(end_entity(&["server.test"]), Key::p256());
    assert_eq!(verify_chain(&certified.der, &[&certified.der]), Ok(1));
    // All else is checked as ever.
    let named_otherwise = self_signed(end_entity(&["other.test"]), Key::p256());
    let refused = verify_chain(&named_otherwise.der, &[&named_otherwise.der]);
    assert_eq!(refused, Err(CertificateFault::NameMismatch.into()));
    let mut expired = end_entity(&["server.test"]);
    expired.not_after = rcgen::date_time_ymd(2026, 2, 1);
    let expired = self_signed(expired, Key::p256());
    assert_eq!(verify_chain(&expired.der, &[&expired.der]), Err(CertificateFault::Expired.into()));
    let mut tampered = certified.der.clone();
    *tampered.last_mut().unwrap() ^= 1;
    assert_eq!(verify_chain(&certified.der, &[&tampered]), Err(CertificateFault::Bad.into()));
    // A certification authority is no peer, not even of itself.
    let mut params = authority("server.test");
    params.subject_alt_names = end_entity(&["server.test"]).subject_alt_names;
    let authority = self_signed(params, Key::p256());
    assert_eq!(
        verify_chain(&authority.der, &[&authority.der]),
        Err(CertificateFault::CertificationAuthorityAsPeer.into())
    );
}

/// Who is self-issued by a stranger is no self-signed peer: key identifiers tell.
#[test]
fn key_identifiers_tell_a_stranger_from_a_self_signed_peer() {
    let (stranger, issuer) = (self_signed(authority("somebody"), Key::p256()), Certified::root());
    let leaf = issuer.issue(with_identifiers(of_the_same_name(), 7));
    assert!(!x509::is_self_signed(&leaf.der).unwrap());
    assert_eq!(verify_chain(&stranger.der, &[&leaf.der]), Err(CertificateFault::UnknownIssuer.into()));
    assert_eq!(verify_chain(&issuer.der, &[&leaf.der]), Ok(1));
    let certified = self_signed(with_identifiers(of_the_same_name(), 7), Key::p256());
    assert!(x509::is_self_signed(&certified.der).unwrap());
    assert_eq!(verify_chain(&stranger.der, &[&certified.der]), Err(CertificateFault::SelfSigned.into()));
}
