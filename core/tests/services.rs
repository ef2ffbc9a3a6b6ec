//! What a connection does for its application: exporters (RFC 9846 7.5), the key log, closing (6.1).

use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::{Connection, Error, Incompatibility, WaitingFor};
use std::collections::BTreeSet;

fn with_pair(f: impl FnOnce(&mut Pair<'_>)) {
    let identity = p256();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    f(&mut Pair::new(client(&client_config), server(&server_config)));
}

// ---- exporters

#[test]
fn both_ends_export_the_same_and_nobody_else_does() {
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        with_pair(|pair| {
            let mut out = [0; 32];
            let export = pair.client.export(&mut pair.client_provider, b"label", b"", &mut out);
            assert_eq!(export, Err(Error::InvalidState), "before the handshake");
            pair.connect();
            for (label, context) in
                [(&b"one"[..], &b""[..]), (b"two", b""), (b"one", b"context"), (b"one", b"other"), (b"", b"")]
            {
                for len in [1, 16, 32, 64, 255] {
                    let (mut ours, mut theirs) = (vec![0; len], vec![0; len]);
                    pair.client.export(&mut pair.client_provider, label, context, &mut ours).unwrap();
                    pair.server.export(&mut pair.server_provider, label, context, &mut theirs).unwrap();
                    assert_eq!(ours, theirs);
                    if len >= 16 {
                        seen.insert(ours[..16].to_vec());
                    }
                }
            }
        });
    }
    // Every label, context and length is another value; the same seeds make the same connection.
    assert_eq!(seen.len(), 5 * 4);
}

#[test]
fn an_export_outlives_key_updates_but_not_a_failure() {
    with_pair(|pair| {
        pair.connect();
        let (mut before, mut after) = ([0; 32], [0; 32]);
        pair.client.export(&mut pair.client_provider, b"label", b"", &mut before).unwrap();
        pair.client.update_keys(true).unwrap();
        pair.exchange(b"data", true);
        pair.client.export(&mut pair.client_provider, b"label", b"", &mut after).unwrap();
        assert_eq!(before, after);
        pair.client.reject(AlertDescription::INTERNAL_ERROR);
        let _ = pair.run();
        let export = pair.client.export(&mut pair.client_provider, b"label", b"", &mut after);
        assert_eq!(export, Err(Error::InvalidState));
    });
}

// ---- the key log

#[test]
fn a_key_log_hears_of_every_secret_once_and_both_sides_agree() {
    let identity = p256();
    let identities = [identity.identity()];
    for suite in [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384] {
        let suites = [suite];
        let (of_client, of_server) = (Secrets::default(), Secrets::default());
        let client_config = ClientConfig::new(&ANY).with_key_log(&of_client).with_cipher_suites(&suites);
        let server_config = ServerConfig::new(&identities).with_key_log(&of_server);
        let mut pair = Pair::new(client(&client_config), server(&server_config));
        pair.connect();
        let sorted = |secrets: &Secrets| {
            let mut secrets = secrets.0.lock().unwrap().clone();
            secrets.sort();
            secrets
        };
        assert_eq!(sorted(&of_client), sorted(&of_server));
        let labels: Vec<_> = sorted(&of_client).iter().map(|(label, ..)| label.clone()).collect();
        assert_eq!(
            labels,
            [
                "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                "CLIENT_TRAFFIC_SECRET_0",
                "EXPORTER_SECRET",
                "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                "SERVER_TRAFFIC_SECRET_0"
            ]
        );
        assert!(of_client.0.lock().unwrap().iter().all(|(_, _, secret)| secret.len() == suite.hash().output_len()));
        // The client_random of the ClientHello.
        assert!(of_client.0.lock().unwrap().iter().all(|(_, random, _)| *random == pair.client_wire[11..43]));
    }
}

// ---- closing

#[test]
fn each_side_closes_its_own_half() {
    with_pair(|pair| {
        pair.connect();
        pair.client.write(b"last words").unwrap();
        pair.client.close();
        assert!(!pair.client.may_send());
        assert_eq!(pair.client.write(b"more"), Err(Error::InvalidState));
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        // Data first, then its end.
        assert_eq!(drain(&mut pair.server), b"last words");
        pair.server.process(&mut pair.server_provider).unwrap();
        assert!(pair.server.is_peer_closed() && !pair.server.may_receive());
        assert_eq!(pair.server.waiting_for(), WaitingFor::Application);
        // The other half goes on.
        pair.exchange(&pattern(50_000), false);
        pair.server.close();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        for connection in [&pair.client, &pair.server] {
            assert!(connection.is_closed() && connection.error().is_none());
            assert_eq!(connection.waiting_for(), WaitingFor::Nothing);
            assert_eq!((connection.alert_sent(), connection.alert_received()), (None, None));
        }
    });
}

