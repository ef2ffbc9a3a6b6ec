//! A SHA-256 engine with one context, which can be saved and restored.

use sha2::{Digest, Sha256};

/// What the engine's registers hold between two pieces of a message.
#[derive(Clone, Default)]
pub struct ShaContext(Sha256);

/// The engine.
#[derive(Default)]
pub struct Sha {
    registers: Sha256,
    /// How many bytes it has taken.
    pub bytes: u64,
}

impl Sha {
    /// Loads the registers.
    pub fn restore(&mut self, context: &ShaContext) {
        self.registers = context.0.clone();
    }

    /// Takes in a piece of the message.
    pub fn update(&mut self, data: &[u8]) {
        self.bytes += data.len() as u64;
        self.registers.update(data);
    }

    /// Reads the registers.
    #[must_use]
    pub fn save(&self) -> ShaContext {
        ShaContext(self.registers.clone())
    }

    /// Ends the message; the registers are empty afterwards.
    pub fn digest(&mut self) -> [u8; 32] {
        std::mem::take(&mut self.registers).finalize().into()
    }
}
