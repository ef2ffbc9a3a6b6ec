//! A provider whose SHA-256 is done by an engine that hashes whole messages only, and whose rest is RustCrypto: one
//! part of one's own, four by name.
//!
//! Such an engine can neither go on with a hash nor copy one, and TLS wants the hash of its transcript several times
//! over. So the message of each hash that runs is kept, and hashed again for each answer. There is room for a number of
//! messages of a certain length; beyond it hashes fail, which ends their connection.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};
use rand_core::TryCryptoRng;
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{CryptoProvider, Digest, Hash};
use saitls_core::error::{Error, ProviderFault, Result};
use zeroize::Zeroize as _;

/// The engine.
pub trait MessageHasher {
    /// SHA-256 of a message.
    ///
    /// # Errors
    /// [`ProviderFault::CryptoFailed`] if it fails.
    fn sha256(&mut self, message: &[u8]) -> Result<[u8; 32]>;
}

/// The provider; its random numbers come from `R`.
pub struct Accelerated<R, E> {
    random: R,
    messages: Messages<E>,
}

impl<R: TryCryptoRng, E: MessageHasher> Accelerated<R, E> {
    /// A provider with these parts.
    pub fn new(random: R, messages: Messages<E>) -> Self {
        Self { random, messages }
    }

    /// The engine.
    pub fn engine(&self) -> &E {
        &self.messages.engine
    }
}

impl<R: TryCryptoRng, E: MessageHasher> CryptoProvider for Accelerated<R, E> {
    type Hash = KeptHash<E>;
    type Secret = saitls_rustcrypto::Secret;
    type Aead = saitls_rustcrypto::Aead;
    type KeyExchange = saitls_rustcrypto::KeyExchange;
    type SignatureVerifier = saitls_rustcrypto::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.random.try_fill_bytes(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }
}

impl<R, E> AsMut<Messages<E>> for Accelerated<R, E> {
    fn as_mut(&mut self) -> &mut Messages<E> {
        &mut self.messages
    }
}

/// The most hashes that run at once.
const MOST: usize = 32;

/// The engine, and the messages of the hashes that run.
pub struct Messages<E> {
    engine: E,
    memory: &'static mut [u8],
    /// Room for one message.
    room: usize,
    lens: [usize; MOST],
    /// A bit for each message: whether there is a [`KeptHash`] for it.
    taken: &'static AtomicU32,
}

impl<E> Messages<E> {
    /// Takes `memory` for messages of at most `room` bytes: as many as it has room for, and at most 32. A connection
    /// needs one for its transcript while it shakes hands, and there must be one more, for the hashes in between.
    ///
    /// `taken` is for this value alone.
    pub fn new(engine: E, memory: &'static mut [u8], room: usize, taken: &'static AtomicU32) -> Self {
        Self { engine, memory, room, lens: [0; MOST], taken }
    }

    /// Room for a message: its number.
    fn take(&mut self) -> Option<usize> {
        let taken = self.taken.load(Ordering::Acquire);
        let number = taken.trailing_ones() as usize;
        if number >= MOST || self.memory.len() / self.room.max(1) <= number {
            return None;
        }
        // What a hash left that was given up.
        self.wipe(number);
        self.taken.fetch_or(1 << number, Ordering::Relaxed);
        Some(number)
    }

    fn message(&mut self, number: usize) -> Option<&mut [u8]> {
        let start = number.checked_mul(self.room)?;
        self.memory.get_mut(start..start.checked_add(self.room)?)
    }

    fn add(&mut self, number: usize, data: &[u8]) -> Option<()> {
        let start = *self.lens.get(number)?;
        let end = start.checked_add(data.len())?;
        self.message(number)?.get_mut(start..end)?.copy_from_slice(data);
        self.lens[number] = end;
        Some(())
    }

    /// Messages may hold keys: those of HMAC.
    fn wipe(&mut self, number: usize) {
        let len = core::mem::take(&mut self.lens[number]);
        if let Some(used) = self.message(number).and_then(|message| message.get_mut(..len)) {
            used.zeroize();
        }
    }
}

impl<E: MessageHasher> Messages<E> {
    fn hash(&mut self, number: usize) -> Result<Digest> {
        let start = number * self.room;
        let message = self.memory.get(start..start + self.lens[number]).ok_or(Error::Internal)?;
        Digest::new(&self.engine.sha256(message)?)
    }
}

/// A hash that runs: the number of its message.
pub struct KeptHash<E> {
    number: usize,
    taken: &'static AtomicU32,
    engine: PhantomData<fn(E)>,
}

impl<E> Drop for KeptHash<E> {
    fn drop(&mut self) {
        // The engine is lent to calls, not to this one: the message is wiped when its room is taken again, or by
        // `finish`.
        self.taken.fetch_and(!(1 << self.number), Ordering::Release);
    }
}

impl<P: CryptoProvider + AsMut<Messages<E>>, E: MessageHasher> Hash<P> for KeptHash<E> {
    fn supports(algorithm: HashAlgorithm) -> bool {
        algorithm == HashAlgorithm::Sha256
    }

    fn start(provider: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        if !<Self as Hash<P>>::supports(algorithm) {
            return Err(ProviderFault::Unsupported.into());
        }
        let messages = provider.as_mut();
        let number = messages.take().ok_or(ProviderFault::CryptoFailed)?;
        Ok(Self { number, taken: messages.taken, engine: PhantomData })
    }

    fn update(&mut self, provider: &mut P, data: &[u8]) -> Result<()> {
        provider.as_mut().add(self.number, data).ok_or(Error::Provider(ProviderFault::CryptoFailed))
    }

    fn snapshot(&mut self, provider: &mut P) -> Result<Digest> {
        provider.as_mut().hash(self.number)
    }

    fn finish(mut self, provider: &mut P) -> Result<Digest> {
        let digest = self.snapshot(provider);
        provider.as_mut().wipe(self.number);
        digest
    }
}
