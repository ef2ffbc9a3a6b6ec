//! What an application decides: whom to trust, who to be, and what to offer.

#[cfg(target_has_atomic = "ptr")]
pub use crate::identity::RotatingIdentities;
pub use crate::identity::{ClientHello, Identity, IdentityChooser, IdentityRequest, ProtocolChooser};
pub use crate::record::Padding;
pub use crate::wire::List;
pub use crate::wire::extensions::{CertificateAuthorities, CertificateTypeList};

use crate::codes::{CertificateType, CipherSuite, MaxFragmentLength, NamedGroup, SignatureScheme};
use crate::crypto::{Aead, CryptoProvider, Hash, KeyExchange, KeyLog, PeerVerifier, SignatureVerifier};
use crate::error::{Error, Misconfiguration, Result};
use crate::identity::{Identities, check_certificate_types, has_duplicates};
use crate::limits::{MAX_AUTHORITIES_LEN, MAX_KEY_EPOCH, MAX_NAMES_LEN};
use crate::psk::{ClientPsks, ServerPsks};
use crate::session::ClientSessions;
#[cfg(feature = "tickets")]
use crate::tickets::ServerTickets;
use core::task::Waker;

/// Whether a server asks its clients for a certificate. Those that it accepts by a pre-shared key have proved who they
/// are by that, and are not asked (RFC 9846 4.4.2).
pub enum ClientAuthentication<'a, P: CryptoProvider> {
    /// It does not ask.
    None,
    /// It asks; a client may decline. A certificate that fails ends the handshake all the same.
    Optional(&'a dyn PeerVerifier<P>),
    /// It asks, and a client must answer, unless it has a pre-shared key.
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

/// The types of certificate where nothing else is agreed on.
const X509_ONLY: &[CertificateType] = &[CertificateType::X509];

/// Whether these are all: then nothing needs to be said of types.
pub(crate) const fn is_x509_only(types: &[CertificateType]) -> bool {
    matches!(types, [CertificateType::X509])
}

/// What both roles decide.
pub(crate) struct Common<'a> {
    cipher_suites: Option<&'a [CipherSuite]>,
    named_groups: Option<&'a [NamedGroup]>,
    signature_schemes: Option<&'a [SignatureScheme]>,
    certificate_schemes: Option<&'a [SignatureScheme]>,
    pub(crate) alpn: &'a [&'a [u8]],
    pub(crate) peer_certificate_types: &'a [CertificateType],
    pub(crate) certificate_authorities: &'a [&'a [u8]],
    pub(crate) asks_certificate_status: bool,
    pub(crate) asks_certificate_timestamps: bool,
    pub(crate) record_size_limit: Option<u16>,
    pub(crate) sent_record_len: u16,
    pub(crate) padding: Padding,
    pub(crate) records_per_key: u64,
    pub(crate) max_key_epoch: u64,
    pub(crate) key_log: Option<&'a dyn KeyLog>,
}

impl Common<'_> {
    const fn new() -> Self {
        Self {
            cipher_suites: None,
            named_groups: None,
            signature_schemes: None,
            certificate_schemes: None,
            alpn: &[],
            peer_certificate_types: X509_ONLY,
            certificate_authorities: &[],
            asks_certificate_status: false,
            asks_certificate_timestamps: false,
            record_size_limit: None,
            sent_record_len: u16::MAX,
            padding: Padding::None,
            records_per_key: u64::MAX,
            max_key_epoch: MAX_KEY_EPOCH,
            key_log: None,
        }
    }
}

impl<'a> Common<'a> {
    /// The suites to negotiate, in order of preference.
    pub(crate) fn cipher_suites<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = CipherSuite> + use<'p, P>
    where
        'a: 'p,
    {
        either(self.cipher_suites, provider.cipher_suites()).filter(|&suite| supports_suite::<P>(suite))
    }

