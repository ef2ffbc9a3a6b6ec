//! Tests of the verifier.

mod support;

mod chains;
