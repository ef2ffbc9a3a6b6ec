//! Trust anchors from wherever they are; pinned keys beside them.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rustls_pki_types::Der;
use saitls_core::crypto::{PeerVerifier, PinnedKey, x509};
use saitls_core::error::Misconfiguration;
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;
use std::process::Command;

fn pem(der: &[u8], label: &str) -> String {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap()
}

#[test]
fn anchors_from_flash() {
    let pki = Pki::new(1);
    let made = anchor_from_der(&pki.root.der).unwrap();
    // As constants in flash would be written.
    let flash = [TrustAnchor {
        subject: Der::from_slice(&made.subject),
        subject_public_key_info: Der::from_slice(&made.subject_public_key_info),
        name_constraints: None,
    }];
    let verifier = ChainVerifier::new(&flash, &NOW).unwrap();
    let verified = Verification::server(&pki.chain(), "server.test").run(&verifier, &mut Counting::default());
    assert_eq!(verified, Ok(2));
}

#[test]
fn the_right_one_of_many_anchors_is_found() {
    let pkis: Vec<_> = (0..20).map(|_| Pki::new(1)).collect();
    let anchors: Vec<_> = pkis.iter().map(|pki| anchor_from_der(&pki.root.der).unwrap()).collect();
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    // They all have one name: the limit on signatures is what ends the search.
    let verdict =
        |pki: &Pki| Verification::server(&pki.chain(), "server.test").run(&verifier, &mut Counting::default());
    assert!(verdict(&pkis[3]).is_ok());
    assert_eq!(verdict(&pkis[19]), Err(CertificateFault::ChainTooLong.into()));
}

#[test]
fn without_anchors_there_is_no_verifier() {
    let none = Some(Error::InvalidConfiguration(Misconfiguration::NoTrustAnchors));
    assert_eq!(ChainVerifier::new(&[], &NOW).err(), none);
    assert_eq!(ChainVerifier::ignoring_validity(&[]).err(), none);
    assert_eq!(anchors_from_pem(b"").err(), none);
    assert_eq!(anchors_from_pem(b"no certificate\n").err(), none);
}

#[test]
fn anchors_from_pem_files() {
    let pkis = [Pki::new(0), Pki::new(0)];
    let text = pem(&pkis[0].root.der, "CERTIFICATE") + "a remark\n" + &pem(&pkis[1].root.der, "CERTIFICATE");
    let anchors = anchors_from_pem(text.as_bytes()).unwrap();
    assert_eq!(anchors.len(), 2);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
    for pki in &pkis {
        let verified = Verification::server(&pki.chain(), "server.test").run(&verifier, &mut Counting::default());
        assert!(verified.is_ok());
    }
    assert_eq!(
        anchors_from_pem(pem(&[0x30, 0], "CERTIFICATE").as_bytes()).err(),
        Some(Error::Certificate(CertificateFault::Bad))
    );
    assert_eq!(
        anchors_from_pem(b"-----BEGIN CERTIFICATE-----\nMIIB").err(),
        Some(Error::Certificate(CertificateFault::Bad))
    );
}

#[test]
fn anchors_of_the_operating_system() {
    const FILE: &str = "SSL_CERT_FILE";
    let root = Certified::root();
    let name = format!("saitls-webpki-{}.pem", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, pem(&root.der, "CERTIFICATE")).unwrap();
    // The environment belongs to all tests of a process: this one looks at it in another one.
    let of_child = |file: &std::path::Path| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "trust::lists_anchors_of_the_operating_system", "--ignored", "--nocapture"]);
        let output = child.env(FILE, file).env_remove("SSL_CERT_DIR").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let found = of_child(&file);
    std::fs::remove_file(&file).unwrap();
    assert!(found.contains("anchors: 1\n"), "{found}");
    let found = of_child(&file);
    assert!(found.contains("anchors: InvalidConfiguration(NoTrustAnchors)"), "{found}");
}

#[test]
#[ignore = "a part of anchors_of_the_operating_system"]
fn lists_anchors_of_the_operating_system() {
    match system_anchors() {
        Ok(anchors) => println!("anchors: {}", anchors.len()),
        Err(error) => println!("anchors: {error:?}"),
    }
}

#[test]
fn a_pinned_key_or_a_chain() {
    let pki = Pki::new(1);
    let anchors = anchor(&pki.root.der);
    let device = self_signed(end_entity(&["device.test"]), Key::p256());
    let stranger = self_signed(end_entity(&["device.test"]), Key::p256());
    let keys = [x509::subject_public_key_info(&device.der).unwrap()];
    let chains = ChainVerifier::new(&anchors, &NOW).unwrap();
    let trust = PinnedKey::subject_public_key_info(&keys).or(chains);
    assert!(PeerVerifier::<Counting>::needs_server_name(&trust));
    let mut provider = Counting { pends: 1, ..Counting::default() };
    let mut verify = |chain: &[&[u8]], name: &str| Verification::server(chain, name).run(&trust, &mut provider);
    assert_eq!(verify(&pki.chain(), "server.test"), Ok(2));
    // Neither name nor signature of a pinned key matter.
    assert_eq!(verify(&[&device.der], "server.test"), Ok(0));
    assert_eq!(verify(&[&stranger.der], "device.test"), Err(CertificateFault::SelfSigned.into()));
    assert_eq!(verify(&pki.chain(), "device.test"), Err(CertificateFault::NameMismatch.into()));
}
