#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod aead;
mod hash;
mod socket;

pub use crate::aead::KernelAead;
pub use crate::hash::KernelHash;
pub use crate::socket::{Missing, check};
