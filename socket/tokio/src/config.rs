//! Configurations that own what they are made of, so that tasks can share them in an `Arc`.

use crate::identity::{Identity, Lists};
use crate::pool::{Holding, Pool};
use crate::provided::Provides;
use crate::trust::Trust;
use saitls::protocol::config::{self, ClientAuthentication, IdentityChooser, ProtocolChooser};
use saitls::protocol::crypto::{CryptoProvider, KeyLog};
use saitls::protocol::error::Result;
use saitls::protocol::limits::FULL_RECEIVE_BUFFER_LEN;
use saitls::{Buffers, Connection, ServerName};
use std::sync::Arc;

/// What both roles own.
struct Owned<P: CryptoProvider> {
    trust: Option<Trust<P>>,
    /// Whether a client may decline to say who it is.
    is_optional: bool,
    identities: Vec<Identity<P>>,
    chooser: Option<Box<dyn IdentityChooser<P> + Send>>,
    alpn: Vec<Vec<u8>>,
    protocol_chooser: Option<Box<dyn ProtocolChooser + Send>>,
    key_log: Option<Arc<dyn KeyLog + Send>>,
}

impl<P: CryptoProvider> Owned<P> {
    const fn new(trust: Option<Trust<P>>, identities: Vec<Identity<P>>) -> Self {
        Self {
            trust,
            is_optional: false,
            identities,
            chooser: None,
            alpn: Vec::new(),
            protocol_chooser: None,
            key_log: None,
        }
    }

    fn alpn(&self) -> Vec<&[u8]> {
        self.alpn.iter().map(Vec::as_slice).collect()
    }

    fn lists(&self) -> Vec<Lists<'_>> {
        self.identities.iter().map(Identity::lists).collect()
    }

    fn lend<'a>(&'a self, lists: &'a [Lists<'a>]) -> Vec<config::Identity<'a, P>> {
        self.identities.iter().zip(lists).map(|(identity, lists)| identity.lend(lists)).collect()
    }
}

/// Memory for the connections of a configuration.
pub(crate) struct Memory<P: CryptoProvider> {
    pub(crate) pool: Pool<P>,
    peer_len: usize,
}

/// Lengths of buffers.
#[derive(Clone, Copy)]
struct Lens {
    receive: usize,
    transmit: usize,
    peer: usize,
}

impl Lens {
    /// Four records each way: as much as a system moves with one call, at about the price of moving one.
    const DEFAULT: Self = Self { receive: 4 * FULL_RECEIVE_BUFFER_LEN, transmit: 4 * FULL_RECEIVE_BUFFER_LEN, peer: 0 };

    const fn memory<P: CryptoProvider>(self) -> Memory<P> {
        Memory { pool: Pool::new(self.receive, self.transmit), peer_len: self.peer }
    }
}

impl<P: CryptoProvider> Memory<P> {
    /// For a connection that begins.
    pub(crate) fn begin(&self) -> (Holding, Buffers<'static>) {
        let (holding, receive, transmit) = self.pool.begin();
        (holding, Buffers::new(receive, transmit).with_peer_buffer(vec![0; self.peer_len]))
    }
}

/// Configurations of the protocol's crate, each beside what it borrows.
mod parts {
    #![allow(dead_code, reason = "most fields are there to be borrowed from")]

    use super::{Lists, Owned, config};
    use ouroboros::self_referencing;
    use saitls::protocol::crypto::CryptoProvider;

    macro_rules! parts {
        ($Parts:ident, $Config:ident) => {
            #[self_referencing]
            pub(super) struct $Parts<P: CryptoProvider + 'static> {
                owned: Owned<P>,
                #[borrows(owned)]
                #[covariant]
                alpn: Vec<&'this [u8]>,
                #[borrows(owned)]
                #[covariant]
                lists: Vec<Lists<'this>>,
                #[borrows(owned, lists)]
                #[covariant]
                identities: Vec<config::Identity<'this, P>>,
                #[borrows(owned, alpn, identities)]
                #[covariant]
                config: config::$Config<'this, P>,
            }

            impl<P: CryptoProvider> $Parts<P> {
                pub(super) fn make(
                    owned: Owned<P>,
                    make: impl for<'a> FnOnce(
                        &'a Owned<P>,
                        &'a [&'a [u8]],
                        &'a [config::Identity<'a, P>],
                    ) -> config::$Config<'a, P>,
                ) -> Self {
                    Self::new(
                        owned,
                        |owned| owned.alpn(),
                        |owned| owned.lists(),
                        |owned, lists| owned.lend(lists),
                        |owned, alpn, identities| make(owned, alpn, identities),
                    )
                }

                pub(super) fn config(&self) -> &config::$Config<'_, P> {
                    self.borrow_config()
                }
            }
        };
    }

    parts!(ClientParts, ClientConfig);
    parts!(ServerParts, ServerConfig);
}
use parts::{ClientParts, ServerParts};

