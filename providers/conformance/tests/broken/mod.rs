//! A provider that is right in all but one thing.

mod key_exchange;
mod secret;
mod symmetric;
mod verifier;

pub(crate) use key_exchange::KeyExchange;
pub(crate) use secret::Secret;
pub(crate) use symmetric::{Aead, Hash};
pub(crate) use verifier::{Signer, Verifier};

use rand_core::TryRng;
use saitls_conformance::Random;
use saitls_core::crypto::CryptoProvider;
use saitls_core::{Error, ProviderFault, Result};
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    UnsupportedGroupFails,
    RandomForgetsLastByte,
    RandomNeverFails,
    HashIsWrong,
    HashLosesByteOfFullPieces,
    SnapshotEndsHash,
    OneHashAtATime,
    HmacLosesLastPart,
    MacCutsLongKeys,
    ExtractWithoutInputIsEmpty,
    HandshakeSaltIsOfOtherHash,
    MaskIsOfOtherBlock,
    StoredSecretIsCut,
    PrefixIsFixed,
    DeriveIgnoresContext,
    ExportRepeatsFirstBlock,
    LongLabelIsCut,
    WrongIv,
    SecretsAreNeverFreed,
    KeyIsReversed,
    FromSecretTakesOtherLabel,
    LongKeyIsCut,
    OpenIgnoresLastByteOfTag,
    ShortRecordPanics,
    NonceLosesABit,
    WrongWhereUnaligned,
    SealFromForgetsTheRest,
    LastKeyServesAll,
    DecapsulatesWrongly,
    EncapsulatesWrongly,
    BadShareIsTaken,
    PrivateKeyIsFixed,
    ShareIsMadeAgain,
    SmallBufferIsFailure,
    ExchangesShareTheirInput,
    AcceptsEcdsa,
    AcceptsEd25519,
    AcceptsRsaPkcs1,
    AcceptsRsaPss,
    AcceptsBadKey,
    VerificationsShareTheirInput,
    SignsBeginningOnly,
    SignsWithAnyScheme,
    SignaturesShareTheirInput,
    SecretIsNotWiped,
    AeadIsNotWiped,
    PrivateKeyIsNotWiped,
    KeyUpdateIsWrong,
    DrawsWhilePending,
    SignsWithoutRandom,
    AbandonedExchangeBlocks,
}

/// A value that is dropped when its time has come, or never.
pub(crate) enum Held<T> {
    Dropped(T),
    Forgotten(ManuallyDrop<T>),
}

impl<T> Held<T> {
    fn new(value: T, is_forgotten: bool) -> Self {
        if is_forgotten { Self::Forgotten(ManuallyDrop::new(value)) } else { Self::Dropped(value) }
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Dropped(value) => value,
            Self::Forgotten(value) => value,
        }
    }
}

impl<T> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Dropped(value) => value,
            Self::Forgotten(value) => value,
        }
    }
}

/// The provider.
pub(crate) struct Broken {
    pub(crate) random: Random,
    pub(crate) mutation: Option<Mutation>,
    /// How often each slow operation is pending.
    pub(crate) pends: u32,
    /// Names the running hashes.
    hashes: u32,
    current_hash: u32,
    /// Secrets that are held, and exchanges.
    secrets: Rc<Cell<u32>>,
    exchanges: Rc<Cell<u32>>,
    /// What a device with one register remembers.
    latched: Option<Vec<u8>>,
    current_key: Vec<u8>,
}

impl Broken {
    pub(crate) fn new(mutation: Option<Mutation>, random: Random, pends: u32) -> Self {
        Self {
            random,
            mutation,
            pends,
            hashes: 0,
            current_hash: 0,
            secrets: Rc::default(),
            exchanges: Rc::default(),
            latched: None,
            current_key: Vec::new(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether an operation that has waited so often is to wait once more.
    fn waits(&mut self, waited: &mut u32) -> bool {
        if *waited >= self.pends {
            return false;
        }
        *waited += 1;
        if self.is(Mutation::DrawsWhilePending) {
            let _ = self.random.try_next_u64();
        }
        true
    }

    /// A device with one register for the input of all operations: the first poll fills it, the second one works
    /// with what is there.
    fn latch(&mut self, input: &[u8]) -> Option<Vec<u8>> {
        if self.latched.is_none() {
            self.latched = Some(input.to_vec());
            return None;
        }
        self.latched.clone()
    }
}

impl CryptoProvider for Broken {
    type Hash = Hash;
    type Secret = Secret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = Verifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        let kept = out.last().copied();
        let drawn = self.random.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed));
        match kept {
            Some(kept) if self.is(Mutation::RandomForgetsLastByte) => out[out.len() - 1] = kept,
            _ => {}
        }
        if self.is(Mutation::RandomNeverFails) { Ok(()) } else { drawn }
    }
}
