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
use crate::crypto::{CryptoProvider, Digest, Hash, Label, LabelPrefix, Secret};
use crate::error::{Error, Result};

/// How far a schedule has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    None,
    Handshake,
    Main,
    /// All that depends on the main secret has been derived; what stays is the exporter secret.
    Complete,
}

/// A secret that one stage of the schedule gives.
pub(crate) struct Derived {
    stage: Stage,
    label: &'static [u8],
    /// What it is called in a key log.
    pub(crate) log_label: &'static str,
}

/// The names of the traffic secrets, and of the exporter secret (RFC 9846 7.1).
impl Derived {
    pub(crate) const CLIENT_HANDSHAKE: Self =
        Self { stage: Stage::Handshake, label: b"c hs traffic", log_label: "CLIENT_HANDSHAKE_TRAFFIC_SECRET" };
    pub(crate) const SERVER_HANDSHAKE: Self =
        Self { stage: Stage::Handshake, label: b"s hs traffic", log_label: "SERVER_HANDSHAKE_TRAFFIC_SECRET" };
    pub(crate) const CLIENT_APPLICATION: Self =
        Self { stage: Stage::Main, label: b"c ap traffic", log_label: "CLIENT_TRAFFIC_SECRET_0" };
    pub(crate) const SERVER_APPLICATION: Self =
        Self { stage: Stage::Main, label: b"s ap traffic", log_label: "SERVER_TRAFFIC_SECRET_0" };
    pub(crate) const EXPORTER: Self = Self { stage: Stage::Main, label: b"exp master", log_label: "EXPORTER_SECRET" };
}

/// The secrets that the next steps need. They have their place in the connection, so that no state carries them.
pub(crate) struct KeySchedule<P: CryptoProvider> {
    stage: Stage,
    /// That of the stage.
    secret: Option<P::Secret>,
    /// The client's application traffic secret, which takes effect behind the client's Finished.
    client_secret: Option<P::Secret>,
}

impl<P: CryptoProvider> KeySchedule<P> {
    /// Nothing has been agreed on, or everything was forgotten.
    pub(crate) const fn none() -> Self {
        Self { stage: Stage::None, secret: None, client_secret: None }
    }

    /// To the handshake secret, from the shared secret of the key exchange, without a PSK.
    pub(crate) fn begin(&mut self, provider: &mut P, hash: HashAlgorithm, shared: &P::Secret) -> Result<()> {
        let salt = P::Secret::handshake_salt(provider, hash, LabelPrefix::TLS_1_3)?;
        self.secret = Some(P::Secret::extract(provider, hash, Some(&salt), Some(shared))?);
        self.stage = Stage::Handshake;
        Ok(())
    }

    /// To the main secret.
    pub(crate) fn proceed(&mut self, provider: &mut P, hash: HashAlgorithm) -> Result<()> {
        let salt =
            self.secret(Stage::Handshake)?.derive(provider, hash, &Label::tls13(b"derived"), hash.empty_digest())?;
        self.secret = Some(P::Secret::extract(provider, hash, Some(&salt), None)?);
        self.stage = Stage::Main;
        Ok(())
    }

    /// A secret of the current stage. `transcript` is that of ClientHello...ServerHello for handshake traffic,
    /// and of ClientHello...server Finished for what comes after.
    pub(crate) fn derive(
        &self,
        provider: &mut P,
        hash: HashAlgorithm,
        derived: &Derived,
        transcript: &Digest,
    ) -> Result<P::Secret> {
        self.secret(derived.stage)?.derive(provider, hash, &Label::tls13(derived.label), transcript.as_bytes())
    }

    /// Keeps the client's application traffic secret, and the exporter secret in place of the main secret.
    pub(crate) fn complete(&mut self, client_secret: P::Secret, exporter_secret: P::Secret) {
        *self = Self { stage: Stage::Complete, secret: Some(exporter_secret), client_secret: Some(client_secret) };
    }

    /// The client's application traffic secret, which nobody else needs.
    pub(crate) fn take_client_secret(&mut self) -> Result<P::Secret> {
        self.client_secret.take().ok_or(Error::Internal)
    }

    /// TLS-Exporter (RFC 9846 7.5).
    pub(crate) fn export(
        &self,
        provider: &mut P,
        hash: HashAlgorithm,
        label: &[u8],
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let context_hash = P::Hash::digest(provider, hash, &[context])?;
        let secret = self.secret(Stage::Complete)?.derive(provider, hash, &Label::tls13(label), hash.empty_digest())?;
        secret.export(provider, hash, &Label::tls13(b"exporter"), context_hash.as_bytes(), out)
    }

    fn secret(&self, stage: Stage) -> Result<&P::Secret> {
        self.secret.as_ref().filter(|_| self.stage == stage).ok_or(Error::Internal)
    }
}

/// The next application traffic secret (RFC 9846 7.2).
pub(crate) fn next_traffic_secret<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    secret: &P::Secret,
) -> Result<P::Secret> {
    secret.derive(provider, hash, &Label::tls13(b"traffic upd"), b"")
}

/// The `verify_data` of a Finished (RFC 9846 4.5.3); `base_key` is the sender's handshake traffic secret.
pub(crate) fn verify_data<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    base_key: &P::Secret,
    transcript: &Digest,
) -> Result<Digest> {
    let finished_key = base_key.derive(provider, hash, &Label::tls13(b"finished"), b"")?;
    finished_key.mac(provider, hash, transcript.as_bytes())
}
