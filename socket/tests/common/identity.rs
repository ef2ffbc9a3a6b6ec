//! Keys, certificates, and a provider whose random numbers are the same each time.

use saitls::protocol::config::{ClientConfig, Identity, ServerConfig};
use saitls::protocol::crypto::{PeerCertificates, PeerVerifier, PinnedKey, VerificationProgress};
use saitls::rustcrypto::{RustCrypto, SigningKey};
use std::task::Poll;

pub type Provider = RustCrypto<Seeded>;

pub fn provider(seed: u64) -> Provider {
    RustCrypto(Seeded { state: seed, step: 0x9e37_79b9_7f4a_7c15 })
}

/// Its random numbers are always the same one.
pub fn stuck_provider() -> Provider {
    RustCrypto(Seeded { state: 1, step: 0 })
}

/// SplitMix64: good for tests, and only for tests.
pub struct Seeded {
    state: u64,
    step: u64,
}

impl rand_core::TryRng for Seeded {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.state = self.state.wrapping_add(self.step);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in out.chunks_mut(8) {
            let bytes = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Seeded {}

pub static SERVER_SPKI: &[u8] = include_bytes!("../data/p256.spki.der");
static SERVER_CHAIN: &[&[u8]] = &[include_bytes!("../data/p256.cert.der")];
static SERVER_KEY: &[u8] = include_bytes!("../data/p256.key.der");

static PINNED: &[&[u8]] = &[SERVER_SPKI];
static PINNED_WRONG: &[&[u8]] = &[include_bytes!("../data/ed25519.spki.der")];

/// Trusts the server's key.
pub fn client_config() -> &'static ClientConfig<'static, Provider> {
    let verifier = Box::leak(Box::new(PinnedKey::subject_public_key_info(PINNED)));
    Box::leak(Box::new(ClientConfig::new(verifier)))
}

/// Renews its key after so many records.
pub fn client_config_with_records_per_key(records: u64) -> &'static ClientConfig<'static, Provider> {
    let verifier = Box::leak(Box::new(PinnedKey::subject_public_key_info(PINNED)));
    Box::leak(Box::new(ClientConfig::new(verifier).with_records_per_key(records)))
}

/// Trusts anybody, but not without a name.
pub struct ByName;

impl PeerVerifier<Provider> for ByName {
    fn poll_verify(
        &self,
        _: &mut Provider,
        _: &mut VerificationProgress<Provider>,
        _: &PeerCertificates<'_>,
    ) -> Poll<saitls::protocol::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn needs_server_name(&self) -> bool {
        true
    }
}

/// Trusts another key than the server has.
pub fn client_config_with_wrong_key() -> &'static ClientConfig<'static, Provider> {
    let verifier = Box::leak(Box::new(PinnedKey::subject_public_key_info(PINNED_WRONG)));
    Box::leak(Box::new(ClientConfig::new(verifier)))
}

/// Has a P-256 key and a self-signed certificate.
pub fn server_config() -> &'static ServerConfig<'static, Provider> {
    let key = Box::leak(Box::new(SigningKey::from_pkcs8_der(SERVER_KEY).unwrap()));
    let identities = Box::leak(Box::new([Identity::new(SERVER_CHAIN, key)]));
    Box::leak(Box::new(ServerConfig::new(identities)))
}

pub fn server_config_without_identity() -> &'static ServerConfig<'static, Provider> {
    Box::leak(Box::new(ServerConfig::new(&[])))
}
