#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)]

mod aead;
mod hash;
mod key_exchange;
mod provider;
mod signature_verifier;
mod signing_key;

pub use crate::aead::Aead;
pub use crate::hash::Hash;
pub use crate::key_exchange::KeyExchange;
pub use crate::provider::AwsLc;
pub use crate::signature_verifier::SignatureVerifier;
pub use crate::signing_key::SigningKey;

/// HKDF over the provider's own hash: the [`Secret`](saitls_core::crypto::Secret) of any provider.
pub type Secret = saitls_core::crypto::SoftwareSecret;

/// The shortest RSA modulus in bits that is accepted.
pub const MIN_RSA_BITS: usize = 2048;

/// The longest RSA modulus in bits that is accepted. Verification takes time with the square of the length, and
/// the peer chooses it.
pub const MAX_RSA_BITS: usize = 4096;
