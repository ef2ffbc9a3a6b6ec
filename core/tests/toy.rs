//! The tests that want no real cryptography, with one that costs nothing: fast enough to try every order of messages,
//! and to run under Miri.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "support/toy.rs"]
mod cryptography;
mod support;

mod authentication;
mod bounds;
mod buffers;
#[cfg(feature = "early-data")]
mod early_data;
mod faults;
mod hello_retry;
mod identities;
mod lies;
mod lives;
mod negotiation;
mod order;
#[cfg(feature = "psk")]
mod psk;
mod records;
mod services;
#[cfg(feature = "tickets")]
mod sessions;
mod states;
mod truncation;
mod x509;
