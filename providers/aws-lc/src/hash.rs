//! The hash functions of the suites.

use aws_lc_rs::digest::{self, Context, SHA256, SHA384};
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{self, CryptoProvider, Digest};
use saitls_core::error::{Error, ProviderFault, Result};
use zeroize::Zeroize;

/// Enough for a block and the longest label of the key schedule with its context.
const MAX_MESSAGE_LEN: usize = 256;

/// What HMAC makes its two keys with (RFC 2104 2).
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

const fn named(algorithm: HashAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        HashAlgorithm::Sha256 => &SHA256,
        HashAlgorithm::Sha384 => &SHA384,
    }
}

/// SHA-256 and SHA-384: the [`Hash`](crypto::Hash) of any provider.
pub struct Hash(Context);

impl<P: CryptoProvider> crypto::Hash<P> for Hash {
    fn supports(_: HashAlgorithm) -> bool {
        true
    }

    fn start(_: &mut P, algorithm: HashAlgorithm) -> Result<Self> {
        Ok(Self(Context::new(named(algorithm))))
    }

    fn update(&mut self, _: &mut P, data: &[u8]) -> Result<()> {
        self.0.update(data);
        Ok(())
    }

    fn snapshot(&mut self, _: &mut P) -> Result<Digest> {
        Digest::new(self.0.clone().finish().as_ref())
    }

    fn finish(self, _: &mut P) -> Result<Digest> {
        Digest::new(self.0.finish().as_ref())
    }

    /// Without a context on the heap, where the message is as short as those of HKDF.
    fn hmac(_: &mut P, algorithm: HashAlgorithm, key: &[u8], parts: &[&[u8]]) -> Result<Digest> {
        let (hash, block_len) = (named(algorithm), algorithm.block_len());
        let mut message = [0; MAX_MESSAGE_LEN];
        let (block, room) = message.split_at_mut_checked(block_len).ok_or(Error::Internal)?;
        block.get_mut(..key.len()).ok_or(ProviderFault::Unsupported)?.copy_from_slice(key);
        block.iter_mut().for_each(|byte| *byte ^= INNER);
        let inner = match join(parts, room) {
            Some(len) => {
                let end = block_len.saturating_add(len);
                digest::digest(hash, message.get(..end).ok_or(Error::Internal)?)
            }
            None => {
                let mut context = Context::new(hash);
                context.update(block);
                parts.iter().for_each(|part| context.update(part));
                context.finish()
            }
        };
        let end = block_len.saturating_add(inner.as_ref().len());
        let (block, rest) = message.get_mut(..end).ok_or(Error::Internal)?.split_at_mut(block_len);
        block.iter_mut().for_each(|byte| *byte ^= INNER ^ OUTER);
        rest.copy_from_slice(inner.as_ref());
        let outer = Digest::new(digest::digest(hash, message.get(..end).ok_or(Error::Internal)?).as_ref());
        message.as_mut_slice().zeroize();
        outer
    }
}

/// Copies the parts to the front of `room`; their length, if they fit.
fn join(parts: &[&[u8]], room: &mut [u8]) -> Option<usize> {
    parts.iter().try_fold(0usize, |start, part| {
        let end = start.checked_add(part.len())?;
        room.get_mut(start..end)?.copy_from_slice(part);
        Some(end)
    })
}
