//! What a token can do for connections: what it lists, as far as that is true.

use super::aead::{Records, TokenAead};
use super::key_exchange;
use super::secret::TokenSecret;
use super::vault::Vault;
use crate::error::TokenError;
use cryptoki::mechanism::MechanismType;
use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup};
use std::sync::Arc;

/// What a token can do for connections.
pub(super) struct Abilities {
    pub(super) suites: Vec<CipherSuite>,
    /// How records of each of these suites are protected.
    records: Vec<Records>,
    pub(super) groups: Vec<NamedGroup>,
}

/// In order of preference. That a token has ChaCha20-Poly1305 is not seen from its list, as the crate `cryptoki` does
/// not know it; it is tried.
const SUITES: [(CipherSuite, Option<MechanismType>); 3] = [
    (CipherSuite::AES_128_GCM_SHA256, Some(MechanismType::AES_GCM)),
    (CipherSuite::AES_256_GCM_SHA384, Some(MechanismType::AES_GCM)),
    (CipherSuite::CHACHA20_POLY1305_SHA256, None),
];

const fn hmac(hash: HashAlgorithm) -> MechanismType {
    match hash {
        HashAlgorithm::Sha256 => MechanismType::SHA256_HMAC,
        HashAlgorithm::Sha384 => MechanismType::SHA384_HMAC,
    }
}

impl Abilities {
    /// Of the token of this vault, which lists these mechanisms: each suite and each group is tried once.
    ///
    /// # Errors
    /// [`TokenError::Unfit`] if that is not enough for a connection.
    pub(super) fn find(vault: &Arc<Vault>, listed: &[MechanismType]) -> Result<Self, TokenError> {
        for (wanted, what) in [
            (MechanismType::HKDF_DERIVE, "no secrets can be derived in it"),
            (MechanismType::HKDF_DATA, "no nonces can be derived in it"),
            (MechanismType::ECDH1_DERIVE, "no secrets can be agreed on in it"),
        ] {
            if !listed.contains(&wanted) {
                return Err(TokenError::Unfit(format!("it does not have {wanted}: {what}")));
            }
        }
        let mut found = Self { suites: Vec::new(), records: Vec::new(), groups: Vec::new() };
        let mut said = None;
        for group in key_exchange::GROUPS {
            if !key_exchange::needs(group).iter().all(|mechanism| listed.contains(mechanism)) {
                continue;
            }
            match key_exchange::try_group(vault, group) {
                Ok(()) => found.groups.push(group),
                Err(error) => said = Some(error),
            }
        }
        if found.groups.is_empty() {
            return Err(unfit("it agrees on no secrets", said));
        }
        for (suite, mechanism) in SUITES {
            let is_listed = mechanism.is_none_or(|mechanism| listed.contains(&mechanism));
            if !is_listed || !listed.contains(&hmac(suite.hash())) {
                continue;
            }
            match way_of(vault, suite) {
                Ok(way) => {
                    found.suites.push(suite);
                    found.records.push(way);
                }
                Err(error) => said = Some(error),
            }
        }
        if found.suites.is_empty() {
            return Err(unfit("it protects no records with keys that it derived", said));
        }
        Ok(found)
    }

    /// How records of a suite are protected, if they are.
    pub(super) fn records(&self, suite: CipherSuite) -> Option<Records> {
        let at = self.suites.iter().position(|other| *other == suite)?;
        self.records.get(at).copied()
    }
}

fn unfit(what: &str, said: Option<TokenError>) -> TokenError {
    match said {
        Some(TokenError::Failed(said)) => TokenError::Unfit(format!("{what} ({said})")),
        Some(other) => other,
        None => TokenError::Unfit(what.to_owned()),
    }
}

/// The best way to protect records of a suite that works.
fn way_of(vault: &Arc<Vault>, suite: CipherSuite) -> Result<Records, TokenError> {
    let secret = TokenSecret::of_zeros(vault, suite.hash())?;
    let mut last = None;
    for way in Records::ALL {
        match TokenAead::try_records(&secret, suite, way) {
            Ok(()) => return Ok(way),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or(TokenError::Stopped))
}
