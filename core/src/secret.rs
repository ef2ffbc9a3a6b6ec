//! Bytes that must not leak: bounded, wiped on drop, without `Debug`, compared in constant time.

use crate::error::{ProviderFault, Result};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The longest secret in bytes: the two shared secrets of X25519MLKEM768 joined; with the feature `p521`, the one of
/// secp521r1 (RFC 9846 7.4.2).
pub const MAX_SECRET_LEN: usize = if cfg!(feature = "p521") { 66 } else { 64 };

/// Up to [`MAX_SECRET_LEN`] secret bytes.
///
/// ```
/// use saitls_core::secret::SecretBytes;
///
/// let secret = SecretBytes::new(b"0123456789abcdef")?;
/// assert_eq!(secret.as_bytes().len(), 16);
/// assert!(SecretBytes::new(&[0; saitls_core::secret::MAX_SECRET_LEN + 1]).is_err());
/// # Ok::<(), saitls_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SecretBytes {
    bytes: [u8; MAX_SECRET_LEN],
    len: u8,
}

impl SecretBytes {
    /// A copy of `bytes`.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`] if there are more than [`MAX_SECRET_LEN`].
    #[inline(never)]
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let mut secret = Self::zeros(bytes.len())?;
        secret.as_mut_bytes().copy_from_slice(bytes);
        Ok(secret)
    }

    /// `len` zero bytes, to be filled in place.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`] if `len` is over [`MAX_SECRET_LEN`].
    pub fn zeros(len: usize) -> Result<Self> {
        match u8::try_from(len) {
            Ok(short) if len <= MAX_SECRET_LEN => Ok(Self { bytes: [0; MAX_SECRET_LEN], len: short }),
            _ => Err(ProviderFault::Unsupported.into()),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// The bytes, to be written.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..usize::from(self.len)).unwrap_or(&mut [])
    }
}

impl Drop for SecretBytes {
    #[inline(never)]
    fn drop(&mut self) {
        // As a slice it is wiped at once, as an array byte by byte.
        self.bytes.as_mut_slice().zeroize();
    }
}

/// Compares in a time that depends on the lengths only.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
