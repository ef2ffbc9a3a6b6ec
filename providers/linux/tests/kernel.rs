//! With the kernel that runs here.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(target_os = "linux")]

use saitls_conformance::{Conformance, Random};
use saitls_core::Result;
use saitls_core::codes::{CipherSuite, HashAlgorithm};
use saitls_core::crypto::{Aead, CryptoProvider, Hash};
use saitls_linux::{KernelAead, KernelHash, check};
use saitls_rustcrypto as software;
use std::time::Instant;

/// Records and hashes in the kernel, the rest in software.
struct Kernel(software::RustCrypto<Random>);

impl Kernel {
    fn new(random: Random) -> Self {
        Self(software::RustCrypto(random))
    }
}

impl CryptoProvider for Kernel {
    type Aead = KernelAead;
    type Hash = KernelHash;
    type Secret = software::Secret;
    type KeyExchange = software::KeyExchange;
    type SignatureVerifier = software::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.fill_random(out)
    }
}

fn is_there() -> bool {
    let missing = check().err();
    if let Some(missing) = &missing {
        println!("SKIPPED: {missing}");
    }
    missing.is_none()
}

#[test]
fn conforms() {
    if !is_there() {
        return;
    }
    assert!(<KernelAead as Aead<Kernel>>::supports(CipherSuite::AES_128_GCM_SHA256));
    assert!(<KernelHash as Hash<Kernel>>::supports(HashAlgorithm::Sha256));
    let conformance = Conformance::new(|| Kernel::new(Random::system())).with_random(Kernel::new);
    // The other parts are RustCrypto's, which its own tests check.
    for part in ["offers/", "hash/", "secret/", "aead/", "handshake/"] {
        conformance.run_only(part).assert();
    }
}

/// Printed, not asserted: it depends on the kernel and on what it drives.
#[test]
fn costs() {
    if !is_there() {
        return;
    }
    let mut kernel = Kernel::new(Random::system());
    let mut aead = KernelAead::from_key(&mut kernel, CipherSuite::AES_128_GCM_SHA256, &[1; 16]).unwrap();
    for len in [1, 1_400, 16_384] {
        let mut record = vec![0; len + 17];
        let since = Instant::now();
        for _ in 0..200 {
            aead.seal(&mut kernel, &[0; 12], b"12345", &mut record).unwrap();
        }
        println!("a record of {len} bytes: {:?}", since.elapsed() / 200);
    }
}

/// Whatever the kernel has: no panic, and an error in words.
#[test]
fn what_is_missing_is_said() {
    let mut kernel = Kernel::new(Random::system());
    let aead = KernelAead::from_key(&mut kernel, CipherSuite::AES_128_GCM_SHA256, &[1; 16]);
    match check() {
        Ok(()) => assert!(aead.is_ok()),
        Err(missing) => {
            assert!(aead.is_err());
            assert!(missing.to_string().starts_with("the kernel has no "), "{missing}");
            assert!(!<KernelAead as Aead<Kernel>>::supports(CipherSuite::AES_128_GCM_SHA256));
            assert!(!<KernelHash as Hash<Kernel>>::supports(HashAlgorithm::Sha256));
        }
    }
}