    /// The groups to negotiate, in order of preference; those with long shares only if these fit.
    pub(crate) fn named_groups<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
        fits_hybrids: bool,
    ) -> impl Iterator<Item = NamedGroup> + use<'p, P>
    where
        'a: 'p,
    {
        either(self.named_groups, provider.named_groups())
            .filter(move |&group| P::KeyExchange::supports(group) && (fits_hybrids || !group.is_hybrid()))
    }

    /// The schemes to accept in certificates, in order of preference.
    pub(crate) fn certificate_schemes<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = SignatureScheme> + use<'p, P>
    where
        'a: 'p,
    {
        either(self.certificate_schemes.or(self.signature_schemes), provider.signature_schemes())
            .filter(|&scheme| P::SignatureVerifier::supports(scheme.into()))
    }

    /// Whether more schemes, or others, are accepted in certificates than in CertificateVerify.
    pub(crate) fn has_schemes_for_certificates<P: CryptoProvider>(&self, provider: &P) -> bool {
        self.certificate_schemes.is_some() || self.certificate_schemes(provider).any(|scheme| !scheme.signs_handshake())
    }

    /// The schemes to accept in CertificateVerify, in order of preference.
    pub(crate) fn handshake_schemes<'p, P: CryptoProvider>(
        &self,
        provider: &'p P,
    ) -> impl Iterator<Item = SignatureScheme> + use<'p, P>
    where
        'a: 'p,
    {
        either(self.signature_schemes, provider.signature_schemes())
            .filter(|&scheme| scheme.signs_handshake() && P::SignatureVerifier::supports(scheme.into()))
    }

    /// Checks what holds for both roles; `protocols` share a message of `max_len` bytes for names with the authorities.
    fn check<P: CryptoProvider>(&self, verifies_peer: bool, protocols: &[&[u8]], max_len: usize) -> Result<()> {
        self.check_algorithms::<P>(verifies_peer)?;
        let names = protocols.iter().chain(self.certificate_authorities);
        if names.fold(0, |sum, name| name.len().saturating_add(2).saturating_add(sum)) > max_len {
            return Err(Error::InvalidConfiguration(Misconfiguration::ListTooLong));
        }
        if self.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(Error::InvalidConfiguration(Misconfiguration::ApplicationProtocol));
        }
        if self.record_size_limit.is_some_and(|limit| limit < 64) || self.sent_record_len < 64 {
            return Err(Error::InvalidConfiguration(Misconfiguration::RecordSizeLimit));
        }
        check_certificate_types(self.peer_certificate_types)?;
        if self.certificate_authorities.iter().any(|name| name.is_empty() || name.len() > 0xffff) {
            return Err(Error::InvalidConfiguration(Misconfiguration::CertificateAuthority));
        }
        if has_duplicates(self.cipher_suites.unwrap_or_default())
            || has_duplicates(self.named_groups.unwrap_or_default())
            || has_duplicates(self.signature_schemes.unwrap_or_default())
            || has_duplicates(self.certificate_schemes.unwrap_or_default())
        {
            return Err(Error::InvalidConfiguration(Misconfiguration::NamedTwice));
        }
        if self.records_per_key < 2 {
            return Err(Error::InvalidConfiguration(Misconfiguration::RecordsPerKey));
        }
        Ok(())
    }

    /// Checks that of each list that is given the provider has something to do with. What it has by itself is its own
    /// affair.
    fn check_algorithms<P: CryptoProvider>(&self, verifies_peer: bool) -> Result<()> {
        let wrong = |what| Err(Error::InvalidConfiguration(what));
        if self.cipher_suites.is_some_and(|list| !list.iter().any(|&suite| supports_suite::<P>(suite))) {
            return wrong(Misconfiguration::NoCipherSuite);
        }
        if self.named_groups.is_some_and(|list| !list.iter().any(|&group| P::KeyExchange::supports(group))) {
            return wrong(Misconfiguration::NoNamedGroup);
        }
        let verifies =
            |&scheme: &SignatureScheme| scheme.signs_handshake() && P::SignatureVerifier::supports(scheme.into());
        if verifies_peer && self.signature_schemes.is_some_and(|list| !list.iter().any(verifies)) {
            return wrong(Misconfiguration::NoSignatureScheme);
        }
        let in_certificates = |&scheme: &SignatureScheme| P::SignatureVerifier::supports(scheme.into());
        if verifies_peer && self.certificate_schemes.is_some_and(|list| !list.iter().any(in_certificates)) {
            return wrong(Misconfiguration::NoSignatureScheme);
        }
        Ok(())
    }
}

