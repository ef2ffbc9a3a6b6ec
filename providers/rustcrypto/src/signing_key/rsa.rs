//! RSA private keys.

use crate::MIN_RSA_BITS;
use crate::adapters::RngOf;
use der::asn1::{AnyRef, ObjectIdentifier};
use digest::FixedOutputReset;
use rsa::traits::PublicKeyParts;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm};
use saitls_core::error::{ByteCount, Error, ProviderFault, Result};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// What the AlgorithmIdentifier of the key says: it decides which schemes fit (RFC 9846 4.3.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyAlgorithm {
    RsaEncryption,
    RsassaPss,
}

pub(super) struct Rsa {
    key: rsa::PrivateKey,
    pub(super) algorithm: KeyAlgorithm,
    schemes: &'static [SignatureScheme],
}

const RSAE: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA512];
const PSS: &[SignatureScheme] =
    &[SignatureScheme::RSA_PSS_PSS_SHA256, SignatureScheme::RSA_PSS_PSS_SHA384, SignatureScheme::RSA_PSS_PSS_SHA512];

/// The schemes that the RSASSA-PSS-params of a key leave (RFC 4055 3.1): hash and mask generation are bound to
/// one hash, and the salt has at least the length given.
fn allowed_by(parameters: AnyRef<'_>) -> Option<&'static [SignatureScheme]> {
    const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
    const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
    const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
    const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

    let parameters: pkcs1::RsaPssParamsOwned = parameters.decode_as().ok()?;
    if parameters.mask_gen.oid != MGF1
        || parameters.mask_gen.parameters.map(|hash| hash.oid) != Some(parameters.hash.oid)
    {
        return None;
    }
    match (parameters.hash.oid, parameters.salt_len) {
        (SHA256, 0..=32) => Some(&[SignatureScheme::RSA_PSS_PSS_SHA256]),
        (SHA384, 0..=48) => Some(&[SignatureScheme::RSA_PSS_PSS_SHA384]),
        (SHA512, 0..=64) => Some(&[SignatureScheme::RSA_PSS_PSS_SHA512]),
        _ => None,
    }
}

impl Rsa {
    /// A key with rsaEncryption, from a DER RSAPrivateKey.
    pub(super) fn unrestricted(der: &[u8]) -> Result<Self> {
        let key = crate::rsa::private_key::<MIN_RSA_BITS>(der).ok_or(ProviderFault::InvalidKey)?;
        Ok(Self { key, algorithm: KeyAlgorithm::RsaEncryption, schemes: RSAE })
    }

    /// A key with id-RSASSA-PSS, from a DER RSAPrivateKey.
    pub(super) fn restricted(der: &[u8], parameters: Option<AnyRef<'_>>) -> Result<Self> {
        let key = crate::rsa::private_key::<MIN_RSA_BITS>(der).ok_or(ProviderFault::InvalidKey)?;
        let schemes = parameters.map_or(Some(PSS), allowed_by).ok_or(ProviderFault::InvalidKey)?;
        Ok(Self { key, algorithm: KeyAlgorithm::RsassaPss, schemes })
    }

    pub(super) const fn schemes(&self) -> &[SignatureScheme] {
        self.schemes
    }

    pub(super) fn sign<P: CryptoProvider>(
        &self,
        provider: &mut P,
        scheme: SignatureScheme,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<usize> {
        if !self.schemes.contains(&scheme) {
            return Err(ProviderFault::Unsupported.into());
        }
        match SignatureAlgorithm::from(scheme) {
            SignatureAlgorithm::RsaPssSha256 => self.sign_pss::<P, Sha256>(provider, message, out),
            SignatureAlgorithm::RsaPssSha384 => self.sign_pss::<P, Sha384>(provider, message, out),
            SignatureAlgorithm::RsaPssSha512 => self.sign_pss::<P, Sha512>(provider, message, out),
            _ => Err(ProviderFault::Unsupported.into()),
        }
    }

    fn sign_pss<P: CryptoProvider, D: Digest + FixedOutputReset>(
        &self,
        provider: &mut P,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<usize> {
        if out.len() < self.key.size() {
            return Err(Error::TransmitBufferTooSmall(ByteCount::new(self.key.size())));
        }
        let mut rng = RngOf::new(provider);
        let signature = self
            .key
            .pss_sign_with_rng::<D, _>(&mut rng, message)
            .map_err(|_| rng.failure().unwrap_or(Error::Provider(ProviderFault::CryptoFailed)))?;
        saitls_core::crypto::write_to_front(&signature, out)
    }

    /// The public half as a DER RSAPublicKey (RFC 8017 A.1.1).
    pub(super) fn public_key(&self) -> Result<der::Document> {
        use pkcs1::EncodeRsaPublicKey;
        self.key.as_public_key().to_pkcs1_der().map_err(|_| Error::Provider(ProviderFault::InvalidKey))
    }
}
