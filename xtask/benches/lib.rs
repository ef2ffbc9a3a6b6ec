//! Benchmarks: the files beside this one.
#![no_std]
