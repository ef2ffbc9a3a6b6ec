//! What a key of a TPM is to TLS: its public half, its schemes, and the form of its signatures.

use crate::error::TpmError;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Encode, Sequence};
use saitls_core::codes::SignatureScheme;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use tss_esapi::interface_types::algorithm::HashingAlgorithm;
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::structures::{EccScheme, HashScheme, Public, RsaScheme, Signature, SignatureScheme as TpmScheme};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What a TPM takes for an exponent of 0 (TPM 2.0 Part 2, `TPMS_RSA_PARMS`).
const DEFAULT_EXPONENT: u32 = 65_537;

/// How a TPM signs for a scheme of TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) scheme: SignatureScheme,
    pub(crate) by: TpmScheme,
    pub(crate) hash: HashingAlgorithm,
}

/// `ECDSA-Sig-Value` (RFC 3279 2.2.3).
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

fn unsupported<T>(what: &str) -> Result<T, TpmError> {
    Err(TpmError::UnsupportedKey(what.to_owned()))
}

fn malformed(error: impl std::fmt::Display) -> TpmError {
    TpmError::Failed(format!("what it says of the key, or signs, is malformed ({error})"))
}

/// Whether the key may sign, and with what; not yet whether TLS takes it.
pub(crate) fn ways(public: &Public) -> Result<Vec<Way>, TpmError> {
    let attributes = public.object_attributes();
    if !attributes.sign_encrypt() {
        return unsupported("it is not for signing, but to agree or decrypt");
    }
    if !attributes.user_with_auth() {
        return unsupported("it wants a policy where others have an authorisation value");
    }
    let (scheme, hash): (fn(HashScheme) -> TpmScheme, _) = match public {
        Public::Ecc { parameters, .. } => {
            let hash = match parameters.ecc_scheme() {
                EccScheme::Null => None,
                EccScheme::EcDsa(scheme) => Some(scheme.hashing_algorithm()),
                _ => return unsupported("its scheme is another than ECDSA"),
            };
            (|hash_scheme| TpmScheme::EcDsa { hash_scheme }, hash)
        }
        Public::Rsa { parameters, .. } => {
            let hash = match parameters.rsa_scheme() {
                RsaScheme::Null => None,
                RsaScheme::RsaPss(scheme) => Some(scheme.hashing_algorithm()),
                RsaScheme::RsaSsa(_) => {
                    return unsupported("its scheme is RSASSA-PKCS1-v1_5, by which TLS 1.3 signs no handshake");
                }
                _ => return unsupported("its scheme is another than RSASSA-PSS"),
            };
            (|hash_scheme| TpmScheme::RsaPss { hash_scheme }, hash)
        }
        _ => return unsupported("it is no key for signatures of TLS"),
    };
    let all = match public {
        Public::Ecc { parameters, .. } if parameters.ecc_curve() == EccCurve::NistP256 => {
            &[(SignatureScheme::ECDSA_SECP256R1_SHA256, HashingAlgorithm::Sha256)][..]
        }
        Public::Ecc { .. } => &[(SignatureScheme::ECDSA_SECP384R1_SHA384, HashingAlgorithm::Sha384)],
        _ => &[
            (SignatureScheme::RSA_PSS_RSAE_SHA256, HashingAlgorithm::Sha256),
            (SignatureScheme::RSA_PSS_RSAE_SHA384, HashingAlgorithm::Sha384),
            (SignatureScheme::RSA_PSS_RSAE_SHA512, HashingAlgorithm::Sha512),
        ],
    };
    let ways: Vec<_> = all
        .iter()
        .filter(|(_, with)| hash.is_none_or(|hash| hash == *with))
        .map(|&(tls, with)| Way { scheme: tls, by: scheme(HashScheme::new(with)), hash: with })
        .collect();
    if ways.is_empty() { unsupported("it signs with another hash than TLS") } else { Ok(ways) }
}

/// `SubjectPublicKeyInfo` (RFC 5280 4.1.2.7).
pub(crate) fn subject_public_key_info(public: &Public) -> Result<Vec<u8>, TpmError> {
    let (oid, parameters, key) = match public {
        Public::Ecc { parameters, unique, .. } => {
            let (curve, len): (_, usize) = match parameters.ecc_curve() {
                EccCurve::NistP256 => (&P256, 32),
                EccCurve::NistP384 => (&P384, 48),
                _ => return unsupported("its curve is neither P-256 nor P-384"),
            };
            let mut point = vec![4];
            for coordinate in [unique.x().value(), unique.y().value()] {
                // Zeros in front may be left out.
                point.resize(point.len() + len.saturating_sub(coordinate.len()), 0);
                point.extend_from_slice(coordinate);
            }
            (EC, AnyRef::from(curve), point)
        }
        Public::Rsa { parameters, unique, .. } => {
            let exponent = match parameters.exponent().value() {
                0 => DEFAULT_EXPONENT,
                exponent => exponent,
            };
            let exponent = exponent.to_be_bytes();
            let key = pkcs1::RsaPublicKey {
                modulus: UintRef::new(unique.value()).map_err(malformed)?,
                public_exponent: UintRef::new(&exponent).map_err(malformed)?,
            };
            (RSA, AnyRef::NULL, key.to_der().map_err(malformed)?)
        }
        _ => return unsupported("it is no key for signatures of TLS"),
    };
    let info = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters: Some(parameters) },
        subject_public_key: BitStringRef::from_bytes(&key).map_err(malformed)?,
    };
    info.to_der().map_err(malformed)
}

impl Way {
    /// A signature as TLS has it.
    pub(crate) fn to_tls(self, signature: &Signature) -> Result<Vec<u8>, TpmError> {
        match signature {
            Signature::EcDsa(signature) => {
                let r = UintRef::new(signature.signature_r().value()).map_err(malformed)?;
                let s = UintRef::new(signature.signature_s().value()).map_err(malformed)?;
                EcdsaSignature { r, s }.to_der().map_err(malformed)
            }
            Signature::RsaPss(signature) => Ok(signature.signature().value().to_vec()),
            _ => Err(TpmError::Failed("it signed by another scheme than it was asked for".to_owned())),
        }
    }
}
