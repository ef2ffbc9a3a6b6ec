//! What an application decides: whom to trust, who to be, and what to offer.

use crate::codes::{CipherSuite, MaxFragmentLength, NamedGroup, SignatureScheme};
use crate::crypto::{Aead, CryptoProvider, Hash, KeyExchange, KeyLog, PeerVerifier, SignatureVerifier, Signer};
use crate::error::{Error, Result};
pub use crate::record::Padding;

/// A certificate chain and the key that goes with it.
pub struct Identity<'a, P: CryptoProvider> {
    /// The chain in DER, end entity first. It may stay in flash: it is never copied as a whole.
    pub certificate_chain: &'a [&'a [u8]],
    /// The private key.
    pub signer: &'a dyn Signer<P>,
}

impl<'a, P: CryptoProvider> Identity<'a, P> {
    /// An identity.
    pub const fn new(certificate_chain: &'a [&'a [u8]], signer: &'a dyn Signer<P>) -> Self {
        Self { certificate_chain, signer }
    }
}

impl<P: CryptoProvider> Clone for Identity<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: CryptoProvider> Copy for Identity<'_, P> {}

/// Whether a server asks its clients who they are.
pub enum ClientAuthentication<'a, P: CryptoProvider> {
    /// It does not ask.
    None,
    /// It asks; a client may decline. A certificate that fails ends the handshake all the same.
    Optional(&'a dyn PeerVerifier<P>),
    /// It asks, and a client must answer.
    Required(&'a dyn PeerVerifier<P>),
}

impl<P: CryptoProvider> Clone for ClientAuthentication<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: CryptoProvider> Copy for ClientAuthentication<'_, P> {}

impl<'a, P: CryptoProvider> ClientAuthentication<'a, P> {
    pub(crate) const fn verifier(&self) -> Option<&'a dyn PeerVerifier<P>> {
        match self {
            Self::None => None,
            Self::Optional(verifier) | Self::Required(verifier) => Some(*verifier),
        }
    }
}

/// What both roles decide.
pub(crate) struct Common<'a> {
    cipher_suites: Option<&'a [CipherSuite]>,
    named_groups: Option<&'a [NamedGroup]>,
    signature_schemes: Option<&'a [SignatureScheme]>,
    pub(crate) alpn: &'a [&'a [u8]],
    pub(crate) record_size_limit: Option<u16>,
    pub(crate) padding: Padding,
    pub(crate) records_per_key: u64,
    pub(crate) key_log: Option<&'a dyn KeyLog>,
}

impl Common<'_> {
    const fn new() -> Self {
        Self {
            cipher_suites: None,
            named_groups: None,
            signature_schemes: None,
            alpn: &[],
            record_size_limit: None,
            padding: Padding::None,
            records_per_key: u64::MAX,
            key_log: None,
        }
    }
}

impl<'a> Common<'a> {
    /// The suites to negotiate, in order of preference.
    pub(crate) fn cipher_suites<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = CipherSuite> + use<'a, 'p, P> {
        let suites: &'p [CipherSuite] = provider.cipher_suites();
        either(self.cipher_suites, suites).filter(|&suite| P::Aead::supports(suite) && P::Hash::supports(suite.hash()))
    }

    /// The groups to negotiate, in order of preference.
    pub(crate) fn named_groups<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = NamedGroup> + use<'a, 'p, P> {
        either(self.named_groups, provider.named_groups()).filter(|&group| P::KeyExchange::supports(group))
    }

    /// The schemes to accept in certificates, in order of preference.
    pub(crate) fn certificate_schemes<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = SignatureScheme> + use<'a, 'p, P> {
        either(self.signature_schemes, provider.signature_schemes())
            .filter(|&scheme| P::SignatureVerifier::supports(scheme.into()))
    }

