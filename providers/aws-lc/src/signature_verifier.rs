//! Verification of signatures.

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, RsaParameters, VerificationAlgorithm};
use core::task::Poll;
use saitls_core::crypto::{self, CryptoProvider, SignatureAlgorithm as A};
use saitls_core::error::{CertificateFault, Error, PeerFault, ProviderFault, Result};

/// ECDSA on P-256, P-384 and P-521, Ed25519, RSASSA-PKCS1-v1_5 and RSASSA-PSS: the
/// [`SignatureVerifier`](crypto::SignatureVerifier) of any provider.
///
/// * ECDSA: the key is an uncompressed point (RFC 5480 2.2), the signature strict DER (RFC 9846 4.3.3).
/// * RSA: the modulus has [`MIN_RSA_BITS`](crate::MIN_RSA_BITS) to [`MAX_RSA_BITS`](crate::MAX_RSA_BITS) bits. The
///   salt of PSS is as long as the hash (RFC 9846 4.3.3).
pub struct SignatureVerifier(A);

fn verification(algorithm: A) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        A::EcdsaP256Sha256 => &lc::ECDSA_P256_SHA256_ASN1,
        A::EcdsaP256Sha384 => &lc::ECDSA_P256_SHA384_ASN1,
        A::EcdsaP256Sha512 => &lc::ECDSA_P256_SHA512_ASN1,
        A::EcdsaP384Sha256 => &lc::ECDSA_P384_SHA256_ASN1,
        A::EcdsaP384Sha384 => &lc::ECDSA_P384_SHA384_ASN1,
        A::EcdsaP384Sha512 => &lc::ECDSA_P384_SHA512_ASN1,
        A::EcdsaP521Sha256 => &lc::ECDSA_P521_SHA256_ASN1,
        A::EcdsaP521Sha384 => &lc::ECDSA_P521_SHA384_ASN1,
        A::EcdsaP521Sha512 => &lc::ECDSA_P521_SHA512_ASN1,
        A::Ed25519 => &lc::ED25519,
        A::RsaPkcs1Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
        A::RsaPkcs1Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
        A::RsaPkcs1Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
        A::RsaPssSha256 => &lc::RSA_PSS_2048_8192_SHA256,
        A::RsaPssSha384 => &lc::RSA_PSS_2048_8192_SHA384,
        A::RsaPssSha512 => &lc::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// Whether a key has the one form that certificates may have it in; the library reads others as well.
fn has_the_right_form(algorithm: A, key: &[u8]) -> bool {
    let is_uncompressed_point = |len: usize| key.len() == len && key.first() == Some(&4);
    match algorithm {
        A::EcdsaP256Sha256 | A::EcdsaP256Sha384 | A::EcdsaP256Sha512 => is_uncompressed_point(65),
        A::EcdsaP384Sha256 | A::EcdsaP384Sha384 | A::EcdsaP384Sha512 => is_uncompressed_point(97),
        A::EcdsaP521Sha256 | A::EcdsaP521Sha384 | A::EcdsaP521Sha512 => is_uncompressed_point(133),
        A::Ed25519 => key.len() == lc::ED25519_PUBLIC_KEY_LEN,
        // Nothing is computed before the length is known.
        _ => RsaParameters::public_modulus_len(key).is_ok_and(|bits| {
            usize::try_from(bits).is_ok_and(|bits| (crate::MIN_RSA_BITS..=crate::MAX_RSA_BITS).contains(&bits))
        }),
    }
}

impl SignatureVerifier {
    fn verify(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
        let algorithm = verification(self.0).ok_or(ProviderFault::Unsupported)?;
        if !has_the_right_form(self.0, public_key) {
            return Err(CertificateFault::Unsupported.into());
        }
        let key = ParsedPublicKey::new(algorithm, public_key).map_err(|_| CertificateFault::Unsupported)?;
        key.verify_sig(message, signature).map_err(|_| Error::Peer(PeerFault::BadSignature))
    }
}

impl<P: CryptoProvider> crypto::SignatureVerifier<P> for SignatureVerifier {
    fn supports(algorithm: A) -> bool {
        verification(algorithm).is_some()
    }

    fn start(_: &mut P, algorithm: A) -> Result<Self> {
        if verification(algorithm).is_some() { Ok(Self(algorithm)) } else { Err(ProviderFault::Unsupported.into()) }
    }

    fn poll_verify(&mut self, _: &mut P, public_key: &[u8], message: &[u8], signature: &[u8]) -> Poll<Result<()>> {
        Poll::Ready(self.verify(public_key, message, signature))
    }
}
