//! Records (RFC 9846 5) and what may fill them: lengths, floods, leftovers, KeyUpdate (4.7.3).

use crate::support::forger::*;
use crate::support::*;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::limits::{MAX_IDLE_RECORDS, MAX_KEY_UPDATES, MAX_TICKETS};
use saitls_core::{Connection, Error};

const DATA: ContentType = ContentType::APPLICATION_DATA;
const HANDSHAKE: ContentType = ContentType::HANDSHAKE;
const ALERT: ContentType = ContentType::ALERT;
const CCS: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// Runs `f` on a connected client, then on a connected server, each with its lying peer.
fn connected(f: impl Fn(&mut Tested<'_>, &mut Forger)) {
    let config = ClientConfig::new(&ANY);
    let (mut tested, mut forger) = (Tested::client(&config), Forger::server());
    forger.connect(&mut tested);
    f(&mut tested, &mut forger);
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
    forger.connect(&mut tested);
    f(&mut tested, &mut forger);
}

#[track_caller]
fn assert_alert(tested: &mut Tested<'_>, forger: &mut Forger, result: Result<(), Error>, alert: Alert) {
    let error = result.expect_err("refused");
    assert_eq!(error.alert(), Some(alert), "{error:?}");
    assert_eq!(forger.alert(tested), Some(alert));
    assert!(!tested.connection.is_connected());
}

// ---- Regression 22: lengths

#[test]
fn a_record_may_be_as_long_as_the_rfc_says_and_no_longer() {
    let header = |kind: ContentType, len: u16| [&[kind.0, 3, 3][..], &len.to_be_bytes()].concat();
    connected(|tested, forger| {
        // 2^14 bytes of content arrive whole.
        forger.send(tested, DATA, &pattern(1 << 14)).unwrap();
        assert!(tested.data == pattern(1 << 14));
        // As do they with as much padding as fits.
        let padded = [&pattern(1000)[..], &[DATA.0], &vec![0; (1 << 14) - 1000]].concat();
        let record = forger.seal.as_mut().unwrap().seal_inner(&padded);
        tested.deliver(&record).unwrap();
        assert_eq!(tested.data.len(), (1 << 14) + 1000);
        // One byte more of content.
        let record = forger.record(DATA, &pattern((1 << 14) + 1));
        let result = tested.deliver(&record);
        assert_alert(tested, forger, result, Alert::RECORD_OVERFLOW);
    });
    // By its header alone, without waiting for the rest.
    for (len, ok) in [(1 << 14, true), ((1 << 14) + 256, true), ((1 << 14) + 257, false), (65535, false)] {
        connected(|tested, forger| {
            let result = tested.deliver(&header(DATA, len));
            if ok {
                assert_eq!(result, Ok(()));
            } else {
                assert_alert(tested, forger, result, Alert::RECORD_OVERFLOW);
            }
        });
    }
    let config = ClientConfig::new(&ANY);
    for (len, ok) in [(1 << 14, true), ((1 << 14) + 1, false)] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        let result = client.deliver(&header(HANDSHAKE, len));
        if ok {
            assert_eq!(result, Ok(()));
        } else {
            assert_alert(&mut client, &mut forger, result, Alert::RECORD_OVERFLOW);
        }
    }
}

#[test]
fn empty_messages_and_alerts_are_refused() {
    for kind in [HANDSHAKE, ALERT] {
        connected(|tested, forger| {
            let result = forger.send(tested, kind, b"");
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
        });
        let config = ClientConfig::new(&ANY);
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        let result = forger.send(&mut client, kind, b"");
        assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    }
    // Nothing but padding, and nothing at all.
    for inner in [&[0; 100][..], &[]] {
        connected(|tested, forger| {
            let record = forger.seal.as_mut().unwrap().seal_inner(inner);
            let result = tested.deliver(&record);
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
        });
    }
    // An alert of another length.
    for alert in [&[1][..], &[1, 0, 0], &[1, 0, 1, 0]] {
        connected(|tested, forger| {
            let result = forger.send(tested, ALERT, alert);
            assert_alert(tested, forger, result, Alert::DECODE_ERROR);
        });
    }
}