    /// The schemes to accept in CertificateVerify, in order of preference.
    pub(crate) fn handshake_schemes<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = SignatureScheme> + use<'a, 'p, P> {
        self.certificate_schemes(provider).filter(|scheme| scheme.signs_handshake())
    }

    fn check(&self) -> Result<()> {
        if self.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(Error::InvalidConfiguration("an application protocol's name must have 1 to 255 bytes"));
        }
        if self.record_size_limit.is_some_and(|limit| limit < 64) {
            return Err(Error::InvalidConfiguration("record_size_limit must be at least 64"));
        }
        if self.records_per_key == 0 {
            return Err(Error::InvalidConfiguration("a key must protect at least one record"));
        }
        Ok(())
    }
}

/// The configured values, or else the provider's.
fn either<'c, 'p, T: Copy>(configured: Option<&'c [T]>, provided: &'p [T]) -> impl Iterator<Item = T> + use<'c, 'p, T> {
    let (own, default) = match configured {
        Some(own) => (own, &[][..]),
        None => (&[][..], provided),
    };
    own.iter().copied().chain(default.iter().copied())
}

fn check_identities<P: CryptoProvider>(identities: &[Identity<'_, P>]) -> Result<()> {
    if identities.iter().any(|identity| identity.certificate_chain.is_empty()) {
        return Err(Error::InvalidConfiguration("an identity has no certificate"));
    }
    if identities.iter().any(|identity| identity.certificate_chain.iter().any(|certificate| certificate.is_empty())) {
        return Err(Error::InvalidConfiguration("a certificate is empty"));
    }
    if identities.iter().any(|identity| !identity.signer.schemes().iter().any(|scheme| scheme.signs_handshake())) {
        return Err(Error::InvalidConfiguration("a key of an identity cannot sign handshakes"));
    }
    Ok(())
}

/// The builder methods that both roles have.
macro_rules! common_builders {
    () => {
        /// The cipher suites, in order of preference; without this, the provider's.
        #[must_use]
        pub const fn with_cipher_suites(mut self, suites: &'a [CipherSuite]) -> Self {
            self.common.cipher_suites = Some(suites);
            self
        }

        /// The groups, in order of preference; without this, the provider's.
        #[must_use]
        pub const fn with_named_groups(mut self, groups: &'a [NamedGroup]) -> Self {
            self.common.named_groups = Some(groups);
            self
        }

        /// The signature schemes to accept from the peer, in order of preference; without this, the provider's.
        #[must_use]
        pub const fn with_signature_schemes(mut self, schemes: &'a [SignatureScheme]) -> Self {
            self.common.signature_schemes = Some(schemes);
            self
        }

        /// The application protocols (RFC 7301), in order of preference.
        #[must_use]
        pub const fn with_alpn(mut self, protocols: &'a [&'a [u8]]) -> Self {
            self.common.alpn = protocols;
            self
        }

        /// The record_size_limit (RFC 8449) to ask of the peer, in bytes. Without this, and never more than, what
        /// the receive buffer takes.
        #[must_use]
        pub const fn with_record_size_limit(mut self, limit: u16) -> Self {
            self.common.record_size_limit = Some(limit);
            self
        }

        /// How records we send are padded (RFC 9846 5.4); by default not at all.
        #[must_use]
        pub const fn with_padding(mut self, padding: Padding) -> Self {
            self.common.padding = padding;
            self
        }

        /// How many records we send under one key before we renew it (RFC 9846 4.7.3), if that is less than the
        /// limit of the suite.
        #[must_use]
        pub const fn with_records_per_key(mut self, records: u64) -> Self {
            self.common.records_per_key = records;
            self
        }

        /// Tells every traffic secret to `key_log`. Whoever reads it reads the connection: for debugging only.
        #[must_use]
        pub const fn with_key_log(mut self, key_log: &'a dyn KeyLog) -> Self {
            self.common.key_log = Some(key_log);
            self
        }
    };
}

