//! The signature algorithms of certificates, by their identifiers.

use rustls_pki_types::{AlgorithmIdentifier, alg_id};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier};

type A = SignatureAlgorithm;
type S = SignatureScheme;

/// One way to sign a certificate.
pub(crate) struct Algorithm {
    /// `None`: with a hash that is broken.
    pub(crate) arithmetic: Option<SignatureAlgorithm>,
    /// Of the issuer's key.
    pub(crate) public_key: AlgorithmIdentifier,
    /// Of the signature.
    pub(crate) signature: AlgorithmIdentifier,
    /// What the peer was told: it is acceptable if both were offered.
    schemes: [SignatureScheme; 2],
}

/// `id-RSASSA-PSS` of a key that is not restricted to one hash (RFC 4055 3.1).
const RSA_PSS_KEY: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a");

// `sha*WithRSAEncryption` without parameters, which must be taken too (RFC 4055 5).
const RSA_SHA256_BARE: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b");
const RSA_SHA384_BARE: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c");
const RSA_SHA512_BARE: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d");

// With MD5 (RFC 3279 2.2.1) and SHA-1 (2.2.1, 2.2.3): `bad_certificate` (RFC 9846 4.5.1.3).
const RSA_MD5: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00");
const RSA_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00");
const ECDSA_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01");

const fn algorithm(
    arithmetic: A,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    schemes: [S; 2],
) -> Algorithm {
    Algorithm { arithmetic: Some(arithmetic), public_key, signature, schemes }
}

const fn broken(public_key: AlgorithmIdentifier, signature: AlgorithmIdentifier) -> Algorithm {
    Algorithm { arithmetic: None, public_key, signature, schemes: [SignatureScheme(0); 2] }
}

/// How many algorithms there are.
pub(crate) const COUNT: usize = if cfg!(feature = "p521") { 30 } else { 24 };

const P256_AND_384: [S; 2] = [S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP384R1_SHA384];
#[cfg(feature = "p521")]
const P256_AND_521: [S; 2] = [S::ECDSA_SECP256R1_SHA256, S::ECDSA_SECP521R1_SHA512];
#[cfg(feature = "p521")]
const P384_AND_521: [S; 2] = [S::ECDSA_SECP384R1_SHA384, S::ECDSA_SECP521R1_SHA512];

/// All of them, the most common first.
#[rustfmt::skip]
pub(crate) static ALGORITHMS: [Algorithm; COUNT] = [
    algorithm(A::EcdsaP256Sha256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256, [S::ECDSA_SECP256R1_SHA256; 2]),
    algorithm(A::EcdsaP384Sha384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384, [S::ECDSA_SECP384R1_SHA384; 2]),
    // No scheme of TLS 1.3 names these: curve and hash are each in another one (RFC 9846 4.3.3).
    algorithm(A::EcdsaP256Sha384, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384, P256_AND_384),
    algorithm(A::EcdsaP384Sha256, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256, P256_AND_384),
    #[cfg(feature = "p521")]
    algorithm(A::EcdsaP521Sha512, alg_id::ECDSA_P521, alg_id::ECDSA_SHA512, [S::ECDSA_SECP521R1_SHA512; 2]),
    #[cfg(feature = "p521")]
    algorithm(A::EcdsaP256Sha512, alg_id::ECDSA_P256, alg_id::ECDSA_SHA512, P256_AND_521),
    #[cfg(feature = "p521")]
    algorithm(A::EcdsaP384Sha512, alg_id::ECDSA_P384, alg_id::ECDSA_SHA512, P384_AND_521),
    #[cfg(feature = "p521")]
    algorithm(A::EcdsaP521Sha256, alg_id::ECDSA_P521, alg_id::ECDSA_SHA256, P256_AND_521),
    #[cfg(feature = "p521")]
    algorithm(A::EcdsaP521Sha384, alg_id::ECDSA_P521, alg_id::ECDSA_SHA384, P384_AND_521),
    algorithm(A::Ed25519, alg_id::ED25519, alg_id::ED25519, [S::ED25519; 2]),
    algorithm(A::RsaPkcs1Sha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256, [S::RSA_PKCS1_SHA256; 2]),
    algorithm(A::RsaPkcs1Sha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384, [S::RSA_PKCS1_SHA384; 2]),
    algorithm(A::RsaPkcs1Sha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512, [S::RSA_PKCS1_SHA512; 2]),
    algorithm(A::RsaPkcs1Sha256, alg_id::RSA_ENCRYPTION, RSA_SHA256_BARE, [S::RSA_PKCS1_SHA256; 2]),
    algorithm(A::RsaPkcs1Sha384, alg_id::RSA_ENCRYPTION, RSA_SHA384_BARE, [S::RSA_PKCS1_SHA384; 2]),
    algorithm(A::RsaPkcs1Sha512, alg_id::RSA_ENCRYPTION, RSA_SHA512_BARE, [S::RSA_PKCS1_SHA512; 2]),
    algorithm(A::RsaPssSha256, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256, [S::RSA_PSS_RSAE_SHA256; 2]),
    algorithm(A::RsaPssSha384, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384, [S::RSA_PSS_RSAE_SHA384; 2]),
    algorithm(A::RsaPssSha512, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512, [S::RSA_PSS_RSAE_SHA512; 2]),
    algorithm(A::RsaPssSha256, RSA_PSS_KEY, alg_id::RSA_PSS_SHA256, [S::RSA_PSS_PSS_SHA256; 2]),
    algorithm(A::RsaPssSha384, RSA_PSS_KEY, alg_id::RSA_PSS_SHA384, [S::RSA_PSS_PSS_SHA384; 2]),
    algorithm(A::RsaPssSha512, RSA_PSS_KEY, alg_id::RSA_PSS_SHA512, [S::RSA_PSS_PSS_SHA512; 2]),
    algorithm(A::RsaPssSha256, alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA256, [S::RSA_PSS_PSS_SHA256; 2]),
    algorithm(A::RsaPssSha384, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA384, [S::RSA_PSS_PSS_SHA384; 2]),
    algorithm(A::RsaPssSha512, alg_id::RSA_PSS_SHA512, alg_id::RSA_PSS_SHA512, [S::RSA_PSS_PSS_SHA512; 2]),
    broken(alg_id::RSA_ENCRYPTION, RSA_MD5),
    broken(alg_id::RSA_ENCRYPTION, RSA_SHA1),
    broken(alg_id::ECDSA_P256, ECDSA_SHA1),
    broken(alg_id::ECDSA_P384, ECDSA_SHA1),
    #[cfg(feature = "p521")]
    broken(alg_id::ECDSA_P521, ECDSA_SHA1),
];

impl Algorithm {
    /// Whether something can be said of it: the provider has it, and the peer was offered it; or it is broken.
    pub(crate) fn is_acceptable<P: CryptoProvider>(&self, offered: &[SignatureScheme]) -> bool {
        let Some(arithmetic) = self.arithmetic else { return true };
        P::SignatureVerifier::supports(arithmetic) && self.schemes.iter().all(|scheme| offered.contains(scheme))
    }
}
