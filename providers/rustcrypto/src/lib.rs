#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)]

// Beside the module of that name.
#[cfg(all(
    feature = "p256",
    not(feature = "p384"),
    not(feature = "p521"),
    not(any(target_arch = "arm", saitls_p256 = "narrow"))
))]
extern crate p256 as p256_crate;

pub mod adapters;

mod aead;
#[cfg(all(any(feature = "aes128gcm", feature = "aes256gcm"), target_pointer_width = "32"))]
mod aes;
mod agreement;
#[cfg(any(
    feature = "p384",
    feature = "p521",
    all(feature = "p256", not(any(target_arch = "arm", saitls_p256 = "narrow")))
))]
mod curve;
mod hash;
mod key_exchange;
#[cfg(feature = "p256")]
mod p256;
mod provider;
#[cfg(feature = "rsa")]
mod rsa;
mod signature_verifier;
mod signing_key;

// The same crate, whichever curve it is from: on 32-bit Arm, P-256 does without, and with it ten crates are gone.
#[cfg(all(
    feature = "p256",
    not(feature = "p384"),
    not(feature = "p521"),
    not(any(target_arch = "arm", saitls_p256 = "narrow"))
))]
use p256_crate::elliptic_curve;
#[cfg(feature = "p384")]
use p384::elliptic_curve;
#[cfg(all(feature = "p521", not(feature = "p384")))]
use p521::elliptic_curve;

pub use rand_core;

pub use crate::aead::Aead;
pub use crate::hash::Hash;
pub use crate::key_exchange::KeyExchange;
#[cfg(feature = "os-rng")]
pub use crate::provider::OsRustCrypto;
pub use crate::provider::RustCrypto;
pub use crate::signature_verifier::SignatureVerifier;
pub use crate::signing_key::{MAX_SUBJECT_PUBLIC_KEY_INFO_LEN, SigningKey};

/// HKDF over the provider's own hash, with the secret in RAM: the [`Secret`](saitls_core::crypto::Secret) of any
/// provider.
pub type Secret = saitls_core::crypto::SoftwareSecret;

/// The shortest RSA modulus in bits that is accepted, if nobody asks for another (see [`SignatureVerifier`]).
pub const MIN_RSA_BITS: usize = 2048;

/// The longest RSA modulus in bits that is accepted. Verification takes time with the square of the length, and
/// the peer chooses it.
pub const MAX_RSA_BITS: usize = 4096;

/// How often a private key is drawn before the random source counts as broken. One try fails with a probability
/// of 2^-32 on P-256, and less on the others.
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
const MAX_DRAWS: usize = 4;
