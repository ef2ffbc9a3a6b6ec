//! Record protection.

use super::{CryptoProvider, Label, Secret};
use crate::codes::CipherSuite;
use crate::error::{Error, PeerFault, ProviderFault, Result};
use crate::secret::SecretBytes;

/// The nonce of a record (RFC 9846 5.3): 12 bytes for every suite.
pub type Nonce = [u8; 12];

/// One direction of one key. Keyed once, then used for every record.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `Aead` of the provider `{P}`",
    note = "write `impl Aead<{P}> for {Self}`, or wrap a type of the ecosystem in `AeadOf`"
)]
pub trait Aead<P: CryptoProvider>: Sized {
    /// Whether this part has the AEAD of the suite.
    fn supports(suite: CipherSuite) -> bool;

    /// Loads a key of [`CipherSuite::key_len`] bytes.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for a suite the part does not have;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn from_key(provider: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self>;

    /// Derives the key of a traffic secret with this label, and loads it (RFC 9846 7.3): `key`, or `sn` for the numbers
    /// of DTLS's records (RFC 9147 4.2.3). A chip with opaque secrets overrides this, and the key never leaves it.
    ///
    /// # Errors
    /// As for [`from_key`](Self::from_key), and what [`Secret::export`] says.
    fn from_secret(provider: &mut P, suite: CipherSuite, secret: &P::Secret, label: &Label<'_>) -> Result<Self> {
        let mut key = SecretBytes::zeros(suite.key_len())?;
        secret.export(provider, suite.hash(), label, b"", key.as_mut_bytes())?;
        Self::from_key(provider, suite, key.as_bytes())
    }

    /// Encrypts in place. `in_out` is the plaintext followed by [`CipherSuite::tag_len`] bytes of room, which
    /// become the tag; [`split_tag`] takes them apart.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn seal(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()>;

    /// As [`seal`](Self::seal), with a plaintext whose first part is `text`, which stands elsewhere: `out` is room for
    /// it, then the rest of the plaintext (a byte, if records are not padded), then room for the tag. For what can
    /// encrypt from one place to another; `out` is at least as long as `text` and a tag.
    ///
    /// # Errors
    /// As for [`seal`](Self::seal).
    fn seal_from(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], text: &[u8], out: &mut [u8]) -> Result<()> {
        out.get_mut(..text.len()).ok_or(Error::Internal)?.copy_from_slice(text);
        self.seal(provider, nonce, aad, out)
    }

    /// Decrypts in place and checks the tag, which stands at the end of `in_out`.
    ///
    /// # Errors
    /// [`PeerFault::BadRecordMac`](crate::PeerFault::BadRecordMac) if the tag is wrong, and then `in_out` is not to be
    /// read; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn open(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()>;

    /// What hides the number of a record in DTLS 1.3 (RFC 9147 4.2.3), from the first 16 bytes of its ciphertext:
    /// AES-ECB of them; or a block of ChaCha20 with the first four as its counter, and the others as its nonce. Only
    /// DTLS asks for it, of a value that holds the key of the label `sn` and protects no records.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if the part cannot, as by default: no DTLS
    /// then; [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails.
    fn mask(&mut self, provider: &mut P, sample: &[u8; 16]) -> Result<[u8; 16]> {
        let _ = (provider, sample);
        Err(ProviderFault::Unsupported.into())
    }
}

/// Parts a record into text and tag, for implementers of [`Aead`].
///
/// # Errors
/// [`PeerFault::BadRecordMac`](crate::PeerFault::BadRecordMac) if `in_out` is shorter than a tag.
///
/// ```
/// let mut record = *b"text0123456789abcdef";
/// let (text, tag) = saitls_core::crypto::split_tag(&mut record, 16)?;
/// assert_eq!((&*text, &*tag), (&b"text"[..], &b"0123456789abcdef"[..]));
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub fn split_tag(in_out: &mut [u8], tag_len: usize) -> Result<(&mut [u8], &mut [u8])> {
    let text_len = in_out.len().checked_sub(tag_len).ok_or(PeerFault::BadRecordMac)?;
    in_out.split_at_mut_checked(text_len).ok_or(Error::Peer(PeerFault::BadRecordMac))
}