#[test]
fn closing_twice_is_closing_once() {
    with_pair(|pair| {
        pair.connect();
        for _ in 0..3 {
            pair.client.close();
            assert_eq!(pair.run(), (Ok(()), Ok(())));
        }
        let alerts = pair.client_wire.len();
        pair.client.close();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        assert_eq!(pair.client_wire.len(), alerts);
    });
}

#[test]
fn the_end_of_the_transport_behind_close_notify_is_a_clean_end() {
    with_pair(|pair| {
        pair.connect();
        pair.client.close();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        pair.server.records_ended();
        assert_eq!(pair.server.process(&mut pair.server_provider), Ok(()));
        assert_eq!(pair.server.error(), None);
        // Our own half may still be used.
        assert!(pair.server.may_send());
    });
}

#[test]
fn a_close_during_the_handshake_ends_it() {
    for turns in 0..3 {
        with_pair(|pair| {
            pair.chunk = 200;
            for _ in 0..turns {
                let _ = pair.turn();
            }
            pair.client.close();
            pair.chunk = usize::MAX;
            let (client, server) = pair.run();
            assert_eq!(client, Ok(()));
            assert!(pair.client.is_closed() || pair.client.records().is_empty());
            assert!(!pair.client.is_connected() && !pair.server.is_connected());
            // close_notify before Finished is no clean end (RFC 9846 6.1), whether or not it could be read.
            assert!(turns == 0 || server.is_err() || !pair.server.is_handshaking() || turns < 3);
        });
    }
}

#[test]
fn data_behind_close_notify_is_ignored() {
    use crate::support::forger::*;
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.connect(&mut client);
    let bytes = [
        forger.record(ContentType::APPLICATION_DATA, b"before"),
        forger.record(ContentType::ALERT, &[1, 0]),
        forger.record(ContentType::APPLICATION_DATA, b"behind"),
    ]
    .concat();
    let connection: &mut Connection<'_, Provider> = &mut client.connection;
    connection.records_room()[..bytes.len()].copy_from_slice(&bytes);
    connection.records_filled(bytes.len());
    connection.process(&mut client.provider).unwrap();
    assert_eq!(drain(connection), b"before");
    connection.process(&mut client.provider).unwrap();
    assert!(connection.is_peer_closed() && drain(connection).is_empty());
    assert!(connection.records_room().is_empty());
    assert_eq!(connection.read(&mut [0; 8]), Ok(0));
}

// ---- application protocols

#[test]
fn the_server_prefers_among_the_protocols_that_both_speak() {
    let identity = p256();
    let identities = [identity.identity()];
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    for (client_speaks, server_speaks, agreed) in [
        (both, both, Ok(Some(&b"h2"[..]))),
        (both, &[&b"http/1.1"[..], b"h2"][..], Ok(Some(b"http/1.1"))),
        (both, &[], Ok(None)),
        (&[], both, Ok(None)),
        (both, &[b"ftp"], Err(Incompatibility::NoApplicationProtocol.into())),
    ] {
        let client_config = ClientConfig::new(&ANY).with_alpn(client_speaks);
        let server_config = ServerConfig::new(&identities).with_alpn(server_speaks);
        let mut pair = Pair::new(client(&client_config), server(&server_config));
        let (client_result, server_result) = pair.run();
        match agreed {
            Ok(protocol) => {
                assert_eq!((client_result, server_result), (Ok(()), Ok(())));
                assert_eq!(pair.client.negotiated().unwrap().alpn, protocol);
                assert_eq!(pair.server.negotiated().unwrap().alpn, protocol);
            }
            Err(error) => {
                assert_eq!(server_result, Err(error));
                let alert = AlertDescription::NO_APPLICATION_PROTOCOL;
                assert_eq!(client_result, Err(Error::AlertReceived(alert)));
            }
        }
    }
}

