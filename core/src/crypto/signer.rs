//! Private keys.

use super::CryptoProvider;
use crate::codes::SignatureScheme;
use crate::error::Result;
use core::task::{Poll, Waker};

/// A private key somewhere, shared by any number of connections: `&dyn Signer<P>`.
///
/// It is `Sync`, as all that configurations refer to: they can be `static`, and connections change threads. The device
/// that holds the key is reached through the provider, as is randomness. A pending operation is
/// named by its message (130 or 146 bytes, never the same twice), which is presented again.
pub trait Signer<P: CryptoProvider>: Sync {
    /// The schemes this key can sign with, in order of preference.
    fn schemes(&self) -> &[SignatureScheme];

    /// Signs `message` (not its hash), writes the signature to the front of `signature`, returns its length.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`](crate::Error::TransmitBufferTooSmall) with the length of the signature
    /// if it does not fit; [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for another scheme than
    /// [`schemes`](Self::schemes) lists; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_sign(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>>;

    /// As [`CryptoProvider::register_waker`], for a signature: a key whose device is none of the provider's overrides
    /// it.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}
