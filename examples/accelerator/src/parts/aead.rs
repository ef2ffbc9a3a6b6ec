//! AEAD: AES-128-GCM on the AES peripheral.

use crate::Devices;
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead, CryptoProvider, Nonce, split_tag};
use saitls_core::secret::SecretBytes;
use saitls_core::{Error, PeerFault, ProviderFault, Result};

/// One key. The peripheral has one key register, so the key is loaded anew for each record, whichever connection it
/// is for; between records it waits in memory that is wiped.
pub struct AesEngine(SecretBytes);

impl AesEngine {
    fn key(&self) -> Result<&[u8; 16]> {
        self.0.as_bytes().try_into().map_err(|_| Error::Internal)
    }
}

impl<P: CryptoProvider + AsMut<Devices>> Aead<P> for AesEngine {
    fn supports(suite: CipherSuite) -> bool {
        suite == CipherSuite::AES_128_GCM_SHA256
    }

    fn from_key(_: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        if suite != CipherSuite::AES_128_GCM_SHA256 || key.len() != suite.key_len() {
            return Err(ProviderFault::Unsupported.into());
        }
        SecretBytes::new(key).map(Self)
    }

    fn seal(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let (text, tag) = split_tag(in_out, 16)?;
        let aes = &mut provider.as_mut().aes;
        aes.load_key(self.key()?);
        tag.copy_from_slice(&aes.encrypt(nonce, aad, text));
        Ok(())
    }

    fn open(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let (text, tag) = split_tag(in_out, 16)?;
        let tag: &[u8; 16] = (&*tag).try_into().map_err(|_| Error::Internal)?;
        let aes = &mut provider.as_mut().aes;
        aes.load_key(self.key()?);
        if aes.decrypt(nonce, aad, text, tag) { Ok(()) } else { Err(PeerFault::BadRecordMac.into()) }
    }
}
