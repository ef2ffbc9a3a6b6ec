//! Both ends of a connection: a server with a certificate, and a client that knows its key.

use saitls::protocol::config::{ClientConfig, Identity, ServerConfig};
use saitls::protocol::crypto::PinnedKey;
use saitls::rustcrypto::{RustCrypto, SigningKey};
use saitls::stream::{FlushPolicy, Session};
use saitls::{Buffers, ServerName};
use std::sync::LazyLock;

/// The provider of both, with random numbers of the operating system.
pub type Provider = saitls::rustcrypto::OsRustCrypto;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_der(include_bytes!("../../../socket/tests/data/p256.key.der")).expect("it is a key")
});
static CHAIN: [&[u8]; 1] = [include_bytes!("../../../socket/tests/data/p256.cert.der")];
static PINS: [&[u8]; 1] = [include_bytes!("../../../socket/tests/data/p256.spki.der")];
static TRUST: PinnedKey<'_> = PinnedKey::subject_public_key_info(&PINS);
static CLIENT: LazyLock<ClientConfig<'_, Provider>> = LazyLock::new(|| ClientConfig::new(&TRUST));
static IDENTITIES: LazyLock<[Identity<'_, Provider>; 1]> = LazyLock::new(|| [Identity::new(&CHAIN, &*KEY)]);
static SERVER: LazyLock<ServerConfig<'_, Provider>> = LazyLock::new(|| ServerConfig::new(&*IDENTITIES));

/// Lengths of the receive and of the transmit buffer, in bytes.
pub type BufferLens = (usize, usize);

/// Room for the records of any peer, and for a record of some size.
pub const USUAL_BUFFERS: BufferLens = (16_645, 4_096);

/// Who begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// One end of a connection, before the handshake.
#[must_use]
pub fn session(role: Role, lens: BufferLens) -> Session<'static, Provider> {
    let buffers = Buffers::new(vec![0; lens.0], vec![0; lens.1]);
    let name = ServerName::try_from("server.test").ok();
    match role {
        Role::Client => Session::client(&CLIENT, name, buffers, RustCrypto::os()),
        Role::Server => Session::server(&SERVER, buffers, RustCrypto::os()),
    }
    .expect("the buffers are long enough")
}

/// All policies.
pub const POLICIES: [FlushPolicy; 3] = [FlushPolicy::Strict, FlushPolicy::Relaxed, FlushPolicy::EachWrite];
