//! Tests of the verifier.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

mod algorithms;
mod chains;
mod handshakes;
mod kinds;
mod limbo;
mod limbo_ledger;
mod malformed;
mod names;
mod revoked;
mod self_issued;
mod time;
mod trust;
mod work;
