//! Bytes come as they like: one at a time, cut anywhere, messages joined and split. And they may stop anywhere.

use crate::support::forger::*;
use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::{Connection, Error, PeerFault};

/// What kinds of handshakes there are.
const RETRY: [bool; 2] = [false, true];

fn with_pair(retry: bool, client_authentication: bool, f: impl FnOnce(&mut Pair<'_>)) {
    let identity = p256();
    let identities = [identity.identity()];
    let mut client_config = ClientConfig::new(&ANY).with_identities(&identities);
    if retry {
        client_config = client_config.with_key_shares(&[]);
    }
    let mut server_config = ServerConfig::new(&identities);
    if client_authentication {
        server_config = server_config.with_client_authentication(ClientAuthentication::Required(&ANY));
    }
    f(&mut Pair::new(client(&client_config), server(&server_config)));
}

#[test]
fn one_byte_at_a_time() {
    for retry in RETRY {
        for client_authentication in [false, true] {
            with_pair(retry, client_authentication, |pair| {
                pair.chunk = 1;
                pair.connect();
                assert_eq!(pair.client.negotiated().unwrap().hello_retry, retry);
                pair.exchange(b"one byte", true);
                pair.exchange(b"at a time", false);
                pair.client.close();
                pair.server.close();
                assert_eq!(pair.run(), (Ok(()), Ok(())));
                assert!(pair.client.is_closed() && pair.server.is_closed());
            });
        }
    }
}

#[test]
fn any_size_of_chunks() {
    for chunk in some((2..64).chain([100, 255, 256, 511, 512, 1000])) {
        with_pair(true, true, |pair| {
            pair.chunk = chunk;
            pair.connect();
            pair.exchange(&pattern(3000), true);
        });
    }
}

/// Both sides' bytes of a connection with data and close_notify, with the provider's seeds they belong to.
fn recording(retry: bool, client_authentication: bool) -> (Vec<u8>, Vec<u8>) {
    let mut wires = (Vec::new(), Vec::new());
    with_pair(retry, client_authentication, |pair| {
        pair.connect();
        pair.exchange(b"some data", true);
        pair.exchange(b"other data", false);
        pair.client.close();
        pair.server.close();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        wires = (pair.client_wire.clone(), pair.server_wire.clone());
    });
    wires
}

/// Regression 37: the end of the transport is the end of the connection only behind close_notify; whatever came
/// before it counts.
#[test]
fn cut_at_every_byte() {
    for retry in RETRY {
        for client_authentication in [false, true] {
            let (from_client, from_server) = recording(retry, client_authentication);
            for (is_client, wire, whole) in
                [(true, &from_server, &b"other data"[..]), (false, &from_client, b"some data")]
            {
                for cut in some(0..=wire.len()) {
                    let (result, data, clean) = cut_off(is_client, retry, client_authentication, &wire[..cut]);
                    let at = format!("client {is_client}, retry {retry}, {cut} of {}", wire.len());
                    assert!(whole.starts_with(&data), "{at}");
                    if cut == wire.len() {
                        assert_eq!((result, data.as_slice(), clean), (Ok(()), whole, true), "{at}");
                    } else {
                        assert_eq!((result, clean), (Err(Error::Truncated), false), "{at}");
                    }
                }
            }
        }
    }
}

/// Gives one end, with the seed of the recording, what came from the other, and then the end of the transport: how it
/// ends, what data it delivers, and whether that is a clean end.
fn cut_off(
    is_client: bool,
    retry: bool,
    client_authentication: bool,
    mut wire: &[u8],
) -> (Result<(), Error>, Vec<u8>, bool) {
    let mut outcome = None;
    with_pair(retry, client_authentication, |pair| {
        let (connection, provider) = if is_client {
            (&mut pair.client, &mut pair.client_provider)
        } else {
            (&mut pair.server, &mut pair.server_provider)
        };
        let mut data = Vec::new();
        let mut result = connection.process(provider);
        while result.is_ok() {
            connection.records_sent(connection.records().len());
            data.extend_from_slice(&drain(connection));
            let room = connection.records_room();
            let len = room.len().min(wire.len());
            room[..len].copy_from_slice(&wire[..len]);
            wire = &wire[len..];
            connection.records_filled(len);
            if len == 0 {
                break;
            }
            result = connection.process(provider);
        }
        connection.records_ended();
        // What there is to read comes first.
        let result = result.and_then(|()| connection.process(provider));
        data.extend_from_slice(&drain(connection));
        let result = result.and_then(|()| connection.process(provider));
        outcome = Some((result, data, connection.is_peer_closed()));
    });
    outcome.unwrap()
}

/// Regression 23.
#[test]
fn messages_are_joined_and_split_in_any_way() {
    // A flight in one record, and in records of one byte each; either way, behind one another or one by one.
    for fragment in some([1, 2, 3, 4, 5, 100, 1 << 14]) {
        let config = ClientConfig::new(&ANY);
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        forger.fragment = fragment;
        let hello = forger.make_server_hello().message();
        forger.send_messages(&mut client, &hello).unwrap();
        forger.steps(&mut client, &[Step::EncryptedExtensions, Step::Certificate]).unwrap();
        forger.steps(&mut client, &[Step::CertificateVerify, Step::Finished]).unwrap();
        forger.receive(&mut client);
        assert!(client.connection.is_connected(), "{fragment}");
        forger.send_messages(&mut client, &new_session_ticket()).unwrap();

        let identity = ed25519();
        let identities = [identity.identity()];
        let config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&ANY));
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        forger.fragment = fragment;
        forger.greet(&mut server).unwrap();
        forger.steps(&mut server, &[Step::Certificate, Step::CertificateVerify, Step::Finished]).unwrap();
        assert!(server.connection.is_connected(), "{fragment}");
    }
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.answer(&mut client).unwrap();
    let front = [forger.message(Step::EncryptedExtensions), forger.message(Step::Certificate)].concat();
    forger.send_messages(&mut client, &front).unwrap();
    let tickets = [new_session_ticket(), new_session_ticket(), new_session_ticket()].concat();
    forger.steps(&mut client, &[Step::CertificateVerify, Step::Finished]).unwrap();
    forger.send_messages(&mut client, &tickets).unwrap();
    forger.send(&mut client, ContentType::APPLICATION_DATA, b"well").unwrap();
    assert_eq!(client.data, b"well");
}

