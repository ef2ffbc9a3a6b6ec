//! Tests of the verifier, many of them beside the one of `saitls-webpki`.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../webpki/tests/support/mod.rs"]
mod support;

mod algorithms;
mod beside;
mod handshakes;
mod limbo;
mod limbo_ledger;
#[path = "../../webpki/tests/limbo_ledger.rs"]
mod limbo_ledger_of_webpki;
mod malformed;
mod namesakes;
mod order;
mod refused;
mod work;
