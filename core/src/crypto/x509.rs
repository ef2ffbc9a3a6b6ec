//! The little that TLS itself must know of X.509: a certificate's public key, its issuer, and how it is signed; and
//! what verifiers read, or look up to say why they refuse it. Whether a certificate is any good is a
//! [`PeerVerifier`](super::PeerVerifier)'s question.

use crate::codes::SignatureScheme;
use crate::error::{CertificateFault, Error, InBytes, PeerFault, Result};
use crate::wire::der::{self, Element};
use crate::wire::{List, Malformed, Reader};
use core::ops::RangeInclusive;

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
/// In front of the number of an algorithm of PKCS #1 (RFC 8017 A.2).
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
/// ecdsa-with-SHA1, 1.2.840.10045.4.1 (RFC 3279 2.2.3).
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// id-ce-subjectKeyIdentifier, 2.5.29.14 (RFC 5280 4.2.1.2).
const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
/// id-ce-authorityKeyIdentifier, 2.5.29.35 (RFC 5280 4.2.1.1).
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
/// id-ce-keyUsage, 2.5.29.15 (RFC 5280 4.2.1.3).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10 (RFC 8017 A.2.3).
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];

/// The SubjectPublicKeyInfo of an X.509 certificate (RFC 5280 4.1), in DER.
///
/// # Errors
/// [`CertificateFault::Bad`] if the certificate is not well-formed up to there.
pub fn subject_public_key_info(certificate: &[u8]) -> Result<&[u8]> {
    let fields = Certificate::checked(certificate)?;
    check_subject_public_key_info(fields.subject_public_key_info)?;
    Ok(fields.subject_public_key_info)
}

/// The distinguished name of who issued an X.509 certificate, in DER.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn issuer(certificate: &[u8]) -> Result<&[u8]> {
    Certificate::checked(certificate).map(|fields| fields.issuer)
}

/// What the key of an X.509 certificate may do (RFC 5280 4.2.1.3); `None` if the certificate does not restrict it.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn key_usage(certificate: &[u8]) -> Result<Option<KeyUsage>> {
    let read = || -> Result<_, Malformed> {
        let extension = Certificate::read(certificate)?.extensions()?.value_of(KEY_USAGE)?;
        extension.map(KeyUsage::read).transpose()
    };
    read().map_err(|_| Error::Certificate(CertificateFault::Bad))
}

/// The KeyUsage extension of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// The bits 0 to 7, from the most significant one on.
    first: u8,
}

impl KeyUsage {
    /// Reads the value of the extension.
    ///
    /// # Errors
    /// [`Malformed`] if it is no BIT STRING, or has bits that it says it does not use (X.690 11.2.1).
    pub fn read(value: &[u8]) -> Result<Self, Malformed> {
        // In front of the bits stands how many of the last byte are unused.
        let (&unused, bits) = Element::all(value, der::BIT_STRING)?.value.split_first().ok_or(Malformed)?;
        let padding = 1u8.checked_shl(unused.into()).ok_or(Malformed)?.wrapping_sub(1);
        // Without bits, none of them can be unused.
        if bits.last().copied().unwrap_or(u8::MAX) & padding != 0 {
            return Err(Malformed);
        }
        Ok(Self { first: bits.first().copied().unwrap_or(0) })
    }

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

/// Whether an X.509 certificate is self-issued: issuer and subject have one name, byte by byte. That does not make it
/// self-signed (RFC 5280 3.2): see [`is_self_signed`].
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn is_self_issued(certificate: &[u8]) -> Result<bool> {
    Certificate::checked(certificate).map(|fields| fields.issuer == fields.subject)
}

/// Whether an X.509 certificate is self-signed, as far as can be seen without verifying its signature: issuer and
/// subject have one name, and the identifiers of their keys, where both are there, are the same (RFC 5280 4.2.1.1).
///
/// The name alone says only that it is self-issued (RFC 5280 3.2): an authority may have the name of whom it certifies.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn is_self_signed(certificate: &[u8]) -> Result<bool> {
    Certificate::checked(certificate).map(|fields| fields.is_self_signed())
}

