//! Key agreement.

#[cfg(any(feature = "p256", feature = "p384"))]
mod ecdh;
#[cfg(feature = "x25519")]
mod x25519;

use core::task::Poll;
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{self, CryptoProvider};
use saitls_core::error::{Error, Result};

/// Declares [`KeyExchange`]: one variant for each group, behind its feature.
macro_rules! groups {
    ($($feature:literal $group:ident $exchange:ty,)*) => {
        /// X25519, secp256r1 and secp384r1: the [`KeyExchange`](crypto::KeyExchange) of any provider.
        ///
        /// The private key is made of random bytes of the provider, used once, and wiped. Shares of the NIST
        /// curves are uncompressed points (RFC 9846 4.3.8.2); an all-zero X25519 secret is refused
        /// (RFC 9846 7.4.2).
        pub struct KeyExchange(Running);

        #[allow(non_camel_case_types, reason = "named like the groups")]
        enum Running {
            $(#[cfg(feature = $feature)] $group($exchange),)*
        }

        impl<P: CryptoProvider> crypto::KeyExchange<P> for KeyExchange {
            fn supports(group: NamedGroup) -> bool {
                match group {
                    $(#[cfg(feature = $feature)] NamedGroup::$group => true,)*
                    _ => false,
                }
            }

            fn start(_: &mut P, group: NamedGroup) -> Result<Self> {
                match group {
                    $(#[cfg(feature = $feature)]
                    NamedGroup::$group => Ok(Self(Running::$group(<$exchange>::default()))),)*
                    _ => Err(Error::Unsupported),
                }
            }

            #[allow(unused_variables, reason = "with all groups off")]
            fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
                match self.0 {
                    $(#[cfg(feature = $feature)]
                    Running::$group(ref mut exchange) => Poll::Ready(exchange.generate(provider, share)),)*
                }
            }

            #[allow(unused_variables, reason = "with all groups off")]
            fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
                match self.0 {
                    $(#[cfg(feature = $feature)]
                    Running::$group(ref mut exchange) => Poll::Ready(exchange.decapsulate(provider, peer_share)),)*
                }
            }

            #[allow(unused_variables, reason = "with all groups off")]
            fn poll_encapsulate(
                &mut self,
                provider: &mut P,
                peer_share: &[u8],
                share: &mut [u8],
            ) -> Poll<Result<(usize, P::Secret)>> {
                match self.0 {
                    $(#[cfg(feature = $feature)]
                    Running::$group(ref mut exchange) => {
                        Poll::Ready(exchange.encapsulate(provider, peer_share, share))
                    })*
                }
            }
        }
    };
}

groups! {
    "x25519" X25519 x25519::X25519,
    "p256" SECP256R1 ecdh::Ecdh<p256::NistP256>,
    "p384" SECP384R1 ecdh::Ecdh<p384::NistP384>,
}
