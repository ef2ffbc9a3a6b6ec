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

mod algorithm;
mod anchors;
mod certificate;
mod distrusted;
mod names;
mod validity;
mod verifier;

/// Of what a certificate may be at fault.
type Result<T, E = saitls_core::CertificateFault> = core::result::Result<T, E>;

pub use anchors::anchor_from_der;
pub use rustls_pki_types::{Der, TrustAnchor, UnixTime};
pub use saitls_core::ServerName;
pub use saitls_core::crypto::Clock;
pub use verifier::{ChainVerifier, DEFAULT_MAX_INTERMEDIATES, MAX_INTERMEDIATES};
