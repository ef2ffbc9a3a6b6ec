//! What a hello may say: every echo and limit of RFC 9846 4.2 and 4.3, and the alert for each violation.

use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::error::ByteCount;
use saitls_core::{Connection, Error, PeerFault};

/// What a server says to a ClientHello that is changed like this.
fn server_answers(change: impl FnOnce(&mut ClientHelloParts)) -> (Result<(), Error>, Option<Alert>) {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities).with_alpn(&[b"http/1.1"]);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    let hello = forger.make_client_hello().with(change);
    let result = forger.hello(&mut server, &hello);
    let alert = forger.alert(&mut server);
    if result.is_ok() {
        // It is of use, too.
        forger.step(&mut server, Step::Finished).unwrap();
        assert!(server.connection.is_connected());
    }
    (result, alert)
}

#[track_caller]
pub(crate) fn server_refuses(alert: Alert, change: impl FnOnce(&mut ClientHelloParts)) {
    let (result, sent) = server_answers(change);
    assert_eq!(result.expect_err("refused").alert(), Some(alert));
    assert_eq!(sent, Some(alert));
}

#[track_caller]
fn server_takes(change: impl FnOnce(&mut ClientHelloParts)) {
    assert_eq!(server_answers(change), (Ok(()), None));
}

/// What a client says to a ServerHello that is changed like this.
#[track_caller]
fn client_refuses(alert: Alert, change: impl FnOnce(&mut ServerHelloParts)) {
    let config = ClientConfig::new(&ANY);
    let (mut client, mut forger) = (Tested::client(&config), Forger::server());
    client.process().unwrap();
    forger.receive(&mut client);
    let hello = forger.make_server_hello().with(change);
    let record = plain_record(ContentType::HANDSHAKE, &hello.message());
    let error = client.deliver(&record).expect_err("refused");
    assert_eq!(error.alert(), Some(alert), "{error:?}");
    assert_eq!(forger.alert(&mut client), Some(alert));
}

// ---- Regression 10: every echo

#[test]
fn a_client_checks_every_echo_of_the_server_hello() {
    client_refuses(Alert::PROTOCOL_VERSION, |hello| hello.version = 0x0302);
    client_refuses(Alert::PROTOCOL_VERSION, |hello| hello.version = 0x0304);
    client_refuses(Alert::ILLEGAL_PARAMETER, |hello| hello.session_id[31] ^= 1);
    client_refuses(Alert::ILLEGAL_PARAMETER, |hello| hello.session_id.clear());
    client_refuses(Alert::DECODE_ERROR, |hello| hello.session_id.push(0));
    client_refuses(Alert::ILLEGAL_PARAMETER, |hello| hello.compression = 1);
    // Never offered, of TLS 1.2, unknown.
    for suite in [0x1305, 0xc02b, 0x0000, 0xeaea] {
        client_refuses(Alert::ILLEGAL_PARAMETER, |hello| hello.suite = suite);
    }
}

#[test]
fn a_client_is_not_talked_down() {
    let no_version = |hello: &mut ServerHelloParts| {
        hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS);
    };
    client_refuses(Alert::PROTOCOL_VERSION, no_version);
    client_refuses(Alert::PROTOCOL_VERSION, |hello| hello.extensions = None);
    for sentinel in [b"DOWNGRD\x00", b"DOWNGRD\x01"] {
        client_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
            no_version(hello);
            hello.random[24..].copy_from_slice(sentinel);
        });
    }
    for version in [[3, 3], [3, 5], [0x7f, 0x1c]] {
        client_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
            hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, version);
        });
    }
}

#[test]
fn a_client_takes_no_share_it_did_not_ask_for() {
    // Offered in supported_groups, but without a share; not offered at all.
    for group in [NamedGroup::SECP256R1, NamedGroup::X448] {
        client_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
            hello.extensions().set(ExtensionType::KEY_SHARE, server_share(group.0, &[4; 65]));
        });
    }
    // Regression 14: neither key_share nor PSK.
    client_refuses(Alert::MISSING_EXTENSION, |hello| {
        hello.extensions().remove(ExtensionType::KEY_SHARE);
    });
    // A PSK that was never offered.
    client_refuses(Alert::UNSUPPORTED_EXTENSION, |hello| {
        hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
    });
    client_refuses(Alert::UNSUPPORTED_EXTENSION, |hello| {
        hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]).remove(ExtensionType::KEY_SHARE);
    });
}

