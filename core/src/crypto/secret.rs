//! Secrets of the key schedule.

use super::{CryptoProvider, Digest, Label, LabelPrefix};
use crate::ProviderFault;
use crate::codes::HashAlgorithm;
use crate::error::Result;
use crate::secret::SecretBytes;

/// HKDF over [`CryptoProvider::Hash`], with the secret in RAM: the [`Secret`] of providers without a key store.
pub type SoftwareSecret = SecretBytes;

/// The longest that [`Secret::store`] writes, in bytes: a secret of SHA-384 wrapped with a nonce and a tag, and 20
/// bytes to name the key that wraps it.
pub const MAX_STORED_SECRET_LEN: usize = 96;

/// A secret of the key schedule: bytes in software, a slot number in a chip. Wiped, or freed, on drop.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `Secret` of the provider `{P}`",
    note = "write `impl Secret<{P}> for {Self}`, or name `SoftwareSecret`"
)]
pub trait Secret<P: CryptoProvider>: Sized {
    /// A secret that was not made by this part: a shared secret agreed in software, or an external PSK.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if it is too long;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed), here and below, if the device fails.
    fn import(provider: &mut P, bytes: &[u8]) -> Result<Self>;

    /// HKDF-Extract (RFC 5869 2.2); `None` stands for `Hash.length` zero bytes.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn extract(provider: &mut P, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self>;

    /// Derive-Secret(Early Secret, "derived", "") (RFC 9846 7.1) of a handshake without a PSK: what the shared secret
    /// is extracted with. It is the same for every connection of a protocol, so software has it as a constant, and
    /// nothing in it is secret.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn handshake_salt(provider: &mut P, hash: HashAlgorithm, prefix: LabelPrefix) -> Result<Self> {
        let label = Label { prefix, name: b"derived" };
        Self::extract(provider, hash, None, None)?.derive(provider, hash, &label, hash.empty_digest())
    }

    /// HKDF-Expand-Label (RFC 9846 7.1) with `Hash.length` bytes of output, which stay with the provider.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn derive(&self, provider: &mut P, hash: HashAlgorithm, label: &Label<'_>, context: &[u8]) -> Result<Self>;

    /// HKDF-Expand-Label whose output leaves the provider: `"iv"`, `"exporter"`, and `"key"` where the AEAD
    /// is software. A provider of opaque secrets refuses `"key"` with
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported).
    ///
    /// # Errors
    /// As for [`import`](Self::import), and if `out` is longer than 255 times `Hash.length`.
    fn export(
        &self,
        provider: &mut P,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()>;

    /// HMAC keyed with this secret (RFC 2104): Finished and PSK binders.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    fn mac(&self, provider: &mut P, hash: HashAlgorithm, data: &[u8]) -> Result<Digest>;

    /// Copies the secret itself to `out` and returns its length. Only a key log asks for it, and only when
    /// the application configured one; a provider of opaque secrets refuses.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if the secret cannot be told.
    fn reveal(&self, provider: &mut P, out: &mut [u8]) -> Result<usize> {
        let _ = (provider, out);
        Err(ProviderFault::Unsupported.into())
    }

    /// Writes to the front of `out` what this provider finds the secret by in another connection, and returns its
    /// length: a ticket's PSK outlives the connection that made it (RFC 9846 4.7.1). The provider decides what that is.
    ///
    /// * The secret itself, where secrets are bytes in RAM. So whoever keeps what was written keeps a key.
    /// * The secret wrapped by a key of the chip: nothing is kept in the chip, and nothing of use leaves it.
    /// * The number of a slot. The secret stays there when `self` is dropped, until [`discard`](Self::discard) frees
    ///   it. A server with slots remembers its sessions, in a `SessionCache` of fewer than there are slots,
    ///   which discards what gives way; with tickets that hold all, nobody would.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) if secrets do not outlive their connection, as
    /// by default. [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if there is no room in the chip.
    /// Whichever it is, a server sends no ticket then, and its connection goes on.
    fn store(&self, provider: &mut P, out: &mut [u8; MAX_STORED_SECRET_LEN]) -> Result<usize> {
        let _ = (provider, out);
        Err(ProviderFault::Unsupported.into())
    }

    /// The secret of which [`store`](Self::store) wrote `stored`. It stays stored, and can be restored again. It is
    /// asked for with bytes that come back from a peer only after whoever sealed the ticket has opened it.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`](crate::ProviderFault::InvalidKey) if it is not there: discarded, malformed, or
    /// wrapped by another key. [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported), as for `store`.
    fn restore(provider: &mut P, stored: &[u8]) -> Result<Self> {
        let _ = (provider, stored);
        Err(ProviderFault::Unsupported.into())
    }

    /// Says that nobody will restore this again. Where something of it is kept in the chip, it is freed.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed) if the device fails. What is not there is
    /// no error.
    fn discard(provider: &mut P, stored: &[u8]) -> Result<()> {
        let _ = (provider, stored);
        Ok(())
    }
}
