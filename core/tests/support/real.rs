//! The cryptography of `main`: the default provider.
#![allow(dead_code, unreachable_pub)]

use crate::support::Seeded;
pub use saitls_rustcrypto::{Aead, Hash, KeyExchange, SignatureVerifier, SigningKey};

pub type Provider = saitls_rustcrypto::RustCrypto<Seeded>;

pub fn provider(seed: u64) -> Provider {
    saitls_rustcrypto::RustCrypto(Seeded(seed))
}

/// The key of a certificate.
pub fn signing_key(_certificate: &[u8], pkcs8: &[u8]) -> SigningKey {
    SigningKey::from_pkcs8_der(pkcs8).unwrap()
}

/// For a provider of a test; the toy's have something to say here.
#[allow(unused_macros, reason = "only some tests have such a provider")]
macro_rules! uncounted {
    ($provider:ty) => {};
}
#[allow(unused_imports, reason = "only some tests have such a provider")]
pub(crate) use uncounted;
