//! The key schedule (RFC 9846 7.1) as stages, each made from the one above it, and the transcript hash.
//!
//! ```text
//!                  0
//!                  |
//!             0 -> Extract = Early            \
//!                  |                           | without a PSK always the same: `Secret::handshake_salt`
//!            Derive-Secret(., "derived", "")  /
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

/// The first stage that depends on the connection.
pub(crate) struct HandshakeSecret<P: CryptoProvider> {
    hash: HashAlgorithm,
    secret: P::Secret,
}

impl<P: CryptoProvider> HandshakeSecret<P> {
    /// From the shared secret of the key exchange, without a PSK.
    pub(crate) fn new(provider: &mut P, hash: HashAlgorithm, shared: &P::Secret) -> Result<Self> {
        let salt = P::Secret::handshake_salt(provider, hash)?;
        Ok(Self { hash, secret: P::Secret::extract(provider, hash, Some(&salt), Some(shared))? })
    }

    /// The secrets that protect the handshake; `transcript` is that of ClientHello...ServerHello.
    pub(crate) fn traffic_secrets(&self, provider: &mut P, transcript: &Digest) -> Result<TrafficSecrets<P>> {
        Ok(TrafficSecrets {
            client: self.secret.derive(provider, self.hash, b"c hs traffic", transcript.as_bytes())?,
            server: self.secret.derive(provider, self.hash, b"s hs traffic", transcript.as_bytes())?,
        })
    }

    /// The last stage.
    pub(crate) fn into_main(self, provider: &mut P) -> Result<MainSecret<P>> {
        let salt = self.secret.derive(provider, self.hash, b"derived", self.hash.empty_digest())?;
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
    let context_hash = P::Hash::digest(provider, hash, &[context])?;
    let secret = exporter_secret.derive(provider, hash, label, hash.empty_digest())?;
    secret.export(provider, hash, b"exporter", context_hash.as_bytes(), out)
}
