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
// Unit tests share a provider with the others.
#[cfg(test)]
extern crate self as saitls_core;
#[cfg(test)]
extern crate std;

// Floors: each module has its own and uses only those that stand above it in this list (docs/ARCHITECTURE.md).
pub mod codes; // 0
pub mod error; // 1
pub mod limits; // 2
pub mod secret; // 3
mod storage; // 4
mod waiting; // 5

#[doc(hidden)] // Not for users: it may change with any version. What seams name of it is in `crypto` and `config`, too.
pub mod wire; // 6

pub mod crypto; // 7

mod record; // 8

mod key_schedule; // 9

mod sender; // 10

mod identity; // 11

pub mod psk; // 12

pub mod session; // 13

#[cfg(feature = "tickets")]
pub mod tickets; // 14

pub mod config; // 15: what the application hands to the handshake

mod handshake; // 16

mod connection; // 17

#[cfg(feature = "early-data")]
pub use connection::ReplayableData;
pub use connection::{
    Buffers, Connection, KeysAtRest, Negotiated, Operation, PeerAuthentication, SetupError, WaitingFor,
};
#[cfg(feature = "early-data")]
pub use connection::{EarlyData, EarlyDataStatus};
#[doc(no_inline)]
pub use error::{CertificateFault, Error, Incompatibility, PeerFault, ProviderFault, Result};
pub use rustls_pki_types::{DnsName, ServerName};
pub use storage::Storage;
