//! The Main Secret, and the exporter secret, which outlives it.

use super::{Arrow, Name, Stage, label};
use crate::codes::HashAlgorithm;
use crate::crypto::{CryptoProvider, Digest, Hash, Label, Secret};
use crate::error::Result;

/// The Main Secret.
pub(crate) struct Main<P: CryptoProvider>(pub(super) Stage<P>);

/// Which arrow of the [Main Secret](Main) to follow, to where `transcript` is that of ClientHello...server Finished.
#[derive(Clone, Copy)]
pub(crate) struct FromMain(&'static Name);

impl FromMain {
    /// `client_application_traffic_secret_0`.
    pub(crate) const CLIENT_TRAFFIC: Self = Self(&Name::CLIENT_APPLICATION_TRAFFIC);
    /// `server_application_traffic_secret_0`.
    pub(crate) const SERVER_TRAFFIC: Self = Self(&Name::SERVER_APPLICATION_TRAFFIC);
    /// `exporter_secret`.
    pub(crate) const EXPORTER: Self = Self(&Name::EXPORTER);
}

impl<P: CryptoProvider> Main<P> {
    /// One of the arrows.
    pub(crate) const fn arrow(&self, to: FromMain) -> Arrow<'_, P> {
        self.0.arrow(to.0)
    }

    /// `resumption_secret`; `transcript` is that of ClientHello...client Finished.
    #[cfg_attr(not(any(test, feature = "tickets")), expect(dead_code, reason = "for tickets"))]
    pub(crate) fn resumption(&self, provider: &mut P, transcript: &Digest) -> Result<Resumption<P>> {
        let secret = self.0.derive(provider, &label::RESUMPTION, transcript)?;
        Ok(Resumption(Stage { secret, hash: self.0.hash }))
    }
}

/// What exporters are made of.
pub(crate) struct Exporter<P: CryptoProvider>(Stage<P>);

impl<P: CryptoProvider> Exporter<P> {
    /// Of the [exporter secret](Main::exporter) and its hash.
    pub(crate) const fn new(secret: P::Secret, hash: HashAlgorithm) -> Self {
        Self(Stage { secret, hash })
    }

    /// TLS-Exporter (RFC 9846 7.5).
    pub(crate) fn export(&self, provider: &mut P, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<()> {
        let hash = self.0.hash;
        let context_hash = P::Hash::digest(provider, hash, &[context])?;
        let secret = self.0.derive_bare(provider, &Label::tls13(label))?;
        secret.export(provider, hash, &Label::tls13(b"exporter"), context_hash.as_bytes(), out)
    }
}

/// What the PSKs of tickets are made of.
pub(crate) struct Resumption<P: CryptoProvider>(Stage<P>);

#[cfg_attr(not(any(test, feature = "tickets")), expect(dead_code, reason = "for tickets"))]
impl<P: CryptoProvider> Resumption<P> {
    /// The PSK of a ticket with this nonce (RFC 9846 4.7.1).
    pub(crate) fn psk(&self, provider: &mut P, ticket_nonce: &[u8]) -> Result<P::Secret> {
        self.0.secret.derive(provider, self.0.hash, &label::TICKET, ticket_nonce)
    }
}
