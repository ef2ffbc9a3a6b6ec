//! HelloRetryRequest (RFC 9846 4.2.4): what may be asked for, and what may change.

use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::{Connection, Error, PeerFault, limits};

/// A client that has sent a ClientHello with a share for X25519.
fn waiting<'a>(config: &'a ClientConfig<'a, Provider>) -> (Tested<'a>, Forger) {
    let (mut client, mut forger) = (Tested::client(config), Forger::server());
    client.process().unwrap();
    forger.receive(&mut client);
    (client, forger)
}

#[track_caller]
fn refused(client: &mut Tested<'_>, forger: &mut Forger, hello: &ServerHelloParts, alert: Alert) {
    let result = forger.send_messages(client, &hello.message());
    assert_eq!(result.expect_err("refused").alert(), Some(alert), "{result:?}");
    // Regression 12: one alert, that the peer can read.
    assert_eq!(forger.alert(client), Some(alert));
    assert_eq!(forger.received.iter().filter(|(kind, _)| *kind == ContentType::ALERT).count(), 1);
}

#[test]
fn a_request_must_ask_for_a_change_that_is_possible() {
    let config = ClientConfig::new(&ANY);
    // A group that was not offered, the group of a share, nothing at all.
    for group in [Some(NamedGroup::X448), Some(NamedGroup::X25519), Some(NamedGroup(0x2a2a)), None] {
        let (mut client, mut forger) = waiting(&config);
        let request = forger.make_hello_retry_request(group, None);
        refused(&mut client, &mut forger, &request, Alert::ILLEGAL_PARAMETER);
    }
    // The group of a share, whatever else it asks for.
    let (mut client, mut forger) = waiting(&config);
    let request = forger.make_hello_retry_request(Some(NamedGroup::X25519), Some(b"cookie"));
    refused(&mut client, &mut forger, &request, Alert::ILLEGAL_PARAMETER);
}

#[test]
fn a_request_is_checked_like_a_server_hello() {
    let config = ClientConfig::new(&ANY);
    type Change = fn(&mut ServerHelloParts);
    let changes: [(Change, Alert); 8] = [
        (|hello| hello.version = 0x0302, Alert::PROTOCOL_VERSION),
        (|hello| hello.session_id[0] ^= 1, Alert::ILLEGAL_PARAMETER),
        (|hello| hello.suite = 0x1305, Alert::ILLEGAL_PARAMETER),
        (|hello| hello.compression = 1, Alert::ILLEGAL_PARAMETER),
        (
            |hello| {
                hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS);
            },
            Alert::PROTOCOL_VERSION,
        ),
        (
            |hello| {
                hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, [3, 3]);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            |hello| {
                hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            |hello| {
                hello.extensions().set(ExtensionType(0x3a3a), []);
            },
            Alert::UNSUPPORTED_EXTENSION,
        ),
    ];
    for (change, alert) in changes {
        let (mut client, mut forger) = waiting(&config);
        let request = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None).with(change);
        refused(&mut client, &mut forger, &request, alert);
    }
}

#[test]
fn there_is_one_request() {
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = waiting(&config);
    let request = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
    forger.send_messages(&mut client, &request.message()).unwrap();
    forger.receive(&mut client);
    let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), Some(b"more"));
    refused(&mut client, &mut forger, &request, Alert::UNEXPECTED_MESSAGE);
}

#[test]
fn the_server_hello_keeps_what_the_request_said() {
    let config = ClientConfig::new(&ANY);
    let retried = || {
        let (mut client, mut forger) = waiting(&config);
        forger.group = NamedGroup::SECP256R1;
        let request = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
        forger.send_messages(&mut client, &request.message()).unwrap();
        forger.receive(&mut client);
        let hello = forger.make_server_hello();
        (client, forger, hello)
    };
    // Another suite; the group of the first share; no share.
    let (mut client, mut forger, hello) = retried();
    let hello = hello.with(|hello| hello.suite = 0x1303);
    refused_in_the_clear(&mut client, &mut forger, &hello, Alert::ILLEGAL_PARAMETER);
    let (mut client, mut forger, mut hello) = retried();
    hello.extensions().set(ExtensionType::KEY_SHARE, server_share(NamedGroup::X25519.0, &[9; 32]));
    refused_in_the_clear(&mut client, &mut forger, &hello, Alert::ILLEGAL_PARAMETER);
    let (mut client, mut forger, mut hello) = retried();
    hello.extensions().remove(ExtensionType::KEY_SHARE);
    refused_in_the_clear(&mut client, &mut forger, &hello, Alert::MISSING_EXTENSION);
}

