//! The little that TLS itself must know of X.509: a certificate's public key, its issuer, and how it is signed. Whether a
//! certificate is any good is a [`PeerVerifier`](super::PeerVerifier)'s question.

use crate::codes::SignatureScheme;
use crate::error::{Error, Result};
use crate::wire::der::{self, Element};
use crate::wire::{List, Malformed, Reader};

/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// secp256r1, 1.2.840.10045.3.1.7 (RFC 5480 2.1.1.1).
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// secp384r1, 1.3.132.0.34.
const SECP384R1: &[u8] = &[0x2b, 0x81, 4, 0, 34];
/// secp521r1, 1.3.132.0.35.
const SECP521R1: &[u8] = &[0x2b, 0x81, 4, 0, 35];
/// id-Ed25519, 1.3.101.112 (RFC 8410 3).
const ED25519: &[u8] = &[0x2b, 0x65, 112];
/// id-Ed448, 1.3.101.113.
const ED448: &[u8] = &[0x2b, 0x65, 113];
/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// id-ce-keyUsage, 2.5.29.15 (RFC 5280 4.2.1.3).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10 (RFC 8017 A.2.3).
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];

/// The SubjectPublicKeyInfo of an X.509 certificate (RFC 5280 4.1), in DER.
///
/// # Errors
/// [`Error::BadCertificate`] if the certificate is not well-formed up to there.
pub fn subject_public_key_info(certificate: &[u8]) -> Result<&[u8]> {
    let fields = Fields::read(certificate)?;
    check_subject_public_key_info(fields.subject_public_key_info)?;
    Ok(fields.subject_public_key_info)
}

/// The distinguished name of who issued an X.509 certificate, in DER.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn issuer(certificate: &[u8]) -> Result<&[u8]> {
    Fields::read(certificate).map(|fields| fields.issuer)
}

/// What the key of an X.509 certificate may do (RFC 5280 4.2.1.3); `None` if the certificate does not restrict it.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn key_usage(certificate: &[u8]) -> Result<Option<KeyUsage>> {
    let read = || -> Result<_> {
        let Some(extension) = Fields::try_read(certificate)?.extension(KEY_USAGE)? else { return Ok(None) };
        // In front of the bits stands how many of the last byte are unused.
        let (&unused, bits) = Element::all(extension, der::BIT_STRING)?.value.split_first().ok_or(Error::Malformed)?;
        if unused > 7 || (unused > 0 && bits.is_empty()) {
            return Err(Error::Malformed);
        }
        Ok(Some(KeyUsage { first: bits.first().copied().unwrap_or(0) }))
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
    Fields::read(certificate).map(|fields| fields.issuer == fields.subject)
}

/// The distinguished name of whom an X.509 certificate is for, in DER.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn subject(certificate: &[u8]) -> Result<&[u8]> {
    Fields::read(certificate).map(|fields| fields.subject).map_err(|_| Error::BadCertificate)
}

/// Checks that these bytes are a SubjectPublicKeyInfo, such as a raw public key (RFC 7250 3).
pub(crate) fn check_subject_public_key_info(subject_public_key_info: &[u8]) -> Result<()> {
    PublicKeyInfo::read(subject_public_key_info).map(drop)
}

/// Whether a certificate is signed with one of these schemes. A self-signed one may be signed in any way, for nobody
/// needs to verify it (RFC 9846 4.5.1.2).
pub(crate) fn is_signed_by_any(certificate: &[u8], schemes: List<'_, SignatureScheme>) -> bool {
    use SignatureScheme as S;
    let Ok(fields) = Fields::read(certificate) else { return false };
    if fields.issuer == fields.subject {
        return true;
    }
    let Ok(algorithm) = AlgorithmIdentifier::read(fields.signature) else { return false };
    if algorithm.oid == RSASSA_PSS {
        // What the hash is depends on parameters that nobody varies.
        return schemes.iter().any(|scheme| {
            (S::RSA_PSS_RSAE_SHA256..=S::RSA_PSS_RSAE_SHA512).contains(&scheme)
                || (S::RSA_PSS_PSS_SHA256..=S::RSA_PSS_PSS_SHA512).contains(&scheme)
        });
    }
    SIGNATURES.iter().any(|&(known, scheme)| known == algorithm.oid && schemes.contains(scheme))
}

/// Whether a certificate may be presented to a peer that verifies these schemes, even if it is signed with none of them:
/// not if it is signed with SHA-1, which only a peer that asks for it gets to see (RFC 9846 4.5.1.2).
pub(crate) fn may_be_presented(certificate: &[u8], schemes: List<'_, SignatureScheme>) -> bool {
    let Ok(fields) = Fields::read(certificate) else { return true };
    let Ok(algorithm) = AlgorithmIdentifier::read(fields.signature) else { return true };
    let uses_sha1 = |scheme| matches!(scheme, SignatureScheme::RSA_PKCS1_SHA1 | SignatureScheme::ECDSA_SHA1);
    let sha1 = SIGNATURES.iter().find(|&&(known, scheme)| known == algorithm.oid && uses_sha1(scheme));
    sha1.is_none_or(|&(_, scheme)| fields.issuer == fields.subject || schemes.contains(scheme))
}

