//! Anchors of one name: which of them is taken, and what is said where none is the right one, whatever their order.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use rcgen::{GeneralSubtree, NameConstraints};
use saitls_chain::*;
use saitls_core::crypto::x509;
use saitls_core::{CertificateFault, Error};
use std::time::Duration;

/// What this verifier says, and the one that builds paths.
fn both(anchors: &[TrustAnchor<'_>], chain: &[&[u8]], time: UnixTime) -> [Result<u32, Error>; 2] {
    [0, 2]
        .map(|pends| {
            let verification = Verification::server(chain, "server.test");
            let mut provider = Counting { pends, ..Counting::default() };
            let ours = verification.run(&ChainVerifier::new(anchors, &time).unwrap(), &mut provider);
            let other = verification.run(&saitls_webpki::ChainVerifier::new(anchors, &time).unwrap(), &mut provider);
            [ours, other]
        })
        .into_iter()
        .reduce(|first, again| {
            assert_eq!(first, again, "slow or fast");
            first
        })
        .unwrap()
}

/// Every order of these.
fn orders<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    if all.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: usize| {
        let mut rest = all.to_vec();
        let first = rest.remove(first);
        orders(&rest).into_iter().map(move |rest| [vec![first.clone()], rest].concat())
    };
    (0..all.len()).flat_map(with_first).collect()
}

fn tampered(der: &[u8]) -> Vec<u8> {
    let mut der = der.to_vec();
    *der.last_mut().unwrap() ^= 1;
    der
}

#[test]
fn a_wrong_signature_is_wrong_whatever_other_keys_there_are() {
    let root = Certified::root();
    let others = [Key::ed25519(), Key::p384()].map(|key| self_signed(authority("root"), key));
    let all = [&root.der, &others[0].der, &others[1].der].map(|der| anchor_from_der(der).unwrap());
    let leaf = root.issue(end_entity(&["server.test"]));
    let forged = tampered(&leaf.der);
    for anchors in orders(&all) {
        assert!(both(&anchors, &[&leaf.der], NOW).iter().all(Result::is_ok));
        assert_eq!(both(&anchors, &[&forged], NOW), [Err(CertificateFault::Bad.into()); 2]);
    }
    // If all are of another kind than the signature, that is what is wrong.
    let of_ed25519 = std::slice::from_ref(&all[1]);
    assert_eq!(both(of_ed25519, &[&leaf.der], NOW), [Err(CertificateFault::Unsupported.into()); 2]);
}

macro_rules! data {
    ($name:literal) => {
        &include_bytes!(concat!("../../webpki/tests/data/", $name, ".der"))[..]
    };
}

/// RSA keys of one name, one of them too short.
#[test]
fn a_key_that_is_too_short_excuses_no_wrong_signature_of_another() {
    let later = UnixTime::since_unix_epoch(Duration::from_secs(2_000_000_000));
    let [good] = anchor(data!("rsa4096.root"));
    let [short] = anchor(data!("rsa1024.short.root"));
    let short = TrustAnchor { subject: good.subject.clone(), ..short };
    let chain = [data!("rsa4096.server"), data!("rsa4096.second"), data!("rsa4096.first")];
    let forged = tampered(chain[2]);
    let forged = [chain[0], chain[1], &forged];
    for anchors in orders(&[good, short.clone()]) {
        assert!(both(&anchors, &chain, later).iter().all(Result::is_ok));
        assert_eq!(both(&anchors, &forged, later), [Err(CertificateFault::Bad.into()); 2]);
    }
    // By itself it is what is wrong.
    let said = both(&[short], &forged, later);
    assert!(
        said.iter().all(|said| matches!(said, Err(Error::Certificate(CertificateFault::RsaKeyLength(_))))),
        "{said:?}"
    );
}

/// Constraints are not evaluated here: an anchor that has some is none, and another one of its name is as good as ever.
#[test]
fn an_anchor_with_constraints_does_not_hide_another_one() {
    let mut params = authority("root");
    let permitted_subtrees = vec![GeneralSubtree::DnsName("test".into())];
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let (constrained, plain) = (self_signed(params, Key::p256()), Certified::root());
    let other = self_signed(authority("root"), Key::ed25519());
    let all = [&constrained.der, &plain.der, &other.der].map(|der| anchor_from_der(der).unwrap());
    assert!(all[0].name_constraints.is_some());
    let [of_constrained, of_plain] = [&constrained, &plain].map(|root| root.issue(end_entity(&["server.test"])).der);
    let forged = tampered(&of_plain);
    let intermediate = plain.issue_for(authority("root"), constrained.key.clone());
    assert_eq!(x509::issuer(&of_constrained), x509::subject(&intermediate.der));
    for anchors in orders(&all) {
        let verifier = ChainVerifier::new(&anchors, &NOW).unwrap();
        let verify = |chain: &[&[u8]]| {
            Verification::server(chain, "server.test").run(&verifier, &mut Counting::default()).map(drop)
        };
        assert_eq!(verify(&[&of_plain]), Ok(()));
        assert_eq!(verify(&[&of_constrained]), Err(CertificateFault::UnsupportedConstraint.into()));
        assert_eq!(verify(&[&forged]), Err(CertificateFault::Bad.into()));
        // The same key is as good as ever in an anchor without.
        let again = TrustAnchor { name_constraints: None, ..all[0].clone() };
        let with_it = [&anchors[..], &[again]].concat();
        let verifier_with_it = ChainVerifier::new(&with_it, &NOW).unwrap();
        let verified =
            Verification::server(&[&of_constrained], "server.test").run(&verifier_with_it, &mut Counting::default());
        assert!(verified.is_ok(), "{verified:?}");
        // Nor does it hide that another anchor has certified the same key, without constraints.
        assert_eq!(verify(&[&of_constrained, &intermediate.der]), Ok(()));
    }
}
