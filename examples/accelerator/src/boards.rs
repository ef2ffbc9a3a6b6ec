//! Providers: one for each primitive that is replaced alone, and one for all of them together.
//!
//! What is not replaced is RustCrypto's; [`Either`] joins what a device cannot do.

use crate::Devices;
use crate::parts::{AesEngine, PkaKeyExchange, PkaVerifier, ShaEngine, fill_random};
use saitls_core::crypto::{CryptoProvider, Either};
use saitls_core::{Error, ProviderFault, Result};
use saitls_rustcrypto as software;

fn system_random(out: &mut [u8]) -> Result<()> {
    getrandom::fill(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
}

/// Only the AEAD is the board's.
#[derive(Default)]
pub struct OnlyAead(pub Devices);

impl CryptoProvider for OnlyAead {
    type Aead = Either<AesEngine, software::Aead>;
    type Hash = software::Hash;
    type Secret = software::Secret;
    type KeyExchange = software::KeyExchange;
    type SignatureVerifier = software::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        system_random(out)
    }
}

/// Only the hash is the board's; HKDF and HMAC run on it too.
#[derive(Default)]
pub struct OnlyHash(pub Devices);

impl CryptoProvider for OnlyHash {
    type Aead = software::Aead;
    type Hash = Either<ShaEngine, software::Hash>;
    type Secret = software::Secret;
    type KeyExchange = software::KeyExchange;
    type SignatureVerifier = software::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        system_random(out)
    }
}

/// Only the key exchange is the board's.
#[derive(Default)]
pub struct OnlyKeyExchange(pub Devices);

impl CryptoProvider for OnlyKeyExchange {
    type Aead = software::Aead;
    type Hash = software::Hash;
    type Secret = software::Secret;
    type KeyExchange = Either<PkaKeyExchange, software::KeyExchange>;
    type SignatureVerifier = software::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        system_random(out)
    }
}

/// Only the verification of signatures is the board's.
#[derive(Default)]
pub struct OnlyVerification(pub Devices);

impl CryptoProvider for OnlyVerification {
    type Aead = software::Aead;
    type Hash = software::Hash;
    type Secret = software::Secret;
    type KeyExchange = software::KeyExchange;
    type SignatureVerifier = Either<PkaVerifier, software::SignatureVerifier>;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        system_random(out)
    }
}

/// Only signing is the board's: an [`ElementKey`](crate::parts::ElementKey) needs a provider that lends the element,
/// and nothing else.
#[derive(Default)]
pub struct OnlySigning(pub Devices);

impl CryptoProvider for OnlySigning {
    type Aead = software::Aead;
    type Hash = software::Hash;
    type Secret = software::Secret;
    type KeyExchange = software::KeyExchange;
    type SignatureVerifier = software::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        system_random(out)
    }
}

/// Only the random numbers are the board's.
#[derive(Default)]
pub struct OnlyRandom(pub Devices);

impl CryptoProvider for OnlyRandom {
    type Aead = software::Aead;
    type Hash = software::Hash;
    type Secret = software::Secret;
    type KeyExchange = software::KeyExchange;
    type SignatureVerifier = software::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        fill_random(&mut self.0.trng, out)
    }
}

/// All of them together.
#[derive(Default)]
pub struct Board(pub Devices);

impl CryptoProvider for Board {
    type Aead = Either<AesEngine, software::Aead>;
    type Hash = Either<ShaEngine, software::Hash>;
    type Secret = software::Secret;
    type KeyExchange = Either<PkaKeyExchange, software::KeyExchange>;
    type SignatureVerifier = Either<PkaVerifier, software::SignatureVerifier>;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        fill_random(&mut self.0.trng, out)
    }

    /// What the devices can do comes first.
    fn named_groups(&self) -> &[saitls_core::codes::NamedGroup] {
        use saitls_core::codes::NamedGroup;
        &[NamedGroup::SECP256R1, NamedGroup::X25519, NamedGroup::SECP384R1]
    }
}

/// How the parts reach their devices.
macro_rules! lends_devices {
    ($($board:ty),*) => {$(
        impl AsMut<Devices> for $board {
            fn as_mut(&mut self) -> &mut Devices {
                &mut self.0
            }
        }
    )*};
}

lends_devices!(OnlyAead, OnlyHash, OnlyKeyExchange, OnlyVerification, OnlySigning, OnlyRandom, Board);