#[test]
fn extensions_of_a_server_hello_belong_there() {
    // Known, but elsewhere; unknown; twice.
    client_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().set(ExtensionType::SERVER_NAME, []);
    });
    client_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().set(ExtensionType::COOKIE, [0, 1, 1]);
    });
    client_refuses(Alert::UNSUPPORTED_EXTENSION, |hello| {
        hello.extensions().set(ExtensionType(0xfafa), []);
    });
    client_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().push(ExtensionType::SUPPORTED_VERSIONS, [3, 4]);
    });
}

#[test]
fn extensions_of_encrypted_extensions_answer_a_question() {
    let refused = |extensions: &[(ExtensionType, Vec<u8>)], alert: Alert| {
        let config = ClientConfig::new(&ANY).with_alpn(&[b"h2"]);
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        let error = forger.send_messages(&mut client, &encrypted_extensions(extensions)).expect_err("refused");
        assert_eq!(error.alert(), Some(alert), "{extensions:?}: {error:?}");
        assert_eq!(forger.alert(&mut client), Some(alert));
    };
    use ExtensionType as E;
    // Not asked for; unknown.
    refused(&[(E::MAX_FRAGMENT_LENGTH, vec![1])], Alert::UNSUPPORTED_EXTENSION);
    refused(&[(E::EARLY_DATA, vec![])], Alert::UNSUPPORTED_EXTENSION);
    refused(&[(E::HEARTBEAT, vec![1])], Alert::UNSUPPORTED_EXTENSION);
    refused(&[(E(0x1a1a), vec![])], Alert::UNSUPPORTED_EXTENSION);
    // Known, but of other messages.
    refused(&[(E::KEY_SHARE, vec![0, 0])], Alert::ILLEGAL_PARAMETER);
    refused(&[(E::SIGNATURE_ALGORITHMS, vec![0, 2, 4, 3])], Alert::ILLEGAL_PARAMETER);
    // Twice.
    let limit = (E::RECORD_SIZE_LIMIT, vec![1, 0]);
    refused(&[limit.clone(), limit], Alert::ILLEGAL_PARAMETER);
    // Ill-formed, and out of range.
    refused(&[(E::SERVER_NAME, vec![0])], Alert::DECODE_ERROR);
    refused(&[(E::RECORD_SIZE_LIMIT, vec![1])], Alert::DECODE_ERROR);
    refused(&[(E::RECORD_SIZE_LIMIT, vec![0, 63])], Alert::ILLEGAL_PARAMETER);
    refused(&[(E::RECORD_SIZE_LIMIT, vec![0x40, 2])], Alert::ILLEGAL_PARAMETER);
    let alpn = E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
    refused(&[(alpn, vec![0, 0])], Alert::DECODE_ERROR);
    refused(&[(alpn, vec![0, 6, 2, b'h', b'2', 2, b'h', b'2'])], Alert::DECODE_ERROR);
    refused(&[(alpn, vec![0, 3, 2, b'h', b'3'])], Alert::ILLEGAL_PARAMETER);
}

// ---- the ClientHello

#[test]
fn a_server_checks_the_version_and_the_old_fields() {
    server_takes(|_| {});
    server_refuses(Alert::PROTOCOL_VERSION, |hello| hello.version = 0x0302);
    server_refuses(Alert::PROTOCOL_VERSION, |hello| {
        hello.extensions().remove(ExtensionType::SUPPORTED_VERSIONS);
    });
    server_refuses(Alert::PROTOCOL_VERSION, |hello| hello.extensions = None);
    server_refuses(Alert::PROTOCOL_VERSION, |hello| {
        hello.extensions().set(ExtensionType::SUPPORTED_VERSIONS, [4, 3, 3, 3, 2]);
    });
    server_refuses(Alert::ILLEGAL_PARAMETER, |hello| hello.compression = vec![1]);
    server_refuses(Alert::ILLEGAL_PARAMETER, |hello| hello.compression = vec![0, 1]);
    server_refuses(Alert::DECODE_ERROR, |hello| hello.compression.clear());
    server_refuses(Alert::HANDSHAKE_FAILURE, |hello| hello.suites = vec![0xc02b, 0x00ff]);
    server_refuses(Alert::DECODE_ERROR, |hello| hello.suites.clear());
}