#[test]
fn unknown_content_types_are_refused() {
    for kind in [0, 19, 24, 25, 255].map(ContentType) {
        connected(|tested, forger| {
            let result = tested.deliver(&plain_record(kind, b"what"));
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
        });
        connected(|tested, forger| {
            let record = forger.seal.as_mut().unwrap().seal(kind, b"what");
            let result = tested.deliver(&record);
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
        });
    }
}

// ---- Regression 9 and 24: keys

#[test]
fn nothing_in_the_clear_counts_once_there_are_keys() {
    let records = [
        plain_record(DATA, b"hello"),
        plain_record(HANDSHAKE, &key_update(0)),
        // Not even a clean end.
        plain_record(ALERT, &[1, 0]),
        plain_record(ALERT, &[2, 40]),
        CCS.to_vec(),
    ];
    for record in records {
        connected(|tested, forger| {
            let result = tested.deliver(&record);
            let error = result.expect_err("refused");
            assert!(!tested.connection.is_peer_closed());
            assert_eq!(tested.connection.alert_received(), None);
            assert!(tested.data.is_empty());
            // What has no keys and a full header of DATA fails to authenticate.
            let expected = if record[0] == DATA.0 { Alert::BAD_RECORD_MAC } else { Alert::UNEXPECTED_MESSAGE };
            assert_eq!(error.alert(), Some(expected));
            assert_eq!(forger.alert(tested), Some(expected));
        });
    }
}

#[test]
fn application_data_before_there_are_keys_is_refused() {
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    client.process().unwrap();
    forger.receive(&mut client);
    let result = forger.send(&mut client, DATA, b"hello");
    assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    let result = forger.send(&mut server, DATA, b"hello");
    assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
}

#[test]
fn application_data_before_finished_is_refused() {
    let config = ClientConfig::new(&ANY);
    for steps in [&[][..], &[Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify]] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        forger.steps(&mut client, steps).unwrap();
        let result = forger.send(&mut client, DATA, b"hello");
        assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
        assert!(client.data.is_empty());
    }
}

#[test]
fn a_record_that_was_tampered_with_is_refused_and_nothing_of_it_is_delivered() {
    let good = {
        let mut len = 0;
        connected(|_, _| {});
        len += 5 + 5 + 1 + 16;
        len
    };
    // Each byte behind the header, and lengths below a tag.
    for at in some(5..good) {
        connected(|tested, forger| {
            let mut record = forger.record(DATA, b"hello");
            assert_eq!(record.len(), good);
            record[at] ^= 0x10;
            let result = tested.deliver(&record);
            assert_alert(tested, forger, result, Alert::BAD_RECORD_MAC);
            assert!(tested.data.is_empty());
        });
    }
    for len in [0, 1, 15, 16] {
        connected(|tested, forger| {
            let result = tested.deliver(&plain_record(DATA, &vec![7; len]));
            assert_alert(tested, forger, result, Alert::BAD_RECORD_MAC);
        });
    }
    // The same record twice, or one left out.
    connected(|tested, forger| {
        let record = forger.record(DATA, b"hello");
        tested.deliver(&record).unwrap();
        let result = tested.deliver(&record);
        assert_alert(tested, forger, result, Alert::BAD_RECORD_MAC);
        assert_eq!(tested.data, b"hello");
    });
    connected(|tested, forger| {
        let _lost = forger.record(DATA, b"hello");
        let result = forger.send(tested, DATA, b"world");
        assert_alert(tested, forger, result, Alert::BAD_RECORD_MAC);
    });
}

// ---- Regression 20: leftovers at a key change

#[test]
fn no_byte_of_a_message_crosses_a_key_change() {
    let config = ClientConfig::new(&ANY);
    // Behind the ServerHello: a whole message, and the front of one.
    for extra in [encrypted_extensions(&[]), vec![8], vec![8, 0, 0, 2, 0]] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        let hello = forger.make_server_hello().message();
        let result = client.deliver(&plain_record(HANDSHAKE, &[hello, extra].concat()));
        assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    }
    // Behind the Finished of a server, and of a client.
    for extra in [key_update(0), vec![24], new_session_ticket()] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        let flight = [Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify];
        forger.steps(&mut client, &flight).unwrap();
        let finished = forger.message(Step::Finished);
        let result = forger.send(&mut client, HANDSHAKE, &[finished, extra.clone()].concat());
        assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);

        let identity = ed25519();
        let identities = [identity.identity()];
        let config = ServerConfig::new(&identities);
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        forger.greet(&mut server).unwrap();
        let finished = forger.message(Step::Finished);
        let result = forger.send(&mut server, HANDSHAKE, &[finished, extra].concat());
        assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    }
    // Behind a ClientHello.
    let identity = ed25519();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    for extra in [vec![20], message(20, &[0; 32])] {
        let (mut server, mut forger) = (Tested::server(&server_config), Forger::client());
        let hello = forger.make_client_hello().message();
        let result = server.deliver(&plain_record(HANDSHAKE, &[hello, extra].concat()));
        assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    }
    // Behind a KeyUpdate.
    for extra in [key_update(0), vec![24]] {
        connected(|tested, forger| {
            let result = forger.send(tested, HANDSHAKE, &[key_update(0), extra.clone()].concat());
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
        });
    }
}

