//! A name for what somebody trusts.

use super::{CryptoProvider, Hash};
use crate::codes::HashAlgorithm;
use crate::error::Result;
use rustls_pki_types::{IpAddr, ServerName};

/// How long a [`TrustFingerprint`] is, in bytes.
pub(crate) const TRUST_FINGERPRINT_LEN: usize = 8;

/// Names a trust configuration, also after a restart: two that trust others have other fingerprints.
///
/// A session is resumed without a certificate. So it goes with the fingerprint of what was trusted when there was one,
/// and is resumed only where the same is trusted. It is no secret, and nobody but the owner of a configuration has a
/// say in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustFingerprint([u8; TRUST_FINGERPRINT_LEN]);

impl TrustFingerprint {
    /// Of all parts that the verdict of a verifier depends on, in an order that is always the same. Neither a part that
    /// is left out nor bytes that move from one part to the next go unnoticed.
    ///
    /// # Errors
    /// What the provider's hash says.
    pub fn of<'p, P: CryptoProvider>(provider: &mut P, parts: impl IntoIterator<Item = &'p [u8]>) -> Result<Self> {
        let sha256 = P::Hash::supports(HashAlgorithm::Sha256);
        let algorithm = if sha256 { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha384 };
        let mut hash = P::Hash::start(provider, algorithm)?;
        for part in parts {
            hash.update(provider, &u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes())?;
            hash.update(provider, part)?;
        }
        let digest = hash.finish(provider)?;
        let mut fingerprint = [0; TRUST_FINGERPRINT_LEN];
        fingerprint.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
        Ok(Self(fingerprint))
    }

    /// A name as a part: its text, or the bytes of the address.
    #[must_use]
    pub fn name<'n>(name: &'n ServerName<'_>) -> &'n [u8] {
        match name {
            ServerName::DnsName(name) => name.as_ref().as_bytes(),
            ServerName::IpAddress(IpAddr::V4(address)) => address.as_ref(),
            ServerName::IpAddress(IpAddr::V6(address)) => address.as_ref(),
            // There are no others yet.
            _ => &[],
        }
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; TRUST_FINGERPRINT_LEN] {
        &self.0
    }

    /// Of these bytes.
    pub(crate) const fn from_bytes(bytes: [u8; TRUST_FINGERPRINT_LEN]) -> Self {
        Self(bytes)
    }
}