/// Regression 17.
#[test]
fn the_session_id_is_echoed_whatever_its_length_up_to_32() {
    for len in [0, 1, 31, 32] {
        let identity = ed25519();
        let identities = [identity.identity()];
        let config = ServerConfig::new(&identities);
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        let hello = forger.make_client_hello().with(|hello| hello.session_id = vec![7; len]);
        forger.hello(&mut server, &hello).unwrap();
        assert_eq!(forger.server_hello.as_ref().unwrap().session_id, vec![7; len]);
        // Compatibility mode is the client's wish (RFC 9846 E.4).
        let sends_ccs = forger.received.iter().any(|(kind, _)| *kind == ContentType::CHANGE_CIPHER_SPEC);
        assert_eq!(sends_ccs, len > 0);
    }
    server_refuses(Alert::DECODE_ERROR, |hello| hello.session_id.push(7));
}

#[test]
fn what_must_be_there_is_there() {
    use ExtensionType as E;
    for kind in [E::SUPPORTED_GROUPS, E::SIGNATURE_ALGORITHMS, E::KEY_SHARE] {
        server_refuses(Alert::MISSING_EXTENSION, |hello| {
            hello.extensions().remove(kind);
        });
    }
    server_takes(|hello| {
        hello.extensions().remove(E::SERVER_NAME);
    });
    // RFC 9846 4.3.11: last, whatever it says.
    server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().push(E::PRE_SHARED_KEY, []).push(E::PADDING, []);
    });
}

// ---- Regression 15: key shares

#[test]
fn key_shares_have_the_length_of_their_group() {
    for (group, len) in [(NamedGroup::X25519, 32), (NamedGroup::SECP256R1, 65), (NamedGroup::SECP384R1, 97)] {
        for wrong in [1, len - 1, len + 1, 15_000] {
            server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
                hello.extensions().set(ExtensionType::KEY_SHARE, key_shares(&[(group.0, &vec![4; wrong])]));
            });
            let groups = [group];
            let config = ClientConfig::new(&ANY).with_named_groups(&groups);
            let (mut client, mut forger) = (Tested::client(&config), Forger::server());
            client.process().unwrap();
            forger.receive(&mut client);
            let mut hello = forger.make_server_hello();
            hello.extensions().set(ExtensionType::KEY_SHARE, server_share(group.0, &vec![4; wrong]));
            let result = client.deliver(&plain_record(ContentType::HANDSHAKE, &hello.message()));
            assert_eq!(result, Err(PeerFault::InvalidKeyShare.into()));
            assert_eq!(forger.alert(&mut client), Some(Alert::ILLEGAL_PARAMETER));
        }
        // Without a byte it is not even a share: decode_error is our choice (docs/DECISIONS.md).
        server_refuses(Alert::DECODE_ERROR, |hello| {
            hello.extensions().set(ExtensionType::KEY_SHARE, key_shares(&[(group.0, &[])]));
        });
        client_refuses(Alert::DECODE_ERROR, |hello| {
            hello.extensions().set(ExtensionType::KEY_SHARE, server_share(group.0, &[]));
        });
    }
}

#[test]
fn shares_fit_the_groups_that_are_offered() {
    server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, codes16([NamedGroup::SECP256R1.0]));
    });
    server_refuses(Alert::HANDSHAKE_FAILURE, |hello| {
        let groups = codes16([NamedGroup::X448.0, 0x0100]);
        hello.extensions().set(ExtensionType::SUPPORTED_GROUPS, groups).set(ExtensionType::KEY_SHARE, [0, 0]);
    });
    let share: (u16, &[u8]) = (NamedGroup::X25519.0, &[9; 32]);
    server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().set(ExtensionType::KEY_SHARE, key_shares(&[share, share]));
    });
}

// ---- Regression 16: many, twice, and unknown

const GREASE: [u16; 4] = [0x0a0a, 0x1a1a, 0xdada, 0xfafa];

