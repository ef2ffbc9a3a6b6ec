//! Chains, good and bad.

use super::support::pki::*;
use super::support::provider::Counting;
use super::support::*;
use saitls_core::Error;
use saitls_webpki::*;

#[test]
fn chains_of_up_to_three_intermediates_are_accepted() {
    for intermediates in 0..=3 {
        assert_eq!(verify(&Pki::new(intermediates)), Ok(intermediates as u32 + 1));
    }
    assert_eq!(verify(&Pki::new(4)), Err(Error::ChainTooLong));
}

#[test]
fn more_intermediates_are_accepted_by_who_asks_for_it() {
    let pki = Pki::new(5);
    let anchors = anchor(&pki.root.der);
    let verifier = ChainVerifier::new(&anchors, &NOW).unwrap().with_max_intermediates(5);
    let chain = pki.chain();
    assert_eq!(Verification::server(&chain, "server.test").run(&verifier, &mut Counting::default()), Ok(6));
}
