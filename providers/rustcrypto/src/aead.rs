//! Record protection.

use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{self, CryptoProvider, Nonce};
use saitls_core::error::{ProviderFault, Result};

#[cfg(any(feature = "aes128gcm", feature = "aes256gcm", feature = "aes128ccm", feature = "aes128ccm8"))]
use aead::consts::U12;

#[cfg(all(any(feature = "aes128gcm", feature = "aes256gcm"), not(target_pointer_width = "32")))]
type Gcm<Aes> = aes_gcm::AesGcm<Aes, U12>;

#[cfg(all(any(feature = "aes128gcm", feature = "aes256gcm"), target_pointer_width = "32"))]
type Gcm<Aes> = aes_gcm::AesGcm<crate::aes::Batched<Aes>, U12>;

/// Declares [`Aead`]: one variant for each suite, behind its feature.
macro_rules! suites {
    ($($feature:literal $suite:ident $cipher:ty,)*) => {
        /// The AEADs of all suites whose features are on: the [`Aead`](crypto::Aead) of any provider.
        ///
        /// A value is a key, ready for use. Keys are wiped on drop.
        pub struct Aead(Keyed);

        #[allow(non_camel_case_types, reason = "named like the suites")]
        #[allow(clippy::large_enum_variant, reason = "without an allocator there is no box")]
        enum Keyed {
            $(#[cfg(feature = $feature)] $suite(crate::adapters::AeadOf<$cipher, { CipherSuite::$suite.0 }>),)*
        }

        impl<P: CryptoProvider> crypto::Aead<P> for Aead {
            fn supports(suite: CipherSuite) -> bool {
                match suite {
                    $(#[cfg(feature = $feature)] CipherSuite::$suite => true,)*
                    _ => false,
                }
            }

            #[allow(unused_variables, reason = "with all suites off")]
            fn from_key(provider: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
                match suite {
                    $(#[cfg(feature = $feature)]
                    CipherSuite::$suite => Ok(Self(Keyed::$suite(crypto::Aead::from_key(provider, suite, key)?))),)*
                    _ => Err(ProviderFault::Unsupported.into()),
                }
            }

            #[allow(unused_variables, reason = "with all suites off")]
            fn seal(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
                match self.0 {
                    $(#[cfg(feature = $feature)] Keyed::$suite(ref mut aead) => aead.seal(provider, nonce, aad, in_out),)*
                }
            }

            #[allow(unused_variables, reason = "with all suites off")]
            fn open(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
                match self.0 {
                    $(#[cfg(feature = $feature)] Keyed::$suite(ref mut aead) => aead.open(provider, nonce, aad, in_out),)*
                }
            }
        }
    };
}

suites! {
    "aes128gcm" AES_128_GCM_SHA256 Gcm<aes::Aes128>,
    "aes256gcm" AES_256_GCM_SHA384 Gcm<aes::Aes256>,
    "chacha20poly1305" CHACHA20_POLY1305_SHA256 chacha20poly1305::ChaCha20Poly1305,
    "aes128ccm" AES_128_CCM_SHA256 ccm::Ccm<aes::Aes128, ccm::consts::U16, U12>,
    "aes128ccm8" AES_128_CCM_8_SHA256 ccm::Ccm<aes::Aes128, ccm::consts::U8, U12>,
}