#[test]
fn what_is_not_known_is_ignored() {
    server_takes(|hello| {
        hello.suites.splice(0..0, GREASE);
        let shares = hello.shares();
        let extensions = hello.extensions();
        extensions.0.insert(0, (ExtensionType(0x2a2a), vec![]));
        extensions.push(ExtensionType(0xfafa), [0; 9]).push(ExtensionType::PADDING, [0; 200]);
        extensions.set(ExtensionType::SUPPORTED_VERSIONS, [6, 0x8a, 0x8a, 3, 4, 3, 3]);
        let x25519 = NamedGroup::X25519.0;
        extensions.set(ExtensionType::SUPPORTED_GROUPS, codes16([GREASE[0], x25519]));
        let share = (GREASE[0], &[0][..]);
        extensions.set(ExtensionType::KEY_SHARE, key_shares(&[share, (x25519, &shares[0].1)]));
        let schemes = GREASE.into_iter().chain([SignatureScheme::ED25519.0]);
        extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, codes16(schemes));
        extensions.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, [2, 0x0b, 1]);
        // Other protocols than ours, unless they are ours.
        let alpn = b"\x00\x0f\x02\x8a\x8a\x02h2\x08http/1.1";
        extensions.set(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, *alpn);
    });
}

/// RFC 9846 4.2.2, 4.3.8, 9.3: what is not known is passed over, however much of it there is.
#[test]
fn the_only_value_in_common_is_found_wherever_it_stands() {
    use ExtensionType as E;
    let unknown = |count: u16| (0..count).map(|n| 0x7000 + n);
    for many in [256, 5_000] {
        server_takes(|hello| hello.suites = unknown(many).chain([0x1301]).collect());
        server_takes(|hello| {
            let schemes = unknown(many).chain([SignatureScheme::ED25519.0]);
            hello.extensions().set(E::SIGNATURE_ALGORITHMS, codes16(schemes));
        });
        // With the share for the last group of all.
        server_takes(|hello| {
            let groups = unknown(many).chain([NamedGroup::X25519.0]);
            hello.extensions().set(E::SUPPORTED_GROUPS, codes16(groups));
        });
        server_takes(|hello| _ = hello.extensions().set(ALPN, protocols(many, &[b"http/1.1"])));
        server_refuses(Alert::NO_APPLICATION_PROTOCOL, |hello| _ = hello.extensions().set(ALPN, protocols(many, &[])));
    }
    // Shares for groups that we do not know, in front of the one that we do.
    for many in [16, 1_000] {
        server_takes(|hello| {
            let own = hello.shares()[0].1.clone();
            let mut shares: Vec<(u16, &[u8])> = unknown(many).map(|group| (group, &[1, 2][..])).collect();
            shares.push((NamedGroup::X25519.0, &own));
            let groups = codes16(shares.iter().map(|(group, _)| *group));
            hello.extensions().set(E::SUPPORTED_GROUPS, groups).set(E::KEY_SHARE, key_shares(&shares));
        });
    }
    // Duplicates are only a waste.
    server_takes(|hello| {
        let groups = codes16([NamedGroup::X25519.0; 50]);
        hello.suites.extend([0x1301; 50]);
        hello.extensions().set(E::SUPPORTED_GROUPS, groups);
    });
}

const ALPN: ExtensionType = ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;

/// So many protocols that nobody speaks, and these.
fn protocols(many: u16, last: &[&[u8]]) -> Vec<u8> {
    let unknown: Vec<_> = (0..many).map(|n| n.to_be_bytes()).collect();
    let names = unknown.iter().map(|name| &name[..]).chain(last.iter().copied());
    written(|writer| {
        writer.vector16(|writer| names.for_each(|name| writer.vector8(|writer| writer.bytes(name))));
    })
}

#[test]
fn protocols_are_no_matter_to_a_server_that_has_none() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    let hello = forger.make_client_hello().with(|hello| _ = hello.extensions().set(ALPN, protocols(257, &[])));
    forger.hello(&mut server, &hello).unwrap();
    forger.step(&mut server, Step::Finished).unwrap();
    assert_eq!(server.connection.negotiated().unwrap().alpn, None);
}

#[test]
fn blocks_of_extensions_have_any_length_and_none_twice_that_is_known() {
    let with = |count: u16| {
        move |hello: &mut ClientHelloParts| {
            for n in 0..count {
                hello.extensions().push(ExtensionType(0x7000 + n), []);
            }
        }
    };
    server_takes(with(60));
    server_takes(with(3_000));
    // Known to us; of no use to us; registered, but unknown to us.
    for kind in [0, 5, 21, 23, 43, 51, 63].map(ExtensionType) {
        server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
            hello.extensions().push(kind, []).push(kind, []);
        });
        server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
            hello.extensions().push(kind, []);
            with(100)(hello);
            hello.extensions().push(kind, []);
        });
    }
    // Unknown ones are ignored, once or twice: our choice (docs/DECISIONS.md).
    for kind in [64, 0x5a5a, 0xfe0d, 0xffff].map(ExtensionType) {
        server_takes(|hello| {
            hello.extensions().push(kind, [1]).push(kind, [2]);
        });
    }
}

