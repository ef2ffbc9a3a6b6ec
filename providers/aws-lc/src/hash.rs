//! The hash functions of the suites.

use aws_lc_rs::digest::{self, Context, SHA256, SHA384};
use saitls_core::codes::HashAlgorithm;
use saitls_core::crypto::{self, CryptoProvider, Digest};
use saitls_core::error::Result;
use zeroize::Zeroize;

/// Enough for a block and the longest label of the key schedule with its context.
const MAX_JOINED_LEN: usize = 256;

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

    /// Without a context on the heap, where the parts are as short as those of HKDF.
    fn digest(_: &mut P, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Result<Digest> {
        let (mut joined, mut len) = ([0; MAX_JOINED_LEN], 0usize);
        for part in parts {
            let end = len.saturating_add(part.len());
            match joined.get_mut(len..end) {
                Some(room) => room.copy_from_slice(part),
                None => {
                    joined.zeroize();
                    let mut context = Context::new(named(algorithm));
                    parts.iter().for_each(|part| context.update(part));
                    return Digest::new(context.finish().as_ref());
                }
            }
            len = end;
        }
        let joined = joined.get_mut(..len).unwrap_or_default();
        let hash = Digest::new(digest::digest(named(algorithm), joined).as_ref());
        // The first part is the key of an HMAC.
        joined.zeroize();
        hash
    }
}
