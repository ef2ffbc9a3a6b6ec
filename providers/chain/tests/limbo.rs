//! The cases of [x509-limbo](https://x509-limbo.com), where they are at hand: each is verified by this verifier and by
//! rustls-webpki alone, with the same cryptography. What only the latter accepts is in the ledger; nothing else
//! differs. What both accept against the expectation is in the ledger of `saitls-webpki`.

use super::limbo_ledger::{REFUSED, Refused};
use super::limbo_ledger_of_webpki::{DEVIATIONS, deviation};
use super::support::limbo::{Case, cases};
use super::support::provider::Counting;
use super::support::*;
use rustls_pki_types::ServerName;
use saitls_chain::*;
use saitls_core::{CertificateFault, Error};

/// What this verifier says, of anchors as this crate reads them.
fn verify(case: &Case) -> Result<(), Error> {
    let anchors: Vec<_> = case.roots.iter().filter_map(|root| anchor_from_der(root).ok()).collect();
    assert_eq!(anchors, case.anchors(), "{}", case.id);
    let verifier = ChainVerifier::new(&anchors, &case.time)?.with_max_intermediates(case.max_intermediates);
    let chain: Vec<&[u8]> = case.chain.iter().map(AsRef::as_ref).collect();
    if let Some(name) = &case.name {
        ServerName::try_from(name.as_str()).map_err(|_| CertificateFault::NameMismatch)?;
    }
    let verification = Verification { role: case.role, chain: &chain, name: case.name.as_deref(), schemes: None };
    verification.run(&verifier, &mut Counting::default()).map(drop)
}

impl Refused {
    fn is_about(&self, id: &str) -> bool {
        self.ids.contains(&id) || self.family.is_some_and(|(beginning, _)| id.starts_with(beginning))
    }
}

/// What is wrong with the ledger, one line for each case; for a case that it is right about, the entry.
fn compare(case: &Case) -> Result<Option<&'static Refused>, String> {
    let (ours, library) = (verify(case), case.verify_by_library());
    let entry = REFUSED.iter().find(|entry| entry.is_about(&case.id));
    let is_expected = case.expects_success || deviation(&case.id).is_some_and(|deviation| deviation.ours.is_ok());
    match (ours, &library, entry) {
        (Ok(()), Err(_), _) => Err(format!("{}: accepted, while the library says {library:?}", case.id)),
        (Ok(()), Ok(_), _) if !is_expected => Err(format!("{}: accepted by both, and in no ledger", case.id)),
        (Err(error), Ok(_), Some(entry)) if error == entry.error => Ok(Some(entry)),
        (Err(error), Ok(_), _) => Err(format!("{}: the ledger does not say that it is refused: {error:?}", case.id)),
        (ours, _, Some(entry)) if entry.ids.contains(&&*case.id) => {
            Err(format!("{}: as the library, yet in the ledger: {ours:?}", case.id))
        }
        _ => Ok(None),
    }
}

#[test]
fn nothing_is_accepted_that_the_library_refuses_and_the_ledger_says_what_is_refused_beyond() {
    let Some(cases) = cases() else { return };
    let (wrong, right): (Vec<_>, Vec<_>) = cases.iter().map(compare).partition(Result::is_err);
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let accepted = cases.iter().filter(|case| verify(case).is_ok()).count();
    println!("x509-limbo: {} cases, {accepted} accepted; refused, while rustls-webpki accepts them:", cases.len());
    for entry in REFUSED {
        let found = right.iter().flatten().flatten().filter(|found| found.reason == entry.reason).count();
        let expected = entry.ids.len() + entry.family.map_or(0, |(_, count)| count);
        assert_eq!(found, expected, "{}", entry.reason);
        println!("{found:4}  {}", entry.reason);
    }
    println!("accepted, as by rustls-webpki, while the suite expects them to be refused:");
    for deviation in DEVIATIONS.iter().filter(|deviation| deviation.ours.is_ok()) {
        let is_accepted = |case: &&Case| deviation.ids.contains(&&*case.id) && verify(case).is_ok();
        println!("{:4}  {}", cases.iter().filter(is_accepted).count(), deviation.reason);
    }
    assert!(accepted > 60, "{accepted}");
}
