//! Key agreement in a token: (EC)DHE and ML-KEM, whose secrets stay there.

use super::TokenProvider;
use super::secret::TokenSecret;
use super::vault::{Object, Vault, private_key, secret, value};
use crate::error::TokenError;
use cryptoki::error::{Error as Said, RvError};
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, MlKemParameterSetType, ObjectClass};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange};
use saitls_core::error::ByteCount;
use saitls_core::{Error, PeerFault, ProviderFault, Result};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

/// All that there are here, in order of preference.
pub(super) const GROUPS: [NamedGroup; 4] =
    [NamedGroup::X25519MLKEM768, NamedGroup::SECP256R1MLKEM768, NamedGroup::X25519, NamedGroup::SECP256R1];

/// Lengths of ML-KEM-768 (FIPS 203, table 3).
const ENCAPSULATION_KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    X25519,
    P256,
}

impl Curve {
    /// Length of a point as TLS sends it.
    const fn point_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::P256 => 65,
        }
    }

    /// How tokens make pairs on it: mechanisms, and its object identifier in DER.
    ///
    /// That of X25519 is of RFC 8410 since PKCS#11 3.1, and was another in 3.0; NSS 3.87 knows that one alone,
    /// with the mechanism of other curves.
    const fn ways(self) -> &'static [(Mechanism<'static>, &'static [u8])] {
        const OF_RFC_8410: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x6e];
        const BEFORE: &[u8] = &[0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
        match self {
            Self::X25519 => &[
                (Mechanism::EccMontgomeryKeyPairGen, OF_RFC_8410),
                (Mechanism::EccMontgomeryKeyPairGen, BEFORE),
                (Mechanism::EccKeyPairGen, BEFORE),
            ],
            Self::P256 => &[(Mechanism::EccKeyPairGen, &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07])],
        }
    }

    /// A point as `CKA_EC_POINT` has it, in an OCTET STRING or as it is.
    fn point(self, attribute: &[u8]) -> Option<&[u8]> {
        // By its length: a point may begin like an OCTET STRING.
        match attribute {
            point if point.len() == self.point_len() => Some(point),
            [4, len, point @ ..] if usize::from(*len) == point.len() && point.len() == self.point_len() => Some(point),
            _ => None,
        }
    }

    /// Points that a token must refuse, or they are not agreed with in it: nobody else sees what they lead to.
    fn traps(self, good: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::X25519 => OF_LOW_ORDER.iter().map(|point| point.to_vec()).collect(),
            Self::P256 => {
                let mut off_curve = good.to_vec();
                off_curve.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
                vec![off_curve]
            }
        }
    }
}

/// The points of X25519 that lead to a secret of zeros with every key (RFC 7748 6.1): 0, 1, -1, the two of order 8, and
/// 0 and 1 as they may be written besides.
const OF_LOW_ORDER: [[u8; 32]; 7] = {
    let mut points = [[0; 32]; 7];
    points[1][0] = 1;
    let mut at = 0;
    while at < 3 {
        // 2^255 - 20, - 19 and - 18.
        points[4 + at] = [0xff; 32];
        points[4 + at][0] = 0xec + at as u8;
        points[4 + at][31] = 0x7f;
        at += 1;
    }
    points[2] = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    points[3] = [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ];
    points
};

/// The curve of a group, and where ML-KEM-768 is in its shares and secrets, if it is (RFC 9846 4.3.8;
/// draft-ietf-tls-ecdhe-mlkem).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kem {
    None,
    First,
    Second,
}

const fn parts(group: NamedGroup) -> Option<(Curve, Kem)> {
    match group {
        NamedGroup::X25519 => Some((Curve::X25519, Kem::None)),
        NamedGroup::SECP256R1 => Some((Curve::P256, Kem::None)),
        NamedGroup::X25519MLKEM768 => Some((Curve::X25519, Kem::First)),
        NamedGroup::SECP256R1MLKEM768 => Some((Curve::P256, Kem::Second)),
        _ => None,
    }
}