fn supports_suite<P: CryptoProvider>(suite: CipherSuite) -> bool {
    P::Aead::supports(suite) && P::Hash::supports(suite.hash())
}

/// The configured values, or else the provider's.
fn either<'p, T: Copy>(configured: Option<&'p [T]>, provided: &'p [T]) -> impl Iterator<Item = T> + use<'p, T> {
    configured.unwrap_or(provided).iter().copied()
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

        /// The signature schemes to accept in certificates, in order of preference, apart from those that the peer may
        /// sign the handshake with (RFC 9846 4.3.3); without this, [the same](Self::with_signature_schemes), and
        /// PKCS#1 with them.
        #[must_use]
        pub const fn with_certificate_schemes(mut self, schemes: &'a [SignatureScheme]) -> Self {
            self.common.certificate_schemes = Some(schemes);
            self
        }

        /// The application protocols (RFC 7301), in order of preference.
        #[must_use]
        pub const fn with_alpn(mut self, protocols: &'a [&'a [u8]]) -> Self {
            self.common.alpn = protocols;
            self
        }

        /// The types of certificate that the peer may present, in order of preference: X.509 (what holds without
        /// this), raw public keys (RFC 7250), or both. The verifier must know what to do with them:
        /// [`PinnedKey`](crate::crypto::PinnedKey) does.
        #[must_use]
        pub const fn with_peer_certificate_types(mut self, types: &'a [CertificateType]) -> Self {
            self.common.peer_certificate_types = types;
            self
        }

        /// The certification authorities to tell the peer about, so that it can choose a certificate that they
        /// issued (RFC 9846 4.3.4): the DER of their distinguished names.
        #[must_use]
        pub const fn with_certificate_authorities(mut self, names: &'a [&'a [u8]]) -> Self {
            self.common.certificate_authorities = names;
            self
        }

        /// Asks the peer for a stapled OCSP response (RFC 9846 4.5.1.1); the verifier gets it.
        #[must_use]
        pub const fn with_certificate_status_request(mut self) -> Self {
            self.common.asks_certificate_status = true;
            self
        }

        /// Asks the peer for signed certificate timestamps (RFC 6962); the verifier gets them.
        #[must_use]
        pub const fn with_certificate_timestamp_request(mut self) -> Self {
            self.common.asks_certificate_timestamps = true;
            self
        }

        /// The record_size_limit (RFC 8449) to ask of the peer, in bytes. Without this, and never more than, what
        /// the receive buffer takes.
        #[must_use]
        pub const fn with_record_size_limit(mut self, limit: u16) -> Self {
            self.common.record_size_limit = Some(limit);
            self
        }

        /// How many bytes of content a record that we send has at most, if the peer takes more; 64 or more. Short
        /// records reach a slow peer's application sooner, since a record is read only as a whole.
        #[must_use]
        pub const fn with_sent_record_len(mut self, len: u16) -> Self {
            self.common.sent_record_len = len;
            self
        }

        /// How records we send are padded (RFC 9846 5.4); by default not at all.
        #[must_use]
        pub const fn with_padding(mut self, padding: Padding) -> Self {
            self.common.padding = padding;
            self
        }

        /// How many records we send under one key before we renew it (RFC 9846 4.7.3), if that is less than the
        /// limit of the suite; at least 2, the KeyUpdate among them.
        #[must_use]
        pub const fn with_records_per_key(mut self, records: u64) -> Self {
            self.common.records_per_key = records;
            self
        }

        /// How often we renew our sending key at most, if that is less than [`MAX_KEY_EPOCH`]. A request of the peer is
        /// ignored after that (RFC 9846 4.7.3), and the connection ends when the last key is used up.
        #[must_use]
        pub const fn with_max_key_updates(mut self, updates: u64) -> Self {
            self.common.max_key_epoch = if updates < MAX_KEY_EPOCH { updates } else { MAX_KEY_EPOCH };
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
    pub(crate) identities: Identities<'a, P>,
    pub(crate) certificate_types: &'a [CertificateType],
    pub(crate) key_shares: Option<&'a [NamedGroup]>,
    pub(crate) max_fragment_length: Option<MaxFragmentLength>,
    pub(crate) compatibility_mode: bool,
    pub(crate) psks: ClientPsks<'a, P>,
    pub(crate) sessions: ClientSessions<'a, P>,
}

