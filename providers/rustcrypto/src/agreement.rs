//! What each group does.

use saitls_core::crypto::CryptoProvider;
use saitls_core::error::Result;
use saitls_core::secret::SecretBytes;

/// One agreement of one group, which gives the shared secret as bytes.
#[cfg_attr(
    not(any(feature = "x25519", feature = "p256", feature = "p384", feature = "p521")),
    allow(dead_code, reason = "with all groups off")
)]
pub(crate) trait Agreement: Default {
    /// Length of a client's share.
    #[cfg_attr(not(feature = "mlkem"), allow(dead_code, reason = "only hybrids ask"))]
    const SHARE_LEN: usize;

    fn generate<P: CryptoProvider>(&mut self, provider: &mut P, share: &mut [u8]) -> Result<usize>;

    fn decapsulate(&mut self, peer_share: &[u8]) -> Result<SecretBytes>;

    fn encapsulate<P: CryptoProvider>(
        &mut self,
        provider: &mut P,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Result<(usize, SecretBytes)>;
}
