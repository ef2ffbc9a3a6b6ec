//! A provider whose secrets are slot numbers in a chip. Whatever crosses the chip's bus is written down.

use crate::support::{Seeded, TestIdentity};
use core::task::Poll;
use rand_core::{TryCryptoRng, TryRng};
use saitls_core::codes::*;
use saitls_core::crypto::{
    self, CryptoProvider, Digest, Label, MAX_STORED_SECRET_LEN, Nonce, Secret as _, SoftwareSecret, write_to_front,
};
use saitls_core::error::{Error, ProviderFault, Result};
use saitls_rustcrypto::{self as real, RustCrypto};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// As many secrets as the chip holds.
const SLOTS: usize = 32;

/// How many secrets it keeps for later connections.
pub(crate) const KEPT: usize = 4;

/// What may be wrong with the chip's driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Traffic keys are exported, and the AEAD is software's.
    ExportsKeys,
    /// The shared secret is read out, and imported again.
    ReadsSharedSecret,
    /// Slots are not freed on drop.
    NeverFrees,
}

/// Random numbers that are remembered: some become private keys.
pub(crate) struct Remembering(Seeded, Vec<Vec<u8>>);

impl TryRng for Remembering {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        self.0.try_fill_bytes(out)?;
        self.1.push(out.to_vec());
        Ok(())
    }
}

impl TryCryptoRng for Remembering {}

type Soft = RustCrypto<Remembering>;

enum Content {
    Secret(SoftwareSecret),
    Exchange(real::KeyExchange),
    Key(Box<real::Aead>),
}

/// The chip, and its driver.
pub(crate) struct Chip {
    slots: Vec<Option<Content>>,
    /// Slots whose owners are gone: dropping cannot reach the chip, which is lent.
    released: Arc<AtomicU64>,
    /// Secrets that outlive their connection, each under a number that is never given twice.
    kept: Vec<(u8, SoftwareSecret)>,
    kept_so_far: u8,
    engine: Soft,
    /// All bytes that went over the bus, either way.
    pub(crate) bus: Vec<u8>,
    /// All secrets that were ever in it.
    pub(crate) secrets: Vec<Vec<u8>>,
    pub(crate) mistake: Option<Mistake>,
}

impl Chip {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| None).collect(),
            released: Arc::default(),
            kept: Vec::new(),
            kept_so_far: 0,
            engine: RustCrypto(Remembering(Seeded(seed), Vec::new())),
            bus: Vec::new(),
            secrets: Vec::new(),
            mistake: None,
        }
    }

    /// A PSK that was put into the chip when it was made: by its slot alone, and as often as it is asked for.
    #[cfg(feature = "psk")]
    pub(crate) fn provisioned(&mut self) -> Result<Slot> {
        let secret = SoftwareSecret::new(b"what a chip was born with, 32 by")?;
        self.store(Content::Secret(secret))
    }

    /// How many slots are taken.
    pub(crate) fn taken(&mut self) -> usize {
        self.reclaim();
        self.slots.iter().flatten().count()
    }

    fn reclaim(&mut self) {
        let released = self.released.swap(0, Ordering::SeqCst);
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if released & (1 << at) != 0 {
                *slot = None;
            }
        }
    }

    fn cross(&mut self, bytes: &[&[u8]]) {
        bytes.iter().for_each(|bytes| self.bus.extend_from_slice(bytes));
    }

    fn store(&mut self, content: Content) -> Result<Slot> {
        self.reclaim();
        if let Content::Secret(secret) = &content {
            self.secrets.push(secret.as_bytes().to_vec());
        }
        let number = self.slots.iter().position(Option::is_none).ok_or(ProviderFault::CryptoFailed)?;
        self.slots[number] = Some(content);
        self.cross(&[&[number as u8]]);
        let frees = self.mistake != Some(Mistake::NeverFrees);
        Ok(Slot { number, released: frees.then(|| self.released.clone()) })
    }

    /// Works with the content of a slot and the chip's own engine.
    fn with<T>(&mut self, slot: &Slot, f: impl FnOnce(&mut Content, &mut Soft) -> Result<T>) -> Result<T> {
        self.cross(&[&[slot.number as u8]]);
        let content = self.slots[slot.number].as_mut().ok_or(ProviderFault::CryptoFailed)?;
        f(content, &mut self.engine)
    }

    fn with_secret<T>(&mut self, slot: &Slot, f: impl FnOnce(&SoftwareSecret, &mut Soft) -> Result<T>) -> Result<T> {
        self.with(slot, |content, engine| match content {
            Content::Secret(secret) => f(secret, engine),
            _ => Err(ProviderFault::CryptoFailed.into()),
        })
    }

    fn with_exchange<T>(
        &mut self,
        slot: &Slot,
        f: impl FnOnce(&mut real::KeyExchange, &mut Soft) -> Result<T>,
    ) -> Result<T> {
        let result = self.with(slot, |content, engine| match content {
            Content::Exchange(exchange) => f(exchange, engine),
            _ => Err(ProviderFault::CryptoFailed.into()),
        });
        // What the engine drew in there are private keys.
        let drawn = std::mem::take(&mut self.engine.0.1);
        self.secrets.extend(drawn);
        result
    }
}