impl<'a, P: CryptoProvider> ClientConfig<'a, P> {
    /// A client that trusts the servers that `verifier` accepts. Without one there is no configuration:
    ///
    /// ```compile_fail
    /// # use saitls_core::{config::ClientConfig, crypto::CryptoProvider};
    /// # fn f<P: CryptoProvider>() {
    /// let config = ClientConfig::<P>::new();
    /// # }
    /// ```
    pub const fn new(verifier: &'a dyn PeerVerifier<P>) -> Self {
        Self::with(verifier, ClientPsks::none())
    }

    const fn with(verifier: &'a dyn PeerVerifier<P>, psks: ClientPsks<'a, P>) -> Self {
        Self {
            common: Common::new(),
            verifier,
            identities: Identities::Nobody,
            certificate_types: X509_ONLY,
            key_shares: None,
            max_fragment_length: None,
            compatibility_mode: true,
            psks,
            sessions: ClientSessions::none(),
        }
    }

    common_builders!();

    /// Who the client is, for servers that ask; [`IdentityRequest::choose_from`] says which of them. Without one that
    /// fits it declines.
    #[must_use]
    pub const fn with_identities(mut self, identities: &'a [Identity<'a, P>]) -> Self {
        self.identities = Identities::list(identities);
        self
    }

    /// Who the client is, for servers that ask, in place of a list.
    #[must_use]
    pub const fn with_identity_chooser(mut self, chooser: &'a dyn IdentityChooser<P>) -> Self {
        self.identities = Identities::chooser(chooser);
        self
    }

    /// The types of certificate that the client's identities have, in order of preference (RFC 7250); without this,
    /// X.509.
    #[must_use]
    pub const fn with_certificate_types(mut self, types: &'a [CertificateType]) -> Self {
        self.certificate_types = types;
        self
    }

    /// The groups to send key shares for, at most [`MAX_KEY_SHARES`](crate::limits::MAX_KEY_SHARES). Without this, the
    /// most preferred group and, if that is a hybrid with ML-KEM, the first that is not: few servers have neither. An
    /// empty list makes the server choose, at the cost of a round trip.
    #[must_use]
    pub const fn with_key_shares(mut self, groups: &'a [NamedGroup]) -> Self {
        self.key_shares = Some(groups);
        self
    }

    /// Asks for fragments of at most this length in both directions (RFC 6066 4). Without this, a client whose receive
    /// buffer does not take every record asks for the longest that fits, for servers that do not know
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

    /// Whether this configuration can work: all that can be said without a provider and a peer. A
    /// [`Connection`](crate::Connection) asks too.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`].
    pub fn check(&self) -> Result<()> {
        self.psks.check()?;
        self.common.check::<P>(self.psks.accepts_certificate(), self.common.alpn, MAX_NAMES_LEN)?;
        self.identities.check()?;
        check_certificate_types(self.certificate_types)?;
        if self.max_fragment_length.is_some_and(|length| length.bytes().is_none()) {
            return Err(Error::InvalidConfiguration(Misconfiguration::MaxFragmentLength));
        }
        let key_shares = self.key_shares.unwrap_or_default();
        if key_shares.len() > crate::limits::MAX_KEY_SHARES || has_duplicates(key_shares) {
            return Err(Error::InvalidConfiguration(Misconfiguration::KeyShares));
        }
        let is_offered = |group| self.common.named_groups.is_none_or(|groups| groups.contains(group));
        if key_shares.iter().any(|group| !is_offered(group) || !P::KeyExchange::supports(*group)) {
            return Err(Error::InvalidConfiguration(Misconfiguration::KeyShareNotOffered));
        }
        Ok(())
    }
}