/// The extensions of an X.509 certificate (RFC 5280 4.2); none if it has none.
///
/// # Errors
/// As for [`subject_public_key_info`].
///
/// ```
/// use saitls_core::crypto::x509;
/// # let certificate = include_bytes!("../../tests/data/p256.cert.der");
///
/// for extension in x509::extensions(certificate)? {
///     println!("{:02x?}, critical: {}", extension.identifier, extension.is_critical);
/// }
/// # assert!(x509::extensions(certificate)?.count() > 1);
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub fn extensions(certificate: &[u8]) -> Result<Extensions<'_>> {
    Certificate::checked(certificate)?.extensions().map_err(|_| Error::Certificate(CertificateFault::Bad))
}

/// The scheme of TLS that an X.509 certificate is signed with; `None` if its identifier alone does not tell, as for
/// RSASSA-PSS, or is not known. ECDSA is named by its hash: that the curve is the one of the scheme is not said.
#[must_use]
pub fn signature_scheme(certificate: &[u8]) -> Option<SignatureScheme> {
    let algorithm = AlgorithmIdentifier::read(Certificate::checked(certificate).ok()?.signature).ok()?;
    SIGNATURES.iter().find(|&&(known, _)| known == algorithm.oid).map(|&(_, scheme)| scheme)
}

/// The distinguished name of whom an X.509 certificate is for, in DER.
///
/// # Errors
/// As for [`subject_public_key_info`].
pub fn subject(certificate: &[u8]) -> Result<&[u8]> {
    Certificate::checked(certificate)
        .map(|fields| fields.subject)
        .map_err(|_| Error::Certificate(CertificateFault::Bad))
}

/// Checks that these bytes are a SubjectPublicKeyInfo, such as a raw public key (RFC 7250 3).
pub(crate) fn check_subject_public_key_info(subject_public_key_info: &[u8]) -> Result<()> {
    PublicKeyInfo::checked(subject_public_key_info).map(drop)
}

/// Whether a certificate is signed with one of these schemes. A self-signed one may be signed in any way, for nobody
/// needs to verify it (RFC 9846 4.5.1.2).
pub(crate) fn is_signed_by_any(certificate: &[u8], schemes: List<'_, SignatureScheme>) -> bool {
    use SignatureScheme as S;
    let Ok(fields) = Certificate::checked(certificate) else { return false };
    if fields.is_self_signed() {
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

/// Whether a certificate may be presented to a peer that verifies these schemes, even if it is signed with none of
/// them: not if it is signed with SHA-1, which only a peer that asks for it gets to see (RFC 9846 4.5.1.2).
pub(crate) fn may_be_presented(certificate: &[u8], schemes: List<'_, SignatureScheme>) -> bool {
    let Ok(fields) = Certificate::checked(certificate) else { return true };
    let Ok(algorithm) = AlgorithmIdentifier::read(fields.signature) else { return true };
    let uses_sha1 = |scheme| matches!(scheme, SignatureScheme::RSA_PKCS1_SHA1 | SignatureScheme::ECDSA_SHA1);
    let sha1 = SIGNATURES.iter().find(|&&(known, scheme)| known == algorithm.oid && uses_sha1(scheme));
    sha1.is_none_or(|&(_, scheme)| fields.is_self_signed() || schemes.contains(scheme))
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
    (ECDSA_SHA1, SignatureScheme::ECDSA_SHA1),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5], SignatureScheme::RSA_PKCS1_SHA1),
];

/// The lengths of RSA keys that providers accept: others are refused for their length.
const USUAL_RSA_BITS: RangeInclusive<u16> = 2048..=4096;