/// The signature algorithms of certificates that schemes have names for (RFC 5758 3.2, RFC 8410 3, RFC 8017 A.2.4).
const SIGNATURES: [(&[u8], SignatureScheme); 9] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], SignatureScheme::ECDSA_SECP256R1_SHA256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], SignatureScheme::ECDSA_SECP384R1_SHA384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], SignatureScheme::ECDSA_SECP521R1_SHA512),
    (ED25519, SignatureScheme::ED25519),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], SignatureScheme::RSA_PKCS1_SHA256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], SignatureScheme::RSA_PKCS1_SHA384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], SignatureScheme::RSA_PKCS1_SHA512),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], SignatureScheme::ECDSA_SHA1),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], SignatureScheme::RSA_PKCS1_SHA1),
];

/// Fields of a TBSCertificate, each with its tag and length.
struct Fields<'a> {
    signature: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    subject_public_key_info: &'a [u8],
    /// What comes behind them.
    rest: Reader<'a>,
}

impl<'a> Fields<'a> {
    fn read(certificate: &'a [u8]) -> Result<Self> {
        Self::try_read(certificate).map_err(|_| Error::BadCertificate)
    }

    fn try_read(certificate: &'a [u8]) -> Result<Self, Malformed> {
        let certificate = Element::all(certificate, der::SEQUENCE)?;
        let tbs_certificate = Element::read(&mut certificate.content())?.expect_tag(der::SEQUENCE)?;
        let mut rest = tbs_certificate.content();
        let mut serial_number = Element::read(&mut rest)?;
        if serial_number.tag == der::EXPLICIT_0 {
            // That was the version.
            serial_number = Element::read(&mut rest)?;
        }
        serial_number.expect_tag(der::INTEGER)?;
        let signature = Element::read(&mut rest)?.bytes;
        let issuer = Element::read(&mut rest)?.bytes;
        let _validity = Element::read(&mut rest)?;
        let subject = Element::read(&mut rest)?.bytes;
        let subject_public_key_info = Element::read(&mut rest)?.bytes;
        Ok(Self { signature, issuer, subject, subject_public_key_info, rest })
    }

    fn extension(mut self, identifier: &[u8]) -> Result<Option<&'a [u8]>> {
        while !self.rest.is_empty() {
            let field = Element::read(&mut self.rest)?;
            if field.tag == der::EXPLICIT_3 {
                return find_extension(field.value, identifier);
            }
        }
        Ok(None)
    }
}

/// Finds one of `Extensions ::= SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, BOOLEAN DEFAULT FALSE, OCTET STRING }`.
fn find_extension<'a>(extensions: &'a [u8], identifier: &[u8]) -> Result<Option<&'a [u8]>> {
    let mut list = Element::all(extensions, der::SEQUENCE)?.content();
    while !list.is_empty() {
        let mut fields = Element::read(&mut list)?.content();
        let found = Element::read(&mut fields)?.expect_tag(der::OBJECT_IDENTIFIER)?.value == identifier;
        let mut value = Element::read(&mut fields)?;
        if value.tag == der::BOOLEAN {
            value = Element::read(&mut fields)?;
        }
        let value = value.expect_tag(der::OCTET_STRING)?.value;
        if found {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// An AlgorithmIdentifier (RFC 5280 4.1.1.2).
struct AlgorithmIdentifier<'a> {
    oid: &'a [u8],
    parameters: Option<Element<'a>>,
}

impl<'a> AlgorithmIdentifier<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = Element::all(bytes, der::SEQUENCE)?.content();
        let oid = Element::read(&mut rest)?.expect_tag(der::OBJECT_IDENTIFIER)?.value;
        let parameters = if rest.is_empty() { None } else { Some(Element::read(&mut rest)?) };
        rest.finish()?;
        if oid.is_empty() { Err(Malformed) } else { Ok(Self { oid, parameters }) }
    }
}

/// A SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
struct PublicKeyInfo<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    /// The content of the BIT STRING.
    key: &'a [u8],
}

impl<'a> PublicKeyInfo<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        Self::try_read(bytes).map_err(|_| Error::BadCertificate)
    }

    fn try_read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = Element::all(bytes, der::SEQUENCE)?.content();
        let algorithm = AlgorithmIdentifier::read(Element::read(&mut rest)?.bytes)?;
        let key = Element::read(&mut rest)?.expect_tag(der::BIT_STRING)?;
        rest.finish()?;
        // Keys are whole bytes: no bit of the last one is unused.
        match key.value.split_first() {
            Some((&0, key)) => Ok(Self { algorithm, key }),
            _ => Err(Malformed),
        }
    }
}

/// The public key of a SubjectPublicKeyInfo, if it fits the scheme (RFC 9846 4.5.2): the content of its BIT STRING.
///
/// # Errors
/// [`Error::BadCertificate`] if it is not well-formed; [`Error::IllegalSignatureScheme`] if it does not fit.
#[inline(never)]
pub(crate) fn key_for_scheme(subject_public_key_info: &[u8], scheme: SignatureScheme) -> Result<&[u8]> {
    let info = PublicKeyInfo::read(subject_public_key_info)?;
    let algorithm = info.algorithm.oid;
    let is_on = |curve: &[u8]| {
        let parameters = info.algorithm.parameters.as_ref().filter(|element| element.tag == der::OBJECT_IDENTIFIER);
        algorithm == EC_PUBLIC_KEY && parameters.is_some_and(|element| element.value == curve)
    };
    let fits = match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => is_on(SECP256R1),
        SignatureScheme::ECDSA_SECP384R1_SHA384 => is_on(SECP384R1),
        SignatureScheme::ECDSA_SECP521R1_SHA512 => is_on(SECP521R1),
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
    if fits { Ok(info.key) } else { Err(Error::IllegalSignatureScheme) }
}
