//! The transcript hash (RFC 9846 4.1).

use crate::codes::{HandshakeType, HashAlgorithm};
use crate::crypto::{CryptoProvider, Digest, Hash};
use crate::error::{Error, Result};
use crate::wire::Writer;

/// The hash of all handshake messages so far. Until the suite is known, one for each hash it may have.
pub(crate) struct Transcript<P: CryptoProvider> {
    sha256: Option<P::Hash>,
    sha384: Option<P::Hash>,
    decided: Option<HashAlgorithm>,
}

impl<P: CryptoProvider> Transcript<P> {
    /// No transcript.
    pub(crate) const fn none() -> Self {
        Self { sha256: None, sha384: None, decided: None }
    }

    /// An empty transcript for the suites with these hashes.
    pub(crate) fn start(provider: &mut P, mut algorithms: impl Iterator<Item = HashAlgorithm>) -> Result<Self> {
        let mut transcript = Self::none();
        algorithms.try_for_each(|algorithm| {
            let hash = transcript.slot(algorithm);
            if hash.is_none() {
                *hash = Some(P::Hash::start(provider, algorithm)?);
            }
            Ok(())
        })?;
        Ok(transcript)
    }

    const fn slot(&mut self, algorithm: HashAlgorithm) -> &mut Option<P::Hash> {
        match algorithm {
            HashAlgorithm::Sha256 => &mut self.sha256,
            HashAlgorithm::Sha384 => &mut self.sha384,
        }
    }

    /// The suite is known: only this hash goes on.
    pub(crate) fn decide(&mut self, algorithm: HashAlgorithm) {
        self.decided = Some(algorithm);
        match algorithm {
            HashAlgorithm::Sha256 => self.sha384 = None,
            HashAlgorithm::Sha384 => self.sha256 = None,
        }
    }

    /// Adds a message, or part of one.
    pub(crate) fn add(&mut self, provider: &mut P, bytes: &[u8]) -> Result<()> {
        for hash in [&mut self.sha256, &mut self.sha384].into_iter().flatten() {
            hash.update(provider, bytes)?;
        }
        Ok(())
    }

    /// The hash of what has been added.
    pub(crate) fn hash(&mut self, provider: &mut P) -> Result<Digest> {
        let algorithm = self.decided.ok_or(Error::Internal)?;
        self.slot(algorithm).as_mut().ok_or(Error::Internal)?.snapshot(provider)
    }

    /// Replaces the first ClientHello by its hash, as a HelloRetryRequest wants it.
    pub(crate) fn replace_by_message_hash(&mut self, provider: &mut P) -> Result<()> {
        let algorithm = self.decided.ok_or(Error::Internal)?;
        let client_hello = self.slot(algorithm).take().ok_or(Error::Internal)?.finish(provider)?;
        let mut hash = P::Hash::start(provider, algorithm)?;
        let mut message = [0; 4 + crate::crypto::MAX_DIGEST_LEN];
        let mut writer = Writer::new(&mut message);
        writer.message(HandshakeType::MESSAGE_HASH, |writer| writer.bytes(client_hello.as_bytes()));
        let len = writer.finish()?;
        hash.update(provider, message.get(..len).ok_or(Error::Internal)?)?;
        *self.slot(algorithm) = Some(hash);
        Ok(())
    }
}
