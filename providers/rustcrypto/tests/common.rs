//! Providers for the tests: with random numbers that repeat, that are written down, or that fail.

use rand_core::{TryCryptoRng, TryRng};
use saitls_core::crypto::{CryptoProvider, KeyExchange, Secret as _, SignatureAlgorithm, SignatureVerifier, Signer};
use saitls_core::{Error, Result, codes::*};
use saitls_rustcrypto::{RustCrypto, Secret};
use std::task::Poll;

/// Numbers that look random and are the same in each run (SplitMix64).
#[derive(Clone)]
pub(crate) struct Repeatable(pub(crate) u64);

/// The bytes that were written down, then an error.
#[derive(Clone)]
pub(crate) struct Scripted(pub(crate) Vec<u8>);

macro_rules! rng {
    ($type:ty, $fill:expr) => {
        impl TryRng for $type {
            type Error = std::io::Error;

            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                let mut bytes = [0; 4];
                self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
            }

            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                let mut bytes = [0; 8];
                self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
            }

            fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
                let fill: fn(&mut Self, &mut [u8]) -> Result<(), Self::Error> = $fill;
                fill(self, out)
            }
        }

        impl TryCryptoRng for $type {}
    };
}

rng!(Repeatable, |rng, out| {
    for byte in out {
        rng.0 = rng.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (rng.0 ^ (rng.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        *byte = (mixed >> 56) as u8;
    }
    Ok(())
});

rng!(Scripted, |rng, out| {
    if rng.0.len() < out.len() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    out.copy_from_slice(&rng.0[..out.len()]);
    rng.0.drain(..out.len());
    Ok(())
});

/// The same byte for ever, which nobody may wait out.
#[derive(Clone)]
pub(crate) struct Stuck {
    pub(crate) byte: u8,
    pub(crate) draws: usize,
}

rng!(Stuck, |rng, out| {
    rng.draws += 1;
    assert!(rng.draws < 100, "waits for a random source that is stuck");
    out.fill(rng.byte);
    Ok(())
});

pub(crate) fn provider() -> RustCrypto<Repeatable> {
    RustCrypto(Repeatable(1))
}

pub(crate) fn scripted(bytes: &[u8]) -> RustCrypto<Scripted> {
    RustCrypto(Scripted(bytes.to_vec()))
}

/// The numbers of this provider are exhausted from the beginning.
pub(crate) fn failing() -> RustCrypto<Scripted> {
    scripted(&[])
}

pub(crate) fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut out = vec![0; len];
    Repeatable(seed).try_fill_bytes(&mut out).unwrap();
    out
}

/// Nothing in this crate is ever pending.
pub(crate) fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("pending"),
    }
}

pub(crate) fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes).unwrap()
}

pub(crate) fn reveal(secret: &Secret) -> Vec<u8> {
    let mut out = [0; saitls_core::secret::MAX_SECRET_LEN];
    let len = secret.reveal(&mut provider(), &mut out).unwrap();
    out[..len].to_vec()
}

pub(crate) fn generate<P: CryptoProvider>(provider: &mut P, group: NamedGroup) -> Result<(P::KeyExchange, Vec<u8>)> {
    let mut exchange = P::KeyExchange::start(provider, group)?;
    let mut share = [0; 2048];
    let len = ready(exchange.poll_generate(provider, &mut share))?;
    Ok((exchange, share[..len].to_vec()))
}

pub(crate) fn encapsulate<P: CryptoProvider>(
    provider: &mut P,
    group: NamedGroup,
    peer_share: &[u8],
) -> Result<(Vec<u8>, P::Secret)> {
    let mut exchange = P::KeyExchange::start(provider, group)?;
    let mut share = [0; 2048];
    let (len, secret) = ready(exchange.poll_encapsulate(provider, peer_share, &mut share))?;
    Ok((share[..len].to_vec(), secret))
}

pub(crate) fn sign<P: CryptoProvider>(
    provider: &mut P,
    key: &dyn Signer<P>,
    scheme: SignatureScheme,
    message: &[u8],
) -> Result<Vec<u8>> {
    let mut signature = [0; 512];
    let len = ready(key.poll_sign(provider, scheme, message, &mut signature))?;
    Ok(signature[..len].to_vec())
}

pub(crate) fn verify(algorithm: SignatureAlgorithm, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<()> {
    verify_with::<saitls_rustcrypto::SignatureVerifier>(algorithm, public_key, message, signature)
}

pub(crate) fn verify_with<V: SignatureVerifier<RustCrypto<Repeatable>>>(
    algorithm: SignatureAlgorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    assert_eq!(V::supports(algorithm), V::start(&mut provider(), algorithm).is_ok());
    ready(V::start(&mut provider(), algorithm)?.poll_verify(&mut provider(), public_key, message, signature))
}

pub(crate) fn error<T>(result: Result<T>) -> Option<Error> {
    result.err()
}
