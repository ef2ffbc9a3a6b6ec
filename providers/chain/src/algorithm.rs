//! How certificates are signed.

use crate::Result;
use saitls_core::CertificateFault;
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::x509::{AlgorithmIdentifier, Certificate, PublicKeyInfo};
use saitls_core::crypto::{CryptoProvider, SignatureAlgorithm, SignatureVerifier};
use saitls_core::error::InBytes;
use saitls_core::wire::der::{self, Element};
use saitls_core::wire::{Malformed, Reader};

type A = SignatureAlgorithm;

/// In front of 2 for ecdsa-with-SHA256, 3 for SHA-384 and 4 for SHA-512 (RFC 5758 3.2).
const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
/// In front of the number of an algorithm of PKCS #1 (RFC 8017 A.2).
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
/// id-Ed25519, 1.3.101.112 (RFC 8410 3).
const ED25519: &[u8] = &[0x2b, 0x65, 112];
/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// rsaEncryption and id-RSASSA-PSS (RFC 8017 A.1, A.2.3).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// secp256r1, secp384r1 and secp521r1 (RFC 5480 2.1.1.1), and what is signed with each and SHA-256, SHA-384 and
/// SHA-512.
const CURVES: [(&[u8], [A; 3]); 3] = [
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], [A::EcdsaP256Sha256, A::EcdsaP256Sha384, A::EcdsaP256Sha512]),
    (&[0x2b, 0x81, 4, 0, 34], [A::EcdsaP384Sha256, A::EcdsaP384Sha384, A::EcdsaP384Sha512]),
    (&[0x2b, 0x81, 4, 0, 35], [A::EcdsaP521Sha256, A::EcdsaP521Sha384, A::EcdsaP521Sha512]),
];
/// The RSASSA-PSS-params that certificates have (RFC 4055 3.1), with SHA-256 and 32 bytes of salt. The longer hashes
/// have 2 or 3 in place of the 1 at each of [`PSS_HASHES`], and 16 or 32 bytes of salt more at the end.
const PSS_SHA256: &[u8] = &[
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, // hash
    0xa1, 0x1c, 0x30, 0x1a, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8, // MGF1
    0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, // with the same hash
    0xa2, 3, 2, 1, 32, // length of the salt
];
const PSS_HASHES: [usize; 2] = [16, 46];

/// A signature to be verified.
pub(crate) struct Question<'a> {
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) public_key: &'a [u8],
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Question<'a> {
    /// The signature of a certificate, by the key with this content of its SubjectPublicKeyInfo.
    #[inline(never)]
    pub(crate) fn new<P: CryptoProvider>(
        certificate: &'a [u8],
        issuer_key: &'a [u8],
        offered: &[SignatureScheme],
    ) -> Result<Self> {
        let certificate = Certificate::read(certificate)?;
        let (signed_by, signature) = signature(&certificate)?;
        let issuer = PublicKeyInfo::read_content(Reader::new(issuer_key))?;
        let algorithm = algorithm::<P>(&signed_by, &issuer.algorithm, offered)?;
        Ok(Self { algorithm, public_key: issuer.key, message: certificate.tbs_certificate, signature })
    }
}

/// How a certificate is signed, as it says inside and outside, and the signature.
pub(crate) fn signature<'a>(certificate: &Certificate<'a>) -> Result<(AlgorithmIdentifier<'a>, &'a [u8])> {
    let mut outside = Reader::new(certificate.outside);
    let algorithm = Element::read(&mut outside)?;
    let signature = Element::read(&mut outside)?.expect_tag(der::BIT_STRING)?;
    outside.finish()?;
    if algorithm.bytes != certificate.signature {
        return Err(CertificateFault::Bad);
    }
    Ok((AlgorithmIdentifier::read(algorithm.bytes)?, der::whole_bytes(signature.value)?))
}