#[test]
fn no_other_record_comes_between_the_fragments_of_a_message() {
    for (kind, content) in [(DATA, &b"hello"[..]), (ALERT, &[1, 0])] {
        connected(|tested, forger| {
            forger.send(tested, HANDSHAKE, &key_update(0)[..2]).unwrap();
            let result = forger.send(tested, kind, content);
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
            assert!(tested.data.is_empty() && !tested.connection.is_peer_closed());
        });
    }
}

// ---- Regression 21 and 22: floods

#[test]
fn compatibility_records_come_where_they_may_as_often_as_they_may() {
    let config = ClientConfig::new(&ANY);
    let identity = ed25519();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    // Before the first ClientHello, there is nothing to be compatible with.
    let (mut server, mut forger) = (Tested::server(&server_config), Forger::client());
    let result = server.deliver(&CCS);
    assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    // During the handshake they are dropped, up to a limit.
    for flood in [MAX_IDLE_RECORDS, MAX_IDLE_RECORDS + 1] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        let result = (0..flood).try_for_each(|_| client.deliver(&CCS));
        if flood > MAX_IDLE_RECORDS {
            assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
        } else {
            result.unwrap();
            let flight = [Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify, Step::Finished];
            forger.steps(&mut client, &flight).unwrap();
            assert!(client.connection.is_connected());
        }
    }
    // Their content is one byte, 1; they are never protected.
    for wrong in [&[20, 3, 3, 0, 1, 2][..], &[20, 3, 3, 0, 1, 0], &[20, 3, 3, 0, 2, 1, 1], &[20, 3, 3, 0, 0]] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        let result = client.deliver(wrong);
        assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    }
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.answer(&mut client).unwrap();
    let result = forger.send(&mut client, ContentType::CHANGE_CIPHER_SPEC, &[1]);
    assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
    // Nor do they come after the handshake.
    connected(|tested, forger| {
        let result = tested.deliver(&CCS);
        assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
    });
}

#[test]
fn records_without_effect_come_in_a_row_up_to_a_limit() {
    let idle: [(ContentType, &[u8]); 2] = [(DATA, b""), (ALERT, &[1, 90])];
    for (kind, content) in idle {
        connected(|tested, forger| {
            for _ in 0..3 {
                for _ in 0..MAX_IDLE_RECORDS {
                    forger.send(tested, kind, content).unwrap();
                }
                // Data between starts the count again.
                forger.send(tested, DATA, b"x").unwrap();
            }
            let result = (0..=MAX_IDLE_RECORDS).try_for_each(|_| forger.send(tested, kind, content));
            assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
            assert_eq!(tested.data, b"xxx");
        });
    }
    // user_canceled is ignored during the handshake, too, and as patiently.
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.answer(&mut client).unwrap();
    let result = (0..=MAX_IDLE_RECORDS).try_for_each(|_| forger.send(&mut client, ALERT, &[1, 90]));
    assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);

    // A message that is taken begins a new row, as data does: Finished and a KeyUpdate at a server, tickets at a
    // client.
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    forger.greet(&mut server).unwrap();
    // As middleboxes like it.
    for _ in 0..MAX_IDLE_RECORDS {
        forger.send_raw(&mut server, &CHANGE_CIPHER_SPEC).unwrap();
    }
    forger.step(&mut server, Step::Finished).unwrap();
    forger.use_application_keys();
    for _ in 0..MAX_IDLE_RECORDS {
        forger.send(&mut server, DATA, b"").unwrap();
    }
    forger.send_messages(&mut server, &key_update(0)).unwrap();
    let result = (0..=MAX_IDLE_RECORDS).try_for_each(|_| forger.send(&mut server, DATA, b""));
    assert_alert(&mut server, &mut forger, result, Alert::UNEXPECTED_MESSAGE);

    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.connect(&mut client);
    for _ in 0..3 {
        for _ in 0..MAX_IDLE_RECORDS {
            forger.send(&mut client, DATA, b"").unwrap();
        }
        forger.send_messages(&mut client, &new_session_ticket()).unwrap();
    }
}

