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

// Floors: each module uses only its own and those below, which stand above it in this list (docs/ARCHITECTURE.md).
pub mod codes; // 0
pub mod error; // 0
pub mod limits; // 0
pub mod secret; // 0
mod storage; // 0

pub mod wire; // 1

pub mod crypto; // 2

mod record; // 3

mod key_schedule; // 4

pub mod config; // 5: what the application hands to the handshake
mod handshake; // 5

mod connection; // 6

pub use connection::{Buffers, Connection, Negotiated, Operation, PeerAuthentication, SetupError, WaitingFor};
#[doc(no_inline)]
pub use error::{Error, Result};
pub use rustls_pki_types::{DnsName, ServerName};
pub use storage::Storage;
