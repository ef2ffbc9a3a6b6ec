//! The little that TLS itself must know of X.509: a certificate's public key, its issuer, and how it is signed. Whether a
//! certificate is any good is a [`PeerVerifier`](super::PeerVerifier)'s question.

use crate::codes::SignatureScheme;
use crate::error::{Error, Result};
use crate::wire::List;
use der::asn1::BitStringRef;
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ED448: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.113");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The SubjectPublicKeyInfo of an X.509 certificate (RFC 5280 4.1), in DER.
///
/// # Errors
/// [`Error::BadCertificate`] if the certificate is not well-formed up to there.
pub fn subject_public_key_info(certificate: &[u8]) -> Result<&[u8]> {
    let fields = Fields::read(certificate).map_err(|_| Error::BadCertificate)?;
    check_subject_public_key_info(fields.subject_public_key_info)?;
    Ok(fields.subject_public_key_info)
}

/// The distinguished name of who issued an X.509 certificate, in DER.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn issuer(certificate: &[u8]) -> Result<&[u8]> {
    Fields::read(certificate).map(|fields| fields.issuer).map_err(|_| Error::BadCertificate)
}

/// What the key of an X.509 certificate may do (RFC 5280 4.2.1.3); `None` if the certificate does not restrict it.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn key_usage(certificate: &[u8]) -> Result<Option<KeyUsage>> {
    let read = || -> der::Result<_> {
        let Some(extension) = Fields::read(certificate)?.extension(KEY_USAGE)? else { return Ok(None) };
        let bits = BitStringRef::from_der(extension)?;
        Ok(Some(KeyUsage { first: bits.raw_bytes().first().copied().unwrap_or(0) }))
    };
    read().map_err(|_| Error::BadCertificate)
}

/// The KeyUsage extension of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// The bits 0 to 7, from the most significant one on.
    first: u8,
}

impl KeyUsage {
    /// Whether the key may sign what is neither a certificate nor a revocation list, such as a handshake.
    #[must_use]
    pub const fn digital_signature(self) -> bool {
        self.first & 0x80 != 0
    }

    /// Whether the key may sign certificates.
    #[must_use]
    pub const fn key_cert_sign(self) -> bool {
        self.first & 0x04 != 0
    }
}

/// Whether an X.509 certificate is issued in the name of its own subject.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn is_self_issued(certificate: &[u8]) -> Result<bool> {
    Fields::read(certificate).map(|fields| fields.issuer == fields.subject).map_err(|_| Error::BadCertificate)
}

/// Checks that these bytes are a SubjectPublicKeyInfo, such as a raw public key (RFC 7250 3).
pub(crate) fn check_subject_public_key_info(subject_public_key_info: &[u8]) -> Result<()> {
    SubjectPublicKeyInfoRef::from_der(subject_public_key_info).map(drop).map_err(|_| Error::BadCertificate)
}

/// Whether a certificate is signed with one of these schemes. A self-signed one may be signed in any way, for nobody
/// needs to verify it (RFC 9846 4.5.1.2).
pub(crate) fn is_signed_by_any(certificate: &[u8], schemes: List<'_, SignatureScheme>) -> bool {
    use SignatureScheme as S;
    let Ok(fields) = Fields::read(certificate) else { return false };
    if fields.issuer == fields.subject {
        return true;
    }
    let Ok(algorithm) = AlgorithmIdentifierRef::from_der(fields.signature) else { return false };
    match algorithm.oid {
        // What the hash is depends on parameters that nobody varies.
        RSASSA_PSS => schemes.iter().any(|scheme| {
            (S::RSA_PSS_RSAE_SHA256..=S::RSA_PSS_RSAE_SHA512).contains(&scheme)
                || (S::RSA_PSS_PSS_SHA256..=S::RSA_PSS_PSS_SHA512).contains(&scheme)
        }),
        oid => SIGNATURES.iter().any(|&(known, scheme)| known == oid && schemes.contains(scheme)),
    }
}

/// The signature algorithms of certificates that schemes have names for.
const SIGNATURES: [(ObjectIdentifier, SignatureScheme); 7] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), SignatureScheme::ECDSA_SECP256R1_SHA256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), SignatureScheme::ECDSA_SECP384R1_SHA384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), SignatureScheme::ECDSA_SECP521R1_SHA512),
    (ED25519, SignatureScheme::ED25519),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), SignatureScheme::RSA_PKCS1_SHA256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), SignatureScheme::RSA_PKCS1_SHA384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), SignatureScheme::RSA_PKCS1_SHA512),
];

/// Fields of a TBSCertificate, each with its tag and length.
struct Fields<'a> {
    signature: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    subject_public_key_info: &'a [u8],
    /// What comes behind them.
    rest: SliceReader<'a>,
}

impl<'a> Fields<'a> {
    fn read(certificate: &'a [u8]) -> der::Result<Self> {
        let certificate = AnyRef::from_der(certificate)?;
        certificate.tag().assert_eq(Tag::Sequence)?;
        let tbs_certificate = AnyRef::decode(&mut SliceReader::new(certificate.value())?)?;
        tbs_certificate.tag().assert_eq(Tag::Sequence)?;
        let mut fields = SliceReader::new(tbs_certificate.value())?;
        let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        if Tag::peek(&fields)? == version {
            fields.tlv_bytes()?;
        }
        let _serial_number = fields.tlv_bytes()?;
        let signature = fields.tlv_bytes()?;
        let issuer = fields.tlv_bytes()?;
        let _validity = fields.tlv_bytes()?;
        let subject = fields.tlv_bytes()?;
        let subject_public_key_info = fields.tlv_bytes()?;
        Ok(Self { signature, issuer, subject, subject_public_key_info, rest: fields })
    }

    fn extension(mut self, identifier: ObjectIdentifier) -> der::Result<Option<&'a [u8]>> {
        let extensions = Tag::ContextSpecific { constructed: true, number: TagNumber(3) };
        while !self.rest.is_finished() {
            let field = AnyRef::decode(&mut self.rest)?;
            if field.tag() == extensions {
                return find_extension(field.value(), identifier);
            }
        }
        Ok(None)
    }
}

/// Finds one of `Extensions ::= SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, BOOLEAN DEFAULT FALSE, OCTET STRING }`.
fn find_extension(extensions: &[u8], identifier: ObjectIdentifier) -> der::Result<Option<&[u8]>> {
    let list = AnyRef::from_der(extensions)?;
    list.tag().assert_eq(Tag::Sequence)?;
    let mut list = SliceReader::new(list.value())?;
    while !list.is_finished() {
        let extension = AnyRef::decode(&mut list)?;
        let mut fields = SliceReader::new(extension.value())?;
        let found = ObjectIdentifier::decode(&mut fields)? == identifier;
        if Tag::peek(&fields)? == Tag::Boolean {
            fields.tlv_bytes()?;
        }
        let value = AnyRef::decode(&mut fields)?;
        value.tag().assert_eq(Tag::OctetString)?;
        if found {
            return Ok(Some(value.value()));
        }
    }
    Ok(None)
}

/// The public key of a SubjectPublicKeyInfo, if it fits the scheme (RFC 9846 4.5.2): the content of its BIT STRING.
///
/// # Errors
/// [`Error::BadCertificate`] if it is not well-formed; [`Error::IllegalSignatureScheme`] if it does not fit.
pub(crate) fn key_for_scheme(subject_public_key_info: &[u8], scheme: SignatureScheme) -> Result<&[u8]> {
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
