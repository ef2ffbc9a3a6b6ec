//! What a hash or a MAC gives.

use crate::ProviderFault;
use crate::error::Result;
use zeroize::Zeroize;

/// The longest hash in bytes (SHA-384).
pub const MAX_DIGEST_LEN: usize = 48;

/// The output of a hash or MAC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    bytes: [u8; MAX_DIGEST_LEN],
    len: u8,
}

impl Digest {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self { bytes: [0; MAX_DIGEST_LEN], len: 0 };

    /// A copy of `bytes`.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if there are more than [`MAX_DIGEST_LEN`].
    #[inline]
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut digest = Self::EMPTY;
        match (digest.bytes.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(target), Ok(len)) => {
                target.copy_from_slice(bytes);
                digest.len = len;
                Ok(digest)
            }
            _ => Err(ProviderFault::Unsupported.into()),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.bytes.get_mut(..usize::from(self.len)).unwrap_or(&mut []).zeroize();
    }
}
