//! What the benchmarks share: identities, a pair of connections, and a wire between them.

use saitls_core::codes::CipherSuite;
use saitls_core::config::{ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::{Buffers, Connection};
use saitls_rustcrypto::{RustCrypto, SigningKey};

/// The provider that is measured.
pub(crate) type Provider = RustCrypto<getrandom::SysRng>;

/// A certificate and its key.
pub(crate) type KeyPair = (&'static [u8], SigningKey);

macro_rules! key_pair {
    ($name:literal) => {{
        let key = include_bytes!(concat!("../../../core/tests/data/", $name, ".key.der"));
        let certificate: &[u8] = include_bytes!(concat!("../../../core/tests/data/", $name, ".cert.der"));
        (certificate, SigningKey::from_pkcs8_der(key).expect("a test key"))
    }};
}

pub(crate) fn p256() -> KeyPair {
    key_pair!("p256")
}

#[allow(dead_code, reason = "only the handshakes want them all")]
pub(crate) fn all_keys() -> [(&'static str, KeyPair); 4] {
    [
        ("P-256", p256()),
        ("P-384", key_pair!("p384")),
        ("Ed25519", key_pair!("ed25519")),
        ("RSA-2048", key_pair!("rsa2048")),
    ]
}

/// Bytes from one side to the other.
pub(crate) fn carry(from: &mut Connection<'_, Provider>, to: &mut Connection<'_, Provider>) {
    let (data, room) = (from.transmit_data(), to.receive_buffer());
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.received(len);
    from.transmitted(len);
}

/// Runs `work` with a connected pair of the suite.
pub(crate) fn with_pair(
    suite: CipherSuite,
    key: &KeyPair,
    work: impl FnOnce(&mut Provider, &mut Connection<'_, Provider>, &mut Connection<'_, Provider>),
) {
    let mut provider = RustCrypto::os();
    let (chain, suites) = ([key.0], [suite]);
    let identities = [Identity::new(&chain, &key.1)];
    let client_config = ClientConfig::new(&AcceptAnyPeer).with_cipher_suites(&suites);
    let server_config = ServerConfig::new(&identities);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 17_000]);
    let mut client = Connection::client(&client_config, None, buffers()).expect("a good configuration");
    let mut server = Connection::server(&server_config, buffers()).expect("a good configuration");
    while !(client.is_connected() && server.is_connected()) {
        client.process(&mut provider).expect("the client goes on");
        carry(&mut client, &mut server);
        server.process(&mut provider).expect("the server goes on");
        carry(&mut server, &mut client);
    }
    work(&mut provider, &mut client, &mut server);
}
