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

// Floors: each module uses only those above it in this list (docs/ARCHITECTURE.md).
pub mod codes; // 0
pub mod error; // 0
pub mod limits; // 0
pub mod secret; // 0

pub mod wire; // 1

pub mod crypto; // 2

#[doc(no_inline)]
pub use error::{Error, Result};
