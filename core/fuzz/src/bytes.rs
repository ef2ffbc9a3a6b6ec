//! A connection that gets bytes of a peer who knows no key, in pieces of any size.

use crate::cryptography::{Provider, provider};
use crate::input::Input;
use crate::support::*;
use saitls_core::config::{ClientAuthentication, ClientConfig, ServerConfig};
use saitls_core::{Connection, Error};

pub fn client_bytes(data: &[u8]) {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ClientConfig::new(&ANY).with_identities(&identities).with_alpn(&[b"h2"]);
    let config = if data.first().is_some_and(|byte| byte & 1 == 1) { config.with_key_shares(&[]) } else { config };
    run(Connection::client(&config, name("localhost"), buffers(1_500, 1_200)).unwrap(), data);
}

pub fn server_bytes(data: &[u8]) {
    let identity = p256();
    let identities = [identity.identity()];
    let mut config = ServerConfig::new(&identities).with_alpn(&[b"h2"]);
    if data.first().is_some_and(|byte| byte & 1 == 1) {
        config = config.with_client_authentication(ClientAuthentication::Optional(&ANY));
    }
    run(Connection::server(&config, buffers(1_500, 1_200)).unwrap(), data);
}

/// Gives it everything, then the end of the transport.
fn run(mut connection: Connection<'_, Provider>, data: &[u8]) {
    let mut provider = provider(1);
    let mut input = Input::new(data);
    let chunk = usize::from(input.byte()).max(1);
    let mut result = Ok(());
    while result.is_ok() && !input.is_empty() {
        result = connection.process(&mut provider);
        connection.records_sent(connection.records().len());
        let room = connection.records_room();
        let bytes = input.bytes(room.len().min(chunk));
        room[..bytes.len()].copy_from_slice(bytes);
        connection.records_filled(bytes.len());
        // Nobody who knows no key gets this far.
        assert!(!connection.is_connected() && connection.data().is_empty());
    }
    connection.records_ended();
    // A flight of ours may take a few turns to leave.
    for _ in 0..8 {
        result = result.and_then(|()| connection.process(&mut provider));
        connection.records_sent(connection.records().len());
    }
    let error = result.expect_err("nothing ends well without a handshake");
    assert_ne!(error, Error::Internal);
    assert_eq!(connection.process(&mut provider), Err(error));
    assert!(connection.negotiated().is_none() && !connection.may_send());
}