/// A slot, by its number.
pub(crate) struct Slot {
    number: usize,
    released: Option<Arc<AtomicU64>>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(released) = &self.released {
            released.fetch_or(1 << self.number, Ordering::SeqCst);
        }
    }
}

impl CryptoProvider for Chip {
    type Hash = real::Hash;
    type Secret = Slot;
    type Aead = Key;
    type KeyExchange = Exchange;
    type SignatureVerifier = real::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.engine.fill_random(out)?;
        self.engine.0.1.clear();
        self.cross(&[out]);
        Ok(())
    }
}

fn ready<T>(poll: Poll<Result<T>>) -> Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::Internal),
    }
}

impl crypto::Secret<Chip> for Slot {
    fn import(chip: &mut Chip, bytes: &[u8]) -> Result<Self> {
        chip.cross(&[bytes]);
        let secret = SoftwareSecret::new(bytes)?;
        chip.store(Content::Secret(secret))
    }

    fn extract(chip: &mut Chip, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self> {
        let mut copy =
            |slot: Option<&Self>| slot.map(|slot| chip.with_secret(slot, |secret, _| Ok(secret.clone()))).transpose();
        let (salt, input) = (copy(salt)?, copy(input)?);
        let secret = SoftwareSecret::extract(&mut chip.engine, hash, salt.as_ref(), input.as_ref())?;
        chip.store(Content::Secret(secret))
    }

    fn derive(&self, chip: &mut Chip, hash: HashAlgorithm, label: &Label<'_>, context: &[u8]) -> Result<Self> {
        chip.cross(&[label.name, context]);
        let secret = chip.with_secret(self, |secret, engine| secret.derive(engine, hash, label, context))?;
        chip.store(Content::Secret(secret))
    }

    fn export(
        &self,
        chip: &mut Chip,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        // Keys stay inside. Initialisation vectors are no secrets here, and exporters are for the application.
        if !matches!(label.name, b"iv" | b"exporter") && chip.mistake != Some(Mistake::ExportsKeys) {
            return Err(ProviderFault::Unsupported.into());
        }
        chip.cross(&[label.name, context]);
        chip.with_secret(self, |secret, engine| secret.export(engine, hash, label, context, out))?;
        chip.cross(&[out]);
        Ok(())
    }

    fn mac(&self, chip: &mut Chip, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        chip.cross(&[data]);
        let mac = chip.with_secret(self, |secret, engine| secret.mac(engine, hash, data))?;
        chip.cross(&[mac.as_bytes()]);
        Ok(mac)
    }

    fn store(&self, chip: &mut Chip, out: &mut [u8; MAX_STORED_SECRET_LEN]) -> Result<usize> {
        if chip.kept.len() == KEPT {
            return Err(ProviderFault::CryptoFailed.into());
        }
        let secret = chip.with_secret(self, |secret, _| Ok(secret.clone()))?;
        chip.kept_so_far += 1;
        let handle = [chip.kept_so_far];
        chip.kept.push((chip.kept_so_far, secret));
        chip.cross(&[&handle]);
        write_to_front(&handle, out)
    }

    fn restore(chip: &mut Chip, stored: &[u8]) -> Result<Self> {
        chip.cross(&[stored]);
        let kept = chip.kept.iter().find(|(handle, _)| stored == [*handle]).map(|(_, secret)| secret.clone());
        chip.store(Content::Secret(kept.ok_or(ProviderFault::InvalidKey)?))
    }

    fn discard(chip: &mut Chip, stored: &[u8]) -> Result<()> {
        chip.cross(&[stored]);
        chip.kept.retain(|(handle, _)| stored != [*handle]);
        Ok(())
    }
}

/// A traffic key in the chip; with [`Mistake::ExportsKeys`], in RAM.
pub(crate) enum Key {
    Inside(Slot),
    Outside(Box<real::Aead>),
}

impl crypto::Aead<Chip> for Key {
    fn supports(suite: CipherSuite) -> bool {
        <real::Aead as crypto::Aead<Soft>>::supports(suite)
    }

    fn from_key(chip: &mut Chip, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        if chip.mistake != Some(Mistake::ExportsKeys) {
            return Err(ProviderFault::Unsupported.into());
        }
        real::Aead::from_key(chip, suite, key).map(Box::new).map(Self::Outside)
    }

