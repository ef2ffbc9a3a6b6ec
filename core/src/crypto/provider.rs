//! The provider: the device, or the handle to it.

use super::{Aead, Hash, KeyExchange, Secret, SignatureVerifier};
use crate::codes::{CipherSuite, NamedGroup, SignatureScheme};
use crate::error::Result;
use core::task::Waker;

/// Everything TLS asks of cryptography: five parts, and random bytes.
///
/// See the [module](super) for how to write one.
pub trait CryptoProvider: Sized {
    /// The hash functions of the suites.
    type Hash: Hash<Self>;
    /// The secrets of the key schedule.
    type Secret: Secret<Self>;
    /// Record protection.
    type Aead: Aead<Self>;
    /// Key agreement.
    type KeyExchange: KeyExchange<Self>;
    /// Verification of signatures.
    type SignatureVerifier: SignatureVerifier<Self>;

    /// Fills `out` from a cryptographically secure source.
    ///
    /// # Errors
    /// [`ProviderFault::RandomFailed`](crate::ProviderFault::RandomFailed) if the source fails.
    fn fill_random(&mut self, out: &mut [u8]) -> Result<()>;

    /// Wakes this task, once, when operations that are pending may go on; at once if they may already. Says whether it
    /// will: a provider that cannot tell (this default) is polled again instead.
    ///
    /// Asked after operations said [`Poll::Pending`](core::task::Poll::Pending), which begin anew to wait. Several
    /// tasks may wait at a time.
    fn register_waker(&mut self, waker: &Waker) -> bool {
        let _ = waker;
        false
    }

    /// The suites to negotiate, in order of preference; those that the parts do not support are skipped.
    fn cipher_suites(&self) -> &[CipherSuite] {
        &[
            CipherSuite::AES_128_GCM_SHA256,
            CipherSuite::AES_256_GCM_SHA384,
            CipherSuite::CHACHA20_POLY1305_SHA256,
            CipherSuite::AES_128_CCM_SHA256,
        ]
    }

    /// The groups to negotiate, in order of preference; those that the parts do not support are skipped, and hybrid
    /// ones where the buffers are shorter than [`MIN_HYBRID_BUFFER_LEN`](crate::limits::MIN_HYBRID_BUFFER_LEN).
    fn named_groups(&self) -> &[NamedGroup] {
        &[
            NamedGroup::X25519MLKEM768,
            NamedGroup::SECP256R1MLKEM768,
            NamedGroup::X25519,
            NamedGroup::SECP256R1,
            NamedGroup::SECP384R1,
            NamedGroup::SECP521R1,
        ]
    }

    /// The signature schemes to accept, in order of preference; those that the parts do not support are
    /// skipped. Schemes that may not sign a handshake are offered for certificates only.
    fn signature_schemes(&self) -> &[SignatureScheme] {
        &[
            SignatureScheme::ECDSA_SECP256R1_SHA256,
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_SECP384R1_SHA384,
            SignatureScheme::ECDSA_SECP521R1_SHA512,
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512,
            SignatureScheme::RSA_PSS_PSS_SHA256,
            SignatureScheme::RSA_PSS_PSS_SHA384,
            SignatureScheme::RSA_PSS_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ]
    }
}
