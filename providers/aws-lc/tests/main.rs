//! One program for all tests: they share the time it takes to link the algorithms.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod conformance;
mod handshake;
mod keys;
mod parts;
mod signatures;

use saitls_aws_lc::{Aead, AwsLc, Hash, KeyExchange, Secret, SignatureVerifier};
use saitls_core::Result;
use saitls_core::codes::{NamedGroup, SignatureScheme};
use saitls_core::crypto::{CryptoProvider, Either, KeyExchange as _, Secret as _, Signer};
use saitls_rustcrypto::RustCrypto;
use std::task::Poll;

/// The RustCrypto provider, as another opinion.
type Other = RustCrypto<getrandom::SysRng>;

/// AWS-LC, and RustCrypto for the suites it lacks.
struct WithCcm;

impl CryptoProvider for WithCcm {
    type Aead = Either<Aead, saitls_rustcrypto::Aead>;
    type Hash = Hash;
    type Secret = Secret;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        AwsLc.fill_random(out)
    }
}

/// Nothing here is ever pending.
fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("pending"),
    }
}

fn generate<P: CryptoProvider>(provider: &mut P, group: NamedGroup) -> (P::KeyExchange, Vec<u8>) {
    let mut exchange = P::KeyExchange::start(provider, group).unwrap();
    let mut share = [0; 2048];
    let len = ready(exchange.poll_generate(provider, &mut share)).unwrap();
    (exchange, share[..len].to_vec())
}

fn decapsulate<P: CryptoProvider>(provider: &mut P, mut exchange: P::KeyExchange, share: &[u8]) -> Result<Vec<u8>> {
    let secret = ready(exchange.poll_decapsulate(provider, share))?;
    Ok(reveal(provider, &secret))
}

fn encapsulate<P: CryptoProvider>(
    provider: &mut P,
    group: NamedGroup,
    peer_share: &[u8],
) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut exchange = P::KeyExchange::start(provider, group).unwrap();
    let mut share = [0; 2048];
    let (len, secret) = ready(exchange.poll_encapsulate(provider, peer_share, &mut share))?;
    Ok((share[..len].to_vec(), reveal(provider, &secret)))
}

fn reveal<P: CryptoProvider>(provider: &mut P, secret: &P::Secret) -> Vec<u8> {
    let mut out = [0; saitls_core::secret::MAX_SECRET_LEN];
    let len = secret.reveal(provider, &mut out).unwrap();
    out[..len].to_vec()
}

fn sign<P: CryptoProvider>(
    provider: &mut P,
    key: &dyn Signer<P>,
    scheme: SignatureScheme,
    message: &[u8],
) -> Result<Vec<u8>> {
    let mut signature = [0; 512];
    let len = ready(key.poll_sign(provider, scheme, message, &mut signature))?;
    Ok(signature[..len].to_vec())
}