    fn from_secret(chip: &mut Chip, suite: CipherSuite, secret: &Slot, label: &Label<'_>) -> Result<Self> {
        let mut key = SoftwareSecret::zeros(suite.key_len())?;
        if chip.mistake == Some(Mistake::ExportsKeys) {
            secret.export(chip, suite.hash(), label, b"", key.as_mut_bytes())?;
            chip.secrets.push(key.as_bytes().to_vec());
            return Self::from_key(chip, suite, key.as_bytes());
        }
        let keyed = chip.with_secret(secret, |secret, engine| {
            secret.export(engine, suite.hash(), label, b"", key.as_mut_bytes())?;
            real::Aead::from_key(engine, suite, key.as_bytes()).map(Box::new)
        })?;
        chip.secrets.push(key.as_bytes().to_vec());
        chip.store(Content::Key(keyed)).map(Self::Inside)
    }

    fn seal(&mut self, chip: &mut Chip, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        chip.cross(&[nonce, aad, in_out]);
        match self {
            Self::Inside(slot) => chip.with(slot, |content, engine| match content {
                Content::Key(key) => key.seal(engine, nonce, aad, in_out),
                _ => Err(ProviderFault::CryptoFailed.into()),
            })?,
            Self::Outside(key) => key.seal(chip, nonce, aad, in_out)?,
        }
        chip.cross(&[in_out]);
        Ok(())
    }

    fn open(&mut self, chip: &mut Chip, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        chip.cross(&[nonce, aad, in_out]);
        match self {
            Self::Inside(slot) => chip.with(slot, |content, engine| match content {
                Content::Key(key) => key.open(engine, nonce, aad, in_out),
                _ => Err(ProviderFault::CryptoFailed.into()),
            })?,
            Self::Outside(key) => key.open(chip, nonce, aad, in_out)?,
        }
        chip.cross(&[in_out]);
        Ok(())
    }
}

/// A key exchange in the chip.
pub(crate) struct Exchange(Slot);

impl Exchange {
    /// The shared secret, to a slot.
    fn keep(chip: &mut Chip, secret: &SoftwareSecret) -> Result<Slot> {
        if chip.mistake == Some(Mistake::ReadsSharedSecret) {
            chip.secrets.push(secret.as_bytes().to_vec());
            return Slot::import(chip, secret.as_bytes());
        }
        chip.store(Content::Secret(secret.clone()))
    }
}

impl crypto::KeyExchange<Chip> for Exchange {
    fn supports(group: NamedGroup) -> bool {
        <real::KeyExchange as crypto::KeyExchange<Soft>>::supports(group)
    }

    fn start(chip: &mut Chip, group: NamedGroup) -> Result<Self> {
        let exchange = real::KeyExchange::start(&mut chip.engine, group)?;
        chip.store(Content::Exchange(exchange)).map(Self)
    }

    fn poll_generate(&mut self, chip: &mut Chip, share: &mut [u8]) -> Poll<Result<usize>> {
        let len = chip.with_exchange(&self.0, |exchange, engine| ready(exchange.poll_generate(engine, share)))?;
        chip.cross(&[&share[..len]]);
        Poll::Ready(Ok(len))
    }

    fn poll_decapsulate(&mut self, chip: &mut Chip, peer_share: &[u8]) -> Poll<Result<Slot>> {
        chip.cross(&[peer_share]);
        let secret =
            chip.with_exchange(&self.0, |exchange, engine| ready(exchange.poll_decapsulate(engine, peer_share)))?;
        Poll::Ready(Self::keep(chip, &secret))
    }

    fn poll_encapsulate(
        &mut self,
        chip: &mut Chip,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, Slot)>> {
        chip.cross(&[peer_share]);
        let (len, secret) = chip
            .with_exchange(&self.0, |exchange, engine| ready(exchange.poll_encapsulate(engine, peer_share, share)))?;
        chip.cross(&[&share[..len]]);
        Poll::Ready(Self::keep(chip, &secret).map(|slot| (len, slot)))
    }
}

/// A private key in the chip.
pub(crate) struct ChipKey<'k>(pub(crate) &'k TestIdentity);

impl crypto::Signer<Chip> for ChipKey<'_> {
    fn schemes(&self) -> &[SignatureScheme] {
        crypto::Signer::<Soft>::schemes(&self.0.key)
    }

    fn poll_sign(
        &self,
        chip: &mut Chip,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize>> {
        chip.cross(&[message]);
        let len = ready(self.0.key.poll_sign(&mut chip.engine, scheme, message, signature))?;
        chip.engine.0.1.clear();
        chip.cross(&[&signature[..len]]);
        Poll::Ready(Ok(len))
    }
}