#[test]
fn what_was_received_is_read_before_the_failure_is_told() {
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.connect(&mut client);
    let good = forger.record(ContentType::APPLICATION_DATA, b"good");
    let mut bad = forger.record(ContentType::APPLICATION_DATA, b"bad");
    bad[7] ^= 1;
    let connection: &mut Connection<'_, Provider> = &mut client.connection;
    let bytes = [good, bad].concat();
    connection.records_room()[..bytes.len()].copy_from_slice(&bytes);
    connection.records_filled(bytes.len());
    connection.process(&mut client.provider).unwrap();
    let mut out = [0; 3];
    assert_eq!(connection.read(&mut out), Ok(3));
    assert_eq!(connection.read(&mut out), Ok(1));
    assert_eq!(connection.process(&mut client.provider), Err(PeerFault::BadRecordMac.into()));
    assert_eq!(connection.read(&mut out), Err(PeerFault::BadRecordMac.into()));
}

/// RFC 9846 6.1: whoever closes its side says so, also to a peer that did not.
#[test]
fn a_truncated_peer_is_told_that_we_close() {
    with_pair(false, false, |pair| {
        pair.connect();
        pair.server.write(b"last words").unwrap();
        pair.server.records_ended();
        assert_eq!(pair.server.process(&mut pair.server_provider), Err(Error::Truncated));
        assert_eq!(pair.server.alert_sent(), None, "it is no error of the client's");
        carry(&mut pair.server, &mut pair.client, usize::MAX);
        pair.client.process(&mut pair.client_provider).unwrap();
        assert_eq!(drain(&mut pair.client), b"last words");
        pair.client.process(&mut pair.client_provider).unwrap();
        assert!(pair.client.is_peer_closed());
    });
}
