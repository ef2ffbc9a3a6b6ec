//! Peers that are unpacked beside the system, under `target/peers`, by `cargo xtask peers`: newer than the system's, or
//! of other families. That command runs these cases (`SAITLS_PEERS=all`), or a diagonal of them
//! (`SAITLS_PEERS=diagonal`, as CI does), and prints the table of docs/PEERS.md. Without the variable there are none.
//!
//! What is agreed on is forced on our side alone: a peer has its defaults.

/// Where `cargo xtask peers` puts a command for each.
macro_rules! command {
    ($name:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers/bin/", $name)
    };
}

mod auth;
mod cannot;
mod client;
mod server;

use cannot::{Cannot, cannot};

use crate::ours::{Facts, expect_facts};
use crate::peers::{Cx, Peer};
use crate::process::Outcome;
use crate::runner::Case;

/// An implementation that is unpacked beside the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Beside {
    OpenSsl3,
    OpenSsl4,
    GnuTls,
    Nss,
    Botan,
    Nginx,
    Mosquitto,
    WolfSsl,
    Bun,
    Deno,
    EmbeddedTls,
}

impl Beside {
    const ALL: [Self; 11] = [
        Self::OpenSsl3,
        Self::OpenSsl4,
        Self::GnuTls,
        Self::Nss,
        Self::Botan,
        Self::Nginx,
        Self::Mosquitto,
        Self::WolfSsl,
        Self::Bun,
        Self::Deno,
        Self::EmbeddedTls,
    ];

    /// As in the names of cases, and in the table that `cargo xtask peers` prints.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenSsl3 => "openssl-3.5",
            Self::OpenSsl4 => "openssl-4.0",
            Self::GnuTls => "gnutls-3.8",
            Self::Nss => "nss-3.110",
            Self::Botan => "botan-3.7",
            Self::Nginx => "nginx-1.26",
            Self::Mosquitto => "mosquitto-2.0",
            Self::WolfSsl => "wolfssl-5.7",
            Self::Bun => "bun",
            Self::Deno => "deno",
            Self::EmbeddedTls => "embedded-tls-0.19",
        }
    }

    /// Its commands: the server's, then the client's.
    pub(crate) fn programs(self) -> &'static [&'static str] {
        match self {
            Self::OpenSsl3 => &[command!("openssl"), command!("openssl")],
            Self::OpenSsl4 => &[command!("openssl4"), command!("openssl4")],
            Self::GnuTls => &[command!("gnutls-serv"), command!("gnutls-cli")],
            Self::Nss => &[command!("selfserv"), command!("tstclnt")],
            Self::Botan => &[command!("botan"), command!("botan")],
            Self::Nginx => &[command!("nginx")],
            Self::Mosquitto => &[command!("mosquitto"), command!("mosquitto_pub")],
            Self::WolfSsl => &[command!("wolfssl"), command!("wolfssl")],
            Self::Bun => &[command!("bun"), command!("bun")],
            Self::Deno => &[command!("deno"), command!("deno")],
            Self::EmbeddedTls => &[command!("embedded-tls"), command!("embedded-tls")],
        }
    }

    fn server_program(self) -> &'static str {
        self.programs().first().copied().unwrap_or_default()
    }

    fn client_program(self) -> &'static str {
        self.programs().last().copied().unwrap_or_default()
    }

    /// Whether it is one of the programs in `xtask/peers`, which have one command line.
    fn is_own_program(self) -> bool {
        matches!(self, Self::OpenSsl4 | Self::WolfSsl | Self::Bun | Self::Deno | Self::EmbeddedTls)
    }
}