#[test]
fn tickets_come_in_a_row_up_to_a_limit() {
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    forger.connect(&mut client);
    for _ in 0..2 {
        for _ in 0..MAX_TICKETS {
            forger.send_messages(&mut client, &new_session_ticket()).unwrap();
        }
        forger.send(&mut client, DATA, b"x").unwrap();
    }
    let result = (0..=MAX_TICKETS).try_for_each(|_| forger.send_messages(&mut client, &new_session_ticket()));
    assert_alert(&mut client, &mut forger, result, Alert::UNEXPECTED_MESSAGE);
}

// ---- Regression 25: KeyUpdate

#[test]
fn a_key_update_is_followed_and_answered_if_it_asks() {
    connected(|tested, forger| {
        forger.send_messages(tested, &key_update(0)).unwrap();
        forger.send(tested, DATA, b"new key").unwrap();
        forger.receive(tested);
        assert!(!forger.messages.iter().any(|message| message[0] == 24), "no answer was asked for");
        // Asked five times before we could answer: one answer is enough (RFC 9846 4.7.3), and it does not ask back.
        let asked: Vec<u8> = (0..5).flat_map(|_| forger.message_records(&key_update(1))).collect();
        tested.deliver(&asked).unwrap();
        forger.receive(tested);
        let answers: Vec<_> = forger.messages.iter().filter(|message| message[0] == 24).cloned().collect();
        assert_eq!(answers, [key_update(0)]);
        tested.connection.write(b"newer key").unwrap();
        tested.process().unwrap();
        forger.receive(tested);
        assert_eq!(forger.data(), b"newer key");
        assert_eq!(tested.data, b"new key");
    });
}

#[test]
fn a_key_update_is_well_formed() {
    for (message, alert) in [
        (key_update(2), Alert::ILLEGAL_PARAMETER),
        (key_update(255), Alert::ILLEGAL_PARAMETER),
        (message(24, &[]), Alert::DECODE_ERROR),
        (message(24, &[0, 0]), Alert::DECODE_ERROR),
    ] {
        connected(|tested, forger| {
            let result = forger.send(tested, HANDSHAKE, &message);
            assert_alert(tested, forger, result, alert);
        });
    }
}

#[test]
fn key_updates_come_in_a_row_up_to_a_limit() {
    connected(|tested, forger| {
        for _ in 0..2 {
            for _ in 0..MAX_KEY_UPDATES {
                forger.send_messages(tested, &key_update(0)).unwrap();
            }
            forger.send(tested, DATA, b"x").unwrap();
        }
        let result = (0..=MAX_KEY_UPDATES).try_for_each(|_| forger.send_messages(tested, &key_update(0)));
        assert_alert(tested, forger, result, Alert::UNEXPECTED_MESSAGE);
    });
}

/// Answers that we asked for are no flood, nor is one who renews its keys while we are the one that sends.
#[test]
fn on_a_connection_that_sends_one_way_keys_are_renewed_for_ever() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let mut pair = pair(&client_config, &server_config);
    for _ in 0..3 * MAX_KEY_UPDATES {
        pair.exchange(b"x", true);
        pair.client.update_keys(true).unwrap();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
    }
    for _ in 0..3 * MAX_KEY_UPDATES {
        pair.exchange(b"x", true);
        pair.server.update_keys(false).unwrap();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
    }
}

