//! What a peer is made to use, as words for its command line.

use crate::peers::Peer;

/// The suites of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20,
    Aes128Ccm,
}

impl Suite {
    pub(crate) const ALL: [Self; 4] = [Self::Aes128Gcm, Self::Aes256Gcm, Self::ChaCha20, Self::Aes128Ccm];

    pub(crate) fn iana(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "TLS_AES_128_GCM_SHA256",
            Self::Aes256Gcm => "TLS_AES_256_GCM_SHA384",
            Self::ChaCha20 => "TLS_CHACHA20_POLY1305_SHA256",
            Self::Aes128Ccm => "TLS_AES_128_CCM_SHA256",
        }
    }

    fn gnutls(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "AES-128-GCM",
            Self::Aes256Gcm => "AES-256-GCM",
            Self::ChaCha20 => "CHACHA20-POLY1305",
            Self::Aes128Ccm => "AES-128-CCM",
        }
    }

    fn nss(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "1301",
            Self::Aes256Gcm => "1302",
            Self::ChaCha20 => "1303",
            Self::Aes128Ccm => "1304",
        }
    }
}

/// The groups of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    X25519,
    P256,
    P384,
    X25519MlKem768,
    P256MlKem768,
}

impl Group {
    /// Those that every peer has.
    pub(crate) const ALL: [Self; 3] = [Self::X25519, Self::P256, Self::P384];

    pub(crate) fn iana(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::P256 => "secp256r1",
            Self::P384 => "secp384r1",
            Self::X25519MlKem768 => "X25519MLKEM768",
            Self::P256MlKem768 => "SecP256r1MLKEM768",
        }
    }

    fn openssl(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            hybrid => hybrid.iana(),
        }
    }

    fn gnutls(self) -> &'static str {
        match self {
            Self::X25519 => "X25519",
            Self::P256 => "SECP256R1",
            Self::P384 => "SECP384R1",
            hybrid => hybrid.iana(),
        }
    }

    fn nss(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::P256 => "P256",
            Self::P384 => "P384",
            hybrid => hybrid.iana(),
        }
    }
}

/// What a peer is made to use. Empty lists leave it its own defaults.
#[derive(Clone, Default)]
pub(crate) struct Force {
    pub(crate) suites: Vec<Suite>,
    pub(crate) groups: Vec<Group>,
    /// A server's certificate with its chain and its key, in place of those of the test PKI.
    pub(crate) identity: Option<ServerFiles>,
    /// The certification authorities that a client trusts, in place of those of the test PKI.
    pub(crate) trusts: Option<String>,
    /// More of a GnuTLS priority string.
    pub(crate) priority: String,
    /// More of nginx's configuration of a server.
    pub(crate) directives: String,
    /// More command line words.
    pub(crate) extra: Vec<String>,
}

/// Where a server's certificate is.
#[derive(Clone)]
pub(crate) struct ServerFiles {
    pub(crate) leaf: String,
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Force {
    pub(crate) fn new(suite: Suite, group: Group) -> Self {
        Self { suites: vec![suite], groups: vec![group], ..Self::default() }
    }

    pub(crate) fn groups(groups: &[Group]) -> Self {
        Self { groups: groups.to_vec(), ..Self::default() }
    }

    pub(crate) fn with(mut self, words: &[&str]) -> Self {
        self.extra.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    /// Gives a server this certificate.
    pub(crate) fn identity(mut self, leaf: &str, chain: &str, key: &str) -> Self {
        self.identity = Some(ServerFiles { leaf: leaf.into(), chain: chain.into(), key: key.into() });
        self
    }

    /// Has a client trust these certification authorities.
    pub(crate) fn trusting(mut self, authorities: &str) -> Self {
        self.trusts = Some(authorities.into());
        self
    }

    pub(crate) fn priority(mut self, more: &str) -> Self {
        self.priority += more;
        self
    }

    pub(crate) fn directives(mut self, more: &str) -> Self {
        self.directives += more;
        self
    }

    /// What both say, suites and groups apart.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.identity = other.identity.or(self.identity);
        self.trusts = other.trusts.or(self.trusts);
        self.priority += &other.priority;
        self.directives += &other.directives;
        self.extra.extend(other.extra);
        self
    }

    fn joined<T: Copy>(items: &[T], name: fn(T) -> &'static str) -> String {
        items.iter().map(|&item| name(item)).collect::<Vec<_>>().join(":")
    }

    /// The options that carry this out.
    pub(crate) fn options(&self, peer: Peer) -> Vec<String> {
        let mut options: Vec<String> = Vec::new();
        let (suites, groups) = (&self.suites, &self.groups);
        match peer {
            Peer::OpenSsl => {
                if !suites.is_empty() {
                    options.extend(["-ciphersuites".into(), Self::joined(suites, Suite::iana)]);
                }
                if !groups.is_empty() {
                    options.extend(["-groups".into(), Self::joined(groups, Group::openssl)]);
                }
            }
            Peer::Curl => {
                if !suites.is_empty() {
                    options.extend(["--tls13-ciphers".into(), Self::joined(suites, Suite::iana)]);
                }
                if !groups.is_empty() {
                    options.extend(["--curves".into(), Self::joined(groups, Group::openssl)]);
                }
            }
            Peer::GnuTls => {
                let mut priority = String::from("NORMAL:-VERS-ALL:+VERS-TLS1.3");
                if !suites.is_empty() {
                    priority += ":-CIPHER-ALL";
                }
                priority.extend(suites.iter().map(|suite| format!(":+{}", suite.gnutls())));
                if !groups.is_empty() {
                    priority += ":-GROUP-ALL";
                }
                priority.extend(groups.iter().map(|group| format!(":+GROUP-{}", group.gnutls())));
                priority += &self.priority;
                options.extend(["--priority".into(), priority]);
            }
            Peer::Nss => {
                options.extend(["-V".into(), "tls1.3:tls1.3".into()]);
                if !suites.is_empty() {
                    let codes: String = suites.iter().map(|suite| format!(":{}", suite.nss())).collect();
                    options.extend(["-c".into(), codes]);
                }
                if !groups.is_empty() {
                    let names: Vec<_> = groups.iter().map(|group| group.nss()).collect();
                    options.extend(["-I".into(), names.join(",")]);
                }
            }
            Peer::Node => options.extend((!groups.is_empty()).then(|| Self::joined(groups, Group::openssl))),
            Peer::Nginx | Peer::Beside(_) => {}
        }
        options.extend(self.extra.iter().cloned());
        options
    }
}
