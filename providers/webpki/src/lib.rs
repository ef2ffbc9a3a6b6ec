#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod algorithms;
mod anchors;
#[cfg(feature = "std")]
mod clock;
mod errors;
#[cfg(feature = "explain")]
mod explain;
mod recorder;
#[cfg(feature = "crl")]
mod revocation;
#[cfg(target_has_atomic = "ptr")]
mod rotating;
mod verifier;

pub use anchors::anchor_from_der;
#[cfg(feature = "alloc")]
pub use anchors::anchors_from_pem;
#[cfg(feature = "std")]
pub use anchors::system_anchors;
#[cfg(feature = "std")]
pub use clock::SystemClock;
#[cfg(feature = "crl")]
pub use revocation::{MAX_REVOCATION_LISTS, Revocation, UnknownStatus};
#[cfg(target_has_atomic = "ptr")]
pub use rotating::RotatingVerifier;
pub use rustls_pki_types::{Der, TrustAnchor, UnixTime};
pub use saitls_core::ServerName;
pub use saitls_core::crypto::Clock;
pub use verifier::{ChainVerifier, DEFAULT_MAX_INTERMEDIATES, MAX_INTERMEDIATES};