/// RFC 9846 4.7.3: the answer to a request is not itself one; what the application wants comes behind it.
#[test]
fn the_answer_to_a_key_update_is_no_request() {
    connected(|tested, forger| {
        tested.connection.update_keys(true).unwrap();
        forger.send_messages(tested, &key_update(1)).unwrap();
        forger.receive(tested);
        let updates = forger.received.iter().filter(|(kind, _)| *kind == HANDSHAKE).map(|(_, message)| message.clone());
        let updates: Vec<_> = updates.filter(|message| message.first() == Some(&24)).collect();
        // The wish was first here, or the request: in either order, one asks and one answers.
        assert!(updates.contains(&key_update(0)), "{updates:?}");
        assert!(updates.contains(&key_update(1)), "{updates:?}");
    });
}

/// Two ends of ours that are connected.
fn pair<'a>(client_config: &'a ClientConfig<'a, Provider>, server_config: &'a ServerConfig<'a, Provider>) -> Pair<'a> {
    let mut pair = Pair::new(client(client_config), server(server_config));
    pair.connect();
    pair
}

/// Whoever only receives answers every request, and sends nothing else for as long as it likes.
#[test]
fn a_key_update_that_was_asked_for_counts_as_no_flood() {
    let identity = p256();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let mut pair = Pair::new(client(&client_config), server(&server_config));
    pair.connect();
    for _ in 0..3 * MAX_KEY_UPDATES {
        pair.client.update_keys(true).unwrap();
        pair.exchange(b"data", true);
    }
    pair.exchange(b"at last", false);
}

#[test]
fn both_sides_may_renew_their_keys_at_once_and_while_data_waits() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let mut pair = pair(&client_config, &server_config);
    let text = pattern(fewer(40_000, 17_000));
    for (client_asks, server_asks) in [(false, false), (true, false), (false, true), (true, true)] {
        pair.client.write(b"before").unwrap();
        pair.client.update_keys(client_asks).unwrap();
        pair.server.update_keys(server_asks).unwrap();
        pair.client.update_keys(client_asks).unwrap();
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        assert_eq!(drain(&mut pair.server), b"before");
        pair.exchange(&text, true);
        pair.exchange(&text, false);
    }
    pair.client.close();
    assert_eq!(pair.client.update_keys(true), Err(Error::InvalidState));
}

#[test]
fn keys_are_renewed_before_they_are_used_up() {
    let identity = ed25519();
    let identities = [identity.identity()];
    for records in [2, 3, 10] {
        let client_config = ClientConfig::new(&ANY).with_records_per_key(records);
        let server_config = ServerConfig::new(&identities).with_records_per_key(records);
        let mut pair = pair(&client_config, &server_config);
        let before = records_of(&pair.client_wire);
        for n in 0..50u8 {
            pair.exchange(&[n], true);
            pair.exchange(&[n], false);
        }
        // 50 of data, and for every `records - 1` of them one KeyUpdate.
        let sent = records_of(&pair.client_wire) - before;
        assert!(sent > 50, "{records}: {sent}");
        assert!(sent <= 50 + 50 / (records as usize - 1) + 1, "{records}: {sent}");
    }
    // Never one record too many under a key, also where a KeyUpdate has to wait for room.
    for records in [2, 3, 10] {
        let config = ServerConfig::new(&identities).with_records_per_key(records);
        let small = Connection::server(&config, buffers(4_096, 1_500)).unwrap();
        let (mut server, mut forger) = (Tested::new(small), Forger::client());
        forger.connect(&mut server);
        for turn in 0..60 {
            let _ = server.connection.write(&[turn; 250]).unwrap();
            server.connection.process(&mut server.provider).unwrap();
            if turn % 7 == 6 {
                forger.receive(&mut server);
            }
        }
        forger.receive(&mut server);
        let mut under_one_key = 0;
        for (kind, _) in &forger.received[forger.received.iter().position(|(kind, _)| *kind == DATA).unwrap()..] {
            under_one_key += 1;
            assert!(under_one_key <= records, "{records}");
            if *kind == HANDSHAKE {
                under_one_key = 0;
            }
        }
    }
}

/// Data that is written waits in a record; what is sealed at once goes behind it, in another one. The key has room for
/// both, or the second one waits for the next key.
#[test]
fn what_is_sealed_at_once_uses_up_no_key_either() {
    let identity = ed25519();
    let identities = [identity.identity()];
    for records in [2, 3, 4, 5] {
        let config = ServerConfig::new(&identities).with_records_per_key(records);
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        forger.connect(&mut server);
        let before = forger.received.len();
        let mut sent = 0;
        for turn in 0..40 {
            sent += server.connection.write(&[turn; 10]).unwrap();
            sent += server.connection.write_sealed(&mut server.provider, &[turn; 10]).unwrap();
            server.process().unwrap();
            forger.receive(&mut server);
        }
        assert_eq!(forger.data().len(), sent);
        let mut under_one_key = 0;
        for (kind, _) in &forger.received[before..] {
            under_one_key += 1;
            assert!(under_one_key <= records, "more than {records}");
            if *kind == HANDSHAKE {
                under_one_key = 0;
            }
        }
    }
}

