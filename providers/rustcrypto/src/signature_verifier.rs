//! Verification of signatures.

use core::task::Poll;
use saitls_core::crypto::{self, CryptoProvider, SignatureAlgorithm as A};
use saitls_core::error::{ProviderFault, Result};

/// ECDSA on P-256, P-384 and P-521, Ed25519, RSASSA-PKCS1-v1_5 and RSASSA-PSS: the
/// [`SignatureVerifier`](crypto::SignatureVerifier) of any provider.
///
/// * ECDSA: the key is an uncompressed point (RFC 5480 2.2), the signature strict DER (RFC 9846 4.3.3).
/// * Ed25519: small-order keys and nonces are refused, beyond what RFC 8032 5.1.7 asks.
/// * RSA: the modulus has [`MIN_RSA_BITS`](crate::MIN_RSA_BITS) to [`MAX_RSA_BITS`](crate::MAX_RSA_BITS) bits. The
///   salt of PSS is as long as the hash (RFC 9846 4.3.3).
///
/// The parameter is the shortest RSA modulus in bits. A test whose vectors have shorter keys, such as RFC 8448,
/// names `SignatureVerifier<1024>` in a provider of its own; nothing else should.
pub struct SignatureVerifier<const MIN_RSA_BITS: usize = { crate::MIN_RSA_BITS }>(A);

impl<const MIN_RSA_BITS: usize> SignatureVerifier<MIN_RSA_BITS> {
    #[allow(clippy::match_like_matches_macro, reason = "it is one only with all features")]
    const fn has(algorithm: A) -> bool {
        match algorithm {
            A::EcdsaP256Sha256 => cfg!(feature = "p256"),
            A::EcdsaP256Sha384 => cfg!(all(feature = "p256", feature = "sha384")),
            A::EcdsaP256Sha512 => cfg!(all(feature = "p256", feature = "p521")),
            A::EcdsaP384Sha256 | A::EcdsaP384Sha384 => cfg!(feature = "p384"),
            A::EcdsaP384Sha512 => cfg!(all(feature = "p384", feature = "p521")),
            A::EcdsaP521Sha256 | A::EcdsaP521Sha384 | A::EcdsaP521Sha512 => cfg!(feature = "p521"),
            A::Ed25519 => cfg!(feature = "ed25519"),
            A::RsaPkcs1Sha256
            | A::RsaPkcs1Sha384
            | A::RsaPkcs1Sha512
            | A::RsaPssSha256
            | A::RsaPssSha384
            | A::RsaPssSha512 => cfg!(feature = "rsa"),
            _ => false,
        }
    }

    #[allow(unused_variables, reason = "with all algorithms off")]
    fn verify(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
        match self.0 {
            #[cfg(feature = "p256")]
            A::EcdsaP256Sha256 => crate::p256::verify(public_key, hash::<sha2::Sha256>(message)?.as_bytes(), signature),
            #[cfg(all(feature = "p256", feature = "sha384"))]
            A::EcdsaP256Sha384 => crate::p256::verify(public_key, hash::<sha2::Sha384>(message)?.as_bytes(), signature),
            #[cfg(feature = "p384")]
            A::EcdsaP384Sha256 => {
                crate::curve::verify::<p384::NistP384>(public_key, hash::<sha2::Sha256>(message)?.as_bytes(), signature)
            }
            #[cfg(feature = "p384")]
            A::EcdsaP384Sha384 => {
                crate::curve::verify::<p384::NistP384>(public_key, hash::<sha2::Sha384>(message)?.as_bytes(), signature)
            }
            #[cfg(all(feature = "p256", feature = "p521"))]
            A::EcdsaP256Sha512 => crate::p256::verify(public_key, &sha512(message), signature),
            #[cfg(all(feature = "p384", feature = "p521"))]
            A::EcdsaP384Sha512 => crate::curve::verify::<p384::NistP384>(public_key, &sha512(message), signature),
            #[cfg(feature = "p521")]
            A::EcdsaP521Sha256 => {
                crate::curve::verify::<p521::NistP521>(public_key, hash::<sha2::Sha256>(message)?.as_bytes(), signature)
            }
            #[cfg(feature = "p521")]
            A::EcdsaP521Sha384 => {
                crate::curve::verify::<p521::NistP521>(public_key, hash::<sha2::Sha384>(message)?.as_bytes(), signature)
            }
            #[cfg(feature = "p521")]
            A::EcdsaP521Sha512 => crate::curve::verify::<p521::NistP521>(public_key, &sha512(message), signature),
            #[cfg(feature = "ed25519")]
            A::Ed25519 => ed25519(public_key, message, signature),
            #[cfg(feature = "rsa")]
            algorithm => {
                let key = crate::rsa::public_key::<MIN_RSA_BITS>(public_key)
                    .ok_or(saitls_core::CertificateFault::Unsupported)?;
                match algorithm {
                    A::RsaPkcs1Sha256 => key.pkcs1v15_verify::<sha2::Sha256>(message, signature),
                    A::RsaPkcs1Sha384 => key.pkcs1v15_verify::<sha2::Sha384>(message, signature),
                    A::RsaPkcs1Sha512 => key.pkcs1v15_verify::<sha2::Sha512>(message, signature),
                    A::RsaPssSha256 => key.pss_verify::<sha2::Sha256>(message, signature),
                    A::RsaPssSha384 => key.pss_verify::<sha2::Sha384>(message, signature),
                    A::RsaPssSha512 => key.pss_verify::<sha2::Sha512>(message, signature),
                    _ => return Err(ProviderFault::Unsupported.into()),
                }
                .map_err(|_| saitls_core::PeerFault::BadSignature.into())
            }
            #[cfg(not(feature = "rsa"))]
            _ => Err(ProviderFault::Unsupported.into()),
        }
    }
}

impl<P: CryptoProvider, const MIN_RSA_BITS: usize> crypto::SignatureVerifier<P> for SignatureVerifier<MIN_RSA_BITS> {
    fn supports(algorithm: A) -> bool {
        Self::has(algorithm)
    }

    fn start(_: &mut P, algorithm: A) -> Result<Self> {
        if Self::has(algorithm) { Ok(Self(algorithm)) } else { Err(ProviderFault::Unsupported.into()) }
    }

    fn poll_verify(&mut self, _: &mut P, public_key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        Poll::Ready(self.verify(public_key, message, signature))
    }
}

/// The hash of a message. Own frame, which is gone while the signature is verified.
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
#[inline(never)]
fn hash<D: sha2::Digest + digest::FixedOutput>(message: &[u8]) -> Result<crypto::Digest> {
    crate::adapters::finalize(D::new_with_prefix(message))
}

/// The same with SHA-512, which is none of the hashes of TLS.
#[cfg(feature = "p521")]
#[inline(never)]
fn sha512(message: &[u8]) -> [u8; 64] {
    use sha2::Digest;
    sha2::Sha512::digest(message).into()
}

/// Ed25519 (RFC 8032 5.1.7).
#[cfg(feature = "ed25519")]
fn ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    let key =
        ed25519_dalek::VerifyingKey::try_from(public_key).map_err(|_| saitls_core::CertificateFault::Unsupported)?;
    let signature =
        ed25519_dalek::Signature::from_slice(signature).map_err(|_| saitls_core::PeerFault::BadSignature)?;
    key.verify_strict(message, &signature).map_err(|_| saitls_core::PeerFault::BadSignature.into())
}