/// The fields of an X.509 certificate (RFC 5280 4.1), each with its tag and length, as they stand there: what is in
/// them nobody has looked at, nor at what comes behind the last one.
///
/// ```
/// use saitls_core::crypto::x509::{Certificate, PublicKeyInfo};
/// # let certificate = include_bytes!("../../tests/data/p256.cert.der");
///
/// let certificate = Certificate::read(certificate)?;
/// assert_eq!(certificate.issuer, certificate.subject);
/// assert_eq!(PublicKeyInfo::read(certificate.subject_public_key_info)?.key.len(), 65);
/// # Ok::<(), saitls_core::Error>(())
/// ```
pub struct Certificate<'a> {
    /// The TBSCertificate: what is signed.
    pub tbs_certificate: &'a [u8],
    /// The version, with the tag `[0]`; `None` is version 1.
    pub version: Option<&'a [u8]>,
    /// The AlgorithmIdentifier of the signature, as it is signed.
    pub signature: &'a [u8],
    /// The distinguished name of the issuer.
    pub issuer: &'a [u8],
    /// The Validity.
    pub validity: &'a [u8],
    /// The distinguished name of the subject.
    pub subject: &'a [u8],
    /// The SubjectPublicKeyInfo.
    pub subject_public_key_info: &'a [u8],
    /// What comes behind them in the TBSCertificate, unread: unique identifiers and extensions.
    pub rest: &'a [u8],
    /// What comes behind the TBSCertificate, unread: `signatureAlgorithm` and `signatureValue`.
    pub outside: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Finds the fields.
    ///
    /// # Errors
    /// [`Malformed`] if the certificate is not well-formed up to the SubjectPublicKeyInfo.
    pub fn read(certificate: &'a [u8]) -> Result<Self, Malformed> {
        let mut outside = Element::all(certificate, der::SEQUENCE)?.content();
        let tbs_certificate = Element::read(&mut outside)?.expect_tag(der::SEQUENCE)?;
        let mut rest = tbs_certificate.content();
        let mut serial_number = Element::read(&mut rest)?;
        let mut version = None;
        if serial_number.tag == der::EXPLICIT_0 {
            version = Some(serial_number.bytes);
            serial_number = Element::read(&mut rest)?;
        }
        serial_number.expect_tag(der::INTEGER)?;
        let mut next = || Element::read(&mut rest).map(|element| element.bytes);
        let [signature, issuer, validity] = [next()?, next()?, next()?];
        let [subject, subject_public_key_info] = [next()?, next()?];
        Ok(Self {
            tbs_certificate: tbs_certificate.bytes,
            version,
            signature,
            issuer,
            validity,
            subject,
            subject_public_key_info,
            rest: rest.rest(),
            outside: outside.rest(),
        })
    }

    fn checked(certificate: &'a [u8]) -> Result<Self> {
        Self::read(certificate).map_err(|_| CertificateFault::Bad.into())
    }

    /// Its extensions; none if it has none.
    ///
    /// # Errors
    /// [`Malformed`] if their list is, or if anything stands behind it, or anything but unique identifiers in front.
    pub fn extensions(&self) -> Result<Extensions<'a>, Malformed> {
        let mut rest = Reader::new(self.rest);
        while !rest.is_empty() {
            let field = Element::read(&mut rest)?;
            match field.tag {
                der::IMPLICIT_1 | der::IMPLICIT_2 => {}
                der::EXPLICIT_3 => {
                    rest.finish()?;
                    return Ok(Extensions { list: Element::all(field.value, der::SEQUENCE)?.content() });
                }
                _ => return Err(Malformed),
            }
        }
        Ok(Extensions { list: rest })
    }

    #[inline(never)]
    fn is_self_signed(&self) -> bool {
        if self.issuer != self.subject {
            return false;
        }
        // What cannot be read says nothing.
        let other_key = || -> Result<bool, Malformed> {
            let (own, issuers) = (self.extensions()?, self.extensions()?);
            let Some(own) = own.value_of(SUBJECT_KEY_IDENTIFIER)? else { return Ok(false) };
            let Some(issuers) = issuers.value_of(AUTHORITY_KEY_IDENTIFIER)? else { return Ok(false) };
            let own = Element::all(own, der::OCTET_STRING)?.value;
            // `AuthorityKeyIdentifier ::= SEQUENCE { [0] OCTET STRING OPTIONAL, .. }`
            let issuers = Element::read(&mut Element::all(issuers, der::SEQUENCE)?.content())?;
            Ok(issuers.tag == der::IMPLICIT_0 && issuers.value != own)
        };
        !other_key().unwrap_or(false)
    }
}