#[test]
fn what_is_written_behind_what_is_sealed_at_once_uses_up_no_key_either() {
    let identity = ed25519();
    let identities = [identity.identity()];
    for records in [2, 3, 4, 5] {
        let config = ServerConfig::new(&identities).with_records_per_key(records);
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        forger.connect(&mut server);
        let before = forger.received.len();
        for turn in 0..40 {
            server.connection.write_sealed(&mut server.provider, &[turn; 10]).unwrap();
            let _ = server.connection.write(&[turn; 10]).unwrap();
            server.process().unwrap();
            forger.receive(&mut server);
        }
        let mut under_one_key = 0;
        for (kind, _) in &forger.received[before..] {
            under_one_key += 1;
            assert!(under_one_key <= records, "more than {records}");
            if *kind == HANDSHAKE {
                under_one_key = 0;
            }
        }
    }
}

/// What was written before goes out under the key of then, and what is written after `update_keys` behind the
/// KeyUpdate, whichever way it is written.
#[test]
fn what_is_written_after_a_key_update_goes_out_under_the_next_key() {
    type Write = fn(&mut Tested<'_>, &[u8]) -> usize;
    let ways: [(&str, Write); 3] = [
        ("write", |tested, data| tested.connection.write(data).unwrap()),
        ("data_room", |tested, data| {
            let room = tested.connection.data_room().unwrap();
            let len = room.len().min(data.len());
            room[..len].copy_from_slice(&data[..len]);
            tested.connection.data_written(len);
            len
        }),
        ("write_sealed", |tested, data| tested.connection.write_sealed(&mut tested.provider, data).unwrap()),
    ];
    for (way, write) in ways {
        for asks in [false, true] {
            connected(|tested, forger| {
                let before = forger.received.len();
                assert_eq!(write(tested, b"before"), 6, "{way}");
                tested.connection.update_keys(asks).unwrap();
                let mut rest = &b"behind"[..];
                for _ in 0..3 {
                    rest = &rest[write(tested, rest)..];
                    tested.process().unwrap();
                }
                assert!(rest.is_empty(), "{way}");
                forger.receive(tested);
                let update = key_update(u8::from(asks));
                let sent: Vec<_> =
                    forger.received[before..].iter().map(|(kind, content)| (*kind, content.as_slice())).collect();
                assert_eq!(sent, [(DATA, &b"before"[..]), (HANDSHAKE, &update), (DATA, b"behind")], "{way}");
            });
        }
    }
    // Room that was lent before counts as written before.
    connected(|tested, forger| {
        tested.connection.data_room().unwrap()[..4].copy_from_slice(b"lent");
        tested.connection.update_keys(false).unwrap();
        tested.connection.data_written(4);
        tested.process().unwrap();
        forger.receive(tested);
        assert_eq!(forger.data(), b"lent");
        assert_eq!(forger.received.last().map(|(kind, _)| *kind), Some(HANDSHAKE));
    });
}

/// Without room for the KeyUpdate, data waits, and none of it is lost.
#[test]
fn data_waits_for_a_key_update_that_waits_for_room() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let small = Connection::server(&config, buffers(4_096, 1_500)).unwrap();
    let (mut server, mut forger) = (Tested::new(small), Forger::client());
    forger.connect(&mut server);
    let mut sent = 0;
    loop {
        let len = server.connection.write(&[7; 100]).unwrap();
        server.process().unwrap();
        sent += len;
        if len == 0 {
            break;
        }
    }
    server.connection.update_keys(false).unwrap();
    for _ in 0..3 {
        server.process().unwrap();
        assert_eq!(server.connection.write(b"waits").unwrap(), 0);
        assert_eq!(server.connection.write_sealed(&mut server.provider, b"waits").unwrap(), 0);
    }
    forger.receive(&mut server);
    server.process().unwrap();
    sent += server.connection.write(b"goes").unwrap();
    server.process().unwrap();
    forger.receive(&mut server);
    assert_eq!(forger.data().len(), sent);
    assert!(forger.data().ends_with(b"goes"));
}

