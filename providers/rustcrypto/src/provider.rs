//! The provider itself.

use crate::{Aead, Hash, KeyExchange, Secret, SignatureVerifier};
use rand_core::TryCryptoRng;
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::CryptoProvider;
use saitls_core::error::{Error, ProviderFault, Result};

/// A [`CryptoProvider`] that is software throughout; the random numbers come from `R`, a generator of `rand_core` 0.10
/// (re-exported as [`rand_core`](crate::rand_core)) or a function ([`RngFn`](crate::adapters::RngFn)).
///
/// ```
/// use saitls_rustcrypto::RustCrypto;
/// # #[derive(Clone)] struct MyTrng;
/// # impl rand_core::TryRng for MyTrng {
/// #     type Error = core::fmt::Error;
/// #     fn try_next_u32(&mut self) -> Result<u32, core::fmt::Error> { Ok(4) }
/// #     fn try_next_u64(&mut self) -> Result<u64, core::fmt::Error> { Ok(4) }
/// #     fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), core::fmt::Error> { Ok(()) }
/// # }
/// # impl rand_core::TryCryptoRng for MyTrng {}
///
/// let provider = RustCrypto(MyTrng);       // any `rand_core::TryCryptoRng`
/// let provider = RustCrypto::os();         // with feature `os-rng`
/// # let _ = provider;
/// ```
#[derive(Debug, Clone, Default)]
pub struct RustCrypto<R>(pub R);

/// The type of [`RustCrypto::os`], to be named in a `struct` or a `static`.
#[cfg(feature = "os-rng")]
pub type OsRustCrypto = RustCrypto<getrandom::SysRng>;

#[cfg(feature = "os-rng")]
impl RustCrypto<getrandom::SysRng> {
    /// With the random numbers of the operating system.
    #[must_use]
    pub const fn os() -> Self {
        Self(getrandom::SysRng)
    }
}

impl<R: TryCryptoRng> CryptoProvider for RustCrypto<R> {
    type Hash = Hash;
    type Secret = Secret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }

    /// AES first where processors have instructions for it, elsewhere ChaCha20-Poly1305: it takes a fifth of the
    /// time of AES in software. AES-128-CCM-8 is not offered, as its tag is short (RFC 9846 B.4).
    fn cipher_suites(&self) -> &[CipherSuite] {
        if cfg!(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")) {
            &[
                CipherSuite::AES_128_GCM_SHA256,
                CipherSuite::AES_256_GCM_SHA384,
                CipherSuite::CHACHA20_POLY1305_SHA256,
                CipherSuite::AES_128_CCM_SHA256,
            ]
        } else {
            &[
                CipherSuite::CHACHA20_POLY1305_SHA256,
                CipherSuite::AES_128_GCM_SHA256,
                CipherSuite::AES_256_GCM_SHA384,
                CipherSuite::AES_128_CCM_SHA256,
            ]
        }
    }
}