/// The mechanisms that a group needs.
pub(super) fn needs(group: NamedGroup) -> Vec<MechanismType> {
    let Some((curve, kem)) = parts(group) else { return Vec::new() };
    let mut needed = vec![MechanismType::ECDH1_DERIVE];
    // Whether there is X25519 shows when it is tried.
    if curve == Curve::P256 {
        needed.push(MechanismType::ECC_KEY_PAIR_GEN);
    }
    if kem != Kem::None {
        needed.extend([
            MechanismType::ML_KEM_KEY_PAIR_GEN,
            MechanismType::ML_KEM,
            MechanismType::CONCATENATE_BASE_AND_KEY,
        ]);
    }
    needed
}

/// A group works if both sides of it do, and if what is no point is refused.
pub(super) fn try_group(vault: &Arc<Vault>, group: NamedGroup) -> std::result::Result<(), TokenError> {
    let Some((curve, _)) = parts(group) else { return Err(TokenError::Stopped) };
    let refused = |refusal| match refusal {
        Refusal::Share => TokenError::Unfit(format!("{group}: it refuses a share of its own")),
        Refusal::Token(error) => error,
    };
    let client = Keys::generate(vault, group)?;
    let (answer, _) = Keys::encapsulate(vault, group, &client.share).map_err(refused)?;
    client.decapsulate(group, &answer).map_err(refused)?;
    for trap in curve.traps(&client.pair.point) {
        if client.pair.agree(&trap).is_ok() {
            return Err(TokenError::Unfit(format!("{group}: it takes what is no point of the curve")));
        }
    }
    Ok(())
}

/// Why there is no secret.
enum Refusal {
    Share,
    Token(TokenError),
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// A pair on a curve.
struct Pair {
    curve: Curve,
    private: Object,
    /// The public half as TLS sends it.
    point: Vec<u8>,
}

impl Pair {
    fn generate(vault: &Arc<Vault>, curve: Curve) -> std::result::Result<Self, TokenError> {
        let private = private_key(Attribute::Derive(true));
        let (public, private) = vault.make_pair(|session| {
            let mut way = vault.way_of_x25519.load(Ordering::Relaxed);
            if curve != Curve::X25519 {
                way = 0;
            }
            loop {
                let (mechanism, parameters) = curve.ways().get(way).ok_or(Said::NotSupported)?;
                let public = [Attribute::EcParams(parameters.to_vec()), Attribute::Token(false)];
                let made = session.generate_key_pair(mechanism, &public, &private);
                let is_unknown = matches!(
                    made,
                    Err(Said::Pkcs11(
                        RvError::MechanismInvalid
                            | RvError::DomainParamsInvalid
                            | RvError::CurveNotSupported
                            | RvError::AttributeValueInvalid,
                        _
                    ))
                );
                if !is_unknown || way + 1 == curve.ways().len() {
                    return made;
                }
                way += 1;
                vault.way_of_x25519.store(way, Ordering::Relaxed);
            }
        })?;
        let found = vault.with(|session| session.get_attributes(public.handle(), &[AttributeType::EcPoint]))?;
        let point = found.iter().find_map(|attribute| match attribute {
            Attribute::EcPoint(point) => curve.point(point).map(<[u8]>::to_vec),
            _ => None,
        });
        let point = point.ok_or_else(|| TokenError::Failed("the public key has no point of its curve".to_owned()))?;
        Ok(Self { curve, private, point })
    }

    fn agree(&self, point: &[u8]) -> std::result::Result<Object, TokenError> {
        let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), point));
        self.private.vault().make(|session| session.derive_key(&mechanism, self.private.handle(), &secret()))
    }

    /// The secret that is shared with whose point that is.
    ///
    /// A share that is none is refused by the token, in words of its own; that the token is well is seen by its
    /// agreeing with itself.
    fn secret(&self, point: &[u8]) -> std::result::Result<Object, Refusal> {
        let is_compressed = self.curve == Curve::P256 && point.first() != Some(&4);
        if point.len() != self.curve.point_len() || is_compressed {
            return Err(Refusal::Share);
        }
        self.agree(point).map_err(|error| self.blame(error))
    }

    /// Whether the share of the peer is to blame for an error.
    fn blame(&self, error: TokenError) -> Refusal {
        let is_well = matches!(error, TokenError::Failed(_)) && self.agree(&self.point).is_ok();
        if is_well { Refusal::Share } else { Refusal::Token(error) }
    }
}

