//! Key agreement.

#![cfg_attr(
    not(any(feature = "x25519", feature = "p256", feature = "p384", feature = "p521")),
    allow(dead_code, unused_imports, reason = "with all groups off")
)]

#[cfg(all(feature = "mlkem", any(feature = "x25519", feature = "p256")))]
mod hybrid;
#[cfg(feature = "x25519")]
mod x25519;

use crate::agreement::Agreement;
#[cfg(any(feature = "p384", feature = "p521"))]
use crate::curve::Ecdh;
use core::task::Poll;
use saitls_core::codes::NamedGroup;
#[allow(unused_imports, reason = "with all groups off")]
use saitls_core::crypto::Secret as _;
use saitls_core::crypto::{self, CryptoProvider};
use saitls_core::error::{ProviderFault, Result};

/// Declares [`KeyExchange`]: one variant for each group, behind its features.
macro_rules! groups {
    ($($group:ident $exchange:ty, if $condition:meta;)*) => {
        /// X25519, secp256r1, secp384r1, secp521r1, X25519MLKEM768 and SecP256r1MLKEM768: the
        /// [`KeyExchange`](crypto::KeyExchange) of any provider.
        ///
        /// The private key is made of random bytes of the provider, used once, and wiped. Shares of the NIST
        /// curves are uncompressed points (RFC 9846 4.3.8.2); an all-zero X25519 secret is refused
        /// (RFC 9846 7.4.2). Shares with ML-KEM-768 in them have the lengths and the order of
        /// draft-ietf-tls-ecdhe-mlkem; an encapsulation key that FIPS 203 7.2 refuses is refused.
        pub struct KeyExchange(Running);

        #[allow(non_camel_case_types, reason = "named like the groups")]
        enum Running {
            $(#[cfg($condition)] $group($exchange),)*
        }

        impl<P: CryptoProvider> crypto::KeyExchange<P> for KeyExchange {
            fn supports(group: NamedGroup) -> bool {
                match group {
                    $(#[cfg($condition)] NamedGroup::$group => true,)*
                    _ => false,
                }
            }

            fn start(_: &mut P, group: NamedGroup) -> Result<Self> {
                match group {
                    $(#[cfg($condition)]
                    NamedGroup::$group => Ok(Self(Running::$group(<$exchange>::default()))),)*
                    _ => Err(ProviderFault::Unsupported.into()),
                }
            }

            #[allow(unused_variables, reason = "with all groups off")]
            fn poll_generate(&mut self, provider: &mut P, share: &mut [u8]) -> Poll<Result<usize>> {
                match self.0 {
                    $(#[cfg($condition)]
                    Running::$group(ref mut exchange) => Poll::Ready(exchange.generate(provider, share)),)*
                }
            }

            #[allow(unused_variables, reason = "with all groups off")]
            fn poll_decapsulate(&mut self, provider: &mut P, peer_share: &[u8]) -> Poll<Result<P::Secret>> {
                match self.0 {
                    $(#[cfg($condition)]
                    Running::$group(ref mut exchange) => {
                        let shared = exchange.decapsulate(peer_share)?;
                        Poll::Ready(P::Secret::import(provider, shared.as_bytes()))
                    })*
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
                    $(#[cfg($condition)]
                    Running::$group(ref mut exchange) => {
                        let (len, shared) = exchange.encapsulate(provider, peer_share, share)?;
                        Poll::Ready(P::Secret::import(provider, shared.as_bytes()).map(|secret| (len, secret)))
                    })*
                }
            }
        }
    };
}

groups! {
    X25519 x25519::X25519, if feature = "x25519";
    SECP256R1 crate::p256::Exchange, if feature = "p256";
    SECP384R1 Ecdh<p384::NistP384>, if feature = "p384";
    SECP521R1 Ecdh<p521::NistP521>, if feature = "p521";
    X25519MLKEM768 hybrid::Hybrid<x25519::X25519, false>, if all(feature = "x25519", feature = "mlkem");
    SECP256R1MLKEM768 hybrid::Hybrid<crate::p256::Exchange, true>, if all(feature = "p256", feature = "mlkem");
}
