//! The seams: what TLS asks of cryptography, and who answers.
//!
//! # For users
//!
//! Take a ready provider (`saitls-rustcrypto`), or write a type of your own that names five parts:
//!
//! ```
//! # use saitls_core::crypto::*;
//! # use saitls_core::Result;
//! # struct MyAes; struct MyHash; struct MyKeyExchange; struct MyVerifier; struct MyTrng;
//! struct Board { rng: MyTrng /* , aes: AesPeripheral, ... */ }
//!
//! impl CryptoProvider for Board {
//! #   type Hash = Nothing; type KeyExchange = Nothing; type SignatureVerifier = Nothing; type Aead = Nothing;
//! #   #[cfg(any())] const _: () = { const _: () = {
//!     type Hash = MyHash;
//!     type Aead = MyAes;                                       // each part from anywhere
//!     type KeyExchange = MyKeyExchange;
//!     type SignatureVerifier = MyVerifier;
//! #   }; };
//!     type Secret = SoftwareSecret;                            // HKDF over `Self::Hash`
//!
//!     fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
//! #       let _ = &self.rng; let _ = out;
//!         /* self.rng ... */ Ok(())
//!     }
//! }
//! ```
//!
//! The provider *is* the device, or the handle to it. It is lent, `&mut P`, to each call that computes;
//! the associated types are what a connection keeps between calls. So any number of connections share one
//! accelerator and one random source without locks. [`Either`] joins two parts: `type Aead =
//! Either<MyAes128, saitls_rustcrypto::Aead>` is the device where it can and software elsewhere.
//!
//! # For implementers
//!
//! A part is a trait over the provider. A software part implements its trait *for every* `P`; a hardware
//! part for the one provider that owns the device, or for all that can lend it
//! (`impl<P: CryptoProvider + AsMut<Engine>> Aead<P> for VendorAead`).
//!
//! Methods called `poll_` may take long. They return [`Poll::Pending`](core::task::Poll::Pending) after a bounded share
//! of the work and are called again **with the same inputs**; the value they are called on holds how far it came.
//! Dropping the value aborts the operation and wipes it. The others are expected to answer at once.
//!
//! Errors kill the connection: there is no retry and no fall-back to software.

mod aead;
mod clock;
mod digest;
mod ecdsa;
mod either;
#[cfg(feature = "tickets")]
mod fingerprint;
mod hash;
mod hkdf;
mod key_exchange;
mod key_log;
mod label;
mod peer_verifier;
mod pinned_key;
mod provider;
mod secret;
mod signature_verifier;
mod signer;
mod verification;
pub mod x509;

pub use aead::{Aead, Nonce, split_tag};
pub use clock::Clock;
pub use digest::{Digest, MAX_DIGEST_LEN};
pub use ecdsa::{ecdsa_from_der, ecdsa_to_der};
pub use either::{Either, Nothing};
#[cfg(feature = "tickets")]
pub(crate) use fingerprint::TRUST_FINGERPRINT_LEN;
#[cfg(feature = "tickets")]
pub use fingerprint::TrustFingerprint;
pub use hash::{Hash, MAX_HMAC_KEY_LEN};
pub use key_exchange::KeyExchange;
pub use key_log::KeyLog;
pub use label::{Label, LabelPrefix};
pub use peer_verifier::{PeerCertificates, PeerRole, PeerVerifier};
#[doc(inline)]
pub use pinned_key::dangerous;
pub use pinned_key::{PinnedKey, PinnedKeyOr};
pub use provider::CryptoProvider;
pub use secret::{MAX_STORED_SECRET_LEN, Secret, SoftwareSecret};
pub(crate) use signature_verifier::unusable_key;
pub use signature_verifier::{SignatureAlgorithm, SignatureVerifier};
pub use signer::Signer;
pub use verification::{Answers, VerificationProgress};

pub use crate::wire::{CertificateEntries, CertificateEntry};

use crate::error::{ByteCount, Error, Result};

/// Copies `bytes` to the front of `out` and returns their number: how shares and signatures are given.
///
/// # Errors
/// [`Error::TransmitBufferTooSmall`] with their number if they do not fit.
pub fn write_to_front(bytes: &[u8], out: &mut [u8]) -> Result<usize> {
    out.get_mut(..bytes.len())
        .ok_or(Error::TransmitBufferTooSmall(ByteCount::new(bytes.len())))?
        .copy_from_slice(bytes);
    Ok(bytes.len())
}
