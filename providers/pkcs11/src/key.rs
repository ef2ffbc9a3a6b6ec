//! A private key in a token.

use crate::error::TokenError;
use crate::token::{Request, Requests, Shared, Signature, lock};
use core::task::{Poll, Waker};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{KeyType, ObjectHandle};
use der::asn1::UintRef;
use der::{Encode, Sequence};
use saitls_core::codes::SignatureScheme;
use saitls_core::crypto::{CryptoProvider, Signer};
use saitls_core::error::{ByteCount, Error, Result};
use sha2::{Digest, Sha256, Sha384};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Signatures that nobody fetched are forgotten when there are more of them.
const MAX_SIGNATURES: usize = 256;

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
    pub(crate) fn of(
        key_type: KeyType,
        parameters: Option<&[u8]>,
        modulus: Option<&[u8]>,
    ) -> core::result::Result<Self, TokenError> {
        match (key_type, parameters, modulus.map(|modulus| modulus.len() * 8)) {
            (KeyType::EC, Some(P256), _) => Ok(Self::P256),
            (KeyType::EC, Some(P384), _) => Ok(Self::P384),
            (KeyType::EC_EDWARDS, Some(ED25519 | ED25519_NAME), _) => Ok(Self::Ed25519),
            (KeyType::RSA, _, Some(2048..=4096)) => Ok(Self::Rsa),
            (KeyType::RSA, _, Some(bits)) => Err(TokenError::UnsupportedKey(format!("RSA with {bits} bits"))),
            (other, ..) => Err(TokenError::UnsupportedKey(format!("{other}, or its curve"))),
        }
    }

    pub(crate) const fn mechanisms(self) -> &'static [MechanismType] {
        match self {
            Self::P256 | Self::P384 => &[MechanismType::ECDSA],
            Self::Ed25519 => &[MechanismType::EDDSA],
            Self::Rsa => &[
                MechanismType::SHA256_RSA_PKCS_PSS,
                MechanismType::SHA384_RSA_PKCS_PSS,
                MechanismType::SHA512_RSA_PKCS_PSS,
            ],
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
}

/// How the token signs with this scheme, and what: the message, or its hash.
pub(crate) fn mechanism(scheme: SignatureScheme, message: &[u8]) -> Option<(Mechanism<'static>, Vec<u8>)> {
    let pss = |hash_alg, mgf, s_len: core::ffi::c_ulong| PkcsPssParams { hash_alg, mgf, s_len: s_len.into() };
    Some(match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => (Mechanism::Ecdsa, Sha256::digest(message).to_vec()),
        SignatureScheme::ECDSA_SECP384R1_SHA384 => (Mechanism::Ecdsa, Sha384::digest(message).to_vec()),
        SignatureScheme::ED25519 => {
            (Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), message.to_vec())
        }
        SignatureScheme::RSA_PSS_RSAE_SHA256 => {
            let parameters = pss(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32);
            (Mechanism::Sha256RsaPkcsPss(parameters), message.to_vec())
        }
        SignatureScheme::RSA_PSS_RSAE_SHA384 => {
            let parameters = pss(MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48);
            (Mechanism::Sha384RsaPkcsPss(parameters), message.to_vec())
        }
        SignatureScheme::RSA_PSS_RSAE_SHA512 => {
            let parameters = pss(MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64);
            (Mechanism::Sha512RsaPkcsPss(parameters), message.to_vec())
        }
        _ => return None,
    })
}

/// ECDSA-Sig-Value (RFC 3279 2.2.3), which TLS wants; PKCS#11 has `r || s`.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

fn to_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(signature.len() / 2)?;
    EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

/// What is being signed: the message, which names it, and the place for the signature.
type Signing = (Vec<u8>, Arc<Mutex<Signature>>);

/// A private key that stays in its token: a [`Signer`] for every provider, to be shared by any number of connections.
pub struct TokenKey {
    handle: ObjectHandle,
    kind: Kind,
    requests: Arc<Requests>,
    shared: Arc<Shared>,
    signing: Mutex<VecDeque<Signing>>,
}

impl TokenKey {
    pub(crate) fn new(handle: ObjectHandle, kind: Kind, requests: Arc<Requests>, shared: Arc<Shared>) -> Self {
        Self { handle, kind, requests, shared, signing: Mutex::default() }
    }

    /// The schemes this key signs with, in order of preference.
    #[must_use]
    pub const fn schemes(&self) -> &[SignatureScheme] {
        self.kind.schemes()
    }

    fn begin(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Arc<Mutex<Signature>>> {
        let signature = Arc::new(Mutex::new(Signature::Pending));
        let message = message.to_vec();
        let request = Request::Sign { key: self.handle, scheme, message, signature: signature.clone() };
        self.requests.send(request).map_err(|_| Error::CryptoFailed)?;
        Ok(signature)
    }

    fn poll(&self, scheme: SignatureScheme, message: &[u8]) -> Poll<Result<Vec<u8>>> {
        let mut signing = lock(&self.signing);
        let Some(at) = signing.iter().position(|(signed, _)| signed == message) else {
            if signing.len() == MAX_SIGNATURES
                && let Some((_, forgotten)) = signing.pop_front()
            {
                self.fetched(&forgotten);
            }
            signing.push_back((message.to_vec(), self.begin(scheme, message)?));
            return Poll::Pending;
        };
        let Some(signed) = self.fetched(&signing[at].1) else { return Poll::Pending };
        signing.remove(at);
        Poll::Ready(match signed {
            Signature::Signed(signature) => match self.kind {
                Kind::P256 | Kind::P384 => to_der(&signature).ok_or(Error::CryptoFailed),
                Kind::Ed25519 | Kind::Rsa => Ok(signature),
            },
            Signature::Pending | Signature::Failed => Err(Error::CryptoFailed),
        })
    }

    /// What the token answered, if it did.
    fn fetched(&self, signature: &Mutex<Signature>) -> Option<Signature> {
        let mut waiting = lock(&self.shared.waiting);
        let mut signature = lock(signature);
        if matches!(*signature, Signature::Pending) {
            return None;
        }
        waiting.unfetched = waiting.unfetched.saturating_sub(1);
        Some(std::mem::replace(&mut *signature, Signature::Pending))
    }
}

impl<P: CryptoProvider> Signer<P> for TokenKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.kind.schemes()
    }

    fn poll_sign(&self, _: &mut P, scheme: SignatureScheme, message: &[u8], out: &mut [u8]) -> Poll<Result<usize>> {
        if !self.kind.schemes().contains(&scheme) {
            return Poll::Ready(Err(Error::Unsupported));
        }
        self.poll(scheme, message).map(|signature| {
            let signature = signature?;
            let too_small = Error::TransmitBufferTooSmall(ByteCount::new(signature.len()));
            out.get_mut(..signature.len()).ok_or(too_small)?.copy_from_slice(&signature);
            Ok(signature.len())
        })
    }

    fn register_waker(&self, _: &mut P, waker: &Waker) -> bool {
        let mut waiting = lock(&self.shared.waiting);
        if waiting.may_have_answer() {
            // A signature came after it was asked for.
            waker.wake_by_ref();
        } else if !waiting.wakers.iter().any(|other| other.will_wake(waker)) {
            waiting.wakers.push(waker.clone());
        }
        true
    }
}
