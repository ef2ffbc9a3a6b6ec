//! One program for all tests: they share the time it takes to link the algorithms.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/real.rs"]
mod cryptography;
mod support;

mod authentication;
mod buffers;
mod captures;
#[cfg(feature = "early-data")]
mod early_data;
mod ecdsa;
mod faults;
mod handshake;
mod hello_retry;
mod hybrids;
mod identities;
mod lies;
mod lives;
mod negotiation;
mod opaque;
mod points;
#[cfg(feature = "psk")]
mod psk;
mod records;
mod rfc8448;
mod services;
mod session_extensions;
#[cfg(feature = "tickets")]
mod sessions;
mod states;
#[cfg(feature = "early-data")]
mod tickets;
mod truncation;