// ---- Regression 17 and 19: vectors

#[test]
fn every_vector_is_exactly_as_long_as_it_says() {
    use ExtensionType as E;
    let wrong: [(E, &[u8]); 25] = [
        (E::SUPPORTED_VERSIONS, &[]),
        (E::SUPPORTED_VERSIONS, &[0]),
        (E::SUPPORTED_VERSIONS, &[3, 3, 4, 3]),
        (E::SUPPORTED_VERSIONS, &[2, 3, 4, 0]),
        (E::SUPPORTED_VERSIONS, &[4, 3, 4]),
        (E::SUPPORTED_GROUPS, &[]),
        (E::SUPPORTED_GROUPS, &[0, 0]),
        (E::SUPPORTED_GROUPS, &[0, 3, 0, 29, 0]),
        (E::SUPPORTED_GROUPS, &[0, 2, 0, 29, 0]),
        (E::SUPPORTED_GROUPS, &[0, 4, 0, 29]),
        (E::SIGNATURE_ALGORITHMS, &[0, 0]),
        (E::SIGNATURE_ALGORITHMS, &[0, 2, 8]),
        (E::SIGNATURE_ALGORITHMS_CERT, &[0, 1, 8]),
        (E::KEY_SHARE, &[]),
        (E::KEY_SHARE, &[0, 1, 0]),
        (E::KEY_SHARE, &[0, 0, 0]),
        (E::SERVER_NAME, &[]),
        (E::SERVER_NAME, &[0, 0]),
        (E::SERVER_NAME, &[0, 3, 0, 0, 0]),
        (E::SERVER_NAME, &[0, 4, 0, 0, 2, b'a']),
        (E::RECORD_SIZE_LIMIT, &[0]),
        (E::RECORD_SIZE_LIMIT, &[1, 0, 0]),
        (E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, &[0, 1, 0]),
        (E::COOKIE, &[0, 0]),
        (E::SERVER_CERTIFICATE_TYPE, &[0]),
    ];
    for (kind, data) in wrong {
        let (result, alert) = server_answers(|hello| {
            hello.extensions().set(kind, data);
        });
        assert_eq!((result, alert), (Err(PeerFault::Malformed.into()), Some(Alert::DECODE_ERROR)), "{kind} {data:?}");
    }
    // Two names of one type.
    server_refuses(Alert::ILLEGAL_PARAMETER, |hello| {
        hello.extensions().set(E::SERVER_NAME, *b"\0\x08\0\0\x01a\0\0\x01b");
    });
    // Names of types to come are ignored, and so is what is no name: two dots, a zero, no ASCII, an address.
    for name in [
        &b"\0\x04\x07\0\x01a"[..],
        b"\0\x07\0\0\x04a..b",
        b"\0\x06\0\0\x03a\0b",
        b"\0\x05\0\0\x02\xff.",
        b"\0\x0c\0\0\x0910.20.0.1",
    ] {
        server_takes(|hello| {
            hello.extensions().set(E::SERVER_NAME, name);
        });
    }
}

#[test]
fn a_name_is_acknowledged_and_a_dot_at_its_end_does_not_count() {
    let identity = ed25519();
    let names = ["localhost"];
    let identities = [p256().certificate, identity.certificate];
    assert_ne!(identities[0], identities[1]);
    let other = p256();
    let list = [other.identity(), identity.identity().with_names(&names)];
    let config = ServerConfig::new(&list);
    let schemes = [SignatureScheme::ED25519, SignatureScheme::ECDSA_SECP256R1_SHA256];
    let client_config = ClientConfig::new(&ANY).with_signature_schemes(&schemes);
    let client = Connection::client(&client_config, name("localhost."), full_buffers()).unwrap();
    let mut pair = Pair::new(client, server(&config));
    pair.connect();
    assert_eq!(pair.client.negotiated().unwrap().server_name, Some("localhost"));
    assert_eq!(pair.server.negotiated().unwrap().server_name, Some("localhost"));
    assert_eq!(pair.client.negotiated().unwrap().peer_certificate, Some(identity.certificate));
    // On the wire, in both directions (RFC 6066 3).
    for (sent, echo) in [(Some(&b"\0\x0d\0\0\x0alocalhost."[..]), true), (None, false)] {
        let (mut server, mut forger) = (Tested::server(&config), Forger::client());
        let hello = forger.make_client_hello().with(|hello| match sent {
            Some(name) => drop(hello.extensions().set(ExtensionType::SERVER_NAME, name)),
            None => drop(hello.extensions().remove(ExtensionType::SERVER_NAME)),
        });
        forger.hello(&mut server, &hello).unwrap();
        let expected = if echo { vec![(ExtensionType::SERVER_NAME, vec![])] } else { vec![] };
        assert_eq!(forger.messages[1], encrypted_extensions(&expected));
    }
}

