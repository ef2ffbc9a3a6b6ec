//! The provider itself.

use crate::{Aead, Hash, KeyExchange, Secret, SignatureVerifier};
use saitls_core::crypto::CryptoProvider;
use saitls_core::error::{Error, ProviderFault, Result};

/// A [`CryptoProvider`] that is AWS-LC throughout, its random numbers included. It has no state: one serves any number
/// of connections, as do several.
///
/// ```
/// use saitls_core::{Buffers, Connection, config::ClientConfig, crypto::PinnedKey};
/// use saitls_aws_lc::AwsLc;
///
/// let mut provider = AwsLc;
/// let pins = [[7; 32]];
/// let trust = PinnedKey::sha256(&pins);
/// let config = ClientConfig::new(&trust);
/// let mut client = Connection::client(&config, None, Buffers::new(vec![0; 16_645], vec![0; 16_645]))?;
/// client.process(&mut provider)?;
/// assert!(client.records().len() > 1_200);       // a ClientHello with a share for X25519MLKEM768
/// # Ok::<(), saitls_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AwsLc;

impl CryptoProvider for AwsLc {
    type Hash = Hash;
    type Secret = Secret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        aws_lc_rs::rand::fill(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed))
    }
}
