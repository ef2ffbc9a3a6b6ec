//! An AES-GCM peripheral: one key register, whole texts, at once.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce, Tag};

/// The peripheral.
#[derive(Default)]
pub struct Aes {
    key: [u8; 16],
    /// How often it worked.
    pub operations: u32,
}

impl Aes {
    /// Loads the key register.
    pub fn load_key(&mut self, key: &[u8; 16]) {
        self.key = *key;
    }

    /// Encrypts in place, returns the tag.
    pub fn encrypt(&mut self, iv: &[u8; 12], aad: &[u8], text: &mut [u8]) -> [u8; 16] {
        self.operations += 1;
        let engine = Aes128Gcm::new(&self.key.into());
        let tag = engine.encrypt_inout_detached(&Nonce::from(*iv), aad, text.into());
        tag.expect("texts are shorter than 64 GB").into()
    }

    /// Decrypts in place, and says whether the tag is right.
    pub fn decrypt(&mut self, iv: &[u8; 12], aad: &[u8], text: &mut [u8], tag: &[u8; 16]) -> bool {
        self.operations += 1;
        let engine = Aes128Gcm::new(&self.key.into());
        engine.decrypt_inout_detached(&Nonce::from(*iv), aad, text.into(), &Tag::from(*tag)).is_ok()
    }
}
