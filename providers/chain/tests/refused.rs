//! What rustls-webpki refuses for reasons that are easily overlooked is refused here as well, by an error of the same
//! name.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{CertificateParams, CustomExtension, PublicKeyData, SignatureAlgorithm};
use rustls_pki_types::Der;
use saitls_chain::*;
use saitls_core::crypto::x509::Certificate;
use saitls_core::{CertificateFault, Error};
use std::path::Path;
use std::process::Command;

/// What this verifier says, and the one that builds paths.
fn verify(anchors: &[TrustAnchor<'_>], chain: &[&[u8]], provider: &mut Counting) -> [Result<u32, Error>; 2] {
    let verification = Verification::server(chain, "server.test");
    [
        verification.run(&ChainVerifier::new(anchors, &NOW).unwrap(), provider),
        verification.run(&saitls_webpki::ChainVerifier::new(anchors, &NOW).unwrap(), provider),
    ]
}

/// What both say, which is the same.
#[track_caller]
fn both(anchors: &[TrustAnchor<'_>], chain: &[&[u8]], provider: &mut Counting) -> Result<u32, Error> {
    let [ours, other] = verify(anchors, chain, provider);
    // An issuer that cannot be read has no name here, and is a bad certificate there.
    if ours != Err(CertificateFault::UnknownIssuer.into()) || other != Err(CertificateFault::Bad.into()) {
        assert_eq!(ours, other);
    }
    ours
}

/// A key of which nobody here has the private half: the content of a SubjectPublicKeyInfo.
struct Foreign(Vec<u8>);

impl PublicKeyData for Foreign {
    fn der_bytes(&self) -> &[u8] {
        // An uncompressed point of P-384.
        &self.0[self.0.len() - 97..]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P384_SHA384
    }
}

/// The keys that rustls-webpki distrusts, from its own list.
fn distrusted() -> Vec<Foreign> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let version = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into())).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let library = packages.iter().find(|package| package["name"] == "rustls-webpki").unwrap();
    let folder = Path::new(library["manifest_path"].as_str().unwrap()).with_file_name("src/data/distrusted");
    let keys: Vec<_> =
        folder.read_dir().unwrap().map(|file| Foreign(std::fs::read(file.unwrap().path()).unwrap())).collect();
    assert!(keys.len() >= 8, "{}", keys.len());
    keys
}

#[test]
fn a_path_with_a_key_that_is_distrusted() {
    let mut credulous = Counting { credulous: true, ..Counting::default() };
    let root = Certified::root();
    let anchors = anchor(&root.der);
    let unknown = Err(CertificateFault::Unknown.into());
    let issue = |issuer: &Certified, params: &CertificateParams, key: &Foreign| {
        params.signed_by(key, &rcgen::Issuer::from_params(&issuer.params, &issuer.key)).unwrap().der().to_vec()
    };
    for key in distrusted() {
        // The peer's, an authority's, an anchor's.
        let leaf = issue(&root, &end_entity(&["server.test"]), &key);
        assert_eq!(both(&anchors, &[&leaf], &mut credulous), unknown);
        let params = authority("distrusted");
        let intermediate = issue(&root, &params, &key);
        let leaf = self_signed(params, Key::p384()).issue(end_entity(&["server.test"]));
        assert_eq!(both(&anchors, &[&leaf.der, &intermediate], &mut credulous), unknown);
        let [own] = anchor(&root.der);
        let of_anchor = TrustAnchor { subject_public_key_info: Der::from_slice(&key.0), ..own.clone() };
        let root = self_signed(authority("root"), Key::p384());
        let leaf = root.issue(end_entity(&["server.test"]));
        assert_eq!(both(std::slice::from_ref(&of_anchor), &[&leaf.der], &mut credulous), unknown);
        // Another one of its name is as good as ever.
        let [good] = anchor(&root.der);
        let both_anchors = [of_anchor, good];
        assert_eq!(verify(&both_anchors, &[&leaf.der], &mut credulous), [Ok(2), Ok(1)]);
    }
    // With other keys nothing is wrong.
    for mut key in distrusted() {
        key.0[25] ^= 1;
        let leaf = issue(&root, &end_entity(&["server.test"]), &key);
        assert!(both(&anchors, &[&leaf], &mut credulous).is_ok());
    }
}

