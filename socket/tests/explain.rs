//! Who refuses a chain says why as exactly as it can.
#![allow(clippy::unwrap_used)]

use saitls::protocol::codes::{CertificateType, SignatureScheme};
use saitls::protocol::crypto::{PeerCertificates, PeerRole, PeerVerifier, VerificationProgress, x509};
use saitls::protocol::error::InBytes;
use saitls::protocol::wire::CertificateEntries;
use saitls::rustcrypto::RustCrypto;
use saitls::webpki::{ChainVerifier, anchor_from_der};
use saitls::{CertificateFault, Error, ServerName};
use std::task::Poll;

/// An anchor of its own, for `server.test` by its common name alone: of `openssl req -x509 -newkey ec -pkeyopt
/// ec_paramgen_curve:P-256 -subj /CN=server.test -addext basicConstraints=CA:FALSE`.
const CERTIFICATE: &[u8] = include_bytes!("data/nameless.cert.der");

#[test]
fn what_a_certificate_lacks_is_named() {
    assert_eq!(
        refused(&[SignatureScheme::ECDSA_SECP256R1_SHA256]),
        Error::Certificate(CertificateFault::MissingSubjectAltName)
    );
    let missing = InBytes::from(SignatureScheme::ECDSA_SECP256R1_SHA256);
    assert_eq!(refused(&[SignatureScheme::ED25519]), Error::Certificate(CertificateFault::SignatureScheme(missing)));
}

fn refused(signature_schemes: &[SignatureScheme]) -> Error {
    let mut list = u32::try_from(CERTIFICATE.len()).unwrap().to_be_bytes()[1..].to_vec();
    list.extend_from_slice(CERTIFICATE);
    list.extend_from_slice(&[0, 0]);
    let name = ServerName::try_from("server.test").unwrap();
    let peer = PeerCertificates {
        role: PeerRole::Server,
        certificate_type: CertificateType::X509,
        chain: CertificateEntries::new(&list).unwrap(),
        ocsp_response: None,
        signed_certificate_timestamps: None,
        subject_public_key_info: x509::subject_public_key_info(CERTIFICATE).unwrap(),
        server_name: Some(&name),
        signature_schemes,
    };
    let anchors = [anchor_from_der(CERTIFICATE).unwrap()];
    let verifier = ChainVerifier::ignoring_validity(&anchors).unwrap();
    match verifier.poll_verify(&mut RustCrypto::os(), &mut VerificationProgress::default(), &peer) {
        Poll::Ready(refused) => refused.unwrap_err(),
        Poll::Pending => panic!("software does not pend"),
    }
}
