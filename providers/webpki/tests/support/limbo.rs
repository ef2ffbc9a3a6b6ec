//! The cases of x509-limbo, and what rustls-webpki says of them by itself.

use super::pki;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{AlgorithmIdentifier, CertificateDer, CertificateRevocationListDer, InvalidSignature, alg_id};
use rustls_pki_types::{ServerName, SignatureVerificationAlgorithm};
use saitls_core::crypto::{PeerRole, SignatureAlgorithm, SignatureVerifier as _};
use saitls_rustcrypto::{RustCrypto, SignatureVerifier};
use saitls_webpki::{MAX_INTERMEDIATES, TrustAnchor, UnixTime, anchor_from_der};
use serde_json::Value;
use std::io::Write as _;
use std::process::Command;
use std::task::Poll;
use std::time::Duration;

/// Those that are at hand, unpacked.
pub fn cases() -> Option<Vec<Case>> {
    let Some(file) = std::env::var_os("SAITLS_LIMBO") else {
        // Says so even where the output of tests is captured.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED: the cases of x509-limbo: SAITLS_LIMBO names no file");
        return None;
    };
    // Who names a file wants it read.
    let output = Command::new("xz").arg("-dc").arg(&file).output().expect("SAITLS_LIMBO is set, and xz not there");
    assert!(output.status.success(), "xz does not unpack {}", file.display());
    let suite: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases: Vec<_> = suite["testcases"].as_array().unwrap().iter().map(Case::read).collect();
    assert!(cases.len() > 1_000, "{} cases", cases.len());
    Some(cases)
}

/// A case.
pub struct Case {
    pub id: String,
    pub expects_success: bool,
    pub role: PeerRole,
    pub name: Option<String>,
    pub time: UnixTime,
    pub roots: Vec<CertificateDer<'static>>,
    pub chain: Vec<CertificateDer<'static>>,
    pub revocation_lists: Vec<Vec<u8>>,
    pub max_intermediates: usize,
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap())
}

fn certificates(value: &Value) -> impl Iterator<Item = CertificateDer<'static>> {
    texts(value).map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
}

impl Case {
    fn read(case: &Value) -> Self {
        let text = |key: &str| case[key].as_str();
        let time = text("validation_time").map(|time| {
            // All in UTC; fractions of a second are cut off, as clocks here have none.
            let time: der::DateTime = format!("{}Z", &time[..19]).parse().unwrap();
            UnixTime::since_unix_epoch(Duration::from_secs(time.unix_duration().as_secs()))
        });
        let leaf = CertificateDer::from_pem_slice(text("peer_certificate").unwrap().as_bytes()).unwrap();
        let lists = texts(&case["crls"]);
        Self {
            id: text("id").unwrap().to_owned(),
            expects_success: text("expected_result") == Some("SUCCESS"),
            role: if text("validation_kind") == Some("CLIENT") { PeerRole::Client } else { PeerRole::Server },
            name: case["expected_peer_name"]["value"].as_str().map(str::to_owned),
            time: time.unwrap_or(pki::NOW),
            roots: certificates(&case["trusted_certs"]).collect(),
            chain: std::iter::once(leaf).chain(certificates(&case["untrusted_intermediates"])).collect(),
            revocation_lists: lists
                .map(|pem| CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec())
                .collect(),
            max_intermediates: case["max_chain_depth"].as_u64().map_or(MAX_INTERMEDIATES, |depth| depth as usize),
        }
    }

    pub fn anchors(&self) -> Vec<TrustAnchor<'_>> {
        self.roots.iter().filter_map(|root| anchor_from_der(root).ok()).collect()
    }

    /// What the library says by itself.
    pub fn verify_by_library(&self) -> Result<(), webpki::Error> {
        let anchors = self.anchors();
        let end_entity = webpki::EndEntityCert::try_from(&self.chain[0])?;
        let usage = match self.role {
            PeerRole::Server => webpki::KeyUsage::server_auth(),
            PeerRole::Client => webpki::KeyUsage::client_auth(),
        };
        let lists: Vec<webpki::CertRevocationList<'_>> = self
            .revocation_lists
            .iter()
            .map(|list| webpki::BorrowedCertRevocationList::from_der(list).map(Into::into))
            .collect::<Result<_, _>>()?;
        let lists: Vec<_> = lists.iter().collect();
        let revocation = webpki::RevocationOptionsBuilder::new(&lists).ok().map(|options| options.build());
        end_entity.verify_for_usage(&DIRECT, &anchors, &self.chain[1..], self.time, usage, revocation, None)?;
        match &self.name {
            Some(name) if self.role == PeerRole::Server => {
                let name = ServerName::try_from(name.as_str()).map_err(|_| webpki::Error::UnsupportedNameType)?;
                end_entity.verify_is_valid_for_subject_name(&name)
            }
            _ => Ok(()),
        }
    }
}

/// The provider's arithmetic, at once.
#[derive(Debug)]
struct Direct(SignatureAlgorithm, AlgorithmIdentifier, AlgorithmIdentifier);

impl SignatureVerificationAlgorithm for Direct {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let mut provider = RustCrypto::os();
        let mut verifier = <SignatureVerifier>::start(&mut provider, self.0).unwrap();
        match verifier.poll_verify(&mut provider, key, message, signature) {
            Poll::Ready(Ok(())) => Ok(()),
            _ => Err(InvalidSignature),
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.1
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.2
    }
}

use SignatureAlgorithm as A;
static DIRECT: [&dyn SignatureVerificationAlgorithm; 11] = [
    &Direct(A::EcdsaP256Sha256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
    &Direct(A::EcdsaP256Sha384, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384),
    &Direct(A::EcdsaP384Sha256, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256),
    &Direct(A::EcdsaP384Sha384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384),
    &Direct(A::Ed25519, alg_id::ED25519, alg_id::ED25519),
    &Direct(A::RsaPkcs1Sha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256),
    &Direct(A::RsaPkcs1Sha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384),
    &Direct(A::RsaPkcs1Sha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512),
    &Direct(A::RsaPssSha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256),
    &Direct(A::RsaPssSha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384),
    &Direct(A::RsaPssSha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512),
];
