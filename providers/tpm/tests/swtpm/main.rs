//! With the simulator `swtpm`.

#![allow(clippy::unwrap_used, missing_docs)]

mod connections;
mod faults;
mod keys;
mod simulator;

use crate::simulator::{Kind, Simulator, with_keys};
use saitls_conformance::Conformance;
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::CryptoProvider;
use saitls_tpm::{Tpm, TpmKey, TpmProvider};

/// A TPM's random numbers and private keys are its own, and it is slow as it likes.
const OUTSIDE: &[&str] = &[
    "random/failure",
    "aead/mask",
    "key_exchange/vectors",
    "wiping/key_exchange",
    "handshake/pending",
    "handshake/random_failure",
];

/// All checks, with one TPM for all providers, which has room for three objects.
#[test]
fn conforms() {
    let Some(simulator) = Simulator::start() else { return };
    let handles = with_keys(&simulator, &[Kind::P256, Kind::P384, Kind::Rsa, Kind::Restricted]);
    let tpm = Tpm::open(&simulator.tcti()).unwrap();
    let keys: Vec<_> = handles.into_iter().map(|handle| TpmKey::open(&tpm, handle).unwrap()).collect();
    let provider = TpmProvider::new(&tpm).unwrap();
    assert_eq!(provider.named_groups(), [NamedGroup::SECP256R1, NamedGroup::SECP384R1]);
    let mut conformance = Conformance::new(|| provider.clone());
    for (name, key) in ["P-256", "P-384", "RSA-2048", "restricted P-256"].into_iter().zip(&keys) {
        conformance = conformance.with_signer(name, key, key.subject_public_key_info());
    }
    conformance.run().assert_complete_but(OUTSIDE);
}
