//! One program for all tests: they share the time it takes to link the algorithms.

#![allow(clippy::unwrap_used, missing_docs)]

mod broken;
mod mutations;
mod rustcrypto;
mod slots;
