//! The key schedule (RFC 9846 7.1) as values, each made from the one above it, and the transcript hash.
//!
//! ```text
//!                    0
//!                    |
//!             PSK -> Extract = Early ---> ext binder, res binder; c e traffic, e exp master
//!                    |
//!              Derive-Secret(., "derived", "")      without a PSK always the same: `Secret::handshake_salt`
//!                    |
//!   shared secret -> Extract = Handshake ---> c hs traffic, s hs traffic
//!                    |
//!              Derive-Secret(., "derived", "")
//!                    |
//!               0 -> Extract = Main ---> c ap traffic, s ap traffic, exp master; res master
//! ```
//!
//! A value has one small method for each of its arrows, and one that makes the next value of it and ends it. So a
//! secret cannot be asked for too early or too late. [`Early`] and [`Handshake`] live within one step of the handshake;
//! [`Main`] lives from the ServerHello to the client's Finished, which its last arrow needs.

mod early;
mod handshake;
mod main;
#[cfg(test)]
mod tests;
mod transcript;

#[cfg(any(test, feature = "psk"))]
pub(crate) use early::Early;
pub(crate) use handshake::Handshake;
#[cfg(feature = "tickets")]
pub(crate) use main::Resumption;
pub(crate) use main::{Exporter, FromMain, Main};
pub(crate) use transcript::Transcript;
#[cfg(feature = "psk")]
pub(crate) use transcript::message_hash_header;

use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Digest, Label, Secret};
use crate::error::{Result, by_ref};

/// What an arrow is called: its label (RFC 9846 7.1), and the secret's name in a key log.
pub(crate) struct Name {
    label: Label<'static>,
    log: &'static str,
}

impl Name {
    const CLIENT_EARLY_TRAFFIC: Self = Self { label: Label::tls13(b"c e traffic"), log: "CLIENT_EARLY_TRAFFIC_SECRET" };
    const EARLY_EXPORTER: Self = Self { label: Label::tls13(b"e exp master"), log: "EARLY_EXPORTER_SECRET" };
    const CLIENT_HANDSHAKE_TRAFFIC: Self =
        Self { label: Label::tls13(b"c hs traffic"), log: "CLIENT_HANDSHAKE_TRAFFIC_SECRET" };
    const SERVER_HANDSHAKE_TRAFFIC: Self =
        Self { label: Label::tls13(b"s hs traffic"), log: "SERVER_HANDSHAKE_TRAFFIC_SECRET" };
    const CLIENT_APPLICATION_TRAFFIC: Self =
        Self { label: Label::tls13(b"c ap traffic"), log: "CLIENT_TRAFFIC_SECRET_0" };
    const SERVER_APPLICATION_TRAFFIC: Self =
        Self { label: Label::tls13(b"s ap traffic"), log: "SERVER_TRAFFIC_SECRET_0" };
    const EXPORTER: Self = Self { label: Label::tls13(b"exp master"), log: "EXPORTER_SECRET" };
}

/// The labels of what no key log gets to know.
mod label {
    use crate::crypto::Label;

    pub(super) const EXTERNAL_BINDER: Label<'static> = Label::tls13(b"ext binder");
    pub(super) const IMPORTED_BINDER: Label<'static> = Label::tls13(b"imp binder");
    pub(super) const RESUMPTION_BINDER: Label<'static> = Label::tls13(b"res binder");
    pub(super) const RESUMPTION: Label<'static> = Label::tls13(b"res master");
    /// From one value to the next.
    pub(super) const DERIVED: Label<'static> = Label::tls13(b"derived");
    /// RFC 9846 4.5.3.
    pub(super) const FINISHED: Label<'static> = Label::tls13(b"finished");
    /// RFC 9846 4.7.1.
    pub(super) const TICKET: Label<'static> = Label::tls13(b"resumption");
    /// RFC 9846 7.2.
    pub(super) const TRAFFIC_UPDATE: Label<'static> = Label::tls13(b"traffic upd");
}

/// An arrow to a secret that leaves the schedule: a traffic secret, or what exporters are made of.
pub(crate) struct Arrow<'s, P: CryptoProvider> {
    from: &'s Stage<P>,
    name: &'static Name,
}

impl<P: CryptoProvider> Clone for Arrow<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: CryptoProvider> Copy for Arrow<'_, P> {}

impl<P: CryptoProvider> Arrow<'_, P> {
    /// The secret. `transcript` is the hash of the messages that the arrow's method names.
    pub(crate) fn follow(&self, provider: &mut P, transcript: &Digest) -> Result<P::Secret> {
        self.from.derive(provider, &self.name.label, transcript)
    }

    /// The name of the secret in a key log.
    pub(crate) const fn log_name(&self) -> &'static str {
        self.name.log
    }
}

/// A secret of the schedule, and the hash that it is of.
struct Stage<P: CryptoProvider> {
    secret: P::Secret,
    hash: HashAlgorithm,
}

impl<P: CryptoProvider> Stage<P> {
    /// HKDF-Extract, with the secret from the left (none: zeros) and the salt from above.
    fn extract(
        provider: &mut P,
        hash: HashAlgorithm,
        salt: Option<&P::Secret>,
        input: Option<&P::Secret>,
    ) -> Result<Self> {
        Ok(Self { secret: P::Secret::extract(provider, hash, salt, input)?, hash })
    }

    /// Derive-Secret of no messages.
    fn derive_bare(&self, provider: &mut P, label: &Label<'_>) -> Result<P::Secret> {
        self.secret.derive(provider, self.hash, label, self.hash.empty_digest())
    }

    /// Derive-Secret of the messages whose hash is `transcript`.
    fn derive(&self, provider: &mut P, label: &Label<'_>, transcript: &Digest) -> Result<P::Secret> {
        self.secret.derive(provider, self.hash, label, transcript.as_bytes())
    }

    const fn arrow(&self, name: &'static Name) -> Arrow<'_, P> {
        Arrow { from: self, name }
    }

    /// What the value below is extracted with.
    fn salt(&self, provider: &mut P) -> Result<P::Secret> {
        self.derive_bare(provider, &label::DERIVED)
    }
}

/// The next application traffic secret (RFC 9846 7.2).
pub(crate) fn next_traffic_secret<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    secret: &P::Secret,
) -> Result<P::Secret> {
    secret.derive(provider, hash, &label::TRAFFIC_UPDATE, b"")
}

/// The `verify_data` of a Finished (RFC 9846 4.5.3), whose `base_key` is the sender's handshake traffic secret; or the
/// binder of a PSK (4.3.11.2), whose is a binder key.
pub(crate) fn verify_data<P: CryptoProvider>(
    provider: &mut P,
    hash: HashAlgorithm,
    base_key: &P::Secret,
    transcript: &Digest,
) -> Result<Digest> {
    let finished_key = base_key.derive(provider, hash, &label::FINISHED, b"");
    by_ref(&finished_key)?.mac(provider, hash, transcript.as_bytes())
}