/// Configurations can be static, and connections change threads.
#[test]
fn configurations_are_shared_and_connections_are_sent() {
    static VERIFIER: saitls_core::crypto::dangerous::AcceptAnyPeer = saitls_core::crypto::dangerous::AcceptAnyPeer;
    static CONFIG: ClientConfig<'static, Provider> = ClientConfig::new(&VERIFIER);
    let connection = Connection::client(&CONFIG, name("localhost"), full_buffers()).unwrap();
    let thread = std::thread::spawn(move || {
        let mut connection = connection;
        connection.process(&mut provider(1)).unwrap();
        connection.records().len()
    });
    assert!(thread.join().unwrap() > 100);
    fn is_shared<T: Send + Sync>() {}
    is_shared::<ServerConfig<'_, Provider>>();
    is_shared::<RotatingIdentities<'_, Provider>>();
    is_shared::<Connection<'_, Provider>>();
}

/// What the application has read is nowhere in the buffer that the transport writes to once there is no more to read.
#[test]
fn data_that_was_read_is_wiped() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let mut pair = Pair::new(client(&client_config), server(&server_config));
    pair.connect();
    let secret = b"what nobody else may read, and long enough to be known again";
    let parts: BTreeSet<&[u8]> = secret.windows(8).collect();
    let shows = |memory: &[u8]| memory.windows(8).any(|place| parts.contains(place));
    pair.client.write(secret).unwrap();
    assert_eq!(pair.run(), (Ok(()), Ok(())));
    assert!(shows(pair.server.data()));
    pair.server.data_read(secret.len() - 8);
    assert_eq!(pair.server.data(), &secret[secret.len() - 8..]);
    pair.server.data_read(usize::MAX);
    pair.server.process(&mut pair.server_provider).unwrap();
    assert!(!shows(pair.server.records_room()));
}

#[test]
fn records_are_as_long_as_we_like() {
    let identity = p256();
    let identities = [identity.identity()];
    let client_config = ClientConfig::new(&ANY).with_sent_record_len(100);
    let server_config = ServerConfig::new(&identities).with_sent_record_len(u16::MAX);
    let mut pair = Pair::new(client(&client_config), server(&server_config));
    pair.connect();
    for (most, from_client) in [(100, true), (16_384, false)] {
        let (from, provider) = if from_client {
            (&mut pair.client, &mut pair.client_provider)
        } else {
            (&mut pair.server, &mut pair.server_provider)
        };
        assert_eq!(from.write_sealed(provider, &pattern(most + 1)).unwrap(), most + 1);
        let mut rest = from.records();
        while let &[_, _, _, high, low, ..] = rest {
            let len = usize::from(u16::from_be_bytes([high, low]));
            assert!(len <= most + 1 + 16, "{len}");
            rest = &rest[5 + len..];
        }
        from.records_sent(usize::MAX);
    }
    assert!(ClientConfig::<Provider>::new(&ANY).with_sent_record_len(63).check().is_err());
}

#[test]
fn a_server_may_follow_the_clients_order_of_suites() {
    let identity = p256();
    let identities = [identity.identity()];
    let [aes, chacha] = [CipherSuite::AES_128_GCM_SHA256, CipherSuite::CHACHA20_POLY1305_SHA256];
    let suites = [aes, chacha];
    let server_config = ServerConfig::new(&identities).with_cipher_suites(&suites);
    let following = ServerConfig::new(&identities).with_cipher_suites(&suites).with_client_order_of_suites();
    for (offered, ours, theirs) in
        [([aes, chacha], aes, aes), ([chacha, aes], aes, chacha), ([CipherSuite::AES_256_GCM_SHA384, aes], aes, aes)]
    {
        let client_config = ClientConfig::new(&ANY).with_cipher_suites(&offered);
        for (config, expected) in [(&server_config, ours), (&following, theirs)] {
            let mut pair = Pair::new(client(&client_config), server(config));
            pair.connect();
            assert_eq!(pair.server.negotiated().unwrap().cipher_suite, expected);
        }
    }
}

// ---- connections at rest

fn take(connection: &mut Connection<'_, Provider>) -> (bool, bool) {
    (connection.take_receive_buffer().is_some(), connection.take_transmit_buffer().is_some())
}

fn put(connection: &mut Connection<'_, Provider>) {
    assert!(connection.put_receive_buffer(vec![0; 16_645].into()).is_ok());
    assert!(connection.put_transmit_buffer(vec![0; 16_645].into()).is_ok());
}