/// The private keys of a client's share.
struct Keys {
    pair: Pair,
    decapsulation_key: Option<Object>,
    share: Vec<u8>,
}

/// ML-KEM's half of a share or secret, and that of the curve, in the order of the group.
fn in_order<T>(kem: Kem, of_kem: T, of_curve: T) -> [T; 2] {
    if kem == Kem::Second { [of_curve, of_kem] } else { [of_kem, of_curve] }
}

/// Parts a share: ML-KEM's half, as long as that is, and that of the curve.
fn split(kem: Kem, share: &[u8], kem_len: usize, point_len: usize) -> Option<(&[u8], &[u8])> {
    match kem {
        Kem::None => Some((&[], share)),
        _ if share.len() != kem_len + point_len => None,
        Kem::First => share.split_at_checked(kem_len),
        Kem::Second => share.split_at_checked(point_len).map(|(point, of_kem)| (of_kem, point)),
    }
}

fn join(kem: Kem, of_kem: Object, of_curve: Object) -> std::result::Result<Object, TokenError> {
    let [first, second] = in_order(kem, of_kem, of_curve);
    let mechanism = Mechanism::ConcatenateBaseAndKey(second.handle());
    first.vault().make(|session| session.derive_key(&mechanism, first.handle(), &secret()))
}

impl Keys {
    fn generate(vault: &Arc<Vault>, group: NamedGroup) -> std::result::Result<Self, TokenError> {
        let (curve, kem) = parts(group).ok_or(TokenError::Stopped)?;
        let pair = Pair::generate(vault, curve)?;
        if kem == Kem::None {
            let share = pair.point.clone();
            return Ok(Self { pair, decapsulation_key: None, share });
        }
        let public = [
            Attribute::ParameterSet(MlKemParameterSetType::ML_KEM_768.into()),
            Attribute::Encapsulate(true),
            Attribute::Token(false),
        ];
        let private = private_key(Attribute::Decapsulate(true));
        let (public, private) =
            vault.make_pair(|session| session.generate_key_pair(&Mechanism::MlKemKeyPairGen, &public, &private))?;
        // The value of a public key.
        let encapsulation_key = vault.with(|session| value(session, public.handle()))?;
        let share = in_order(kem, &encapsulation_key, &pair.point).into_iter().flatten().copied().collect();
        Ok(Self { pair, decapsulation_key: Some(private), share })
    }

    fn decapsulate(&self, group: NamedGroup, answer: &[u8]) -> std::result::Result<Object, Refusal> {
        let (curve, kem) = parts(group).ok_or(TokenError::Stopped)?;
        let (ciphertext, point) = split(kem, answer, CIPHERTEXT_LEN, curve.point_len()).ok_or(Refusal::Share)?;
        let of_curve = self.pair.secret(point)?;
        let Some(key) = &self.decapsulation_key else { return Ok(of_curve) };
        let of_kem =
            key.vault().make(|session| session.decapsulate_key(&Mechanism::MlKem, key.handle(), &secret(), ciphertext));
        let of_kem = of_kem.map_err(|error| self.pair.blame(error))?;
        Ok(join(kem, of_kem, of_curve)?)
    }

    /// A server's share, and the secret.
    fn encapsulate(
        vault: &Arc<Vault>,
        group: NamedGroup,
        share: &[u8],
    ) -> std::result::Result<(Vec<u8>, Object), Refusal> {
        let (curve, kem) = parts(group).ok_or(TokenError::Stopped)?;
        let (encapsulation_key, point) =
            split(kem, share, ENCAPSULATION_KEY_LEN, curve.point_len()).ok_or(Refusal::Share)?;
        let pair = Pair::generate(vault, curve)?;
        let of_curve = pair.secret(point)?;
        if kem == Kem::None {
            return Ok((pair.point, of_curve));
        }
        let public = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::ML_KEM),
            Attribute::ParameterSet(MlKemParameterSetType::ML_KEM_768.into()),
            Attribute::Encapsulate(true),
            Attribute::Token(false),
            Attribute::Value(encapsulation_key.to_vec()),
        ];
        let public = vault.make(|session| session.create_object(&public)).map_err(|error| pair.blame(error))?;
        let mut ciphertext = Vec::new();
        let of_kem = vault.make(|session| {
            let (made, handle) = session.encapsulate_key(&Mechanism::MlKem, public.handle(), &secret())?;
            ciphertext = made;
            Ok(handle)
        });
        let of_kem = of_kem.map_err(|error| pair.blame(error))?;
        if ciphertext.len() != CIPHERTEXT_LEN {
            let what = format!("a ciphertext of {} bytes, not of {CIPHERTEXT_LEN}", ciphertext.len());
            return Err(Refusal::Token(TokenError::Failed(what)));
        }
        let answer = in_order(kem, &ciphertext, &pair.point).into_iter().flatten().copied().collect();
        Ok((answer, join(kem, of_kem, of_curve)?))
    }
}