/// RFC 9846 9.2 lets a client with a PSK leave out what only certificates and key shares need. We have no PSK: that
/// is no agreement, not a mistake of the client.
#[test]
fn a_client_with_nothing_but_a_psk_finds_no_agreement() {
    use ExtensionType as E;
    for also_without in [&[E::SIGNATURE_ALGORITHMS][..], &[E::SUPPORTED_GROUPS, E::KEY_SHARE]] {
        server_refuses(Alert::HANDSHAKE_FAILURE, |hello| {
            for kind in also_without {
                hello.extensions().remove(*kind);
            }
            hello.extensions().push(E::PSK_KEY_EXCHANGE_MODES, [1, 1]).push(
                E::PRE_SHARED_KEY,
                [0, 7, 0, 1, b'i', 0, 0, 0, 0, 0, 33, 32].into_iter().chain([7; 32]).collect::<Vec<_>>(),
            );
        });
    }
}

#[test]
fn what_cannot_be_offered_is_refused_before_anything_is_sent() {
    use NamedGroup as G;
    let wrong = |config: ClientConfig<'_, Provider>| matches!(config.check(), Err(Error::InvalidConfiguration(_)));
    let twice = [G::X25519, G::SECP256R1, G::X25519];
    let one = [G::X25519];
    assert!(wrong(ClientConfig::new(&ANY).with_named_groups(&twice)));
    assert!(wrong(ClientConfig::new(&ANY).with_key_shares(&twice)));
    assert!(wrong(ClientConfig::new(&ANY).with_named_groups(&one).with_key_shares(&twice[1..2])));
    assert!(wrong(ClientConfig::new(&ANY).with_cipher_suites(&[CipherSuite::AES_128_GCM_SHA256; 2])));
    assert!(wrong(ClientConfig::new(&ANY).with_signature_schemes(&[SignatureScheme::ED25519; 2])));
    assert!(!wrong(ClientConfig::new(&ANY).with_named_groups(&twice[..2]).with_key_shares(&one)));
    // What nobody has.
    let unknown = [NamedGroup(0xfefe)];
    assert!(wrong(ClientConfig::new(&ANY).with_key_shares(&unknown)));
    // Fragments that the server may then send, and that would not fit.
    let config = ClientConfig::<Provider>::new(&ANY).with_max_fragment_length(MaxFragmentLength::BYTES_4096);
    let made = |receive| Connection::client(&config, None, buffers(receive, 512)).err().map(Error::from);
    assert_eq!(made(4_000), Some(Error::ReceiveBufferTooSmall(ByteCount::new(4_096 + 22))));
    assert_eq!(made(4_096 + 22), None);
}

/// Whatever the length says, and wherever the message is cut: the parser comes to an end, and never panics.
#[test]
fn a_client_hello_with_any_byte_changed_is_refused_or_served() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let mut forger = Forger::client();
    let message = forger.make_client_hello().message();
    let mut alerts = std::collections::BTreeMap::new();
    for at in some(0..message.len()) {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = message.clone();
            changed[at] ^= change;
            let mut server = Tested::server(&config);
            match server.deliver(&plain_record(ContentType::HANDSHAKE, &changed)) {
                // Served, waiting for more of it, or asking for another share.
                Ok(()) => *alerts.entry(None).or_insert(0) += 1,
                Err(error) => {
                    assert_eq!(server.connection.alert_sent(), error.alert());
                    *alerts.entry(error.alert()).or_insert(0) += 1;
                }
            }
        }
    }
    for expected in [Alert::DECODE_ERROR, Alert::ILLEGAL_PARAMETER, Alert::PROTOCOL_VERSION, Alert::UNEXPECTED_MESSAGE]
    {
        assert!(cfg!(miri) || alerts.contains_key(&Some(expected)), "{expected}: {alerts:?}");
    }
}
