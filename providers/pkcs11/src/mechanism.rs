//! What keys sign with: kinds of keys, and the mechanisms of PKCS#11 for each scheme of TLS.

use crate::error::TokenError;
use core::ffi::c_ulong;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::KeyType;
use der::asn1::UintRef;
use der::{Encode, Sequence};
use saitls_core::codes::SignatureScheme;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The DER of the curves, as `CKA_EC_PARAMS` has them: an object identifier, or a name (PKCS#11 3.1 6.3.5).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    Ed25519,
    Rsa,
}

impl Kind {
    pub(crate) fn of(key_type: KeyType, parameters: Option<&[u8]>, modulus: Option<&[u8]>) -> Result<Self, TokenError> {
        // Some modules put a zero before it.
        let bits = modulus.map(|modulus| modulus.iter().skip_while(|&&byte| byte == 0).count() * 8);
        match (key_type, parameters, bits) {
            (KeyType::EC, Some(P256), _) => Ok(Self::P256),
            (KeyType::EC, Some(P384), _) => Ok(Self::P384),
            (KeyType::EC_EDWARDS, Some(ED25519 | ED25519_NAME), _) => Ok(Self::Ed25519),
            (KeyType::RSA, _, Some(2048..=4096)) => Ok(Self::Rsa),
            (KeyType::RSA, _, Some(bits)) => Err(TokenError::UnsupportedKey(format!("RSA with {bits} bits"))),
            (other, ..) => Err(TokenError::UnsupportedKey(format!("{other}, or its curve"))),
        }
    }

    const fn schemes(self) -> &'static [SignatureScheme] {
        match self {
            Self::P256 => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
            Self::P384 => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
            Self::Ed25519 => &[SignatureScheme::ED25519],
            Self::Rsa => &[
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA384,
                SignatureScheme::RSA_PSS_RSAE_SHA512,
            ],
        }
    }

    /// The length of `r || s`, where that is what the token returns.
    const fn ecdsa_len(self) -> Option<usize> {
        match self {
            Self::P256 => Some(64),
            Self::P384 => Some(96),
            Self::Ed25519 | Self::Rsa => None,
        }
    }

    /// A signature of the token as TLS wants it.
    pub(crate) fn to_tls(self, signature: Vec<u8>) -> Result<Vec<u8>, TokenError> {
        let Some(longest) = self.ecdsa_len() else { return Ok(signature) };
        let len = signature.len();
        // Both halves are equally long, and may be shorter than the curve (PKCS#11 3.1 6.3.1).
        let halves =
            signature.split_at_checked(len / 2).filter(|_| (2..=longest).contains(&len) && len.is_multiple_of(2));
        let der = halves
            .and_then(|(r, s)| EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok());
        der.ok_or_else(|| TokenError::Failed(format!("C_Sign: a signature of {len} bytes, where {longest} are due")))
    }
}

/// ECDSA-Sig-Value (RFC 3279 2.2.3), which TLS wants; PKCS#11 has `r || s`.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Who hashes the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hashing {
    /// The token, or nobody: Ed25519.
    Token,
    /// We do, and the token signs the hash.
    Host,
}

/// A mechanism for a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) scheme: SignatureScheme,
    pub(crate) mechanism: MechanismType,
    pub(crate) hashing: Hashing,
}

