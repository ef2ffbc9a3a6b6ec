//! A provider around a TPM.

use crate::error::TpmError;
use crate::key_exchange::TpmKeyExchange;
use crate::tpm::Tpm;
use saitls_core::Result;
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, Either};
use std::task::Waker;

/// The groups that are looked for in a TPM, in order of preference.
const GROUPS: &[NamedGroup] = &[NamedGroup::SECP256R1, NamedGroup::SECP384R1];

/// A provider whose key agreement and random numbers are a TPM's. Hashes, records, the verification of signatures and
/// the key schedule are RustCrypto's: a TPM is too slow for them, or does not have them.
///
/// It offers the groups that the TPM agrees in and no others. For more, name `Either<TpmKeyExchange, ..>` in a provider
/// of your own that is `AsMut<Tpm>`.
#[derive(Clone)]
pub struct TpmProvider {
    tpm: Tpm,
    groups: Vec<NamedGroup>,
}

impl TpmProvider {
    /// Asks the TPM which curves it has.
    ///
    /// # Errors
    /// [`TpmError::Failed`] if it has none that is needed here; otherwise what the TPM says.
    pub fn new(tpm: &Tpm) -> std::result::Result<Self, TpmError> {
        let groups = tpm.groups(GROUPS)?;
        if groups.is_empty() {
            return Err(TpmError::Failed("it has neither P-256 nor P-384".to_owned()));
        }
        Ok(Self { tpm: tpm.clone(), groups })
    }

    /// One that agrees on nothing.
    pub(crate) fn bare(tpm: &Tpm) -> Self {
        Self { tpm: tpm.clone(), groups: Vec::new() }
    }
}

impl AsMut<Tpm> for TpmProvider {
    fn as_mut(&mut self) -> &mut Tpm {
        &mut self.tpm
    }
}

impl CryptoProvider for TpmProvider {
    type Hash = saitls_rustcrypto::Hash;
    type Secret = saitls_rustcrypto::Secret;
    type Aead = saitls_rustcrypto::Aead;
    type KeyExchange = Either<TpmKeyExchange, saitls_rustcrypto::KeyExchange>;
    type SignatureVerifier = saitls_rustcrypto::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.tpm.fill_random(out)
    }

    fn register_waker(&mut self, waker: &Waker) -> bool {
        self.tpm.register(waker);
        true
    }

    fn named_groups(&self) -> &[NamedGroup] {
        &self.groups
    }
}
