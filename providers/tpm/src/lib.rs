#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable, clippy::unwrap_used)]

mod error;
mod key;
mod key_exchange;
mod provider;
mod public;
mod queue;
mod tpm;
mod worker;

pub use crate::error::TpmError;
pub use crate::key::TpmKey;
pub use crate::key_exchange::TpmKeyExchange;
pub use crate::provider::TpmProvider;
pub use crate::tpm::Tpm;
