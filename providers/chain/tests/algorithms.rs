//! Signatures that nobody makes any more: with hashes that are broken, they are bad; else, unsupported.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_chain::*;
use saitls_core::crypto::x509::Certificate;
use saitls_core::{CertificateFault, Error};

/// The same certificate, which says that it is signed in another way.
fn signed_by(der: &[u8], algorithm: &[u8]) -> Vec<u8> {
    let fields = Certificate::read(der).unwrap();
    let inside = [
        fields.version.unwrap(),
        &[2, 1, 1],
        algorithm,
        fields.issuer,
        fields.validity,
        fields.subject,
        fields.subject_public_key_info,
        fields.rest,
    ];
    element(0x30, &[&element(0x30, &inside), algorithm, &[3, 2, 0, 1]])
}

#[test]
fn hashes_that_are_broken_are_named_as_such() {
    let later = UnixTime::since_unix_epoch(std::time::Duration::from_secs(2_000_000_000));
    let anchors = anchor(include_bytes!("../../webpki/tests/data/rsae-pss.root.der"));
    let leaf = include_bytes!("../../webpki/tests/data/rsae-pss.server.der");
    let pkcs1 = |number: u8| vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, number];
    let (null, sha1) = ([5, 0], [0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0]);
    let md5 = [0x30, 12, 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5, 5, 0];
    let sha256 = [0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0];
    let pss = |parameters: &[u8]| element(0x30, &[&pkcs1(10), parameters]);
    let salt = element(0xa2, &[&[2, 1, 20]]);
    let (bad, unsupported) = (CertificateFault::Bad, CertificateFault::Unsupported);
    for (case, algorithm, fault) in [
        ("MD2", element(0x30, &[&pkcs1(2), &null]), bad),
        ("MD5", element(0x30, &[&pkcs1(4), &null]), bad),
        ("SHA-1", element(0x30, &[&pkcs1(5), &null]), bad),
        ("PSS without parameters", pss(&[]), bad),
        ("PSS with those that are default, SHA-1", pss(&[0x30, 0]), bad),
        ("PSS with a salt and SHA-1", pss(&element(0x30, &[&salt])), bad),
        ("PSS with SHA-1 by name", pss(&element(0x30, &[&element(0xa0, &[&sha1]), &salt])), bad),
        ("PSS with MD5", pss(&element(0x30, &[&element(0xa0, &[&md5])])), bad),
        ("PSS with SHA-256 and another salt", pss(&element(0x30, &[&element(0xa0, &[&sha256]), &salt])), unsupported),
        ("SHA-224", element(0x30, &[&pkcs1(14), &null]), unsupported),
        ("nothing known", element(0x30, &[&[6, 3, 0x2a, 3, 4]]), unsupported),
    ] {
        let der = signed_by(leaf, &algorithm);
        let chain = [&*der];
        let verification = Verification::server(&chain, "server.test");
        let ours = verification.run(&ChainVerifier::new(&anchors, &later).unwrap(), &mut Counting::default());
        let other = saitls_webpki::ChainVerifier::new(&anchors, &later).unwrap();
        let other = verification.run(&other, &mut Counting::default());
        let expected = Err(Error::Certificate(fault));
        assert_eq!((ours, other), (expected, expected), "{case}");
    }
}