/// The extensions of a certificate, in their order: `SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, BOOLEAN DEFAULT FALSE,
/// OCTET STRING }`. What is malformed ends them.
#[derive(Clone)]
pub struct Extensions<'a> {
    list: Reader<'a>,
}

/// An extension of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Extension<'a> {
    /// The content of its OBJECT IDENTIFIER: `[0x55, 0x1d, 15]` is 2.5.29.15.
    pub identifier: &'a [u8],
    /// Whether who does not know it must refuse the certificate.
    pub is_critical: bool,
    /// The content of its OCTET STRING, in DER.
    pub value: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// The extensions in the content of an `Extensions` (RFC 5280 4.1).
    #[must_use]
    pub const fn new(list: Reader<'a>) -> Self {
        Self { list }
    }

    /// Whether all have been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The next one.
    ///
    /// # Errors
    /// [`Malformed`] if it is, or if there is none.
    pub fn read(&mut self) -> Result<Extension<'a>, Malformed> {
        let mut fields = Element::read(&mut self.list)?.expect_tag(der::SEQUENCE)?.content();
        let identifier = Element::read(&mut fields)?.expect_tag(der::OBJECT_IDENTIFIER)?.value;
        let mut value = Element::read(&mut fields)?;
        let mut is_critical = false;
        if value.tag == der::BOOLEAN {
            is_critical = der::boolean(value.value)?;
            value = Element::read(&mut fields)?;
        }
        fields.finish()?;
        Ok(Extension { identifier, is_critical, value: value.expect_tag(der::OCTET_STRING)?.value })
    }

    /// The content of the OCTET STRING of one of them.
    fn value_of(mut self, identifier: &[u8]) -> Result<Option<&'a [u8]>, Malformed> {
        while !self.list.is_empty() {
            let extension = self.read()?;
            if extension.identifier == identifier {
                return Ok(Some(extension.value));
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        if self.list.is_empty() { None } else { self.read().ok() }
    }
}

/// Why a provider cannot use a key that is well-formed to TLS: an RSAPublicKey (RFC 8017 A.1.1) for its length, if that
/// is why.
#[inline(never)]
pub(crate) fn unusable_key(public_key: &[u8]) -> CertificateFault {
    let bits = || {
        let modulus = Element::read(&mut Element::all(public_key, der::SEQUENCE)?.content())?;
        let modulus = modulus.expect_tag(der::INTEGER)?.value;
        let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let unused = digits.first().map_or(0, |first| first.leading_zeros());
        let bits = u32::try_from(digits.len()).map_err(|_| Malformed)?.saturating_mul(8).saturating_sub(unused);
        u16::try_from(bits).map_err(|_| Malformed)
    };
    match bits() {
        Ok(bits) if !USUAL_RSA_BITS.contains(&bits) => CertificateFault::RsaKeyLength(InBytes::from(bits)),
        _ => CertificateFault::Unsupported,
    }
}

/// An AlgorithmIdentifier (RFC 5280 4.1.1.2).
pub struct AlgorithmIdentifier<'a> {
    /// The content of its OBJECT IDENTIFIER, which is not empty.
    pub oid: &'a [u8],
    /// Its parameters, whatever they are.
    pub parameters: Option<Element<'a>>,
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads one that is all of `bytes`.
    ///
    /// # Errors
    /// [`Malformed`] if it is.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = Element::all(bytes, der::SEQUENCE)?.content();
        let oid = Element::read(&mut rest)?.expect_tag(der::OBJECT_IDENTIFIER)?.value;
        let parameters = if rest.is_empty() { None } else { Some(Element::read(&mut rest)?) };
        rest.finish()?;
        if oid.is_empty() { Err(Malformed) } else { Ok(Self { oid, parameters }) }
    }

    /// Whether it is that of a signature by RSA or ECDSA with a hash that is broken: MD2, MD4, MD5 or SHA-1.
    #[must_use]
    pub fn has_broken_hash(&self) -> bool {
        let parameters = self.parameters.map_or(&[][..], |parameters| parameters.value);
        match self.oid.strip_prefix(PKCS1) {
            Some([2..=5]) => true,
            // RSASSA-PSS: `[0]` names the hash, or else it is SHA-1 (RFC 4055 3.1). Those that are not broken have
            // identifiers of nine bytes, these shorter ones.
            Some([10]) => !matches!(parameters, [der::EXPLICIT_0, _, der::SEQUENCE, _, der::OBJECT_IDENTIFIER, 9, ..]),
            _ => self.oid == ECDSA_SHA1,
        }
    }
}