/// What the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Server,
    Client,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Handshake,
    Suite(&'static str),
    Group(&'static str),
    /// A HelloRetryRequest.
    Retry,
    /// 1 MB each way while both directions are open.
    Bulk,
    /// 1 MB that comes back after the sender's close_notify.
    HalfClose,
    /// We send a KeyUpdate that asks for another.
    KeyUpdate,
    /// The peer does.
    KeyUpdateByPeer,
    /// The client has a certificate that the server wants.
    ClientAuth,
    /// It has none.
    ClientAuthNone,
    /// It has one of another authority.
    ClientAuthStranger,
}

impl What {
    const ALL: [Self; 17] = [
        Self::Handshake,
        Self::Suite("TLS_AES_128_GCM_SHA256"),
        Self::Suite("TLS_AES_256_GCM_SHA384"),
        Self::Suite("TLS_CHACHA20_POLY1305_SHA256"),
        Self::Group("x25519"),
        Self::Group("secp256r1"),
        Self::Group("secp384r1"),
        Self::Group("X25519MLKEM768"),
        Self::Group("SecP256r1MLKEM768"),
        Self::Retry,
        Self::Bulk,
        Self::HalfClose,
        Self::KeyUpdate,
        Self::KeyUpdateByPeer,
        Self::ClientAuth,
        Self::ClientAuthNone,
        Self::ClientAuthStranger,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Suite(name) | Self::Group(name) => name,
            Self::Retry => "HelloRetryRequest",
            Self::Bulk => "1 MB",
            Self::HalfClose => "1 MB, half-close",
            Self::KeyUpdate => "KeyUpdate",
            Self::KeyUpdateByPeer => "KeyUpdate by the peer",
            Self::ClientAuth => "client certificate",
            Self::ClientAuthNone => "no client certificate",
            Self::ClientAuthStranger => "unknown client certificate",
        }
    }

    /// What our side is told for it.
    fn options(self, peer: Role) -> &'static [&'static str] {
        match (self, peer) {
            (Self::Suite("TLS_AES_128_GCM_SHA256"), _) => &["--suite", "TLS_AES_128_GCM_SHA256"],
            (Self::Suite("TLS_AES_256_GCM_SHA384"), _) => &["--suite", "TLS_AES_256_GCM_SHA384"],
            (Self::Suite(_), _) => &["--suite", "TLS_CHACHA20_POLY1305_SHA256"],
            (Self::Group("x25519"), _) => &["--group", "x25519"],
            (Self::Group("secp256r1"), _) => &["--group", "secp256r1"],
            (Self::Group("X25519MLKEM768"), _) => &["--group", "X25519MLKEM768"],
            (Self::Group("SecP256r1MLKEM768"), _) => &["--group", "SecP256r1MLKEM768"],
            (Self::Group(_), _) => &["--group", "secp384r1"],
            (Self::Retry, Role::Server) => &["--key-share", "none"],
            // No peer sends a share for it of its own accord.
            (Self::Retry, Role::Client) => &["--group", "secp384r1"],
            (Self::KeyUpdate, _) => &["--key-update"],
            _ => &[],
        }
    }

    /// How much is sent to and fro.
    fn len(self) -> usize {
        match self {
            Self::Bulk | Self::HalfClose => 1_000_000,
            Self::KeyUpdate | Self::KeyUpdateByPeer => 100_000,
            _ => 5_000,
        }
    }

    /// Checks what our side says was agreed on.
    fn check(self, facts: &Facts) -> Outcome {
        expect_facts(facts, &[("version", "TLSv1.3"), ("server-name", "localhost"), ("resumed", "no")])?;
        match self {
            Self::Suite(name) => expect_facts(facts, &[("suite", name)]),
            Self::Group(name) => expect_facts(facts, &[("group", name)]),
            Self::Retry => expect_facts(facts, &[("retry", "yes")]),
            Self::ClientAuth => expect_facts(facts, &[("client-auth", "yes")]),
            _ => expect_facts(facts, &[("client-auth", "no")]),
        }
    }
}

/// The cases, as the environment asks for them.
pub(crate) fn cases() -> Vec<Case> {
    let asked = std::env::var("SAITLS_PEERS").unwrap_or_default();
    let diagonal = match asked.as_str() {
        "all" => false,
        "diagonal" => true,
        _ => return Vec::new(),
    };
    let mut cases = Vec::new();
    for (row, peer) in Beside::ALL.into_iter().enumerate() {
        for (side, role) in [Role::Server, Role::Client].into_iter().enumerate() {
            for (column, what) in What::ALL.into_iter().enumerate() {
                for (turn, transport) in ["smoltcp", "std"].into_iter().enumerate() {
                    // Every case of every peer, over one transport or the other.
                    if !diagonal || (row + side + column + turn) % 2 == 0 {
                        cases.extend(case(peer, role, what, transport));
                    }
                }
            }
        }
    }
    cases
}

fn case(peer: Beside, role: Role, what: What, transport: &'static str) -> Option<Case> {
    let side = if role == Role::Server { "server" } else { "client" };
    let name = format!("beside/{}/{side}/{}/{transport}", peer.name(), what.name());
    let gap = match cannot(peer, role, what) {
        Some(Cannot::Refused(reason)) => Some(reason),
        Some(Cannot::Untried(reason)) => return Some(Case::never(name, reason)),
        None => None,
    };
    let needs = [Peer::OpenSsl, Peer::Beside(peer)];
    let run = move |cx: &Cx<'_>| {
        let options = [&["--transport", transport], what.options(role)].concat();
        match (role, what) {
            (_, What::ClientAuth | What::ClientAuthNone | What::ClientAuthStranger) => {
                auth::run(cx, peer, role, what, &options)
            }
            (Role::Server, _) => server::run(cx, peer, what, &options),
            (Role::Client, _) => client::run(cx, peer, what, &options),
        }
    };
    Some(Case::new(name, &needs, run).with_gap(gap).with_limit(60))
}

/// Lines of 8,192 bytes, hexadecimal digits that repeat nowhere soon: some peers take and echo lines only, most of them
/// in a record each.
fn lines(len: usize, seed: u64) -> Vec<u8> {
    let digits = crate::data::noise(len / 2 + 1, seed);
    let mut text: Vec<u8> = digits.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).take(len).collect();
    text.iter_mut().skip(8_191).step_by(8_192).for_each(|last| *last = b'\n');
    text.last_mut().into_iter().for_each(|last| *last = b'\n');
    text
}
