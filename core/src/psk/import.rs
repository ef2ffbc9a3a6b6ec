//! Keys that are made of one external key for a protocol and a hash (RFC 9258), so that no key is used with two.

use super::HeldSecret;
use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Hash, Label, Secret};
use crate::error::{Error, Misconfiguration, Result};
use crate::limits::MIN_PSK_LEN;
use crate::secret::{MAX_SECRET_LEN, SecretBytes};
use crate::wire::{Reader, Writer};
use core::task::Poll;

/// TLS 1.3, as a target of an import.
const TLS_1_3: u16 = 0x0304;

/// HKDF over each hash, as IANA numbers them (RFC 9258 5).
const fn kdf(hash: HashAlgorithm) -> u16 {
    match hash {
        HashAlgorithm::Sha256 => 1,
        HashAlgorithm::Sha384 => 2,
    }
}

/// An external key that is imported for TLS 1.3 and a hash (RFC 9258): both sides make a key of it, and of its
/// *imported identity*, by which they call it. It is for suites of that hash; a client that has suites of both offers
/// two.
///
/// ```
/// # fn f<P: saitls_core::crypto::CryptoProvider>() -> saitls_core::Result<()> {
/// use saitls_core::codes::HashAlgorithm;
/// use saitls_core::psk::{ImportedKey, PreSharedKey};
///
/// let key = [0x5a; 32]; // From where only the two of them can read it.
/// let mut identity = [0; 64];
/// let len = ImportedKey::write_identity(b"pump-17", b"", HashAlgorithm::Sha256, &mut identity)?;
/// let imported = ImportedKey::new(&identity[..len], &key)?;
/// let psk = PreSharedKey::<P>::imported(&imported);
/// # let _ = psk; Ok(()) }
/// ```
pub struct ImportedKey<'a> {
    identity: &'a [u8],
    target: HashAlgorithm,
    key: &'a [u8],
    hash: HashAlgorithm,
}

impl<'a> ImportedKey<'a> {
    /// Writes the imported identity to the front of `out`, and returns its length: 8 bytes more than those of the name
    /// of the external key, and of the context, on which both sides agree (RFC 9258 4.1), such as who they are.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] if the name is empty, or it does not fit.
    pub fn write_identity(
        external_identity: &[u8],
        context: &[u8],
        target: HashAlgorithm,
        out: &mut [u8],
    ) -> Result<usize> {
        let wrong = Error::InvalidConfiguration(Misconfiguration::PreSharedKey);
        if external_identity.is_empty() {
            return Err(wrong);
        }
        let mut writer = Writer::new(out);
        writer.vector16(|writer| writer.bytes(external_identity));
        writer.vector16(|writer| writer.bytes(context));
        writer.u16(TLS_1_3);
        writer.u16(kdf(target));
        writer.finish().map_err(|_| wrong)
    }

    /// Of an imported identity, and the external key of 16 to [`MAX_SECRET_LEN`] bytes.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] if the identity is none for TLS 1.3, or the key has another length.
    pub fn new(imported_identity: &'a [u8], key: &'a [u8]) -> Result<Self> {
        let wrong = Error::InvalidConfiguration(Misconfiguration::PreSharedKey);
        let read = Reader::all(imported_identity, |reader| {
            let external_identity = reader.vector16()?;
            reader.vector16()?;
            Ok::<_, crate::wire::Malformed>((external_identity, reader.u16()?, reader.u16()?))
        });
        let target = match read {
            Ok((external_identity, TLS_1_3, target)) if !external_identity.is_empty() => {
                [HashAlgorithm::Sha256, HashAlgorithm::Sha384].into_iter().find(|&hash| kdf(hash) == target)
            }
            _ => None,
        };
        let target = target.filter(|_| (MIN_PSK_LEN..=MAX_SECRET_LEN).contains(&key.len())).ok_or(wrong)?;
        Ok(Self { identity: imported_identity, target, key, hash: HashAlgorithm::Sha256 })
    }

    /// The hash that belongs to the external key itself, if it came with one; without this, SHA-256 (RFC 9258 4.1).
    #[must_use]
    pub const fn with_hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    pub(super) const fn identity(&self) -> &'a [u8] {
        self.identity
    }

    pub(super) const fn target(&self) -> HashAlgorithm {
        self.target
    }

    fn secret<P: CryptoProvider>(&self, provider: &mut P) -> Result<P::Secret> {
        const DERIVED_PSK: Label<'static> = Label::tls13(b"derived psk");
        let external = P::Secret::import(provider, self.key)?;
        let extracted = P::Secret::extract(provider, self.hash, None, Some(&external))?;
        let identity = P::Hash::digest(provider, self.hash, &[self.identity])?;
        if self.target == self.hash {
            return extracted.derive(provider, self.hash, &DERIVED_PSK, identity.as_bytes());
        }
        // As long as the hash of its target, which is not the one that it is made with.
        let mut imported = SecretBytes::zeros(self.target.output_len())?;
        extracted.export(provider, self.hash, &DERIVED_PSK, identity.as_bytes(), imported.as_mut_bytes())?;
        P::Secret::import(provider, imported.as_bytes())
    }
}

impl<P: CryptoProvider> HeldSecret<P> for ImportedKey<'_> {
    fn poll_secret(&self, provider: &mut P) -> Poll<Result<P::Secret>> {
        Poll::Ready(self.secret(provider))
    }
}
