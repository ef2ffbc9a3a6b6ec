//! The checks, a file for each part.

mod aead;
mod handshake;
mod hash;
mod key_exchange;
mod offers;
mod random;
mod secret;
mod signature_verifier;
mod signer;
mod wiping;

use crate::Conformance;
use crate::report::{Checked, Outcome, Stop};
use saitls_core::codes::{HashAlgorithm, NamedGroup};
use saitls_core::crypto::{CryptoProvider, Hash, KeyExchange, Secret};
use saitls_core::{Error, ProviderFault};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One property.
pub(crate) struct Check<P: CryptoProvider> {
    pub(crate) name: &'static str,
    check: fn(&Conformance<'_, P>) -> Checked,
}

impl<P: CryptoProvider> Check<P> {
    pub(crate) fn run(&self, subject: &Conformance<'_, P>) -> (&'static str, Outcome) {
        let outcome = match catch_unwind(AssertUnwindSafe(|| (self.check)(subject))) {
            Ok(Ok(0)) => Outcome::Skipped("the provider has no algorithm for it".to_owned()),
            Ok(Ok(cases)) => Outcome::Passed(cases),
            Ok(Err(Stop::Skipped(why))) => Outcome::Skipped(why),
            Ok(Err(Stop::Failed(what))) => Outcome::Failed(what),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                Outcome::Failed(format!("panicked: {}", text.unwrap_or("without a text")))
            }
        };
        (self.name, outcome)
    }
}

/// All checks, those of simple parts first.
pub(crate) fn all<P: CryptoProvider>() -> Vec<Check<P>> {
    macro_rules! list {
        ($($name:literal $check:expr,)*) => {
            vec![$(Check { name: $name, check: $check },)*]
        };
    }
    list! {
        "offers/consistent" offers::consistent,
        "random/fills" random::fills,
        "random/failure" random::failure,
        "hash/vectors" hash::vectors,
        "hash/pieces" hash::pieces,
        "hash/snapshot" hash::snapshot,
        "hash/interleaved" hash::interleaved,
        "hash/hmac" hash::hmac,
        "secret/mac" secret::mac,
        "secret/extract" secret::extract,
        "secret/handshake_salt" secret::handshake_salt,
        "secret/derive" secret::derive,
        "secret/prefix" secret::prefix,
        "secret/export" secret::export,
        "secret/lengths" secret::lengths,
        "secret/rfc8448" secret::rfc8448,
        "secret/many" secret::many,
        "secret/stored" secret::stored,
        "aead/vectors" aead::vectors,
        "aead/from_secret" aead::from_secret,
        "aead/keys" aead::keys,
        "aead/tampering" aead::tampering,
        "aead/lengths" aead::lengths,
        "aead/nonces" aead::nonces,
        "aead/in_place" aead::in_place,
        "aead/seal_from" aead::seal_from,
        "aead/mask" aead::mask,
        "aead/interleaved" aead::interleaved,
        "key_exchange/vectors" key_exchange::vectors,
        "key_exchange/agreement" key_exchange::agreement,
        "key_exchange/refusals" key_exchange::refusals,
        "key_exchange/fresh" key_exchange::fresh,
        "key_exchange/repeated" key_exchange::repeated,
        "key_exchange/room" key_exchange::room,
        "key_exchange/interleaved" key_exchange::interleaved,
        "verifier/ecdsa" signature_verifier::ecdsa,
        "verifier/ed25519" signature_verifier::ed25519,
        "verifier/rsa_pkcs1" signature_verifier::rsa_pkcs1,
        "verifier/rsa_pss" signature_verifier::rsa_pss,
        "verifier/keys" signature_verifier::keys,
        "verifier/interleaved" signature_verifier::interleaved,
        "signer/verifies" signer::verifies,
        "signer/refusals" signer::refusals,
        "signer/interleaved" signer::interleaved,
        "wiping/secret" wiping::secret,
        "wiping/aead" wiping::aead,
        "wiping/key_exchange" wiping::key_exchange,
        "handshake/completes" handshake::completes,
        "handshake/pending" handshake::pending,
        "handshake/random_failure" handshake::random_failure,
        "handshake/abandoned" handshake::abandoned,
    }
}

/// A check that needs what was not given.
fn skip<T>(why: &str) -> Result<T, Stop> {
    Err(Stop::Skipped(why.to_owned()))
}

/// The hashes that the provider has.
fn hashes<P: CryptoProvider>() -> impl Iterator<Item = HashAlgorithm> {
    crate::reference::HASHES.into_iter().filter(|&hash| P::Hash::supports(hash))
}

/// The groups that the provider has: those that its part supports, without what it refuses and does not name either. A
/// part may be for devices of several kinds.
fn groups<P: CryptoProvider>(provider: &mut P) -> Vec<NamedGroup> {
    let is_there = |group: &NamedGroup| {
        P::KeyExchange::supports(*group)
            && (provider.named_groups().contains(group)
                || P::KeyExchange::start(provider, *group).err() != Some(Error::Provider(ProviderFault::Unsupported)))
    };
    crate::reference::GROUPS.into_iter().map(|(group, ..)| group).filter(is_there).collect()
}

/// A secret with known bytes, where the provider takes any.
fn import<P: CryptoProvider>(provider: &mut P, bytes: &[u8]) -> Result<P::Secret, Stop> {
    match P::Secret::import(provider, bytes) {
        Ok(secret) => Ok(secret),
        Err(Error::Provider(ProviderFault::Unsupported)) => skip("the provider imports no secrets"),
        Err(error) => Err(Stop::Failed(format!("import of {} bytes: {error}", bytes.len()))),
    }
}
