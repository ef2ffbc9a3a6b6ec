//! Sealing and opening records with one key (RFC 9846 5.2, 5.3).

use crate::codes::{CipherSuite, ContentType, HashAlgorithm};
use crate::crypto::{Aead, CryptoProvider, Label, Nonce, Secret};
use crate::error::{Error, PeerFault, Result};
use crate::limits::RECORD_HEADER_LEN;
use zeroize::Zeroizing;

/// The labels of the key and the IV of a traffic secret (RFC 9846 7.3).
const KEY: Label<'static> = Label::tls13(b"key");
const IV: Label<'static> = Label::tls13(b"iv");

/// Derives a traffic secret from the one before.
pub(super) type NextSecret<P> =
    fn(&mut P, HashAlgorithm, &<P as CryptoProvider>::Secret) -> Result<<P as CryptoProvider>::Secret>;

/// The key of one direction, keyed once, with its sequence number and the traffic secret that it comes from.
pub(crate) struct Protection<P: CryptoProvider> {
    /// None while the connection rests; made again when it is wanted.
    aead: Option<P::Aead>,
    iv: Zeroizing<Nonce>,
    sequence: u64,
    suite: CipherSuite,
    /// Base of Finished and of the next key.
    secret: P::Secret,
}

/// A key that is out of its place, with the IV to know it by.
pub(crate) struct KeyAtRest<P: CryptoProvider> {
    aead: P::Aead,
    iv: Zeroizing<Nonce>,
}

impl<P: CryptoProvider> Protection<P> {
    /// Puts the key and IV of a traffic secret (RFC 9846 7.3) where those of the one before were.
    #[inline(never)]
    pub(super) fn install(
        slot: &mut Option<Self>,
        provider: &mut P,
        suite: CipherSuite,
        secret: P::Secret,
    ) -> Result<()> {
        if suite == CipherSuite::NONE {
            return Err(Error::Internal);
        }
        let mut iv = Zeroizing::new(Nonce::default());
        secret.export(provider, suite.hash(), &IV, b"", &mut *iv)?;
        let aead = P::Aead::from_secret(provider, suite, &secret, &KEY)?;
        *slot = Some(Self { aead: Some(aead), iv, sequence: 0, suite, secret });
        Ok(())
    }

    /// Puts the next key (RFC 9846 7.2) where the current one is; `next` is the secret's arrow of the key schedule.
    #[inline(never)]
    pub(super) fn renew(slot: &mut Option<Self>, provider: &mut P, next: NextSecret<P>) -> Result<()> {
        let current = slot.as_ref().ok_or(Error::Internal)?;
        let suite = current.suite;
        let secret = next(provider, suite.hash(), &current.secret)?;
        Self::install(slot, provider, suite, secret)
    }

    /// Takes back the sequence number of a record that did not open and is to be skipped. The key will be loaded
    /// again, since a device may have kept state of the failed record.
    pub(super) fn rewind(&mut self) {
        self.sequence = self.sequence.saturating_sub(1);
        self.aead = None;
    }

    /// Takes the key out, if it is there.
    pub(super) fn take(&mut self) -> Option<KeyAtRest<P>> {
        Some(KeyAtRest { aead: self.aead.take()?, iv: self.iv.clone() })
    }

    /// Puts the key back, if it is this one and there is none.
    pub(super) fn put(&mut self, key: KeyAtRest<P>) {
        if self.aead.is_none() && *self.iv == *key.iv {
            self.aead = Some(key.aead);
        }
    }

    /// The traffic secret.
    pub(super) const fn secret(&self) -> &P::Secret {
        &self.secret
    }

    /// How many records this key has protected.
    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Length of the tag.
    pub(crate) const fn tag_len(&self) -> usize {
        self.suite.tag_len()
    }

    /// The key, and the nonce of the next record.
    #[inline(never)]
    fn next(&mut self, provider: &mut P) -> Result<(&mut P::Aead, Nonce)> {
        if self.aead.is_none() {
            self.aead = Some(P::Aead::from_secret(provider, self.suite, &self.secret, &KEY)?);
        }
        let mut nonce = *self.iv;
        for (byte, sequence) in nonce.iter_mut().rev().zip(self.sequence.to_be_bytes().iter().rev()) {
            *byte ^= sequence;
        }
        self.sequence = self.sequence.checked_add(1).ok_or(Error::KeyUsageLimit)?;
        Ok((self.aead.as_mut().ok_or(Error::Internal)?, nonce))
    }

    /// Seals a record whose header, content, content type and padding are in place, and whose last bytes are
    /// room for the tag.
    pub(crate) fn seal(&mut self, provider: &mut P, record: &mut [u8]) -> Result<()> {
        let (aead, nonce) = self.next(provider)?;
        let (header, body) = record.split_at_mut_checked(RECORD_HEADER_LEN).ok_or(Error::Internal)?;
        aead.seal(provider, &nonce, header, body)
    }

    /// As [`seal`](Self::seal), with content that stands elsewhere; its place in the record is written.
    pub(crate) fn seal_from(&mut self, provider: &mut P, content: &[u8], record: &mut [u8]) -> Result<()> {
        let (aead, nonce) = self.next(provider)?;
        let (header, body) = record.split_at_mut_checked(RECORD_HEADER_LEN).ok_or(Error::Internal)?;
        aead.seal_from(provider, &nonce, header, content, body)
    }

    /// Opens a record in place: its content type, the length of its content (which begins behind the header),
    /// and the length of the whole inner plaintext.
    pub(crate) fn open(&mut self, provider: &mut P, record: &mut [u8]) -> Result<(ContentType, usize, usize)> {
        let tag_len = self.tag_len();
        let (aead, nonce) = self.next(provider)?;
        let (header, body) = record.split_at_mut_checked(RECORD_HEADER_LEN).ok_or(Error::Internal)?;
        let inner_len = body.len().checked_sub(tag_len).ok_or(PeerFault::BadRecordMac)?;
        aead.open(provider, &nonce, header, body)?;
        let inner = body.get(..inner_len).ok_or(Error::Internal)?;
        let content_len = inner.iter().rposition(|&byte| byte != 0).ok_or(PeerFault::MissingContentType)?;
        let kind = inner.get(content_len).copied().ok_or(Error::Internal)?;
        Ok((ContentType(kind), content_len, inner_len))
    }
}
