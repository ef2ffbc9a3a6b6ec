//! Connections whose secrets are in tokens that others wrote, as far as they are installed.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../support/child.rs"]
mod child;
mod conformance;
mod costs;
mod faults;
#[path = "../support/mock.rs"]
#[allow(dead_code, reason = "only the module itself is needed")]
mod mock;
mod peers;
#[path = "../support/softhsm.rs"]
#[allow(dead_code, reason = "the tests of SoftHSM need more of it")]
mod softhsm;
mod tokens;
mod trace;
mod vectors;
mod wiped;
