//! A secure element: keys in slots that never come out, one command at a time.

use p256::ecdsa::{Signature, SigningKey};
use signature::hazmat::PrehashSigner;

/// The element.
#[derive(Default)]
pub struct Element {
    slots: Vec<SigningKey>,
    command: Option<(Signature, u32)>,
    /// How often it is asked before a command is done.
    pub ticks: u32,
    /// How often it signed.
    pub signatures: u32,
}

impl Element {
    /// Made in the factory: puts a private key (big-endian) into the next slot.
    ///
    /// # Panics
    /// If it is no private key.
    #[must_use]
    pub fn with_key(mut self, private_key: &[u8; 32]) -> Self {
        self.slots.push(SigningKey::from_slice(private_key).expect("a private key"));
        self
    }

    /// Begins to sign a hash.
    pub fn start_sign(&mut self, slot: usize, hash: &[u8; 32]) -> Result<(), EmptySlot> {
        let signature = self.slots.get(slot).and_then(|key| key.sign_prehash(hash).ok()).ok_or(EmptySlot)?;
        self.signatures += 1;
        self.command = Some((signature, self.ticks));
        Ok(())
    }

    /// The signature, `r || s`, if it is done.
    pub fn poll(&mut self) -> Option<[u8; 64]> {
        let (signature, left) = self.command.take()?;
        if left > 0 {
            self.command = Some((signature, left - 1));
            return None;
        }
        Some(signature.to_bytes().into())
    }
}

/// There is no key in this slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmptySlot;