/// What a server decides. It serves any number of connections.
pub struct ServerConfig<'a, P: CryptoProvider> {
    pub(crate) common: Common<'a>,
    pub(crate) identities: Identities<'a, P>,
    pub(crate) client_authentication: ClientAuthentication<'a, P>,
    pub(crate) follows_client: bool,
    pub(crate) protocol_chooser: Option<&'a dyn ProtocolChooser>,
    pub(crate) psks: ServerPsks<'a, P>,
    #[cfg(feature = "tickets")]
    pub(crate) tickets: ServerTickets<'a, P>,
}

impl<'a, P: CryptoProvider> ServerConfig<'a, P> {
    /// A server with these identities; [`IdentityRequest::choose_from`] says which of them a client gets.
    pub const fn new(identities: &'a [Identity<'a, P>]) -> Self {
        Self::with(Identities::list(identities))
    }

    /// A server whose identity is chosen for each connection.
    pub const fn choosing(chooser: &'a dyn IdentityChooser<P>) -> Self {
        Self::with(Identities::chooser(chooser))
    }

    const fn with(identities: Identities<'a, P>) -> Self {
        Self {
            common: Common::new(),
            identities,
            client_authentication: ClientAuthentication::None,
            follows_client: false,
            protocol_chooser: None,
            psks: ServerPsks::none(),
            #[cfg(feature = "tickets")]
            tickets: ServerTickets::none(),
        }
    }

    common_builders!();

    /// Whether it can present a certificate.
    pub(crate) const fn has_identity(&self) -> bool {
        !matches!(self.identities, Identities::Nobody)
    }

    /// Whatever may be pending while a PSK is looked for: it wakes.
    pub(crate) fn register_psk_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        let wakes = self.psks.register_waker(provider, waker);
        #[cfg(feature = "tickets")]
        let wakes = self.tickets.ticketer.is_some_and(|ticketer| ticketer.register_waker(provider, waker)) || wakes;
        wakes
    }

    /// Whether clients are asked who they are; by default they are not.
    #[must_use]
    pub const fn with_client_authentication(mut self, authentication: ClientAuthentication<'a, P>) -> Self {
        self.client_authentication = authentication;
        self
    }

    /// Takes the first suite of the client's that is among ours, in place of the first of ours that is among the
    /// client's: a client without instructions for AES puts ChaCha20 first.
    #[must_use]
    pub const fn with_client_order_of_suites(mut self) -> Self {
        self.follows_client = true;
        self
    }

    /// Chooses among the application protocols for each client, in place of their order.
    #[must_use]
    pub const fn with_protocol_chooser(mut self, chooser: &'a dyn ProtocolChooser) -> Self {
        self.protocol_chooser = Some(chooser);
        self
    }

    /// Whether this configuration can work: all that can be said without a provider and a peer. A
    /// [`Connection`](crate::Connection) asks too.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`].
    pub fn check(&self) -> Result<()> {
        self.psks.check()?;
        let asks = self.client_authentication.verifier().is_some();
        self.common.check::<P>(asks, &[], MAX_AUTHORITIES_LEN)?;
        if !self.has_identity() && !self.psks.suffices() {
            return Err(Error::InvalidConfiguration(Misconfiguration::NoIdentity));
        }
        #[cfg(feature = "tickets")]
        self.tickets.check()?;
        self.identities.check()
    }
}

