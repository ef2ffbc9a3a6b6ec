//! Certificates of a peer: what core reads of them, and what the chain verifiers make of them. With a cryptography
//! where anybody can sign, and an anchor whose key everybody knows, changed chains get further than they should. What
//! the verifier of chains in their order accepts, the one that builds paths accepts as well, and as an anchor, too.

use crate::cryptography::{Provider, provider};
use crate::input::Input;
use crate::support::*;
use core::task::Poll;
use rustls_pki_types::{Der, ServerName, TrustAnchor, UnixTime};
use saitls_core::codes::{CertificateType, SignatureScheme};
use saitls_core::crypto::{PeerCertificates, PeerRole, PeerVerifier, PinnedKey, VerificationProgress, x509};
use saitls_core::wire::CertificateEntries;
use saitls_webpki::{ChainVerifier, anchor_from_der};

pub fn certificates(data: &[u8]) {
    let mut input = Input::new(data);
    let settings = input.byte();
    let data = input.rest();
    let _ = x509::subject_public_key_info(data);
    let _ = (x509::issuer(data), x509::is_self_signed(data), x509::signature_scheme(data));
    let _ = x509::extensions(data).map(Iterator::count);
    if let Ok(anchor) = saitls_chain::anchor_from_der(data) {
        assert_eq!(anchor_from_der(data), Ok(anchor));
    }
    // As the entry of a message, and as a whole list.
    let entry = written(|writer| {
        writer.vector24(|writer| writer.bytes(data));
        writer.vector16(|_| {});
    });
    for list in [&entry[..], data] {
        if let Ok(chain) = CertificateEntries::new(list) {
            verify(settings, chain);
        }
    }
}

/// Whom a server is to be.
const NAMES: [&str; 8] = [
    "localhost",
    "a.server.test",
    "server.test.",
    "192.0.2.1",
    "2001:db8::1",
    "A.b.Server.Test",
    "p256.example",
    "localhost.",
];

/// The content of NameConstraints that permit `server.test` and what is below.
const CONSTRAINTS: &[u8] = b"\xa0\x0f\x30\x0d\x82\x0bserver.test";

/// The anchor, and what there is beside it: nothing; one of its name with another key, or with constraints; both.
fn anchors<'a>(settings: u8, own: &TrustAnchor<'a>, other: &TrustAnchor<'a>) -> Vec<TrustAnchor<'a>> {
    let namesake = TrustAnchor { subject: own.subject.clone(), ..other.clone() };
    let constrained = TrustAnchor { name_constraints: Some(Der::from_slice(CONSTRAINTS)), ..own.clone() };
    match settings >> 6 {
        0 => vec![own.clone()],
        1 => vec![namesake, own.clone()],
        2 => vec![constrained],
        _ => vec![constrained, own.clone(), namesake],
    }
}

fn verify(settings: u8, chain: CertificateEntries<'_>) {
    let role = if settings & 1 == 0 { PeerRole::Server } else { PeerRole::Client };
    let name = ServerName::try_from(NAMES[usize::from(settings >> 3 & 7)]).unwrap();
    let leaf = chain.leaf().map(|leaf| leaf.data);
    let info = leaf.and_then(|leaf| x509::subject_public_key_info(leaf).ok());
    let schemes = [
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        SignatureScheme::ED25519,
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PSS_RSAE_SHA256,
    ];
    let peer = PeerCertificates {
        role,
        certificate_type: if settings & 2 == 0 { CertificateType::X509 } else { CertificateType::RAW_PUBLIC_KEY },
        chain,
        ocsp_response: None,
        signed_certificate_timestamps: None,
        subject_public_key_info: info.unwrap_or(&[]),
        server_name: (role == PeerRole::Server).then_some(&name),
        signature_schemes: &schemes,
    };
    let [own, other] = [p256(), ed25519()].map(|identity| anchor_from_der(identity.certificate).unwrap());
    let anchors = anchors(settings, &own, &other);
    let noon = UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_800_000_000));
    let verifier = ChainVerifier::new(&anchors, &noon).unwrap();
    let pins = [[0; 32]];
    let in_order = saitls_chain::ChainVerifier::new(&anchors, &noon).unwrap();
    let ever = saitls_chain::ChainVerifier::ignoring_validity(&anchors).unwrap();
    let verifiers: [&dyn PeerVerifier<Provider>; 4] = [&verifier, &in_order, &ever, &PinnedKey::sha256(&pins)];
    let accepted = verifiers.map(|verifier| {
        let (mut provider, mut progress) = (provider(1), VerificationProgress::default());
        provider.is_gullible = settings & 4 == 4;
        let mut polls = 0;
        let verdict = loop {
            match verifier.poll_verify(&mut provider, &mut progress, &peer) {
                Poll::Ready(verdict) => break verdict,
                Poll::Pending => polls += 1,
            }
            assert!(polls < 1_000, "it never ends");
        };
        assert!(provider.work.verifications < 200, "{:?}", provider.work);
        verdict.is_ok()
    });
    let [by_paths, in_order, ever, _] = accepted;
    assert!(!in_order || ever, "valid now, and never");
    assert!(!in_order || by_paths, "{settings:02x}");
}
