//! HMAC (RFC 2104), HKDF (RFC 5869) and HKDF-Expand-Label (RFC 9846 7.1) over the provider's own hash.
//!
//! They are here, not taken from a crate, because the hash may be a device that only the provider can reach.

use super::{CryptoProvider, Digest, Hash, Label, LabelPrefix, MAX_STORED_SECRET_LEN, Secret, SoftwareSecret};
use crate::codes::HashAlgorithm;
use crate::error::{Error, ProviderFault, Result};
use crate::secret::SecretBytes;
use zeroize::{Zeroize, Zeroizing};

/// The block length of SHA-384, the larger one.
const MAX_BLOCK_LEN: usize = 128;

/// The most parts of a message, and the block in front of them.
const MAX_PARTS: usize = 8;

/// HMAC over the joined `parts`, with the hash `H`. `key` is never longer than a block: see
/// [`MAX_HMAC_KEY_LEN`](super::MAX_HMAC_KEY_LEN).
pub(super) fn hmac<P: CryptoProvider, H: Hash<P>>(
    provider: &mut P,
    hash: HashAlgorithm,
    key: &[u8],
    parts: &[&[u8]],
) -> Result<Digest> {
    let mut block = [0; MAX_BLOCK_LEN];
    let block = block.get_mut(..hash.block_len()).ok_or(Error::Internal)?;
    block.get_mut(..key.len()).ok_or(ProviderFault::Unsupported)?.copy_from_slice(key);

    block.iter_mut().for_each(|byte| *byte ^= 0x36);
    let mut message = [&[][..]; MAX_PARTS];
    let (front, rest) = message.split_first_mut().ok_or(Error::Internal)?;
    *front = block;
    rest.get_mut(..parts.len()).ok_or(Error::Internal)?.copy_from_slice(parts);
    let inner = H::digest(provider, hash, &message);

    block.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
    let outer = inner.and_then(|inner| {
        let inner = Zeroizing::new(inner);
        H::digest(provider, hash, &[block, inner.as_bytes()])
    });
    block.zeroize();
    outer
}

/// HKDF-Expand-Label: the info is `length || prefix name || context`, each vector with its length byte.
fn expand_label<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    secret: &[u8],
    label: &Label<'_>,
    context: &[u8],
    out: &mut [u8],
) -> Result<()> {
    let [high, low] = u16::try_from(out.len()).map_err(|_| ProviderFault::Unsupported)?.to_be_bytes();
    let label_len = u8::try_from(label.name.len().saturating_add(6)).map_err(|_| ProviderFault::Unsupported)?;
    let front = [high, low, label_len];
    let context_len = [u8::try_from(context.len()).map_err(|_| ProviderFault::Unsupported)?];

    let mut block = Zeroizing::new(Digest::EMPTY);
    let mut counter = 0u8;
    for chunk in out.chunks_mut(hash.output_len()) {
        counter = counter.checked_add(1).ok_or(ProviderFault::Unsupported)?;
        let parts: [&[u8]; 7] =
            [block.as_bytes(), &front, label.prefix.0, label.name, &context_len, context, &[counter]];
        *block = P::Hash::hmac(provider, hash, secret, &parts)?;
        chunk.copy_from_slice(block.as_bytes().get(..chunk.len()).ok_or(Error::Internal)?);
    }
    Ok(())
}

impl<P: CryptoProvider> Secret<P> for SoftwareSecret {
    fn import(_: &mut P, bytes: &[u8]) -> Result<Self> {
        Self::new(bytes)
    }

    fn extract(provider: &mut P, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self> {
        let zeros = [0; super::MAX_DIGEST_LEN];
        let zeros = zeros.get(..hash.output_len()).ok_or(Error::Internal)?;
        let salt = salt.map_or(zeros, SecretBytes::as_bytes);
        let input = input.map_or(zeros, SecretBytes::as_bytes);
        let extracted = Zeroizing::new(P::Hash::hmac(provider, hash, salt, &[input])?);
        Self::new(extracted.as_bytes())
    }

    #[inline]
    fn handshake_salt(provider: &mut P, hash: HashAlgorithm, prefix: LabelPrefix) -> Result<Self> {
        if prefix != LabelPrefix::TLS_1_3 {
            let label = Label { prefix, name: b"derived" };
            return <Self as Secret<P>>::extract(provider, hash, None, None)?.derive(
                provider,
                hash,
                &label,
                hash.empty_digest(),
            );
        }
        Self::new(match hash {
            HashAlgorithm::Sha256 => &[
                0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67, 0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97, //
                0x16, 0xc0, 0x76, 0x18, 0x9c, 0x48, 0x25, 0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba,
            ],
            HashAlgorithm::Sha384 => &[
                0x15, 0x91, 0xda, 0xc5, 0xcb, 0xbf, 0x03, 0x30, 0xa4, 0xa8, 0x4d, 0xe9, 0xc7, 0x53, 0x33, 0x0e, //
                0x92, 0xd0, 0x1f, 0x0a, 0x88, 0x21, 0x4b, 0x44, 0x64, 0x97, 0x2f, 0xd6, 0x68, 0x04, 0x9e, 0x93, //
                0xe5, 0x2f, 0x2b, 0x16, 0xfa, 0xd9, 0x22, 0xfd, 0xc0, 0x58, 0x44, 0x78, 0x42, 0x8f, 0x28, 0x2b,
            ],
        })
    }

    fn derive(&self, provider: &mut P, hash: HashAlgorithm, label: &Label<'_>, context: &[u8]) -> Result<Self> {
        let mut derived = Self::zeros(hash.output_len())?;
        expand_label(provider, hash, self.as_bytes(), label, context, derived.as_mut_bytes())?;
        Ok(derived)
    }

    fn export(
        &self,
        provider: &mut P,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        expand_label(provider, hash, self.as_bytes(), label, context, out)
    }

    fn mac(&self, provider: &mut P, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        P::Hash::hmac(provider, hash, self.as_bytes(), &[data])
    }

    fn reveal(&self, _: &mut P, out: &mut [u8]) -> Result<usize> {
        let bytes = self.as_bytes();
        out.get_mut(..bytes.len()).ok_or(ProviderFault::Unsupported)?.copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn store(&self, _: &mut P, out: &mut [u8; MAX_STORED_SECRET_LEN]) -> Result<usize> {
        let bytes = self.as_bytes();
        out.get_mut(..bytes.len()).ok_or(Error::Internal)?.copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn restore(_: &mut P, stored: &[u8]) -> Result<Self> {
        match stored {
            [] => Err(ProviderFault::InvalidKey.into()),
            bytes => Self::new(bytes).map_err(|_| ProviderFault::InvalidKey.into()),
        }
    }
}
