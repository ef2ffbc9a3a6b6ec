#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| saitls_fuzz::tickets(data));