/// A certificate that says of itself that it is no authority must not have itself certified as one (RFC 4158 5.2).
#[test]
fn an_authority_that_is_the_peer_itself() {
    let root = Certified::root();
    let anchors = anchor(&root.der);
    let mut provider = Counting::default();
    let params = |name: &str| {
        let mut params = end_entity(&["server.test"]);
        params.distinguished_name = authority(name).distinguished_name;
        params
    };
    // Right above the peer, and signed by whom it certifies.
    let twin = root.issue(authority("twin"));
    let leaf = twin.issue_for(params("twin"), twin.key.clone());
    let said = both(&anchors, &[&leaf.der, &twin.der], &mut provider);
    assert_eq!(said, Err(CertificateFault::SelfSigned.into()));
    // Higher up.
    let between = twin.issue(authority("between"));
    let leaf = between.issue_for(params("twin"), twin.key.clone());
    let said = both(&anchors, &[&leaf.der, &between.der, &twin.der], &mut provider);
    assert_eq!(said, Err(CertificateFault::UnknownIssuer.into()));
    // The name alone, or the key alone, does not make a twin.
    let leaf = twin.issue(params("twin"));
    assert_eq!(both(&anchors, &[&leaf.der, &twin.der], &mut provider), Ok(2));
    let leaf = twin.issue_for(params("other"), twin.key.clone());
    assert_eq!(both(&anchors, &[&leaf.der, &twin.der], &mut provider), Ok(2));
    // Nor does an anchor: it is trusted.
    let leaf = root.issue_for(params("root"), root.key.clone());
    assert_eq!(both(&anchors, &[&leaf.der], &mut provider), Ok(1));
}

fn with_extensions(name: &[u64], contents: &[&[u8]]) -> Vec<CustomExtension> {
    contents.iter().map(|content| CustomExtension::from_oid_content(name, content.to_vec())).collect()
}

/// Asks of a server and of an authority with these extensions.
#[track_caller]
fn both_with(extensions: &[CustomExtension]) -> [Result<u32, Error>; 2] {
    let root = Certified::root();
    let anchors = anchor(&root.der);
    let with = |mut params: CertificateParams| {
        params.custom_extensions = extensions.to_vec();
        params
    };
    let leaf = root.issue(with(end_entity(&["server.test"])));
    let of_peer = both(&anchors, &[&leaf.der], &mut Counting::default());
    let intermediate = root.issue(with(authority("intermediate")));
    let leaf = intermediate.issue(end_entity(&["server.test"]));
    [of_peer, both(&anchors, &[&leaf.der, &intermediate.der], &mut Counting::default())]
}

#[test]
fn a_certificate_of_64_kilobytes() {
    let unknown = [1, 3, 6, 1, 4, 1, 99_999, 1];
    let of_len = |len: usize| both_with(&with_extensions(&unknown, &[&vec![7; len]]));
    assert_eq!(of_len(64_000), [Ok(1), Ok(2)]);
    for len in [65_535, 65_536, 70_000] {
        let [of_peer, of_issuer] = of_len(len);
        assert_eq!(of_peer, Err(CertificateFault::Bad.into()), "{len}");
        assert!(of_issuer.is_err(), "{len}");
    }
}