macro_rules! role {
    ($Config:ident, $Builder:ident, $Parts:ident, $role:literal) => {
        crate::provided::provided! {
            #[doc = concat!("What a ", $role, " decides, and all that it needs for that.")]
            ///
            /// Put it into an `Arc`, for any number of connections. [`builder`](Self::builder) makes it.
            pub struct $Config[] {
                parts: $Parts<L::Provider>,
                provider: L,
                memory: Memory<L::Provider>,
            }
        }

        impl<L: Provides> $Config<L> {
            /// As the protocol's crate has it.
            pub fn as_core(&self) -> &config::$Config<'_, L::Provider> {
                self.parts.config()
            }

            pub(crate) fn provider(&self) -> L {
                self.provider.clone()
            }

            pub(crate) const fn memory(&self) -> &Memory<L::Provider> {
                &self.memory
            }
        }

        #[doc = concat!("Makes a configuration of a ", $role, ".")]
        pub struct $Builder<L: Provides> {
            owned: Owned<L::Provider>,
            provider: L,
            lens: Lens,
            #[allow(clippy::type_complexity, reason = "a function from configuration to configuration")]
            options: Vec<
                Box<
                    dyn for<'a> FnOnce(config::$Config<'a, L::Provider>) -> config::$Config<'a, L::Provider>
                        + Send
                        + Sync,
                >,
            >,
        }

        impl<L: Provides> $Builder<L> {
            /// The application protocols (RFC 7301), in order of preference, such as `[b"h2", b"http/1.1"]`.
            #[must_use]
            pub fn with_alpn<N: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = N>) -> Self {
                self.owned.alpn = protocols.into_iter().map(|name| name.as_ref().to_vec()).collect();
                self
            }

            /// Chooses an identity for each connection, in place of a list.
            #[must_use]
            pub fn with_identity_chooser(
                mut self,
                chooser: impl IdentityChooser<L::Provider> + Send + 'static,
            ) -> Self {
                self.owned.chooser = Some(Box::new(chooser));
                self
            }

            /// Tells every traffic secret to `key_log`. Whoever reads it reads the connections: for debugging only.
            #[must_use]
            pub fn with_key_log(mut self, key_log: Arc<dyn KeyLog + Send>) -> Self {
                self.owned.key_log = Some(key_log);
                self
            }

            /// The lengths of the buffers, in bytes: without this, four full records each, 66,580 bytes. Connections at
            /// rest have none; they share those of the configuration. One record, 16,645 bytes, is enough for any peer,
            /// and bulk data then takes more calls of the system.
            #[must_use]
            pub fn with_buffer_lens(mut self, receive: usize, transmit: usize) -> Self {
                self.lens = Lens { receive, transmit, ..self.lens };
                self
            }

            /// Room to keep what the peer said of itself, as long as the connection lives
            /// ([`with_peer_buffer`](saitls::Buffers::with_peer_buffer)): on a server the host name that was asked for,
            /// and the end-entity certificate. Without this there is none.
            #[must_use]
            pub fn with_peer_buffer_len(mut self, len: usize) -> Self {
                self.lens.peer = len;
                self
            }

            /// Everything else that the configuration of the protocol's crate decides:
            ///
            /// ```
            /// # use saitls_tokio::*;
            #[doc = concat!("# fn f(builder: ", stringify!($Builder), "<AwsLc>) -> saitls::protocol::Result<()> {")]
            /// use saitls::protocol::codes::NamedGroup;
            ///
            /// let config = builder
            ///     .with_options(|config| config.with_named_groups(&[NamedGroup::X25519]))
            ///     .build()?;
            /// # let _ = config; Ok(()) }
            /// ```
            #[must_use]
            pub fn with_options(
                mut self,
                options: impl for<'a> FnOnce(config::$Config<'a, L::Provider>) -> config::$Config<'a, L::Provider>
                + Send
                + Sync
                + 'static,
            ) -> Self {
                self.options.push(Box::new(options));
                self
            }
        }
    };
}

role!(ClientConfig, ClientConfigBuilder, ClientParts, "client");
role!(ServerConfig, ServerConfigBuilder, ServerParts, "server");

