//! The public half of a private key.

use super::{Key, SigningKey, load};
use aws_lc_rs::signature::KeyPair as _;
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier};
use saitls_core::config::Identity;
use saitls_core::crypto::CryptoProvider;
use saitls_core::crypto::write_to_front;
use saitls_core::error::{ByteCount, Error, Misconfiguration, ProviderFault, Result};
use spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

/// The AlgorithmIdentifier of a key on one of the NIST curves (RFC 5480 2.1.1).
fn on_curve(curve: &ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef { oid: load::EC_PUBLIC_KEY, parameters: Some(AnyRef::from(curve)) }
}

impl SigningKey {
    fn algorithm(&self) -> AlgorithmIdentifierRef<'static> {
        match &self.0 {
            Key::P256(_) => on_curve(&load::SECP256R1),
            Key::P384(_) => on_curve(&load::SECP384R1),
            Key::P521(_) => on_curve(&load::SECP521R1),
            Key::Ed25519(_) => AlgorithmIdentifierRef { oid: load::ED25519, parameters: None },
            Key::Rsa(rsa) if rsa.is_pss => AlgorithmIdentifierRef { oid: load::RSASSA_PSS, parameters: None },
            Key::Rsa(_) => AlgorithmIdentifierRef { oid: load::RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) },
        }
    }

    fn public_key_bytes(&self) -> &[u8] {
        match &self.0 {
            Key::P256(key) | Key::P384(key) | Key::P521(key) => key.public_key().as_ref(),
            Key::Ed25519(key) => key.public_key().as_ref(),
            Key::Rsa(rsa) => rsa.key.public_key().as_ref(),
        }
    }

    /// Writes the public key to the front of `out` and returns its length: the content of the BIT STRING of
    /// [`subject_public_key_info`](Self::subject_public_key_info), which is what
    /// [`SignatureVerifier`](saitls_core::crypto::SignatureVerifier) takes.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`] with the length if it does not fit.
    pub fn public_key(&self, out: &mut [u8]) -> Result<usize> {
        write_to_front(self.public_key_bytes(), out)
    }

    /// Writes the SubjectPublicKeyInfo (RFC 5280 4.1.2.7) to the front of `out` and returns its length. A key with
    /// id-RSASSA-PSS gets no parameters.
    ///
    /// # Errors
    /// [`Error::TransmitBufferTooSmall`] with the length if it does not fit.
    pub fn subject_public_key_info(&self, out: &mut [u8]) -> Result<usize> {
        let subject_public_key =
            BitStringRef::from_bytes(self.public_key_bytes()).map_err(|_| ProviderFault::InvalidKey)?;
        let info = SubjectPublicKeyInfo { algorithm: self.algorithm(), subject_public_key };
        let len = info.encoded_len().map_err(|_| ProviderFault::InvalidKey)?;
        let needed = ByteCount::new(usize::try_from(len).unwrap_or(usize::MAX));
        info.encode_to_slice(out).map(<[u8]>::len).map_err(|_| Error::TransmitBufferTooSmall(needed))
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
        let Ok(theirs) = SubjectPublicKeyInfoRef::from_der(subject_public_key_info) else { return false };
        let ours = self.algorithm();
        ours.oid == theirs.algorithm.oid
            && (ours.oid == load::RSASSA_PSS || ours.parameters == theirs.algorithm.parameters)
            && theirs.subject_public_key.as_bytes() == Some(self.public_key_bytes())
    }
}