/// RFC 9846 4.7.3: a sender has so many keys and no more, and ignores requests for another one. A receiver counts none.
#[test]
fn a_key_is_renewed_as_often_as_it_may_be() {
    const MOST: u64 = 3;
    let updates_of = |forger: &mut Forger, tested: &mut Tested<'_>| {
        forger.receive(tested);
        forger.messages.iter().filter(|message| message[0] == 24).count() as u64
    };
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = || ServerConfig::new(&identities).with_max_key_updates(MOST).with_records_per_key(20);
    let connect = |config| {
        let (mut server, mut forger) = (Tested::server(config), Forger::client());
        forger.connect(&mut server);
        (server, forger)
    };
    // The peer asks.
    let config = config();
    let (mut server, mut forger) = connect(&config);
    for _ in 0..2 * MOST {
        forger.send_messages(&mut server, &key_update(1)).unwrap();
        updates_of(&mut forger, &mut server);
    }
    assert_eq!(updates_of(&mut forger, &mut server), MOST);
    // The application asks, also while the answer to the peer waits.
    let (mut server, mut forger) = connect(&config);
    for _ in 1..MOST {
        server.connection.update_keys(true).unwrap();
        server.process().unwrap();
    }
    server.connection.update_keys(true).unwrap();
    forger.send_messages(&mut server, &key_update(1)).unwrap();
    assert_eq!(server.connection.update_keys(false), Err(Error::KeyUsageLimit));
    assert_eq!(updates_of(&mut forger, &mut server), MOST);
    // It goes on in both directions, until the last key is used up: its last record says why.
    forger.send(&mut server, DATA, b"still here").unwrap();
    assert_eq!(server.data, b"still here");
    let over = (0..100).find_map(|record| {
        server.connection.write(b"as am I").unwrap();
        server.process().err().map(|error| (record, error))
    });
    assert_eq!(over, Some((18, Error::KeyUsageLimit)));
    assert_eq!(forger.alert(&mut server), Some(Alert::INTERNAL_ERROR));
    assert_eq!(updates_of(&mut forger, &mut server), MOST);
    // Who closes in time ends in order: close_notify is the last record.
    let (mut server, mut forger) = connect(&config);
    for _ in 0..MOST {
        server.connection.update_keys(false).unwrap();
        server.process().unwrap();
    }
    for record in 0..19 {
        server.connection.write(b"and I").unwrap();
        if record == 18 {
            server.connection.close();
        }
        server.process().unwrap();
    }
    assert!(server.connection.is_locally_closed());
    assert_eq!(forger.alert(&mut server), Some(Alert::CLOSE_NOTIFY));
    assert_eq!(forger.data().len(), 19 * 5);
    // As a limit nobody gets past that of the RFC.
    let unlimited = ServerConfig::new(&identities).with_max_key_updates(u64::MAX);
    let (mut server, mut forger) = connect(&unlimited);
    forger.send_messages(&mut server, &key_update(1)).unwrap();
    assert_eq!(updates_of(&mut forger, &mut server), 1);
}

fn records_of(wire: &[u8]) -> usize {
    records(wire).len()
}

#[test]
fn a_key_update_waits_for_room_and_loses_nothing() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let small = Connection::client(&client_config, name("localhost"), buffers(4096, 600)).unwrap();
    let mut pair = Pair::new(small, server(&server_config));
    pair.connect();
    let data = pattern(5_000);
    let (mut written, mut read) = (0, Vec::new());
    for turn in 0..1_000 {
        written += pair.client.write(&data[written..]).unwrap();
        if turn % 3 == 0 && written < data.len() {
            pair.client.update_keys(turn % 2 == 0).unwrap();
        }
        pair.client.process(&mut pair.client_provider).unwrap();
        // The transport takes little.
        carry(&mut pair.client, &mut pair.server, 40);
        pair.server.process(&mut pair.server_provider).unwrap();
        carry(&mut pair.server, &mut pair.client, 40);
        read.extend_from_slice(&drain(&mut pair.server));
    }
    assert!(read == data, "{} of {}", read.len(), data.len());
}
