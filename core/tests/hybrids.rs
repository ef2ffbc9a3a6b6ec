//! Groups with ML-KEM in them: offered first, where there is room; lengths and refusals (draft-ietf-tls-ecdhe-mlkem).

use crate::support::forger::*;
use crate::support::hellos::{codes16, key_shares};
use crate::support::*;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::limits::MIN_HYBRID_BUFFER_LEN;
use saitls_core::{Connection, PeerFault};

const HYBRIDS: [(NamedGroup, usize, usize); 2] =
    [(NamedGroup::X25519MLKEM768, 1216, 1120), (NamedGroup::SECP256R1MLKEM768, 1249, 1153)];

/// The first ClientHello of a client with these buffers.
fn first_hello(config: &ClientConfig<'_, Provider>, receive: usize, transmit: usize) -> ClientHelloParts {
    let mut client = Connection::client(config, name("localhost"), buffers(receive, transmit)).unwrap();
    client.process(&mut provider(1)).unwrap();
    ClientHelloParts::parse(&client.records()[5..])
}

#[test]
fn a_client_offers_one_first_and_the_classical_share_with_it() {
    let config = ClientConfig::new(&ANY);
    let hello = first_hello(&config, MIN_HYBRID_BUFFER_LEN, MIN_HYBRID_BUFFER_LEN);
    let shares = hello.shares();
    assert_eq!((shares[0].0, shares[0].1.len()), (NamedGroup::X25519MLKEM768, 1216));
    assert_eq!((shares[1].0, shares[1].1.len()), (NamedGroup::X25519, 32));
    assert_eq!(shares.len(), 2);
    // Whoever asks for less gets less.
    let wanted = [NamedGroup::SECP256R1];
    let config = ClientConfig::new(&ANY).with_key_shares(&wanted);
    let hello = first_hello(&config, MIN_HYBRID_BUFFER_LEN, MIN_HYBRID_BUFFER_LEN);
    assert_eq!(hello.shares().iter().map(|share| share.0).collect::<Vec<_>>(), wanted);
}

#[test]
fn where_a_buffer_has_no_room_they_are_not_offered() {
    let config = ClientConfig::new(&ANY);
    for (receive, transmit) in [(MIN_HYBRID_BUFFER_LEN, MIN_HYBRID_BUFFER_LEN - 1), (MIN_HYBRID_BUFFER_LEN - 1, 4096)] {
        let hello = first_hello(&config, receive, transmit);
        assert_eq!(hello.shares().iter().map(|share| share.0).collect::<Vec<_>>(), [NamedGroup::X25519]);
        let groups = hello.extensions.unwrap().get(ExtensionType::SUPPORTED_GROUPS).to_vec();
        let classical =
            [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup::SECP521R1].map(|g| g.0);
        assert_eq!(groups, codes16(classical));
    }
}

#[test]
fn a_server_without_room_takes_the_classical_share() {
    let identity = p256();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    for (transmit, group) in
        [(MIN_HYBRID_BUFFER_LEN - 1, NamedGroup::X25519), (MIN_HYBRID_BUFFER_LEN, NamedGroup::X25519MLKEM768)]
    {
        let server = Connection::server(&server_config, buffers(MIN_HYBRID_BUFFER_LEN, transmit)).unwrap();
        let mut pair = Pair::new(client(&client_config), server);
        pair.connect();
        assert_eq!(pair.client.negotiated().unwrap().named_group, Some(group));
        assert!(!pair.client.negotiated().unwrap().hello_retry);
    }
}

#[test]
fn handshakes_in_the_smallest_buffers_with_and_without_a_retry() {
    let identity = p256();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    let buffers = || buffers(MIN_HYBRID_BUFFER_LEN, MIN_HYBRID_BUFFER_LEN);
    for (group, ..) in HYBRIDS {
        let groups = [group];
        for shares in [&groups[..], &[]] {
            let config = ClientConfig::new(&ANY).with_named_groups(&groups).with_key_shares(shares);
            let client = Connection::client(&config, name("localhost"), buffers()).unwrap();
            let mut pair = Pair::new(client, Connection::server(&server_config, buffers()).unwrap());
            pair.connect();
            let negotiated = pair.client.negotiated().unwrap();
            assert_eq!((negotiated.named_group, negotiated.hello_retry), (Some(group), shares.is_empty()));
            assert_eq!(pair.server.negotiated().unwrap().named_group, Some(group));
            pair.exchange(b"ping", true);
            pair.exchange(b"pong", false);
        }
    }
}

#[test]
fn shares_that_are_no_shares_are_refused() {
    let identity = p256();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    for (group, client_len, server_len) in HYBRIDS {
        // All ones: no point, and coefficients that are not below the modulus (FIPS 203 7.2).
        for len in [1, 32, 65, 1088, 1184, server_len, client_len - 1, client_len, client_len + 1, 15_000] {
            let (mut server, mut forger) = (Tested::server(&server_config), Forger::client());
            let mut hello = forger.make_client_hello();
            hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, codes16([group.0]));
            hello.extensions().set(ExtensionType::KEY_SHARE, key_shares(&[(group.0, &vec![0xff; len])]));
            assert_eq!(forger.hello(&mut server, &hello), Err(PeerFault::InvalidKeyShare.into()), "{group} {len}");
            assert_eq!(forger.alert(&mut server), Some(Alert::ILLEGAL_PARAMETER));
        }
        for len in [1, 32, 65, 1088, server_len - 1, server_len, server_len + 1, client_len, 15_000] {
            // The half of the curve is refused: 0x04 alone makes no point, all zeros are of low order.
            let groups = [group];
            let config = ClientConfig::new(&ANY).with_named_groups(&groups);
            let (mut client, mut forger) = (Tested::client(&config), Forger::server());
            client.process().unwrap();
            forger.receive(&mut client);
            let mut hello = forger.make_server_hello();
            hello.extensions().set(ExtensionType::KEY_SHARE, server_share(group.0, &vec![0; len]));
            let result = client.deliver(&plain_record(ContentType::HANDSHAKE, &hello.message()));
            assert_eq!(result, Err(PeerFault::InvalidKeyShare.into()), "{group} {len}");
            assert_eq!(forger.alert(&mut client), Some(Alert::ILLEGAL_PARAMETER));
        }
    }
}
