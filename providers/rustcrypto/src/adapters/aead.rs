//! Record protection from an `aead` implementation.

use aead::array::Array;
use aead::array::typenum::Unsigned;
use aead::consts::U12;
use aead::{AeadInOut, KeyInit, Tag};
use saitls_core::codes::CipherSuite;
use saitls_core::crypto::{Aead, CryptoProvider, Nonce, split_tag};
use saitls_core::error::{Error, PeerFault, ProviderFault, Result};

/// The [`Aead`] of one cipher suite, from a type that implements [`AeadInOut`] and [`KeyInit`].
///
/// It is keyed once, and works in place. Lengths of key and tag that do not fit the suite do not compile.
///
/// ```
/// use saitls_core::codes::CipherSuite;
/// use saitls_rustcrypto::adapters::AeadOf;
///
/// type MyAead = AeadOf<aes_gcm::Aes128Gcm, { CipherSuite::AES_128_GCM_SHA256.0 }>;
/// ```
pub struct AeadOf<A, const SUITE: u16>(A);

impl<A: AeadInOut + KeyInit, const SUITE: u16> AeadOf<A, SUITE> {
    const TAG_LEN: usize = {
        assert!(A::TagSize::USIZE == CipherSuite(SUITE).tag_len(), "the tag has another length in this suite");
        assert!(A::KeySize::USIZE == CipherSuite(SUITE).key_len(), "the key has another length in this suite");
        A::TagSize::USIZE
    };
}

impl<P, A, const SUITE: u16> Aead<P> for AeadOf<A, SUITE>
where
    P: CryptoProvider,
    A: AeadInOut<NonceSize = U12> + KeyInit,
{
    fn supports(suite: CipherSuite) -> bool {
        suite == CipherSuite(SUITE)
    }

    #[inline(never)]
    fn from_key(_: &mut P, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        if suite != CipherSuite(SUITE) {
            return Err(ProviderFault::Unsupported.into());
        }
        let key = key.try_into().map_err(|_| ProviderFault::Unsupported)?;
        Ok(Self(A::new(key)))
    }

    fn seal(&mut self, _: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let (text, tag) = split_tag(in_out, Self::TAG_LEN)?;
        let nonce: &Array<u8, U12> = nonce.into();
        let sealed = self.0.encrypt_inout_detached(nonce, aad, text.into()).map_err(|_| ProviderFault::CryptoFailed)?;
        tag.copy_from_slice(&sealed);
        Ok(())
    }

    fn open(&mut self, _: &mut P, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let (text, tag) = split_tag(in_out, Self::TAG_LEN)?;
        let nonce: &Array<u8, U12> = nonce.into();
        let tag: &Tag<A> = (&*tag).try_into().map_err(|_| PeerFault::BadRecordMac)?;
        self.0.decrypt_inout_detached(nonce, aad, text.into(), tag).map_err(|_| Error::Peer(PeerFault::BadRecordMac))
    }
}