impl Way {
    /// All for one scheme, the one that is there most often first.
    fn all(scheme: SignatureScheme) -> Vec<Self> {
        let way = |mechanism, hashing| Self { scheme, mechanism, hashing };
        let (pair, host_first) = match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => ((MechanismType::ECDSA_SHA256, MechanismType::ECDSA), true),
            SignatureScheme::ECDSA_SECP384R1_SHA384 => ((MechanismType::ECDSA_SHA384, MechanismType::ECDSA), true),
            SignatureScheme::RSA_PSS_RSAE_SHA256 => {
                ((MechanismType::SHA256_RSA_PKCS_PSS, MechanismType::RSA_PKCS_PSS), false)
            }
            SignatureScheme::RSA_PSS_RSAE_SHA384 => {
                ((MechanismType::SHA384_RSA_PKCS_PSS, MechanismType::RSA_PKCS_PSS), false)
            }
            SignatureScheme::RSA_PSS_RSAE_SHA512 => {
                ((MechanismType::SHA512_RSA_PKCS_PSS, MechanismType::RSA_PKCS_PSS), false)
            }
            SignatureScheme::ED25519 => return vec![way(MechanismType::EDDSA, Hashing::Token)],
            _ => return Vec::new(),
        };
        let mut ways = vec![way(pair.0, Hashing::Token), way(pair.1, Hashing::Host)];
        if host_first {
            ways.reverse();
        }
        ways
    }

    /// All for a key, among these mechanisms: in order of preference, for each scheme. In parts, a message can be given
    /// to a token that hashes it; a hash only to some.
    pub(crate) fn all_for(kind: Kind, in_parts: bool, is_there: impl Fn(MechanismType) -> bool) -> Vec<Self> {
        let mut ways = Vec::new();
        for scheme in kind.schemes() {
            let mut of_scheme = Self::all(*scheme);
            of_scheme.retain(|way| is_there(way.mechanism));
            if in_parts {
                of_scheme.sort_by_key(|way| way.hashing == Hashing::Host);
            }
            ways.append(&mut of_scheme);
        }
        ways
    }

    /// The mechanism with its parameters, and what the token is given: the message, or its hash.
    pub(crate) fn prepare(self, message: &[u8]) -> Option<(Mechanism<'static>, Vec<u8>)> {
        let pss = |hash_alg, mgf, s_len: c_ulong| PkcsPssParams { hash_alg, mgf, s_len: s_len.into() };
        let sha256 = || pss(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32);
        let sha384 = || pss(MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48);
        let sha512 = || pss(MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64);
        let whole = || message.to_vec();
        Some(match (self.scheme, self.hashing) {
            (SignatureScheme::ECDSA_SECP256R1_SHA256, Hashing::Host) => {
                (Mechanism::Ecdsa, Sha256::digest(message).to_vec())
            }
            (SignatureScheme::ECDSA_SECP256R1_SHA256, Hashing::Token) => (Mechanism::EcdsaSha256, whole()),
            (SignatureScheme::ECDSA_SECP384R1_SHA384, Hashing::Host) => {
                (Mechanism::Ecdsa, Sha384::digest(message).to_vec())
            }
            (SignatureScheme::ECDSA_SECP384R1_SHA384, Hashing::Token) => (Mechanism::EcdsaSha384, whole()),
            (SignatureScheme::ED25519, _) => {
                (Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), whole())
            }
            (SignatureScheme::RSA_PSS_RSAE_SHA256, Hashing::Token) => (Mechanism::Sha256RsaPkcsPss(sha256()), whole()),
            (SignatureScheme::RSA_PSS_RSAE_SHA256, Hashing::Host) => {
                (Mechanism::RsaPkcsPss(sha256()), Sha256::digest(message).to_vec())
            }
            (SignatureScheme::RSA_PSS_RSAE_SHA384, Hashing::Token) => (Mechanism::Sha384RsaPkcsPss(sha384()), whole()),
            (SignatureScheme::RSA_PSS_RSAE_SHA384, Hashing::Host) => {
                (Mechanism::RsaPkcsPss(sha384()), Sha384::digest(message).to_vec())
            }
            (SignatureScheme::RSA_PSS_RSAE_SHA512, Hashing::Token) => (Mechanism::Sha512RsaPkcsPss(sha512()), whole()),
            (SignatureScheme::RSA_PSS_RSAE_SHA512, Hashing::Host) => {
                (Mechanism::RsaPkcsPss(sha512()), Sha512::digest(message).to_vec())
            }
            _ => return None,
        })
    }
}

/// The schemes of these ways, each once, in their order.
pub(crate) fn schemes_of(ways: &[Way]) -> Vec<SignatureScheme> {
    let mut schemes: Vec<_> = ways.iter().map(|way| way.scheme).collect();
    schemes.dedup();
    schemes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rsa_is_hashed_in_software_where_the_token_does_not() {
        let ways = Way::all_for(Kind::Rsa, false, |there| {
            [MechanismType::RSA_PKCS_PSS, MechanismType::SHA384_RSA_PKCS_PSS].contains(&there)
        });
        let mechanisms: Vec<_> = ways.iter().map(|way| (way.mechanism, way.hashing)).collect();
        assert_eq!(
            mechanisms,
            [
                (MechanismType::RSA_PKCS_PSS, Hashing::Host),
                (MechanismType::SHA384_RSA_PKCS_PSS, Hashing::Token),
                (MechanismType::RSA_PKCS_PSS, Hashing::Host),
                (MechanismType::RSA_PKCS_PSS, Hashing::Host),
            ]
        );
        assert_eq!(schemes_of(&ways), Kind::Rsa.schemes());
        let some = Way::all_for(Kind::Rsa, false, |there| there == MechanismType::SHA512_RSA_PKCS_PSS);
        assert_eq!(schemes_of(&some), [SignatureScheme::RSA_PSS_RSAE_SHA512]);
        assert!(Way::all_for(Kind::Rsa, false, |there| there == MechanismType::ECDSA).is_empty());
    }

    #[test]
    fn ecdsa_signatures_have_two_halves() {
        let short = Kind::P256.to_tls(vec![1; 62]).unwrap();
        assert_eq!(short[..4], [0x30, 66, 2, 31]);
        assert_eq!(Kind::P384.to_tls(vec![0x80; 96]).unwrap().len(), 2 + 2 * (2 + 49));
        for odd in [0, 1, 63, 65, 66, 144] {
            let refused = Kind::P256.to_tls(vec![1; odd]).err().unwrap().to_string();
            assert!(refused.contains(&format!("a signature of {odd} bytes, where 64")), "{refused}");
        }
    }

    #[test]
    fn a_modulus_may_begin_with_zero() {
        let modulus = [&[0][..], &[0xff; 512]].concat();
        assert_eq!(Kind::of(KeyType::RSA, None, Some(&modulus)).unwrap(), Kind::Rsa);
        assert!(Kind::of(KeyType::RSA, None, Some(&[0xff; 128])).is_err());
    }
}
