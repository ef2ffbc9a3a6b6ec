//! The crypto providers that the programs run on.

use rustls_pki_types::PrivateKeyDer;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_core::error::Result;

/// RustCrypto, with the random numbers of the operating system.
pub type RustCrypto = saitls::rustcrypto::RustCrypto<getrandom::SysRng>;

/// A crypto provider with its private keys.
pub trait Backend: CryptoProvider + 'static {
    /// A private key in RAM.
    type SigningKey: Signer<Self>;

    /// One for a number of connections.
    fn start() -> Self;

    /// Loads a private key.
    ///
    /// # Errors
    /// [`ProviderFault::InvalidKey`](saitls_core::ProviderFault::InvalidKey).
    fn load_key(der: &PrivateKeyDer<'_>) -> Result<Self::SigningKey>;

    /// Whether a key is the private half of a SubjectPublicKeyInfo.
    fn matches(key: &Self::SigningKey, subject_public_key_info: &[u8]) -> bool;
}

/// Both kinds of keys load in the same way.
macro_rules! backend {
    ($provider:ty, $start:expr, $key:ty) => {
        impl Backend for $provider {
            type SigningKey = $key;

            fn start() -> Self {
                $start
            }

            fn load_key(der: &PrivateKeyDer<'_>) -> Result<Self::SigningKey> {
                match der {
                    PrivateKeyDer::Pkcs8(der) => <$key>::from_pkcs8_der(der.secret_pkcs8_der()),
                    PrivateKeyDer::Sec1(der) => <$key>::from_sec1_der(der.secret_sec1_der()),
                    PrivateKeyDer::Pkcs1(der) => <$key>::from_pkcs1_der(der.secret_pkcs1_der()),
                    _ => Err(saitls_core::ProviderFault::InvalidKey.into()),
                }
            }

            fn matches(key: &Self::SigningKey, subject_public_key_info: &[u8]) -> bool {
                key.matches_certificate_key(subject_public_key_info)
            }
        }
    };
}

backend!(RustCrypto, Self::os(), saitls::rustcrypto::SigningKey);
#[cfg(feature = "aws-lc")]
backend!(saitls_aws_lc::AwsLc, Self, saitls_aws_lc::SigningKey);

/// The providers by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderName {
    /// `rustcrypto`.
    #[default]
    RustCrypto,
    /// `aws-lc`.
    #[cfg(feature = "aws-lc")]
    AwsLc,
    /// `pending`.
    #[cfg(feature = "pending")]
    Pending,
}

impl ProviderName {
    /// The names of those that are built in.
    pub const ALL: &'static [&'static str] =
        if cfg!(feature = "aws-lc") { &["rustcrypto", "aws-lc"] } else { &["rustcrypto"] };

    /// The provider of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "rustcrypto" => Some(Self::RustCrypto),
            #[cfg(feature = "aws-lc")]
            "aws-lc" => Some(Self::AwsLc),
            #[cfg(feature = "pending")]
            "pending" => Some(Self::Pending),
            _ => None,
        }
    }
}
