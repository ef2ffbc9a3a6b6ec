//! One program for all tests: they share the time it takes to link the algorithms.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adapters;
mod aead;
mod common;
mod key_exchange;
mod key_schedule;
mod keys;
mod signatures;
mod wiping;
mod wycheproof;