/// RFC 6962 3.3: one OCTET STRING, once.
#[test]
fn timestamps_that_are_malformed() {
    let timestamps = [1, 3, 6, 1, 4, 1, 11_129, 2, 4, 2];
    let bad = Err(CertificateFault::Bad.into());
    for (contents, is_good) in [
        (&[&[4, 0][..]][..], true),
        (&[&[4, 4, 0, 2, 0, 0]], true),
        (&[&[4, 0], &[4, 0]], false),
        (&[&[0x30, 0]], false),
        (&[&[4, 0, 0]], false),
        (&[&[4, 1]], false),
        (&[&[]], false),
    ] {
        let expected = if is_good { [Ok(1), Ok(2)] } else { [bad, bad] };
        assert_eq!(both_with(&with_extensions(&timestamps, contents)), expected, "{contents:02x?}");
    }
}

/// What an anchor is read from, as far as it is looked at, is as well-formed as the rest.
#[test]
fn anchors_that_are_malformed() {
    let root = Certified::root();
    let fields = Certificate::read(&root.der).unwrap();
    let (outside, key) = (fields.outside, fields.subject_public_key_info);
    let version = fields.version.unwrap();
    let make = |version: &[u8], signature: &[u8], rest: &[u8], outside: &[u8]| {
        let serial = [2, 1, 1];
        let inside = [version, &serial, signature, fields.issuer, fields.validity, fields.subject, key, rest];
        element(0x30, &[&element(0x30, &inside), outside])
    };
    let extension = |number: u8, content: &[u8]| element(0x30, &[&[6, 3, 0x55, 0x1d, number], &element(4, &[content])]);
    let list = |extensions: &[&[u8]]| element(0xa3, &[&element(0x30, extensions)]);
    let constraints = extension(30, b"\x30\x0a\xa0\x08\x30\x06\x82\x04test");
    let uses = extension(37, &[0x30, 0]);
    let (signature, rest) = (fields.signature, fields.rest);
    let other_signature = element(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]);
    for (case, der, is_one) in [
        ("as it is", make(version, signature, rest, outside), true),
        ("without extensions", make(version, signature, &[], outside), true),
        ("version 1", make(&[], signature, &[], outside), true),
        ("version 1 with extensions", make(&[], signature, rest, outside), false),
        ("version 1, explicitly", make(&[0xa0, 3, 2, 1, 0], signature, &[], outside), false),
        ("version 2", make(&[0xa0, 3, 2, 1, 1], signature, &[], outside), false),
        ("version 4", make(&[0xa0, 3, 2, 1, 3], signature, rest, outside), false),
        ("constraints", make(version, signature, &list(&[&constraints]), outside), true),
        ("constraints, twice", make(version, signature, &list(&[&constraints, &constraints]), outside), false),
        ("constraints of no sequence", make(version, signature, &list(&[&extension(30, &[4, 0])]), outside), false),
        ("two lists", make(version, signature, &[rest, rest].concat(), outside), false),
        ("a list and something", make(version, signature, &[rest, &[5, 0]].concat(), outside), false),
        ("something and a list", make(version, signature, &[&[5, 0], rest].concat(), outside), false),
        ("unique identifiers", make(version, signature, &[&[0x81, 2, 0, 1], rest].concat(), outside), false),
        ("signed otherwise inside", make(version, &other_signature, rest, outside), false),
        ("nothing outside", make(version, signature, rest, &[]), false),
        ("no signature", make(version, signature, rest, signature), false),
        ("something behind", make(version, signature, rest, &[outside, &[5, 0]].concat()), false),
        ("version 1, nothing outside", make(&[], signature, &[], &[]), false),
        ("a critical extension", make(version, signature, &list(&[&extension(99, &[5, 0])]), outside), true),
        ("uses, twice", make(version, signature, &list(&[&*uses; 2]), outside), false),
    ] {
        let (ours, other) = (anchor_from_der(&der), saitls_webpki::anchor_from_der(&der));
        assert_eq!(ours.is_ok(), is_one, "{case}: {ours:?}");
        assert_eq!(ours.ok(), other.ok(), "{case}");
    }
}
