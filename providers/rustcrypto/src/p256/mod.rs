//! P-256 by the version of the crate `p256` that suits the processor: both have the same four names.
//!
//! `narrow` is for 32-bit Arm, where it takes less than half of everything, and was measured to take the same
//! instructions whatever the secret. Elsewhere its carries may become branches: on RISC-V they do (rustc 1.95), which
//! tells the private key to whoever measures time. `--cfg saitls_p256="narrow"` chooses it for tests on processors at
//! hand.

#[cfg(any(target_arch = "arm", saitls_p256 = "narrow"))]
mod narrow;
#[cfg(not(any(target_arch = "arm", saitls_p256 = "narrow")))]
mod wide;

#[cfg(any(target_arch = "arm", saitls_p256 = "narrow"))]
pub(crate) use narrow::{Exchange, Key, verify};
#[cfg(not(any(target_arch = "arm", saitls_p256 = "narrow")))]
pub(crate) use wide::{Exchange, Key, verify};
