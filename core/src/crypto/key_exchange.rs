//! Key agreement.

use super::CryptoProvider;
use crate::codes::NamedGroup;
use crate::error::Result;
use core::task::Poll;

/// One key agreement, in the shape of a KEM: a client generates, then decapsulates; a server encapsulates.
///
/// The value is the operation: it holds the private key and how far a slow step has come. After
/// [`Poll::Pending`] the same step is polled again with the same inputs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `KeyExchange` of the provider `{P}`",
    note = "write `impl KeyExchange<{P}> for {Self}`"
)]
pub trait KeyExchange<P: CryptoProvider>: Sized {
    /// Whether this part has the group.
    fn supports(group: NamedGroup) -> bool;

    /// Begins an agreement.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for a group the part does not have.
    fn start(provider: &mut P, group: NamedGroup) -> Result<Self>;

    /// Client: makes the key pair, writes our share (the `key_exchange` field of RFC 9846 4.3.8) to the
    /// front of `share`, and returns its length. Polled again after it was ready, it writes the same share
    /// again: the second ClientHello may have to repeat it.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`](crate::Error::TransmitBufferTooSmall) with the length of the share if
    /// it does not fit; [`ProviderFault::RandomFailed`](crate::ProviderFault::RandomFailed),
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>>;

    /// Client: the shared secret, from the server's share. Called after [`poll_generate`](Self::poll_generate).
    ///
    /// # Errors
    /// [`PeerFault::InvalidKeyShare`](crate::PeerFault::InvalidKeyShare) if the share has the wrong length, is no valid
    /// point, or leads to an all-zero secret; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>>;

    /// Server: our share, written to the front of `share`, its length, and the shared secret.
    ///
    /// # Errors
    /// Those of [`poll_generate`](Self::poll_generate) and [`poll_decapsulate`](Self::poll_decapsulate).
    fn poll_encapsulate(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, P::Secret)>>;
}
