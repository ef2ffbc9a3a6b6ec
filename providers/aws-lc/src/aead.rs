//! Record protection.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{self, CryptoProvider, Nonce, split_tag};
use saitls_core::error::{Error, PeerFault, ProviderFault, Result};

/// AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305: the [`Aead`](crypto::Aead) of any provider.
///
/// A value is a key, ready for use, on the heap of AWS-LC, which wipes it when it is dropped. Nonces are those of the
/// record protocol, each used once (RFC 9846 5.3).
pub struct Aead(LessSafeKey);

/// The longest plaintext behind the text that [`seal_from`](crypto::Aead::seal_from) does not copy the text for: a
/// content type, and a little padding.
const MAX_REST_LEN: usize = 16;

/// Shorter texts are copied for ChaCha20, where what stands behind the text takes blocks of its own.
const MIN_CHACHA_TEXT_LEN: usize = 8192;

const fn algorithm(suite: CipherSuite) -> Option<&'static Algorithm> {
    match suite {
        CipherSuite::AES_128_GCM_SHA256 => Some(&AES_128_GCM),
        CipherSuite::AES_256_GCM_SHA384 => Some(&AES_256_GCM),
        CipherSuite::CHACHA20_POLY1305_SHA256 => Some(&CHACHA20_POLY1305),
        _ => None,
    }
}

fn unique(nonce: &Nonce) -> aws_lc_rs::aead::Nonce {
    aws_lc_rs::aead::Nonce::assume_unique_for_key(*nonce)
}

impl<P: CryptoProvider> crypto::Aead<P> for Aead {
    fn supports(suite: CipherSuite) -> bool {
        algorithm(suite).is_some()
    }

    fn from_key(_: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        let algorithm = algorithm(suite).ok_or(ProviderFault::Unsupported)?;
        UnboundKey::new(algorithm, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| Error::Provider(ProviderFault::Unsupported))
    }

    fn seal(&mut self, _: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let (text, tag) = split_tag(in_out, self.0.algorithm().tag_len())?;
        let sealed = self.0.seal_in_place_separate_tag(unique(nonce), Aad::from(aad), text);
        tag.copy_from_slice(sealed.map_err(|_| ProviderFault::CryptoFailed)?.as_ref());
        Ok(())
    }

    fn seal_from(&mut self, provider: &mut P, nonce: &Nonce, aad: &[u8], text: &[u8], out: &mut [u8]) -> Result<()> {
        let (sealed, behind) = out.split_at_mut_checked(text.len()).ok_or(Error::Internal)?;
        let rest_len = split_tag(behind, self.0.algorithm().tag_len())?.0.len();
        let copies = self.0.algorithm() == &CHACHA20_POLY1305 && text.len() < MIN_CHACHA_TEXT_LEN;
        // The rest is read from another place, too.
        let mut rest = [0; MAX_REST_LEN];
        let Some(rest) = rest.get_mut(..rest_len).filter(|_| !copies) else {
            sealed.copy_from_slice(text);
            return crypto::Aead::<P>::seal(self, provider, nonce, aad, out);
        };
        rest.copy_from_slice(behind.get(..rest_len).ok_or(Error::Internal)?);
        let sealed = self.0.seal_out_of_place_scatter(unique(nonce), Aad::from(aad), text, sealed, rest, behind);
        sealed.map_err(|_| Error::Provider(ProviderFault::CryptoFailed))
    }

    fn open(&mut self, _: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        self.0
            .open_in_place(unique(nonce), Aad::from(aad), in_out)
            .map(drop)
            .map_err(|_| Error::Peer(PeerFault::BadRecordMac))
    }
}