#[track_caller]
fn refused_in_the_clear(client: &mut Tested<'_>, forger: &mut Forger, hello: &ServerHelloParts, alert: Alert) {
    let result = client.deliver(&plain_record(ContentType::HANDSHAKE, &hello.message()));
    assert_eq!(result.expect_err("refused").alert(), Some(alert), "{result:?}");
    assert_eq!(forger.alert(client), Some(alert));
}

/// RFC 9846 4.2.2: the second ClientHello is the first, but for what the request asks for.
#[test]
fn the_second_client_hello_changes_only_what_it_must() {
    let config = ClientConfig::new(&ANY);
    for (group, cookie) in [
        (Some(NamedGroup::SECP384R1), None),
        (None, Some(&b"a cookie"[..])),
        (Some(NamedGroup::SECP256R1), Some(b"another")),
    ] {
        let (mut client, mut forger) = waiting(&config);
        let mut first = forger.client_hello.clone().unwrap();
        let request = forger.make_hello_retry_request(group, cookie);
        forger.send_messages(&mut client, &request.message()).unwrap();
        forger.receive(&mut client);
        let mut second = forger.client_hello.clone().unwrap();
        if let Some(group) = group {
            assert_eq!(second.shares().iter().map(|(group, _)| *group).collect::<Vec<_>>(), [group]);
            first.extensions().remove(ExtensionType::KEY_SHARE);
            second.extensions().remove(ExtensionType::KEY_SHARE);
        }
        if let Some(cookie) = cookie {
            assert_eq!(second.extensions().get(ExtensionType::COOKIE)[2..], *cookie);
            second.extensions().remove(ExtensionType::COOKIE);
        }
        assert_eq!(first, second);
    }
}

/// Regression 13.
#[test]
fn cookies_of_any_length_come_back_or_are_refused_cleanly() {
    let config = ClientConfig::new(&ANY);
    for (len, transmit, works) in [(1, 512, true), (200, 1024, true), (15_000, 20_000, true), (15_000, 1024, false)] {
        let connection = Connection::client(&config, None, buffers(20_000, transmit)).unwrap();
        let (mut client, mut forger) = (Tested::new(connection), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        let cookie = vec![0xc0; len];
        let request = forger.make_hello_retry_request(None, Some(&cookie));
        let result = forger.send_messages(&mut client, &request.message());
        if works {
            assert_eq!(result, Ok(()), "{len} in {transmit}");
            forger.receive(&mut client);
            let hello = forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap().clone();
            assert_eq!(hello.get(ExtensionType::COOKIE)[2..], cookie);
        } else {
            assert!(
                matches!(result, Err(Error::TransmitBufferTooSmall(needed)) if needed.get() > 15_000),
                "{result:?}"
            );
            assert_eq!(forger.alert(&mut client), Some(Alert::INTERNAL_ERROR));
        }
    }
    for cookie in [&[][..], &[0], &[0, 0], &[0, 2, 7], &[0, 1, 7, 7], &[0xff, 0xff, 7]] {
        let (mut client, mut forger) = waiting(&config);
        let mut request = forger.make_hello_retry_request(None, Some(b"x"));
        request.extensions().set(ExtensionType::COOKIE, cookie);
        refused(&mut client, &mut forger, &request, Alert::DECODE_ERROR);
    }
}

// ---- the server

/// A server that has asked for P-256, with the ClientHello that will satisfy it.
fn retrying<'a>(config: &'a ServerConfig<'a, Provider>) -> (Tested<'a>, Forger, ClientHelloParts) {
    let (mut server, mut forger) = (Tested::server(config), Forger::client());
    forger.group = NamedGroup::SECP256R1;
    let second = forger.make_client_hello();
    let mut first = second.clone();
    first.extensions().set(ExtensionType::KEY_SHARE, [0, 0]);
    first.extensions().set(ExtensionType::SUPPORTED_GROUPS, codes16([NamedGroup::SECP256R1.0]));
    let mut second = second;
    second.extensions().set(ExtensionType::SUPPORTED_GROUPS, codes16([NamedGroup::SECP256R1.0]));
    for hello in [&mut first, &mut second] {
        hello.extensions().set(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, *b"\0\x03\x02h2");
        hello.extensions().set(ExtensionType(0xfe0d), [7; 40]);
    }
    forger.hello(&mut server, &first).unwrap();
    assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
    (server, forger, second)
}