#[cfg(feature = "psk")]
mod psks {
    //! Configurations with pre-shared keys.

    use super::{ClientConfig, Identities, ServerConfig};
    use crate::crypto::CryptoProvider;
    use crate::psk::{ClientPsks, NoCertificate, PreSharedKey, PskModes, PskStore};

    impl<'a, P: CryptoProvider> ClientConfig<'a, P> {
        /// A client that offers these keys and accepts no certificate: a server that knows none of them is refused.
        pub const fn psk_only(keys: &'a [PreSharedKey<'a, P>]) -> Self {
            Self::with(&NoCertificate, ClientPsks::only(keys))
        }

        /// Offers these keys, the preferred one first; a server that knows none of them may present a certificate. They
        /// are bound to no name: a server is who has the key.
        ///
        /// Suites of the first key's hash are offered in front of the others: many servers choose the suite first.
        #[must_use]
        pub const fn with_psks(mut self, keys: &'a [PreSharedKey<'a, P>]) -> Self {
            self.psks.keys = keys;
            self
        }

        /// With what the keys are joined; without this, with a key agreement.
        #[must_use]
        pub const fn with_psk_modes(mut self, modes: PskModes) -> Self {
            self.psks.modes = modes;
            self
        }
    }

    impl<'a, P: CryptoProvider> ServerConfig<'a, P> {
        /// A server without a certificate: a client that has none of these keys is refused.
        pub const fn psk_only(store: &'a dyn PskStore<P>) -> Self {
            Self::with(Identities::Nobody).with_psks(store)
        }

        /// Accepts clients by these keys, and asks those for no certificate; clients without one of them are served as
        /// if there were no keys.
        #[must_use]
        pub const fn with_psks(mut self, store: &'a dyn PskStore<P>) -> Self {
            self.psks.store = Some(store);
            self
        }

        /// With what the keys are joined; without this, with a key agreement.
        #[must_use]
        pub const fn with_psk_modes(mut self, modes: PskModes) -> Self {
            self.psks.modes = modes;
            self
        }
    }
}

#[cfg(feature = "tickets")]
mod server_tickets {
    //! Servers whose clients come back.

    use super::ServerConfig;
    use crate::crypto::CryptoProvider;
    #[cfg(feature = "early-data")]
    use crate::tickets::AntiReplay;
    use crate::tickets::{TicketKeys, Ticketer};

    impl<'a, P: CryptoProvider> ServerConfig<'a, P> {
        /// Gives clients tickets, with which they resume their sessions: without certificates, in either direction, and
        /// with the key agreement that [PSK modes](Self::with_psk_modes) ask for. Who a client is comes back with its
        /// session, for as long as this server serves the same name to it, asks clients in the same way and trusts the
        /// same; otherwise there is a full handshake.
        #[must_use]
        pub const fn with_tickets(mut self, ticketer: &'a dyn Ticketer<P>) -> Self {
            self.tickets.ticketer = Some(ticketer);
            self
        }

        /// How many tickets a client gets when a handshake is complete, at most; without this, 2. If it resumed a
        /// session it gets one, in place of that which it used. A client that says how many it wants (RFC 9149) gets no
        /// more.
        #[must_use]
        pub const fn with_ticket_count(mut self, count: u8) -> Self {
            self.tickets.count = count;
            self
        }
    }

    impl<'a, P: CryptoProvider> ServerConfig<'a, P> {
        /// Remembers nothing of a client that is asked for another ClientHello (a HelloRetryRequest): what there is to
        /// be remembered goes to the client and back, as a cookie that is sealed with these keys (RFC 9846 4.3.2). So
        /// the second ClientHello may come to another connection, of any server that has them.
        #[must_use]
        pub const fn with_stateless_retry(mut self, keys: &'a TicketKeys<'a>) -> Self {
            self.tickets.cookies = Some(keys);
            self
        }
    }

