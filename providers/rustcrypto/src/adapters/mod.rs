//! One-line parts from anything that implements the traits of the ecosystem.
//!
//! | a type that implements | becomes | by naming |
//! |---|---|---|
//! | [`digest::FixedOutput`](::digest::FixedOutput) | a [`Hash`](saitls_core::crypto::Hash) | [`DigestOf<T>`](DigestOf) |
//! | [`aead::AeadInOut`](::aead::AeadInOut) | an [`Aead`](saitls_core::crypto::Aead) | [`AeadOf<T, SUITE>`](AeadOf) |
//! | [`signature::Verifier`] | a [`SignatureVerifier`](saitls_core::crypto::SignatureVerifier) | [`VerifierOf<T, S, SCHEME>`](VerifierOf) |
//! | [`signature::Signer`] | a [`Signer`](saitls_core::crypto::Signer) | [`SignerOf<T, S, SCHEME>`](SignerOf) |
//! | [`signature::RandomizedSigner`] | a [`Signer`](saitls_core::crypto::Signer) | [`RandomizedSignerOf<T, S, SCHEME>`](RandomizedSignerOf) |
//!
//! `SUITE` and `SCHEME` are the numbers of RFC 9846 B.4 and 4.3.3: `{ CipherSuite::AES_128_GCM_SHA256.0 }`. Each part
//! serves every provider; [`Either`](saitls_core::crypto::Either) joins it with others. In the other direction,
//! [`RngOf`] makes a random number generator of the ecosystem from a provider. [`RngFn`] makes one from a function,
//! such as that of a HAL that speaks another version of `rand_core`.

mod aead;
mod digest;
mod rng;
mod signer;
mod verifier;

pub use self::aead::AeadOf;
pub use self::digest::DigestOf;
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
pub(crate) use self::digest::finalize;
pub use self::rng::{RngFn, RngOf};
pub use self::signer::{RandomizedSignerOf, SignerOf};
pub use self::verifier::VerifierOf;