#[test]
fn a_connection_at_rest_needs_no_buffers() {
    with_pair(|pair| {
        assert_eq!(take(&mut pair.client), (false, false), "before the handshake");
        let _ = pair.turn();
        assert_eq!(take(&mut pair.server), (false, false), "in the handshake");
        pair.connect();
        for round in 0..3 {
            assert_eq!(take(&mut pair.client), (true, true));
            assert_eq!(take(&mut pair.client), (false, false), "there are none");
            assert!(pair.client.records_room().is_empty());
            assert!(pair.client.data_room().unwrap().is_empty());
            assert_eq!(pair.client.write(b"?").unwrap(), 0);
            pair.client.process(&mut pair.client_provider).unwrap();
            put(&mut pair.client);
            assert!(pair.client.put_receive_buffer(vec![0; 10].into()).is_err(), "there is one");
            assert!(pair.client.put_transmit_buffer(vec![0; 10].into()).is_err(), "there is one");
            pair.exchange(&pattern(20_000), round % 2 == 0);
            pair.client.update_keys(true).unwrap();
            pair.exchange(b"more", true);
        }
    });
}

#[test]
fn buffers_with_something_in_them_stay() {
    with_pair(|pair| {
        pair.connect();
        assert_eq!(pair.client.write(b"data").unwrap(), 4);
        assert!(pair.client.take_transmit_buffer().is_none(), "something is to be sealed");
        pair.client.process(&mut pair.client_provider).unwrap();
        assert!(pair.client.take_transmit_buffer().is_none(), "something is to be sent");
        carry(&mut pair.client, &mut pair.server, 10);
        assert!(pair.client.take_transmit_buffer().is_none(), "some was sent");
        assert!(pair.server.take_receive_buffer().is_none(), "half a record is there");
        carry(&mut pair.client, &mut pair.server, usize::MAX);
        assert!(pair.client.take_transmit_buffer().is_some());
        pair.server.process(&mut pair.server_provider).unwrap();
        assert!(pair.server.take_receive_buffer().is_none(), "data is there");
        pair.server.data_read(3);
        assert!(pair.server.take_receive_buffer().is_none(), "some of it");
        pair.server.data_read(1);
        let taken = pair.server.take_receive_buffer().unwrap();
        assert!(!taken.windows(3).any(|bytes| bytes == b"dat"), "what was read is wiped");
    });
}

/// What is wished for waits for a buffer.
#[test]
fn a_connection_without_a_transmit_buffer_says_goodbye_when_it_has_one() {
    with_pair(|pair| {
        pair.connect();
        assert!(pair.client.take_transmit_buffer().is_some());
        pair.client.update_keys(false).unwrap();
        pair.client.close();
        pair.client.process(&mut pair.client_provider).unwrap();
        assert!(!pair.client.is_locally_closed() && pair.client.error().is_none());
        assert!(pair.client.put_transmit_buffer(vec![0; 600].into()).is_ok());
        let _ = pair.run();
        assert!(pair.client.is_locally_closed() && pair.server.is_peer_closed());
    });
}

#[test]
fn a_connection_at_rest_needs_no_keys() {
    with_pair(|pair| {
        assert!(pair.client.take_keys().is_none(), "before the handshake");
        pair.connect();
        for round in 0..4 {
            let keys = (pair.client.take_keys().unwrap(), pair.server.take_keys());
            assert!(pair.client.take_keys().is_none(), "there are none");
            if round % 2 == 0 {
                // They come back, or else are made again.
                pair.client.put_keys(keys.0);
            }
            pair.exchange(&pattern(20_000), round == 1);
            pair.client.update_keys(true).unwrap();
            pair.exchange(b"more", true);
        }
        drop(pair.client.take_keys());
        pair.client.close();
        let _ = pair.run();
        assert!(pair.server.is_peer_closed());
    });
}

/// Whoever puts them back into the wrong place changes nothing.
#[test]
fn keys_are_those_of_their_connection() {
    let identity = p256();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let mut pairs = [0, 1].map(|_| Pair::new(client(&client_config), server(&server_config)));
    pairs.iter_mut().for_each(Pair::connect);
    let [first, second] = &mut pairs;
    let (of_first, of_second) = (first.client.take_keys().unwrap(), second.client.take_keys().unwrap());
    first.client.put_keys(of_second);
    second.client.put_keys(of_first);
    first.exchange(b"data", true);
    second.exchange(b"data", false);
    let stale = first.client.take_keys().unwrap();
    first.client.update_keys(true).unwrap();
    first.exchange(b"under new keys", true);
    first.exchange(b"under new keys", false);
    drop(first.client.take_keys());
    first.client.put_keys(stale);
    first.exchange(b"data", true);
    first.exchange(b"data", false);
}
