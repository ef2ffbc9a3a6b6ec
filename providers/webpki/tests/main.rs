//! Tests of the verifier.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

mod chains;
mod names;
mod time;
mod work;
