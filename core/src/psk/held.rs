//! PSKs that a device holds.

use crate::crypto::CryptoProvider;
use crate::error::Result;
use core::task::{Poll, Waker};

/// A PSK that the provider's device holds, so that no byte of it is ever in memory.
pub trait HeldSecret<P: CryptoProvider>: Sync {
    /// The secret, as often as it is asked for: a handle to it, where secrets are opaque. That is for each hello, and
    /// again whenever a handshake goes on that had to wait for another operation. Pending as long as the device is not
    /// ready; it is asked again.
    ///
    /// # Errors
    /// Why it cannot be had; the handshake fails.
    fn poll_secret(&self, provider: &mut P) -> Poll<Result<P::Secret>>;

    /// As [`CryptoProvider::register_waker`], for this secret.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}
