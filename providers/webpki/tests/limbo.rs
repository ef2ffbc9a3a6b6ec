//! The cases of x509-limbo, in the file that `SAITLS_LIMBO` names.
//!
//! Each case is verified three times: as the suite expects, by this verifier, and by rustls-webpki alone with the same
//! cryptography. What differs is in the ledger, and what is in the ledger must differ.

use super::limbo_ledger::{BEYOND_LIBRARY, DEVIATIONS, deviation};
use super::support::pki;
use super::support::provider::Counting;
use super::support::*;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{AlgorithmIdentifier, CertificateDer, CertificateRevocationListDer, InvalidSignature, alg_id};
use rustls_pki_types::{ServerName, SignatureVerificationAlgorithm};
use saitls_core::crypto::{PeerRole, SignatureAlgorithm, SignatureVerifier as _};
use saitls_core::{CertificateFault, Error};
use saitls_rustcrypto::{RustCrypto, SignatureVerifier};
use saitls_webpki::*;
use serde_json::Value;
use std::io::Write as _;
use std::process::Command;
use std::task::Poll;
use std::time::Duration;

/// The suite, unpacked.
fn suite() -> Option<Value> {
    let Some(file) = std::env::var_os("SAITLS_LIMBO") else {
        skipped("SAITLS_LIMBO names no file");
        return None;
    };
    let Ok(output) = Command::new("xz").arg("-dc").arg(&file).output() else {
        skipped("the program xz is not there");
        return None;
    };
    assert!(output.status.success(), "xz does not unpack {}", file.display());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Says so even where the output of tests is captured.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: the cases of x509-limbo: {why}");
}

/// A case.
struct Case {
    id: String,
    expects_success: bool,
    role: PeerRole,
    name: Option<String>,
    time: UnixTime,
    roots: Vec<CertificateDer<'static>>,
    chain: Vec<CertificateDer<'static>>,
    revocation_lists: Vec<Vec<u8>>,
    max_intermediates: usize,
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

    fn anchors(&self) -> Vec<TrustAnchor<'_>> {
        self.roots.iter().filter_map(|root| anchor_from_der(root).ok()).collect()
    }

    /// What this verifier says.
    fn verify(&self) -> Result<(), Error> {
        let anchors = self.anchors();
        let mut verifier = ChainVerifier::new(&anchors, &self.time)?.with_max_intermediates(self.max_intermediates);
        let lists: Vec<&[u8]> = self.revocation_lists.iter().map(Vec::as_slice).collect();
        if !lists.is_empty() {
            verifier = verifier.with_revocation(Revocation::new(&lists)?);
        }
        let chain: Vec<&[u8]> = self.chain.iter().map(AsRef::as_ref).collect();
        if let Some(name) = &self.name {
            ServerName::try_from(name.as_str()).map_err(|_| CertificateFault::NameMismatch)?;
        }
        let verification = Verification { role: self.role, chain: &chain, name: self.name.as_deref(), schemes: None };
        verification.run(&verifier, &mut Counting::default()).map(drop)
    }

    /// What the library says by itself.
    fn verify_by_library(&self) -> Result<(), webpki::Error> {
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

/// What is wrong with the ledger, one line for each case.
fn compare(case: &Case) -> Option<String> {
    let (ours, library) = (case.verify(), case.verify_by_library());
    let deviation = deviation(&case.id);
    let beyond = BEYOND_LIBRARY.iter().find(|(id, _)| *id == case.id);
    let as_expected = ours.is_ok() == case.expects_success;
    let as_library = ours.is_ok() == library.is_ok();
    let complain = |what: &str| {
        let expected = if case.expects_success { "success" } else { "failure" };
        Some(format!("{}: {what}: expected {expected}, ours {ours:?}, library {library:?}", case.id))
    };
    match (as_expected, deviation) {
        (true, Some(_)) => return complain("as expected, yet in the ledger"),
        (false, None) => return complain("not as expected, and not in the ledger"),
        (false, Some(deviation)) if deviation.ours != ours => {
            return complain("deviates in another way than the ledger says");
        }
        _ => {}
    }
    match (as_library, beyond) {
        (true, Some(_)) => complain("as the library, yet in the ledger"),
        (false, None) => complain("not as the library, and not in the ledger"),
        _ => None,
    }
}

#[test]
fn verdicts_are_those_of_the_suite_and_of_the_library_except_where_the_ledger_says_why() {
    let Some(suite) = suite() else { return };
    let cases = suite["testcases"].as_array().unwrap();
    let cases: Vec<Case> = cases.iter().map(Case::read).collect();
    let wrong: Vec<String> = cases.iter().filter_map(compare).collect();
    let ledger = DEVIATIONS.iter().flat_map(|deviation| deviation.ids.iter().copied());
    let ledger: Vec<_> = ledger.chain(BEYOND_LIBRARY.iter().map(|(id, _)| *id)).collect();
    let unknown: Vec<_> = ledger.iter().filter(|id| !cases.iter().any(|case| case.id == **id)).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(unknown.is_empty(), "in the ledger, but no cases: {unknown:?}");
    println!("x509-limbo: {} cases; otherwise than expected:", cases.len());
    for deviation in DEVIATIONS {
        println!("{:4}  {}", deviation.ids.len(), deviation.reason);
    }
}
