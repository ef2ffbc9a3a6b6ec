//! Verification of signatures.

use super::{CryptoProvider, x509};
use crate::CertificateFault;
use crate::codes::SignatureScheme;
use crate::error::Result;
use core::task::Poll;

/// A signature algorithm as arithmetic: what stands in certificates as well as in CertificateVerify.
///
/// A TLS [`SignatureScheme`] ties a hash to a curve and an encoding of the key; certificates are freer
/// (a P-256 key may sign SHA-384).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-256 with SHA-384.
    EcdsaP256Sha384,
    /// ECDSA on P-256 with SHA-512.
    EcdsaP256Sha512,
    /// ECDSA on P-384 with SHA-256.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-384 with SHA-512.
    EcdsaP384Sha512,
    /// ECDSA on P-521 with SHA-256.
    EcdsaP521Sha256,
    /// ECDSA on P-521 with SHA-384.
    EcdsaP521Sha384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// Ed25519.
    Ed25519,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and 48 bytes of salt.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and 64 bytes of salt.
    RsaPssSha512,
    /// A TLS scheme that this list does not name, for parts that bring their own.
    Other(SignatureScheme),
}

impl From<SignatureScheme> for SignatureAlgorithm {
    fn from(scheme: SignatureScheme) -> Self {
        match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => Self::EcdsaP256Sha256,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => Self::EcdsaP384Sha384,
            SignatureScheme::ECDSA_SECP521R1_SHA512 => Self::EcdsaP521Sha512,
            SignatureScheme::ED25519 => Self::Ed25519,
            SignatureScheme::RSA_PKCS1_SHA256 => Self::RsaPkcs1Sha256,
            SignatureScheme::RSA_PKCS1_SHA384 => Self::RsaPkcs1Sha384,
            SignatureScheme::RSA_PKCS1_SHA512 => Self::RsaPkcs1Sha512,
            SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => Self::RsaPssSha256,
            SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => Self::RsaPssSha384,
            SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => Self::RsaPssSha512,
            other => Self::Other(other),
        }
    }
}

/// One verification of one signature. The value is the operation, as for [`KeyExchange`](super::KeyExchange).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `SignatureVerifier` of the provider `{P}`",
    note = "write `impl SignatureVerifier<{P}> for {Self}`, or wrap a type of the ecosystem in `VerifierOf`"
)]
pub trait SignatureVerifier<P: CryptoProvider>: Sized {
    /// Whether this part has the algorithm.
    fn supports(algorithm: SignatureAlgorithm) -> bool;

    /// Begins a verification.
    ///
    /// # Errors
    /// [`ProviderFault::Unsupported`](crate::ProviderFault::Unsupported) for an algorithm the part does not have.
    fn start(provider: &mut P, algorithm: SignatureAlgorithm) -> Result<Self>;

    /// Checks `signature` over `message` (not its hash). `public_key` is the content of the BIT STRING of the
    /// SubjectPublicKeyInfo: an uncompressed point, 32 bytes of Ed25519, or a DER RSAPublicKey. Whether the
    /// key's algorithm identifier fits has been checked by the caller.
    ///
    /// # Errors
    /// [`PeerFault::BadSignature`](crate::PeerFault::BadSignature);
    /// [`CertificateFault::Unsupported`](crate::CertificateFault::Unsupported) if the key cannot be used;
    /// [`ProviderFault::CryptoFailed`](crate::ProviderFault::CryptoFailed).
    fn poll_verify(
        &mut self,
        provider: &mut P,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Poll<Result<()>>;
}

/// Why the provider cannot use a key. Without RSA, it is never for its length.
pub(crate) fn unusable_key<P: CryptoProvider>(public_key: &[u8]) -> CertificateFault {
    let has_rsa = P::SignatureVerifier::supports(SignatureAlgorithm::RsaPssSha256);
    if has_rsa { x509::unusable_key(public_key) } else { CertificateFault::Unsupported }
}