/// What is to be computed for a signature and a key of these algorithms, if the provider has it and the peer was
/// offered it.
fn algorithm<P: CryptoProvider>(
    signature: &AlgorithmIdentifier<'_>,
    key: &AlgorithmIdentifier<'_>,
    offered: &[SignatureScheme],
) -> Result<SignatureAlgorithm> {
    let has = <P::SignatureVerifier as SignatureVerifier<P>>::supports;
    let (&last, prefix) = signature.oid.split_last().ok_or(Malformed)?;
    // `bad_certificate` (RFC 9846 4.5.1.3).
    if signature.has_broken_hash() {
        return Err(CertificateFault::Bad);
    }
    let mut schemes = [SignatureScheme::ED25519; 2];
    let mut found = None;
    if prefix == ECDSA_SHA2 {
        let hash = last.wrapping_sub(2);
        let curve = named_curve(key).and_then(|curve| CURVES.iter().zip(0..).find(|((known, _), _)| *known == curve));
        if let (Some(((_, algorithms), curve)), None) = (curve, signature.parameters) {
            // No scheme of TLS 1.3 has P-256 and SHA-384: curve and hash are each in another one (RFC 9846 4.3.3).
            schemes =
                [curve, u16::from(hash)].map(|number| scheme(SignatureScheme::ECDSA_SECP256R1_SHA256, number << 8));
            found = algorithms.get(usize::from(hash)).copied();
        }
    } else if has(A::Ed25519) && signature.oid == ED25519 {
        let is_plain = key.oid == ED25519 && key.parameters.is_none() && signature.parameters.is_none();
        found = is_plain.then_some(A::Ed25519);
    } else if (has(A::RsaPkcs1Sha256) || has(A::RsaPssSha256)) && prefix == PKCS1 {
        (found, schemes) = rsa(last, signature, key);
    }
    let algorithm = found.filter(|&algorithm| has(algorithm)).ok_or(CertificateFault::Unsupported)?;
    match schemes.into_iter().find(|scheme| !offered.contains(scheme)) {
        Some(missing) => Err(CertificateFault::SignatureScheme(InBytes::from(missing))),
        None => Ok(algorithm),
    }
}

/// The scheme whose code is so much higher.
const fn scheme(first: SignatureScheme, number: u16) -> SignatureScheme {
    SignatureScheme(first.0.wrapping_add(number))
}

/// The curve of a key, by the content of its OBJECT IDENTIFIER.
fn named_curve<'a>(key: &AlgorithmIdentifier<'a>) -> Option<&'a [u8]> {
    let curve = key.parameters.filter(|curve| key.oid == EC_PUBLIC_KEY && curve.tag == der::OBJECT_IDENTIFIER);
    curve.map(|curve| curve.value)
}

fn is_null(parameters: &Element<'_>) -> bool {
    parameters.bytes == [der::NULL, 0]
}

/// As [`algorithm`], for those of PKCS #1.
fn rsa(
    number: u8,
    signature: &AlgorithmIdentifier<'_>,
    key: &AlgorithmIdentifier<'_>,
) -> (Option<SignatureAlgorithm>, [SignatureScheme; 2]) {
    let is_plain_key = key.oid == RSA_ENCRYPTION && key.parameters.as_ref().is_some_and(is_null);
    let (first, hash, algorithms) = if number == 10 {
        let hash = signature.parameters.and_then(|parameters| pss_hash(parameters.bytes));
        // A key that is not restricted to a hash has no parameters (RFC 4055 3.1).
        let is_pss_key =
            key.oid == RSASSA_PSS && key.parameters.is_none_or(|parameters| pss_hash(parameters.bytes) == hash);
        let first = match (is_plain_key, is_pss_key) {
            (true, _) => SignatureScheme::RSA_PSS_RSAE_SHA256,
            (_, true) => SignatureScheme::RSA_PSS_PSS_SHA256,
            _ => return (None, [SignatureScheme(0); 2]),
        };
        (first, hash, [A::RsaPssSha256, A::RsaPssSha384, A::RsaPssSha512])
    } else {
        // NULL must be taken to be as good as nothing (RFC 4055 5).
        let is_plain = is_plain_key && signature.parameters.as_ref().is_none_or(is_null);
        let hash = number.checked_sub(11).filter(|_| is_plain).map(u16::from);
        (SignatureScheme::RSA_PKCS1_SHA256, hash, [A::RsaPkcs1Sha256, A::RsaPkcs1Sha384, A::RsaPkcs1Sha512])
    };
    let hash = hash.unwrap_or(u16::MAX);
    // The schemes of PKCS #1 count by 256, those of PSS by 1.
    let step = if number == 10 { hash } else { hash.wrapping_shl(8) };
    (algorithms.get(usize::from(hash)).copied(), [scheme(first, step); 2])
}

/// Which hash the parameters of an RSASSA-PSS are for: 0 for SHA-256, 1 for SHA-384, 2 for SHA-512.
fn pss_hash(parameters: &[u8]) -> Option<u16> {
    let last = PSS_SHA256.len().wrapping_sub(1);
    (0..3u8).zip(0..).find_map(|(hash, number)| {
        let byte = |(at, &byte): (usize, &u8)| match at {
            at if PSS_HASHES.contains(&at) => byte.wrapping_add(hash),
            at if at == last => byte.wrapping_add(hash.wrapping_mul(16)),
            _ => byte,
        };
        PSS_SHA256.iter().enumerate().map(byte).eq(parameters.iter().copied()).then_some(number)
    })
}
