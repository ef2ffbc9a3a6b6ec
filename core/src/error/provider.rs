//! Why cryptography failed on our side.

use crate::codes::AlertDescription;

/// Cryptography failed here: a provider, a key or a device of ours. What it finds wrong with what the peer sent is a
/// [`PeerFault`](super::PeerFault).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ProviderFault {
    /// The provider does not have this algorithm, or refuses this use of a key.
    Unsupported,
    /// A key that cannot be loaded, or does not fit its certificate.
    InvalidKey,
    /// The random source failed.
    RandomFailed,
    /// A device or computation failed.
    CryptoFailed,
}

impl ProviderFault {
    /// The alert that tells the peer: internal_error, and no more (RFC 9846 6.2).
    #[must_use]
    pub const fn alert(self) -> AlertDescription {
        AlertDescription::INTERNAL_ERROR
    }
}

impl core::error::Error for ProviderFault {}

impl core::fmt::Display for ProviderFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "the provider cannot do this",
            Self::InvalidKey => "the key cannot be read (DER is needed, not PEM), or does not fit its certificate",
            Self::RandomFailed => "the random source failed",
            Self::CryptoFailed => "a cryptographic device or computation failed",
        })
    }
}
