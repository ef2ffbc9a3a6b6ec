//! The key schedule (RFC 9846 7.1) as three stages, each made from the one above it, and the transcript hash.
//!
//! ```text
//!                  0
//!                  |
//!      PSK or 0 -> Extract = Early
//!                  |
//!            Derive-Secret(., "derived", "")
//!                  |
//! shared secret -> Extract = Handshake --> client, server handshake traffic secrets
//!                  |
//!            Derive-Secret(., "derived", "")
//!                  |
//!             0 -> Extract = Main -------> client, server application traffic secrets, exporter secret
//! ```

mod transcript;

pub(crate) use transcript::Transcript;

use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Digest, Hash, Secret};
use crate::error::Result;

/// The secrets of both directions, as one stage of the schedule gives them.
pub(crate) struct TrafficSecrets<P: CryptoProvider> {
    pub(crate) client: P::Secret,
    pub(crate) server: P::Secret,
}

/// Derive-Secret(., "derived", ""): the salt of the next stage.
fn derived<P: CryptoProvider>(provider: &mut P, hash: HashAlgorithm, secret: &P::Secret) -> Result<P::Secret> {
    let empty = P::Hash::start(provider, hash)?.finish(provider)?;
    secret.derive(provider, hash, b"derived", empty.as_bytes())
}

/// The first stage.
pub(crate) struct EarlySecret<P: CryptoProvider> {
    hash: HashAlgorithm,
    secret: P::Secret,
}

impl<P: CryptoProvider> EarlySecret<P> {
    /// Without a PSK.
    pub(crate) fn new(provider: &mut P, hash: HashAlgorithm) -> Result<Self> {
        Ok(Self { hash, secret: P::Secret::extract(provider, hash, None, None)? })
    }

    /// The next stage, from the shared secret of the key exchange.
    pub(crate) fn into_handshake(self, provider: &mut P, shared: &P::Secret) -> Result<HandshakeSecret<P>> {
        let salt = derived(provider, self.hash, &self.secret)?;
        let secret = P::Secret::extract(provider, self.hash, Some(&salt), Some(shared))?;
        Ok(HandshakeSecret { hash: self.hash, secret })
    }
}

/// The second stage.
pub(crate) struct HandshakeSecret<P: CryptoProvider> {
    hash: HashAlgorithm,
    secret: P::Secret,
}

impl<P: CryptoProvider> HandshakeSecret<P> {
    /// The secrets that protect the handshake; `transcript` is that of ClientHello...ServerHello.
    pub(crate) fn traffic_secrets(&self, provider: &mut P, transcript: &Digest) -> Result<TrafficSecrets<P>> {
        Ok(TrafficSecrets {
            client: self.secret.derive(provider, self.hash, b"c hs traffic", transcript.as_bytes())?,
            server: self.secret.derive(provider, self.hash, b"s hs traffic", transcript.as_bytes())?,
        })
    }

    /// The last stage.
    pub(crate) fn into_main(self, provider: &mut P) -> Result<MainSecret<P>> {
        let salt = derived(provider, self.hash, &self.secret)?;
        let secret = P::Secret::extract(provider, self.hash, Some(&salt), None)?;
        Ok(MainSecret { hash: self.hash, secret })
    }
}

/// The last stage.
pub(crate) struct MainSecret<P: CryptoProvider> {
    hash: HashAlgorithm,
    secret: P::Secret,
}

impl<P: CryptoProvider> MainSecret<P> {
    /// The secrets that protect application data; `transcript` is that of ClientHello...server Finished.
    pub(crate) fn traffic_secrets(&self, provider: &mut P, transcript: &Digest) -> Result<TrafficSecrets<P>> {
        Ok(TrafficSecrets {
            client: self.secret.derive(provider, self.hash, b"c ap traffic", transcript.as_bytes())?,
            server: self.secret.derive(provider, self.hash, b"s ap traffic", transcript.as_bytes())?,
        })
    }

    /// The exporter secret, over the same transcript.
    pub(crate) fn exporter_secret(&self, provider: &mut P, transcript: &Digest) -> Result<P::Secret> {
        self.secret.derive(provider, self.hash, b"exp master", transcript.as_bytes())
    }
}

/// The next application traffic secret (RFC 9846 7.2).
pub(crate) fn next_traffic_secret<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    secret: &P::Secret,
) -> Result<P::Secret> {
    secret.derive(provider, hash, b"traffic upd", b"")
}

/// The `verify_data` of a Finished (RFC 9846 4.5.3); `base_key` is the sender's handshake traffic secret.
pub(crate) fn verify_data<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    base_key: &P::Secret,
    transcript: &Digest,
) -> Result<Digest> {
    let finished_key = base_key.derive(provider, hash, b"finished", b"")?;
    finished_key.mac(provider, hash, transcript.as_bytes())
}

/// TLS-Exporter (RFC 9846 7.5).
pub(crate) fn export<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    exporter_secret: &P::Secret,
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Result<()> {
    let empty = P::Hash::start(provider, hash)?.finish(provider)?;
    let mut context_hash = P::Hash::start(provider, hash)?;
    context_hash.update(provider, context)?;
    let context_hash = context_hash.finish(provider)?;
    let secret = exporter_secret.derive(provider, hash, label, empty.as_bytes())?;
    secret.export(provider, hash, b"exporter", context_hash.as_bytes(), out)
}
