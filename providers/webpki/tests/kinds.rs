//! Certificates of kinds that people bring and that are not supported: the error says which, and what to do about it.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::wire::Pair;
use super::support::*;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, GeneralSubtree, NameConstraints};
use rcgen::{Issuer, SanType, date_time_ymd};
use saitls_core::codes::{AlertDescription as Alert, SignatureScheme as S};
use saitls_core::config::{ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::Signer;
use saitls_core::error::InBytes;
use saitls_core::{CertificateFault, Error, Result};
use saitls_webpki::*;
use std::task::Poll;
use std::time::Duration;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("data/", $name, ".der"))
    };
}

/// When the certificates of the folder `data` are valid.
const LATER: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(2_000_000_000));

fn verify_later(root: &[u8], chain: &[&[u8]]) -> Result<u32> {
    let anchors = anchor(root);
    let verifier = ChainVerifier::new(&anchors, &LATER).unwrap();
    Verification::server(chain, "server.test").run(&verifier, &mut Counting::default())
}

/// A server below a root, with what `change` does to it.
fn leaf_with(change: impl FnOnce(&mut CertificateParams)) -> Result<u32> {
    let mut params = end_entity(&["server.test"]);
    change(&mut params);
    verify(&Pki::with_leaf(1, params))
}

/// A server below an intermediate with what `change` does to that.
fn authority_with(change: impl FnOnce(&mut CertificateParams)) -> Result<u32> {
    let root = Certified::root();
    let mut params = authority("intermediate");
    change(&mut params);
    let intermediate = root.issue(params);
    let leaf = intermediate.issue(end_entity(&["server.test"]));
    verify_chain(&root.der, &[&leaf.der, &intermediate.der])
}

/// The error, its alert, and that its words have this in them.
#[track_caller]
fn assert_refused(verified: Result<u32>, error: Error, alert: Alert, words: &str) {
    assert_eq!(verified, Err(error));
    assert_eq!(error.alert(), Some(alert));
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn version_1() {
    let (root, leaf) = (data!("v1.root"), data!("v1.server"));
    let (error, alert) = (Error::Certificate(CertificateFault::Version), Alert::UNSUPPORTED_CERTIFICATE);
    assert_refused(verify_later(root, &[leaf]), error, alert, "version 3 of X.509");
}

#[test]
fn critical_extensions() {
    let critical = |identifier: &[u64]| {
        let mut extension = CustomExtension::from_oid_content(identifier, vec![0x30, 0]);
        extension.set_criticality(true);
        vec![extension]
    };
    let alert = Alert::UNSUPPORTED_CERTIFICATE;
    let unknown = critical(&[1, 3, 6, 1, 4, 1, 99_999, 1]);
    let verified = leaf_with(|leaf| leaf.custom_extensions = unknown.clone());
    assert_refused(
        verified,
        Error::Certificate(CertificateFault::CriticalExtension),
        alert,
        "critical extension that is not known",
    );
    let verified = authority_with(|authority| authority.custom_extensions = unknown);
    assert_refused(
        verified,
        Error::Certificate(CertificateFault::CriticalExtension),
        alert,
        "critical extension that is not known",
    );
    for policy in [32, 33, 36, 54] {
        let policies = critical(&[2, 5, 29, policy]);
        let verified = leaf_with(|leaf| leaf.custom_extensions = policies.clone());
        assert_refused(verified, Error::Certificate(CertificateFault::CriticalPolicy), alert, "policies");
        let verified = authority_with(|authority| authority.custom_extensions = policies);
        assert_refused(verified, Error::Certificate(CertificateFault::CriticalPolicy), alert, "policies");
    }
    // Where it is not critical, nobody needs to look at it.
    let policies = CustomExtension::from_oid_content(&[2, 5, 29, 32], vec![0x30, 0]);
    assert_eq!(leaf_with(|leaf| leaf.custom_extensions = vec![policies]), Ok(2));
}

#[test]
fn validity_before_1970() {
    let (error, alert) = (Error::Certificate(CertificateFault::Validity), Alert::BAD_CERTIFICATE);
    let verified = leaf_with(|leaf| leaf.not_before = date_time_ymd(1965, 1, 1));
    assert_refused(verified, error, alert, "before 1970");
    let verified = authority_with(|authority| authority.not_before = date_time_ymd(1950, 1, 1));
    assert_refused(verified, error, alert, "before 1970");
    assert_eq!(leaf_with(|leaf| leaf.not_before = date_time_ymd(1970, 1, 1)), Ok(2));
}

/// What is signed in a way that was not offered is named by the scheme that would have to be.
#[test]
fn signatures_that_were_not_offered() {
    let root = anchor(data!("p521-sha512.root"));
    let verifier = ChainVerifier::new(&root, &LATER).unwrap();
    let chain: [&[u8]; 1] = [data!("p521-sha512.server")];
    let schemes = Some(&[S::ECDSA_SECP256R1_SHA256, S::RSA_PSS_RSAE_SHA256][..]);
    let verification = Verification { schemes, ..Verification::server(&chain, "server.test") };
    let verified = verification.run(&verifier, &mut Counting::default());
    let (error, alert) = (
        Error::Certificate(CertificateFault::SignatureScheme(InBytes::from(S::ECDSA_SECP521R1_SHA512))),
        Alert::UNSUPPORTED_CERTIFICATE,
    );
    assert_refused(verified, error, alert, "ecdsa_secp521r1_sha512");
}

#[test]
fn an_issuer_with_rsa_1024() {
    let verified = verify_later(data!("rsa1024.short.root"), &[data!("rsa1024.server")]);
    let (error, alert) =
        (Error::Certificate(CertificateFault::RsaKeyLength(InBytes::from(1024))), Alert::UNSUPPORTED_CERTIFICATE);
    assert_refused(verified, error, alert, "RSA key of 1024 bits: 2048 to 4096");
}

/// Signs whatever it is asked to, with nothing.
struct Nothing;

impl Signer<Counting> for Nothing {
    fn schemes(&self) -> &[S] {
        &[S::RSA_PSS_RSAE_SHA256]
    }

    fn poll_sign(&self, _: &mut Counting, _: S, _: &[u8], signature: &mut [u8]) -> Poll<Result<usize>> {
        signature[..128].fill(7);
        Poll::Ready(Ok(128))
    }
}

#[test]
fn a_server_with_rsa_1024() {
    let anchors = anchor(data!("rsa1024.long.root"));
    let verifier = ChainVerifier::new(&anchors, &LATER).unwrap();
    let client = ClientConfig::new(&verifier);
    let chain: [&[u8]; 1] = [data!("rsa1024.short.server")];
    let identities = [Identity::new(&chain, &Nothing)];
    let server = ServerConfig::new(&identities);
    let (refused, heard) = Pair::new(&client, &server).run();
    assert_eq!(refused, Err(Error::Certificate(CertificateFault::RsaKeyLength(InBytes::from(1024)))));
    assert_eq!(heard, Err(Error::AlertReceived(Alert::UNSUPPORTED_CERTIFICATE)));
}

fn distinguished_name(value: DnValue) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, value);
    name
}

fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(text.try_into().unwrap())
}

/// A server whose certificate writes the name of its issuer so, below a root that calls itself so.
fn named(by_leaf: DnValue, by_root: DnValue) -> Result<u32> {
    let mut params = authority("root");
    params.distinguished_name = distinguished_name(by_root);
    let root = self_signed(params.clone(), Key::p256());
    params.distinguished_name = distinguished_name(by_leaf);
    let leaf_key = Key::p256();
    let leaf = end_entity(&["server.test"]).signed_by(&leaf_key, &Issuer::from_params(&params, &root.key)).unwrap();
    verify_chain(&root.der, &[leaf.der()])
}

#[test]
fn an_issuer_whose_name_is_written_in_another_way() {
    let utf8 = |text: &str| DnValue::Utf8String(text.into());
    let (error, alert) = (Error::Certificate(CertificateFault::IssuerNameForm), Alert::UNKNOWN_CA);
    assert_eq!(named(utf8("ACME Ltd"), utf8("ACME Ltd")), Ok(1));
    assert_refused(named(utf8("ACME Ltd"), printable("ACME Ltd")), error, alert, "string type");
    assert_refused(named(utf8("ACME Ltd"), utf8("Acme ltd")), error, alert, "string type");
    assert_refused(named(utf8("ACME Ltd"), printable(" acme  LTD ")), error, alert, "string type");
    for other in ["ACME", "ACME Ltd 2", "ACMELtd"] {
        assert_eq!(named(utf8("ACME Ltd"), utf8(other)), Err(CertificateFault::UnknownIssuer.into()), "{other}");
    }
}

#[test]
fn constraints_on_names_that_are_not_compared() {
    let constrained = |permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>| {
        move |params: &mut CertificateParams| {
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: excluded });
        }
    };
    let directory = || vec![GeneralSubtree::DirectoryName(authority("end entity").distinguished_name)];
    let (error, alert) = (Error::Certificate(CertificateFault::UnsupportedConstraint), Alert::CERTIFICATE_UNKNOWN);
    assert_refused(authority_with(constrained(directory(), vec![])), error, alert, "directory names");
    assert_refused(authority_with(constrained(vec![], directory())), error, alert, "directory names");
    // Of an anchor too.
    let mut params = authority("root");
    constrained(directory(), vec![])(&mut params);
    let root = self_signed(params, Key::p256());
    let leaf = root.issue(end_entity(&["server.test"]));
    assert_refused(verify_chain(&root.der, &[&leaf.der]), error, alert, "directory names");
    // Constraints on e-mail addresses matter where there is one.
    let mail = || vec![GeneralSubtree::Rfc822Name("test".into())];
    assert_eq!(authority_with(constrained(mail(), vec![])), Ok(2));
    let root = Certified::root();
    let mut params = authority("intermediate");
    constrained(mail(), vec![])(&mut params);
    let intermediate = root.issue(params);
    let mut params = end_entity(&["server.test"]);
    params.subject_alt_names.push(SanType::Rfc822Name("somebody@test".try_into().unwrap()));
    let leaf = intermediate.issue(params);
    assert_refused(verify_chain(&root.der, &[&leaf.der, &intermediate.der]), error, alert, "not evaluated here");
    // What is compared and broken is another matter.
    let other = vec![GeneralSubtree::DnsName("other".into())];
    assert_eq!(authority_with(constrained(other, vec![])), Err(CertificateFault::Constraint.into()));
}
