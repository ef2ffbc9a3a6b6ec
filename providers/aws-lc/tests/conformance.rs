//! What any provider must pass.

use crate::WithCcm;
use saitls_aws_lc::{AwsLc, KeyExchange, SigningKey};
use saitls_conformance::Conformance;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../../rustcrypto/tests/data/", $name, ".der"))
    };
}

#[test]
fn aws_lc_conforms() {
    let keys: [(_, &[u8], &[u8]); 6] = [
        ("P-256", data!("p256.pkcs8"), data!("p256.spki")),
        ("P-384", data!("p384.pkcs8"), data!("p384.spki")),
        ("P-521", data!("p521.pkcs8"), data!("p521.spki")),
        ("Ed25519", data!("ed25519.pkcs8"), data!("ed25519.spki")),
        ("RSA-2048", data!("rsa2048.pkcs8"), data!("rsa2048.spki")),
        ("RSA-2048 for PSS", data!("rsapss2048.pkcs8"), data!("rsapss2048.spki")),
    ];
    let keys = keys.map(|(name, private, public)| (name, SigningKey::from_der(private).unwrap(), public));
    let mut conformance = Conformance::new(|| AwsLc)
        .with_private_keys(|group, private| Some((AwsLc, KeyExchange::from_private_key(group, private).ok()?)));
    for (name, key, public) in &keys {
        conformance = conformance.with_signer(name, key, public);
    }
    // Its random source, its keys and its private keys are out of reach, and nothing in it is ever pending.
    conformance.run().assert_complete_but(&[
        "random/failure",
        "aead/mask",
        "wiping/aead",
        "wiping/key_exchange",
        "handshake/pending",
        "handshake/random_failure",
    ]);
}

#[test]
fn so_does_it_with_parts_of_another_provider() {
    Conformance::new(|| WithCcm).run_only("aead/").assert();
    Conformance::new(|| WithCcm).run_only("handshake/").assert();
}
