//! The public key of a certificate, and which signature schemes it fits.

use crate::codes::SignatureScheme;
use crate::error::{Error, Result};
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The SubjectPublicKeyInfo of an X.509 certificate (RFC 5280 4.1), in DER.
///
/// # Errors
/// [`Error::BadCertificate`] if the certificate is not well-formed up to there.
pub(super) fn subject_public_key_info(certificate: &[u8]) -> Result<&[u8]> {
    walk(certificate).map_err(|_| Error::BadCertificate)
}

fn walk(certificate: &[u8]) -> der::Result<&[u8]> {
    let certificate = AnyRef::from_der(certificate)?;
    certificate.tag().assert_eq(Tag::Sequence)?;
    let tbs_certificate = AnyRef::decode(&mut SliceReader::new(certificate.value())?)?;
    tbs_certificate.tag().assert_eq(Tag::Sequence)?;
    let mut fields = SliceReader::new(tbs_certificate.value())?;
    let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    if Tag::peek(&fields)? == version {
        fields.tlv_bytes()?;
    }
    // serialNumber, signature, issuer, validity, subject
    for _ in 0..5 {
        fields.tlv_bytes()?;
    }
    let subject_public_key_info = fields.tlv_bytes()?;
    SubjectPublicKeyInfoRef::from_der(subject_public_key_info)?;
    Ok(subject_public_key_info)
}

/// The public key of a SubjectPublicKeyInfo, if it fits the scheme (RFC 9846 4.5.2): the content of its BIT STRING.
///
/// # Errors
/// [`Error::BadCertificate`] if it is not well-formed; [`Error::IllegalSignatureScheme`] if it does not fit.
pub(super) fn key_for_scheme(subject_public_key_info: &[u8], scheme: SignatureScheme) -> Result<&[u8]> {
    let info = SubjectPublicKeyInfoRef::from_der(subject_public_key_info).map_err(|_| Error::BadCertificate)?;
    let curve = || info.algorithm.parameters_oid().ok();
    let algorithm = info.algorithm.oid;
    let fits = match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => algorithm == EC_PUBLIC_KEY && curve() == Some(SECP256R1),
        SignatureScheme::ECDSA_SECP384R1_SHA384 => algorithm == EC_PUBLIC_KEY && curve() == Some(SECP384R1),
        SignatureScheme::ECDSA_SECP521R1_SHA512 => algorithm == EC_PUBLIC_KEY && curve() == Some(SECP521R1),
        SignatureScheme::ED25519 => algorithm == ED25519,
        SignatureScheme::ED448 => algorithm == ED448,
        SignatureScheme::RSA_PSS_RSAE_SHA256
        | SignatureScheme::RSA_PSS_RSAE_SHA384
        | SignatureScheme::RSA_PSS_RSAE_SHA512 => algorithm == RSA_ENCRYPTION,
        SignatureScheme::RSA_PSS_PSS_SHA256
        | SignatureScheme::RSA_PSS_PSS_SHA384
        | SignatureScheme::RSA_PSS_PSS_SHA512 => algorithm == RSASSA_PSS,
        // Schemes that only a part of the application's own knows: it also knows their keys.
        other => other.signs_handshake(),
    };
    if !fits {
        return Err(Error::IllegalSignatureScheme);
    }
    info.subject_public_key.as_bytes().ok_or(Error::BadCertificate)
}
