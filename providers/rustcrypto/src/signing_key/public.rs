//! The public half of a private key.

use super::SigningKey;
use super::load;
use der::asn1::BitStringRef;
use der::{Decode, Encode};
use pkcs8::AlgorithmIdentifierRef;
use saitls_core::config::Identity;
use saitls_core::crypto::CryptoProvider;
use saitls_core::error::{ByteCount, Error, Misconfiguration, ProviderFault, Result};
use spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

/// The longest [`subject_public_key_info`](SigningKey::subject_public_key_info) in bytes: RSA with 4096 bits and
/// the longest exponent.
pub const MAX_SUBJECT_PUBLIC_KEY_INFO_LEN: usize = 553;

/// The AlgorithmIdentifier of a key on one of the NIST curves (RFC 5480 2.1.1).
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
fn on_curve(curve: &pkcs8::ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef { oid: load::EC_PUBLIC_KEY, parameters: Some(der::asn1::AnyRef::from(curve)) }
}

impl SigningKey {
    /// Calls `then` with the parts of the SubjectPublicKeyInfo: the AlgorithmIdentifier, and the content of the
    /// BIT STRING.
    #[allow(unused_variables, reason = "with all algorithms off")]
    fn with_public_key<T>(&self, then: impl FnOnce(AlgorithmIdentifierRef<'_>, &[u8]) -> Result<T>) -> Result<T> {
        match self.0 {
            #[cfg(feature = "p256")]
            super::Key::P256(ref key) => then(on_curve(&load::SECP256R1), key.public_key().as_bytes()),
            #[cfg(feature = "p384")]
            super::Key::P384(ref key) => {
                let point = key.key().verifying_key().to_sec1_point(false);
                then(on_curve(&load::SECP384R1), point.as_bytes())
            }
            #[cfg(feature = "p521")]
            super::Key::P521(ref key) => {
                let point = key.key().verifying_key().to_sec1_point(false);
                then(on_curve(&load::SECP521R1), point.as_bytes())
            }
            #[cfg(feature = "ed25519")]
            super::Key::Ed25519(ref key) => then(
                AlgorithmIdentifierRef { oid: load::ED25519, parameters: None },
                key.key().verifying_key().as_bytes(),
            ),
            #[cfg(feature = "rsa")]
            super::Key::Rsa(ref key) => then(
                match key.algorithm {
                    super::rsa::KeyAlgorithm::RsaEncryption => {
                        AlgorithmIdentifierRef { oid: load::RSA_ENCRYPTION, parameters: Some(der::asn1::AnyRef::NULL) }
                    }
                    super::rsa::KeyAlgorithm::RsassaPss => {
                        AlgorithmIdentifierRef { oid: load::RSASSA_PSS, parameters: None }
                    }
                },
                key.public_key()?.as_bytes(),
            ),
        }
    }

    /// Writes the public key to the front of `out` and returns its length: the content of the BIT STRING of
    /// [`subject_public_key_info`](Self::subject_public_key_info), which is what
    /// [`SignatureVerifier`](saitls_core::crypto::SignatureVerifier) takes.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`] with the length if it does not fit.
    pub fn public_key(&self, out: &mut [u8]) -> Result<usize> {
        self.with_public_key(|_, key| saitls_core::crypto::write_to_front(key, out))
    }

    /// Writes the SubjectPublicKeyInfo (RFC 5280 4.1.2.7) to the front of `out` and returns its length, at most
    /// [`MAX_SUBJECT_PUBLIC_KEY_INFO_LEN`]. A key with id-RSASSA-PSS gets no parameters.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`] with the length if it does not fit.
    pub fn subject_public_key_info(&self, out: &mut [u8]) -> Result<usize> {
        self.with_public_key(|algorithm, key| {
            let subject_public_key = BitStringRef::from_bytes(key).map_err(|_| ProviderFault::InvalidKey)?;
            let info = SubjectPublicKeyInfo { algorithm, subject_public_key };
            let len = info.encoded_len().map_err(|_| ProviderFault::InvalidKey)?;
            info.encode_to_slice(out)
                .map(<[u8]>::len)
                .map_err(|_| Error::TransmitBufferTooSmall(ByteCount::new(usize::try_from(len).unwrap_or(usize::MAX))))
        })
    }

    /// Who has this key: an identity with this chain (DER, end entity first), whose first certificate has been read and
    /// is for this key.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`], with
    /// [`UnreadableCertificate`](Misconfiguration::UnreadableCertificate) or
    /// [`KeyMismatch`](Misconfiguration::KeyMismatch).
    pub fn identity<'a, P: CryptoProvider>(&'a self, chain: &'a [&'a [u8]]) -> Result<Identity<'a, P>> {
        let identity = Identity::new(chain, self);
        if self.matches_certificate_key(identity.subject_public_key_info()?) {
            Ok(identity)
        } else {
            Err(Error::InvalidConfiguration(Misconfiguration::KeyMismatch))
        }
    }

    /// Whether this is the private half of the key in `subject_public_key_info` (the field of a certificate, in
    /// DER). An RSA key with rsaEncryption does not fit a certificate with id-RSASSA-PSS, nor the reverse: they
    /// sign with different schemes (RFC 9846 4.3.3).
    #[must_use]
    pub fn matches_certificate_key(&self, subject_public_key_info: &[u8]) -> bool {
        let Ok(theirs) = SubjectPublicKeyInfoRef::from_der(subject_public_key_info) else {
            return false;
        };
        self.with_public_key(|algorithm, key| {
            let parameters_fit =
                algorithm.oid == load::RSASSA_PSS || algorithm.parameters == theirs.algorithm.parameters;
            Ok(algorithm.oid == theirs.algorithm.oid
                && parameters_fit
                && theirs.subject_public_key.as_bytes() == Some(key))
        })
        .unwrap_or(false)
    }
}
