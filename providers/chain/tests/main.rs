//! Tests of the verifier, many of them beside the one of `saitls-webpki`.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../webpki/tests/support/mod.rs"]
mod support;

mod beside;
mod handshakes;
mod limbo;
mod limbo_ledger;
mod malformed;
mod order;
mod work;
