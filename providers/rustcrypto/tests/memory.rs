//! What connections take of the heap, and what they take at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::config::{ClientAuthentication, ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::CryptoProvider;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::{Buffers, Connection};
use saitls_rustcrypto::{RustCrypto, SigningKey};

type Provider = RustCrypto<getrandom::SysRng>;

fn carry(from: &mut Connection<'_, Provider>, to: &mut Connection<'_, Provider>) -> usize {
    let (data, room) = (from.records(), to.records_room());
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
    len
}

/// A handshake in which both prove who they are, a byte each way, new keys, and the end.
fn connect(
    suite: CipherSuite,
    group: NamedGroup,
    certificate: &[u8],
    key: &SigningKey,
    memory: &mut [[u8; 17_000]; 4],
) {
    let (chain, suites, groups) = ([certificate], [suite], [group]);
    let identities = [Identity::new(&chain, key)];
    let client_config = ClientConfig::new(&AcceptAnyPeer)
        .with_cipher_suites(&suites)
        .with_named_groups(&groups)
        .with_identities(&identities);
    let server_config = ServerConfig::new(&identities)
        .with_cipher_suites(&suites)
        .with_client_authentication(ClientAuthentication::Required(&AcceptAnyPeer));
    let [a, b, c, d] = memory;
    let mut client = Connection::client(&client_config, None, Buffers::new(&mut a[..], &mut b[..])).unwrap();
    let mut server = Connection::server(&server_config, Buffers::new(&mut c[..], &mut d[..])).unwrap();
    let (mut client_provider, mut server_provider) = (RustCrypto::os(), RustCrypto::os());
    let mut step = |client: &mut Connection<'_, Provider>, server: &mut Connection<'_, Provider>| {
        loop {
            client.process(&mut client_provider).unwrap();
            let there = carry(client, server);
            server.process(&mut server_provider).unwrap();
            server.data_read(server.data().len());
            if there + carry(server, client) == 0 {
                break;
            }
        }
    };
    step(&mut client, &mut server);
    assert!(client.is_connected() && server.is_connected());
    client.write(b"?").unwrap();
    client.update_keys(true).unwrap();
    step(&mut client, &mut server);
    client.close();
    server.close();
    step(&mut client, &mut server);
    assert!(client.is_closed() && server.is_closed());
}

macro_rules! identity {
    ($name:literal) => {{
        let key = include_bytes!(concat!("../../../core/tests/data/", $name, ".key.der"));
        let certificate: &[u8] = include_bytes!(concat!("../../../core/tests/data/", $name, ".cert.der"));
        (certificate, SigningKey::from_pkcs8_der(key).unwrap())
    }};
}

#[test]
fn connections_need_no_heap() {
    let mut memory = vec![[0; 17_000]; 4];
    let memory: &mut [_; 4] = (&mut memory[..]).try_into().unwrap();
    let identities = [identity!("p256"), identity!("p384"), identity!("ed25519")];
    let groups = [
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
        NamedGroup::SECP521R1,
        NamedGroup::X25519MLKEM768,
        NamedGroup::SECP256R1MLKEM768,
    ];
    for (certificate, key) in &identities {
        for group in groups {
            for suite in [0x1301, 0x1302, 0x1303, 0x1304, 0x1305].map(CipherSuite) {
                let mut run = || connect(suite, group, certificate, key, memory);
                // The tables of the NIST curves are made once, on the heap where there is one.
                run();
                let used = allocation_counter::measure(run);
                assert_eq!((used.count_total, used.bytes_total), (0, 0), "{suite} {group}");
            }
        }
    }
    // RSA is the exception, and the proof that this test can see.
    let (certificate, key) = identity!("rsa2048");
    let suite = CipherSuite::AES_128_GCM_SHA256;
    let used = allocation_counter::measure(|| connect(suite, NamedGroup::X25519, certificate, &key, memory));
    assert!(used.count_total > 0);
}

/// Bytes of a connection, buffers and the keyed AEADs of both directions not counted.
fn rest<P: CryptoProvider>() -> usize {
    size_of::<Connection<'_, P>>() - 2 * size_of::<P::Aead>()
}

#[test]
#[cfg(target_pointer_width = "64")]
fn connections_are_small() {
    // An idle one keeps the room of its handshake: a transcript, an identity, a state. If this grows, so does every
    // connection. It is 1,024 bytes; 48 more where a crate of the build turns on `alloc`, since then buffers and names
    // may own what they hold; and 16 more with P-521, whose shared secrets are longer. Where a crate of the build turns
    // on sessions and early data, as those of the whole workspace do, it is 600 more; there are buffers for them then.
    let has_sessions = size_of::<Buffers<'_>>() > 3 * size_of::<saitls_core::Storage<'_, u8>>();
    let limit = if has_sessions { 1_728 } else { 1_088 };
    assert!(rest::<Provider>() <= limit, "{}", rest::<Provider>());
}
