//! The cases of x509-limbo, in the file that `SAITLS_LIMBO` names.
//!
//! Each case is verified three times: as the suite expects, by this verifier, and by rustls-webpki alone with the same
//! cryptography. What differs is in the ledger, and what is in the ledger must differ.

use super::limbo_ledger::{BEYOND_LIBRARY, DEVIATIONS, deviation};
use super::support::limbo::{Case, cases};
use super::support::provider::Counting;
use super::support::*;
use rustls_pki_types::ServerName;
use saitls_core::{CertificateFault, Error};
use saitls_webpki::*;

/// What this verifier says.
fn verify(case: &Case) -> Result<(), Error> {
    let anchors = case.anchors();
    let mut verifier = ChainVerifier::new(&anchors, &case.time)?.with_max_intermediates(case.max_intermediates);
    let lists: Vec<&[u8]> = case.revocation_lists.iter().map(Vec::as_slice).collect();
    if !lists.is_empty() {
        verifier = verifier.with_revocation(Revocation::new(&lists)?);
    }
    let chain: Vec<&[u8]> = case.chain.iter().map(AsRef::as_ref).collect();
    if let Some(name) = &case.name {
        ServerName::try_from(name.as_str()).map_err(|_| CertificateFault::NameMismatch)?;
    }
    let verification = Verification { role: case.role, chain: &chain, name: case.name.as_deref(), schemes: None };
    verification.run(&verifier, &mut Counting::default()).map(drop)
}

/// What is wrong with the ledger, one line for each case.
fn compare(case: &Case) -> Option<String> {
    let (ours, library) = (verify(case), case.verify_by_library());
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
    let Some(cases) = cases() else { return };
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