    #[cfg(feature = "early-data")]
    impl<'a, P: CryptoProvider> ServerConfig<'a, P> {
        /// Takes early data (0-RTT) from clients that come back: up to `max` bytes in front of their Finished, which
        /// the application gets from [`Connection::replayable_data`](crate::Connection::replayable_data).
        ///
        /// **Early data can be replayed**, and has no forward secrecy (RFC 9846 8): whoever recorded it may send it
        /// once more, to another server or after a restart. So it is only for what may happen twice, such as reading.
        /// It is taken from tickets that are for one connection each, or else if an [`AntiReplay`] says that the
        /// ClientHello is a new one; from a client that offers its ticket first, at the time it says, and with the
        /// suite and the application protocol of before; not with a HelloRetryRequest. A ticketer without a clock, and
        /// tickets for more than one connection: never.
        ///
        /// The receive buffer must have room for all of it, or for the longest record there is; with less than that, a
        /// client that pads its records beyond the buffer ends with
        /// [`Error::RecordDoesNotFit`](crate::Error::RecordDoesNotFit).
        #[must_use]
        pub const fn with_early_data(mut self, max: u32) -> Self {
            self.tickets.max_early_data = max;
            self
        }

        /// What remembers ClientHellos with early data. Tickets that are for one connection each need none.
        #[must_use]
        pub const fn with_anti_replay(mut self, anti_replay: &'a dyn AntiReplay) -> Self {
            self.tickets.anti_replay = Some(anti_replay);
            self
        }
    }
}

#[cfg(feature = "tickets")]
mod sessions {
    //! Configurations with sessions that come back.

    use super::ClientConfig;
    use crate::crypto::{Clock, CryptoProvider};
    use crate::session::SessionStore;

    impl<'a, P: CryptoProvider> ClientConfig<'a, P> {
        /// Keeps sessions in this store, and resumes the newest one with the server that a connection is to, if there
        /// is room for it ([`Buffers::with_session_buffer`](crate::Buffers::with_session_buffer)) and the same is
        /// trusted as when it was made. Its suite is offered in front of the others.
        ///
        /// What the configuration trusts is what the verifier says of
        /// [itself](crate::crypto::PeerVerifier::fingerprint), and who the client is. Where it presented an identity of
        /// a [chooser](Self::with_identity_chooser), no session is kept: nobody could tell whose it is.
        #[must_use]
        pub const fn with_sessions(mut self, store: &'a dyn SessionStore<P>) -> Self {
            self.sessions.store = Some(store);
            self
        }

        /// Tells the age of sessions by this clock: none is resumed when more than seven days have gone since the full
        /// handshake that it comes from, nor one whose age it does not know, from when it was not set or was ahead.
        ///
        /// Without one, or as long as it is not set, their lifetime is for the server to look at, sessions that come
        /// from one full handshake are resumed 100 times, and they carry no early data; some servers (wolfSSL, Mbed
        /// TLS) insist on an age that is right within seconds, and go through a full handshake.
        #[must_use]
        pub const fn with_session_clock(mut self, clock: &'a dyn Clock) -> Self {
            self.sessions.clock = Some(clock);
            self
        }

        /// Wishes for early data ([`Connection::early_data`](crate::Connection::early_data)) where a ticket allows it
        /// and the age of its session is known: the ClientHello says so, and offers suites of the ticket's hash alone.
        /// If nothing is written then, nothing is sent.
        ///
        /// **Early data can be replayed**: see there. A connection that offers it can fail with servers that have
        /// forgotten the ticket and cannot skip what they do not understand; the next one has no ticket to offer, and
        /// goes well.
        #[cfg(feature = "early-data")]
        #[must_use]
        pub const fn with_early_data(mut self) -> Self {
            self.sessions.early_data = true;
            self
        }

        /// Asks servers for so many tickets after each handshake (RFC 9149); most know nothing of that, and send one or
        /// two. Where only the newest is kept, one is enough.
        #[must_use]
        pub const fn with_tickets_requested(mut self, count: u8) -> Self {
            self.sessions.requested = Some(count);
            self
        }
    }
}