/// A SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
pub struct PublicKeyInfo<'a> {
    /// Which kind of key it is, and on which curve.
    pub algorithm: AlgorithmIdentifier<'a>,
    /// The content of the BIT STRING.
    pub key: &'a [u8],
}

impl<'a> PublicKeyInfo<'a> {
    /// Reads one that is all of `bytes`.
    ///
    /// # Errors
    /// [`Malformed`], here and below, if it is.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::read_content(Element::all(bytes, der::SEQUENCE)?.content())
    }

    /// Reads the content of one, as trust anchors have it.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_content(mut rest: Reader<'a>) -> Result<Self, Malformed> {
        let algorithm = AlgorithmIdentifier::read(Element::read(&mut rest)?.bytes)?;
        let key = Element::read(&mut rest)?.expect_tag(der::BIT_STRING)?;
        rest.finish()?;
        Ok(Self { algorithm, key: der::whole_bytes(key.value)? })
    }

    fn checked(bytes: &'a [u8]) -> Result<Self> {
        Self::read(bytes).map_err(|_| CertificateFault::Bad.into())
    }
}

/// The public key of a SubjectPublicKeyInfo, if it fits the scheme (RFC 9846 4.5.2): the content of its BIT STRING.
///
/// # Errors
/// [`CertificateFault::Bad`] if it is not well-formed; [`PeerFault::IllegalSignatureScheme`] if it does not fit.
pub(crate) fn key_for_scheme(subject_public_key_info: &[u8], scheme: SignatureScheme) -> Result<&[u8]> {
    let info = PublicKeyInfo::checked(subject_public_key_info)?;
    let algorithm = info.algorithm.oid;
    let is_on = |curve: &[u8]| {
        let parameters = info.algorithm.parameters.as_ref().filter(|element| element.tag == der::OBJECT_IDENTIFIER);
        algorithm == EC_PUBLIC_KEY && parameters.is_some_and(|element| element.value == curve)
    };
    let is_plain = |kind: &[u8], parameters: &[u8]| {
        algorithm == kind && info.algorithm.parameters.map_or(&[][..], |element| element.bytes) == parameters
    };
    let fits = match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => is_on(SECP256R1),
        SignatureScheme::ECDSA_SECP384R1_SHA384 => is_on(SECP384R1),
        SignatureScheme::ECDSA_SECP521R1_SHA512 => is_on(SECP521R1),
        // RFC 8410 3.
        SignatureScheme::ED25519 => is_plain(ED25519, &[]),
        SignatureScheme::ED448 => is_plain(ED448, &[]),
        // RFC 3279 2.3.1.
        SignatureScheme::RSA_PSS_RSAE_SHA256
        | SignatureScheme::RSA_PSS_RSAE_SHA384
        | SignatureScheme::RSA_PSS_RSAE_SHA512 => is_plain(RSA_ENCRYPTION, &[der::NULL, 0]),
        SignatureScheme::RSA_PSS_PSS_SHA256
        | SignatureScheme::RSA_PSS_PSS_SHA384
        | SignatureScheme::RSA_PSS_PSS_SHA512 => algorithm == RSASSA_PSS,
        // Schemes that only a part of the application's own knows: it also knows their keys.
        other => other.signs_handshake(),
    };
    if fits { Ok(info.key) } else { Err(PeerFault::IllegalSignatureScheme.into()) }
}