/// Regression 11.
#[test]
fn a_second_client_hello_that_differs_otherwise_is_refused() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let (mut server, mut forger, second) = retrying(&config);
    forger.hello(&mut server, &second).unwrap();
    forger.step(&mut server, Step::Finished).unwrap();
    assert!(server.connection.negotiated().unwrap().hello_retry);

    use ExtensionType as E;
    type Change = fn(&mut ClientHelloParts);
    let changes: [(&str, Change, Alert); 16] = [
        ("random", |hello| hello.random[0] ^= 1, Alert::ILLEGAL_PARAMETER),
        ("session id", |hello| hello.session_id[0] ^= 1, Alert::ILLEGAL_PARAMETER),
        ("no session id", |hello| hello.session_id.clear(), Alert::ILLEGAL_PARAMETER),
        ("suites", |hello| hello.suites.rotate_left(1), Alert::ILLEGAL_PARAMETER),
        ("without the suite", |hello| hello.suites.retain(|&suite| suite != 0x1301), Alert::ILLEGAL_PARAMETER),
        ("compression", |hello| hello.compression = vec![0, 0], Alert::ILLEGAL_PARAMETER),
        ("legacy version", |hello| hello.version = 0x0301, Alert::PROTOCOL_VERSION),
        (
            "no versions",
            |hello| {
                hello.extensions().remove(E::SUPPORTED_VERSIONS);
            },
            Alert::PROTOCOL_VERSION,
        ),
        (
            "another name",
            |hello| {
                hello.extensions().set(E::SERVER_NAME, *b"\0\x04\0\0\x01a");
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "no name",
            |hello| {
                hello.extensions().remove(E::SERVER_NAME);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "one more",
            |hello| {
                hello.extensions().push(E::RECORD_SIZE_LIMIT, [1, 0]);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "one less",
            |hello| {
                hello.extensions().remove(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "one more group",
            |hello| {
                hello.extensions().set(E::SUPPORTED_GROUPS, codes16([NamedGroup::SECP256R1.0, 0x2a2a]));
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "a cookie nobody gave",
            |hello| {
                hello.extensions().push(E::COOKIE, [0, 1, 1]);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "early data",
            |hello| {
                hello.extensions().push(E::EARLY_DATA, []);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "schemes",
            |hello| {
                hello.extensions().set(E::SIGNATURE_ALGORITHMS, [0, 2, 8, 7]);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
    ];
    for (what, change, alert) in changes {
        let (mut server, mut forger, second) = retrying(&config);
        let result = forger.hello(&mut server, &second.with(change));
        assert_eq!(result.expect_err(what).alert(), Some(alert), "{what}: {result:?}");
        assert_eq!(forger.alert(&mut server), Some(alert), "{what}");
    }
}

/// Regression 46, and docs/DECISIONS.md: what a server does not act on may change, as it does with wolfSSL behind a
/// HelloRetryRequest, and so may the order in which extensions stand.
#[test]
fn a_second_client_hello_may_differ_in_what_means_nothing_to_us() {
    use ExtensionType as E;
    const ENCRYPTED_CLIENT_HELLO: E = E(0xfe0d);
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    type Change = fn(&mut ClientHelloParts);
    let changes: [(&str, Change); 6] = [
        ("padding that comes", |hello| _ = hello.extensions().push(E::PADDING, [0; 9])),
        ("another order", |hello| hello.extensions().0.reverse()),
        ("a fresh GREASE encrypted_client_hello", |hello| {
            hello.extensions().set(ENCRYPTED_CLIENT_HELLO, [8; 40]).0.rotate_left(2);
        }),
        ("what is unknown goes", |hello| _ = hello.extensions().remove(ENCRYPTED_CLIENT_HELLO)),
        ("something else unknown comes", |hello| _ = hello.extensions().push(E(0x4a4a), [])),
        ("what resumption is for", |hello| _ = hello.extensions().push(E::PSK_KEY_EXCHANGE_MODES, [1, 1])),
    ];
    for (what, change) in changes {
        let (mut server, mut forger, second) = retrying(&config);
        assert_eq!(forger.hello(&mut server, &second.with(change)), Ok(()), "{what}");
        forger.step(&mut server, Step::Finished).unwrap();
        assert!(server.connection.negotiated().unwrap().hello_retry, "{what}");
    }
}

#[test]
fn the_second_client_hello_has_the_share_that_was_asked_for_and_no_other() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let point = retrying(&config).2.shares()[0].1.clone();
    let (p256, p384) = (NamedGroup::SECP256R1.0, NamedGroup::SECP384R1.0);
    let wrong: [Vec<(u16, &[u8])>; 3] =
        [vec![], vec![(p384, &[4; 97])], vec![(p256, &point), (NamedGroup::X25519.0, &[9; 32])]];
    for shares in wrong {
        let (mut server, mut forger, mut second) = retrying(&config);
        second.extensions().set(ExtensionType::KEY_SHARE, key_shares(&shares));
        let result = forger.hello(&mut server, &second);
        assert_eq!(result.expect_err("refused").alert(), Some(Alert::ILLEGAL_PARAMETER), "{result:?}");
        assert_eq!(forger.alert(&mut server), Some(Alert::ILLEGAL_PARAMETER));
    }
    let (mut server, mut forger, mut second) = retrying(&config);
    second.extensions().remove(ExtensionType::KEY_SHARE);
    assert_eq!(forger.hello(&mut server, &second).unwrap_err().alert(), Some(Alert::MISSING_EXTENSION));
}

/// Early data that is not taken is skipped (RFC 9846 4.3.10), but not for ever, not behind a second ClientHello, and
/// not inside a message.
#[test]
fn skipped_early_data_ends() {
    use ExtensionType as E;
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let early = |body: &[u8]| plain_record(ContentType::APPLICATION_DATA, body);
    for retry in [false, true] {
        let greeted = || {
            let (mut server, mut forger) = (Tested::server(&config), Forger::client());
            let mut hello = if retry {
                let groups = [NamedGroup::X25519];
                ClientHelloParts::new(&[]).with(|hello| {
                    let list = written(|writer| writer.vector16(|writer| writer.u16(groups[0].0)));
                    hello.extensions().set(E::SUPPORTED_GROUPS, list);
                })
            } else {
                forger.make_client_hello()
            };
            hello.extensions().set(E::EARLY_DATA, []);
            forger.hello(&mut server, &hello).unwrap();
            (server, forger)
        };
        // Some is fine, of any length.
        let (mut server, forger) = greeted();
        for len in [0, 1, 15, 16, 17, 1_000, 16_384 + 256] {
            forger.send_raw(&mut server, &early(&vec![0xa5; len])).unwrap();
        }
        // Records without content are counted too.
        for &len in fewer::<&[usize]>(&[0, 16, 17, 5_000], &[1_000, 5_000]) {
            let (mut server, forger) = greeted();
            let most = limits::MAX_SKIPPED_EARLY_DATA as usize / (len + 5) + 1;
            let result = (0..most).try_for_each(|_| forger.send_raw(&mut server, &early(&vec![0xa5; len])));
            assert_eq!(result, Err(PeerFault::BadRecordMac.into()), "{len}");
        }
    }
    // Behind the second ClientHello there is none.
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    let first = forger.make_client_hello().with(|hello| {
        hello.extensions().set(E::KEY_SHARE, [0, 0]);
        hello.extensions().push(E::EARLY_DATA, []);
    });
    forger.hello(&mut server, &first).unwrap();
    forger.send_raw(&mut server, &early(&[0xa5; 100])).unwrap();
    let second = forger.make_client_hello().with(|hello| {
        let share = hello.extensions().get(E::KEY_SHARE).to_vec();
        *hello = first.clone();
        hello.extensions().set(E::KEY_SHARE, share).remove(E::EARLY_DATA);
    });
    let message = second.message();
    let front = &message[..50];
    // Not between the parts of a message (RFC 9846 5.1).
    {
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        forger.hello(&mut server, &first).unwrap();
        forger.send(&mut server, ContentType::HANDSHAKE, front).unwrap();
        assert_eq!(forger.send_raw(&mut server, &early(&[0xa5; 100])), Err(PeerFault::UnexpectedRecord.into()));
    }
    forger.hello(&mut server, &second).unwrap();
    let result = forger.send_raw(&mut server, &early(&[0xa5; 100]));
    assert_eq!(result, Err(PeerFault::BadRecordMac.into()));
    assert_eq!(forger.alert(&mut server), Some(Alert::BAD_RECORD_MAC));
}