/// What a client decides. It serves any number of connections.
pub struct ClientConfig<'a, P: CryptoProvider> {
    pub(crate) common: Common<'a>,
    pub(crate) verifier: &'a dyn PeerVerifier<P>,
    pub(crate) identities: &'a [Identity<'a, P>],
    pub(crate) key_shares: Option<&'a [NamedGroup]>,
    pub(crate) max_fragment_length: Option<MaxFragmentLength>,
    pub(crate) compatibility_mode: bool,
}

impl<'a, P: CryptoProvider> ClientConfig<'a, P> {
    /// A client that trusts the servers that `verifier` accepts.
    pub const fn new(verifier: &'a dyn PeerVerifier<P>) -> Self {
        Self {
            common: Common::new(),
            verifier,
            identities: &[],
            key_shares: None,
            max_fragment_length: None,
            compatibility_mode: true,
        }
    }

    common_builders!();

    /// Who the client is, for servers that ask. Without an identity that fits it declines.
    #[must_use]
    pub const fn with_identities(mut self, identities: &'a [Identity<'a, P>]) -> Self {
        self.identities = identities;
        self
    }

    /// The groups to send key shares for, at most [`MAX_KEY_SHARES`](crate::limits::MAX_KEY_SHARES). Without this,
    /// the most preferred group; an empty list makes the server choose, at the cost of a round trip.
    #[must_use]
    pub const fn with_key_shares(mut self, groups: &'a [NamedGroup]) -> Self {
        self.key_shares = Some(groups);
        self
    }

    /// Asks for fragments of at most this length in both directions (RFC 6066 4), for servers that do not know
    /// record_size_limit.
    #[must_use]
    pub const fn with_max_fragment_length(mut self, length: MaxFragmentLength) -> Self {
        self.max_fragment_length = Some(length);
        self
    }

    /// Whether the handshake looks like one of TLS 1.2 to middleboxes (RFC 9846 E.4); by default it does.
    #[must_use]
    pub const fn with_compatibility_mode(mut self, on: bool) -> Self {
        self.compatibility_mode = on;
        self
    }

    /// Whether this configuration can work. [`Connection`](crate::Connection) asks too, at the cost of
    /// the buffers it was given.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`].
    pub fn check(&self) -> Result<()> {
        self.common.check()?;
        check_identities(self.identities)?;
        if self.max_fragment_length.is_some_and(|length| length.bytes().is_none()) {
            return Err(Error::InvalidConfiguration("this max_fragment_length is not defined"));
        }
        if self.key_shares.is_some_and(|groups| groups.len() > crate::limits::MAX_KEY_SHARES) {
            return Err(Error::InvalidConfiguration("too many key shares"));
        }
        Ok(())
    }
}

/// What a server decides. It serves any number of connections.
pub struct ServerConfig<'a, P: CryptoProvider> {
    pub(crate) common: Common<'a>,
    pub(crate) identities: &'a [Identity<'a, P>],
    pub(crate) client_authentication: ClientAuthentication<'a, P>,
}

impl<'a, P: CryptoProvider> ServerConfig<'a, P> {
    /// A server with these identities: the first that can sign what the client verifies is used.
    pub const fn new(identities: &'a [Identity<'a, P>]) -> Self {
        Self { common: Common::new(), identities, client_authentication: ClientAuthentication::None }
    }

    common_builders!();

    /// Whether clients are asked who they are; by default they are not.
    #[must_use]
    pub const fn with_client_authentication(mut self, authentication: ClientAuthentication<'a, P>) -> Self {
        self.client_authentication = authentication;
        self
    }

    /// Whether this configuration can work. [`Connection`](crate::Connection) asks too, at the cost of
    /// the buffers it was given.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`].
    pub fn check(&self) -> Result<()> {
        self.common.check()?;
        if self.identities.is_empty() {
            return Err(Error::InvalidConfiguration("a server needs an identity"));
        }
        check_identities(self.identities)
    }
}
