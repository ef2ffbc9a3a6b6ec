//! The transcript hash (RFC 9846 4.1).

use crate::codes::{HandshakeType, HashAlgorithm};
use crate::crypto::{CryptoProvider, Digest, Hash};
use crate::error::{Error, Result};

/// The hash of all handshake messages so far, once it is known which hash that is.
pub(crate) struct Transcript<P: CryptoProvider> {
    hash: Option<P::Hash>,
}

impl<P: CryptoProvider> Transcript<P> {
    /// No transcript.
    pub(crate) const fn none() -> Self {
        Self { hash: None }
    }

    /// Begins it, empty.
    #[inline(never)]
    pub(crate) fn begin(&mut self, provider: &mut P, algorithm: HashAlgorithm) -> Result<()> {
        self.hash = Some(P::Hash::start(provider, algorithm)?);
        Ok(())
    }

    /// Whether it has not begun.
    pub(crate) const fn is_none(&self) -> bool {
        self.hash.is_none()
    }

    /// Adds a message, or part of one.
    #[inline(never)]
    pub(crate) fn add(&mut self, provider: &mut P, bytes: &[u8]) -> Result<()> {
        self.hash.as_mut().ok_or(Error::Internal)?.update(provider, bytes)
    }

    /// The hash of what has been added.
    #[inline(never)]
    pub(crate) fn hash(&mut self, provider: &mut P) -> Result<Digest> {
        self.hash.as_mut().ok_or(Error::Internal)?.snapshot(provider)
    }

    /// Replaces the first ClientHello by its hash, as a HelloRetryRequest wants it.
    pub(crate) fn replace_by_message_hash(&mut self, provider: &mut P, algorithm: HashAlgorithm) -> Result<()> {
        let client_hello = self.hash.take().ok_or(Error::Internal)?.finish(provider)?;
        self.begin(provider, algorithm)?;
        self.add(provider, &message_hash_header(&client_hello)?)?;
        self.add(provider, client_hello.as_bytes())
    }
}

/// What stands in front of the hash of the first ClientHello, which makes a message of it (RFC 9846 4.1).
pub(crate) fn message_hash_header(client_hello: &Digest) -> Result<[u8; 4]> {
    let len = u8::try_from(client_hello.as_bytes().len()).map_err(|_| Error::Internal)?;
    Ok([HandshakeType::MESSAGE_HASH.0, 0, 0, len])
}