impl<L: Provides> ClientConfig<L> {
    /// A client that trusts whom `trust` says. Each connection has a copy of `provider`:
    /// [`AwsLc`](saitls_aws_lc::AwsLc), `RustCrypto::os()`, or a [`Shared`](saitls::Shared) one.
    pub const fn builder(provider: L, trust: Trust<L::Provider>) -> ClientConfigBuilder<L> {
        let owned = Owned::new(Some(trust), Vec::new());
        ClientConfigBuilder { owned, provider, lens: Lens::DEFAULT, options: Vec::new() }
    }
}

impl<L: Provides> ClientConfigBuilder<L> {
    /// Who the client is, for servers that ask.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity<L::Provider>) -> Self {
        self.owned.identities.push(identity);
        self
    }

    /// The configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`](saitls::Error::InvalidConfiguration) if something is wrong with it,
    /// [`Error::ReceiveBufferTooSmall`](saitls::Error::ReceiveBufferTooSmall) and
    /// [`Error::TransmitBufferTooSmall`](saitls::Error::TransmitBufferTooSmall) with a buffer.
    pub fn build(self) -> Result<ClientConfig<L>> {
        let (options, memory) = (self.options, self.lens.memory());
        let parts = ClientParts::make(self.owned, |owned, alpn, identities| {
            let trust = owned.trust.as_ref().expect("a client has some");
            let mut config = config::ClientConfig::new(&*trust.0).with_alpn(alpn);
            if !identities.is_empty() {
                config = config.with_identities(identities);
            }
            if let Some(chooser) = &owned.chooser {
                config = config.with_identity_chooser(&**chooser);
            }
            if let Some(key_log) = &owned.key_log {
                config = config.with_key_log(&**key_log);
            }
            options.into_iter().fold(config, |config, change| change(config))
        });
        // A connection that does not begin says what is wrong.
        let name = ServerName::try_from("name.invalid").ok();
        Connection::client(parts.config(), name, memory.begin().1)?;
        Ok(ClientConfig { parts, provider: self.provider, memory })
    }
}

impl<L: Provides> ServerConfig<L> {
    /// A server that has one or more of these identities. Each connection has a copy of `provider`.
    pub fn builder(provider: L, identities: impl IntoIterator<Item = Identity<L::Provider>>) -> ServerConfigBuilder<L> {
        let owned = Owned::new(None, identities.into_iter().collect());
        ServerConfigBuilder { owned, provider, lens: Lens::DEFAULT, options: Vec::new() }
    }
}

impl<L: Provides> ServerConfigBuilder<L> {
    /// Chooses the application protocol for each client, in place of the order of [`with_alpn`](Self::with_alpn).
    #[must_use]
    pub fn with_protocol_chooser(mut self, chooser: impl ProtocolChooser + Send + 'static) -> Self {
        self.owned.protocol_chooser = Some(Box::new(chooser));
        self
    }

    /// Clients must say who they are, and be trusted.
    #[must_use]
    pub fn with_client_authentication(mut self, trust: Trust<L::Provider>) -> Self {
        (self.owned.trust, self.owned.is_optional) = (Some(trust), false);
        self
    }

    /// Clients are asked who they are, and may decline. A certificate that is not trusted ends the handshake all the
    /// same.
    #[must_use]
    pub fn with_optional_client_authentication(mut self, trust: Trust<L::Provider>) -> Self {
        (self.owned.trust, self.owned.is_optional) = (Some(trust), true);
        self
    }

    /// The configuration.
    ///
    /// # Errors
    /// As for [`ClientConfigBuilder::build`].
    pub fn build(self) -> Result<ServerConfig<L>> {
        let (options, memory) = (self.options, self.lens.memory());
        let parts = ServerParts::make(self.owned, |owned, alpn, identities| {
            let mut config = match &owned.chooser {
                Some(chooser) => config::ServerConfig::choosing(&**chooser),
                None => config::ServerConfig::new(identities),
            }
            .with_alpn(alpn);
            config = match &owned.trust {
                Some(trust) if owned.is_optional => {
                    config.with_client_authentication(ClientAuthentication::Optional(&*trust.0))
                }
                Some(trust) => config.with_client_authentication(ClientAuthentication::Required(&*trust.0)),
                None => config,
            };
            if let Some(chooser) = &owned.protocol_chooser {
                config = config.with_protocol_chooser(&**chooser);
            }
            if let Some(key_log) = &owned.key_log {
                config = config.with_key_log(&**key_log);
            }
            options.into_iter().fold(config, |config, change| change(config))
        });
        Connection::server(parts.config(), memory.begin().1)?;
        Ok(ServerConfig { parts, provider: self.provider, memory })
    }
}