/// One key agreement in a token. The private keys are sensitive and not extractable, and destroyed when this is
/// dropped.
pub struct TokenKeyExchange {
    group: NamedGroup,
    vault: Arc<Vault>,
    keys: Option<Keys>,
}

fn write(share: &[u8], out: &mut [u8]) -> Result<usize> {
    let needed = ByteCount::new(share.len());
    out.get_mut(..share.len()).ok_or(Error::TransmitBufferTooSmall(needed))?.copy_from_slice(share);
    Ok(share.len())
}

impl TokenKeyExchange {
    fn refused<S: CryptoProvider, T>(provider: &mut TokenProvider<S>, refusal: Refusal) -> Result<T> {
        match refusal {
            Refusal::Share => Err(PeerFault::InvalidKeyShare.into()),
            Refusal::Token(error) => provider.told(Err(error)),
        }
    }
}

impl<S: CryptoProvider> KeyExchange<TokenProvider<S>> for TokenKeyExchange {
    fn supports(group: NamedGroup) -> bool {
        parts(group).is_some()
    }

    /// Refuses what [`named_groups`](CryptoProvider::named_groups) of the token does not name.
    fn start(provider: &mut TokenProvider<S>, group: NamedGroup) -> Result<Self> {
        if !provider.abilities.groups.contains(&group) {
            return Err(ProviderFault::Unsupported.into());
        }
        let vault = provider.vault();
        let vault = provider.told(vault)?;
        Ok(Self { group, vault, keys: None })
    }

    fn poll_generate(&mut self, provider: &mut TokenProvider<S>, share: &mut [u8]) -> Poll<Result<usize>> {
        let keys = match &mut self.keys {
            Some(keys) => keys,
            keys => keys.insert(provider.told(Keys::generate(&self.vault, self.group))?),
        };
        Poll::Ready(write(&keys.share, share))
    }

    fn poll_decapsulate(&mut self, provider: &mut TokenProvider<S>, peer_share: &[u8]) -> Poll<Result<TokenSecret>> {
        let keys = self.keys.as_ref().ok_or(Error::Internal)?;
        Poll::Ready(match keys.decapsulate(self.group, peer_share) {
            Ok(secret) => Ok(TokenSecret::inside(secret)),
            Err(refusal) => Self::refused(provider, refusal),
        })
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut TokenProvider<S>,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, TokenSecret)>> {
        Poll::Ready(match Keys::encapsulate(&self.vault, self.group, peer_share) {
            Ok((answer, secret)) => write(&answer, share).map(|len| (len, TokenSecret::inside(secret))),
            Err(refusal) => Self::refused(provider, refusal),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_for_themselves_or_in_an_octet_string() {
        let raw = [&[4, 30][..], &[7; 30]].concat();
        assert_eq!(Curve::X25519.point(&raw), Some(&raw[..]));
        let wrapped = [&[4, 32][..], &raw].concat();
        assert_eq!(Curve::X25519.point(&wrapped), Some(&raw[..]));
        let point = [&[4][..], &[65; 64]].concat();
        assert_eq!(Curve::P256.point(&point), Some(&point[..]));
        assert_eq!(Curve::P256.point(&[&[4, 65][..], &point].concat()), Some(&point[..]));
        for len in [0, 1, 31, 33, 35] {
            assert_eq!(Curve::X25519.point(&vec![4; len]), None, "{len}");
        }
    }
}
