//! External PSKs, both roles (RFC 9846 4.3.9, 4.3.11).

mod configurations;
mod imported;
mod requirements;
mod retry;

use crate::support::forger::{Forger, Step, Tested, encrypted_extensions, plain_record};
use crate::support::*;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{CryptoProvider as _, Secret as _};
use saitls_core::psk::*;
use saitls_core::{Buffers, Connection, Error, Incompatibility, Operation, PeerAuthentication, PeerFault, WaitingFor};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

type Psk<'a> = PreSharedKey<'a, Provider>;

pub(crate) const KEY: &[u8] = &[0x5a; 32];
const OTHER: &[u8] = &[0xa5; 48];

const SUITES: [CipherSuite; 5] = [
    CipherSuite::AES_128_GCM_SHA256,
    CipherSuite::AES_256_GCM_SHA384,
    CipherSuite::CHACHA20_POLY1305_SHA256,
    CipherSuite::AES_128_CCM_SHA256,
    CipherSuite::AES_128_CCM_8_SHA256,
];

const MODES: [PskModes; 3] = [PskModes::WithKeyExchange, PskModes::WithoutKeyExchange, PskModes::Either];

/// The group that both sides prefer.
fn preferred() -> Option<NamedGroup> {
    provider(1).named_groups().iter().copied().find(|&group| {
        <crate::cryptography::KeyExchange as saitls_core::crypto::KeyExchange<Provider>>::supports(group)
    })
}

fn is_by_psk(pair: &Pair<'_>, group: Option<NamedGroup>) {
    for connection in [&pair.client, &pair.server] {
        let negotiated = connection.negotiated().unwrap();
        assert_eq!(negotiated.peer_authentication, PeerAuthentication::PreSharedKey);
        assert_eq!(negotiated.named_group, group);
        assert_eq!((negotiated.peer_signature_scheme, negotiated.local_signature_scheme), (None, None));
        assert_eq!((negotiated.peer_certificate, negotiated.peer_chain_len), (None, 0));
        assert_eq!((negotiated.psk, negotiated.psk_identity.is_some()), (Some(PskKind::External), true));
    }
}

#[test]
fn every_suite_in_both_modes() {
    for suite in SUITES {
        let psks = [Psk::new(b"pump-17", KEY).with_hash(suite.hash())];
        for modes in MODES {
            let suites = [suite];
            let client_config = ClientConfig::psk_only(&psks).with_psk_modes(modes).with_cipher_suites(&suites);
            let server_config = ServerConfig::psk_only(&psks).with_psk_modes(modes).with_cipher_suites(&suites);
            let mut pair = Pair::new(client(&client_config), server(&server_config));
            pair.connect();
            let group = if modes == PskModes::WithoutKeyExchange { None } else { preferred() };
            is_by_psk(&pair, group);
            assert_eq!(pair.client.negotiated().unwrap().cipher_suite, suite);
            pair.exchange(b"ping", true);
            pair.exchange(b"pong", false);
            pair.client.update_keys(true).unwrap();
            pair.exchange(&pattern(20_000), true);
            let mut exported = [[0; 40]; 2];
            pair.client.export(&mut pair.client_provider, b"EXPORTER-test", b"", &mut exported[0]).unwrap();
            pair.server.export(&mut pair.server_provider, b"EXPORTER-test", b"", &mut exported[1]).unwrap();
            assert_eq!(exported[0], exported[1]);
        }
    }
}

#[test]
fn one_byte_at_a_time() {
    let psks = [Psk::new(b"pump-17", KEY)];
    let (client_config, server_config) = (ClientConfig::psk_only(&psks), ServerConfig::psk_only(&psks));
    let mut pair = Pair::new(client(&client_config), server(&server_config));
    pair.chunk = 1;
    pair.connect();
    is_by_psk(&pair, preferred());
}

/// The suite follows the PSK, not the other way round; and a client puts suites of its PSK's hash first.
#[test]
fn the_psk_decides_on_the_suite() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let psks = [Psk::new(b"a", OTHER).with_hash(HashAlgorithm::Sha384), Psk::new(b"b", KEY)];
    let suites = [CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384];
    let client_config = ClientConfig::new(&ANY).with_psks(&psks).with_cipher_suites(&suites);
    for known in 0..2 {
        let store: [Psk<'_>; 1] = [Psk::new(psks[known].identity(), [OTHER, KEY][known]).with_hash(psks[known].hash())];
        let server_config = ServerConfig::new(&identities).with_psks(&store).with_cipher_suites(&suites);
        let mut pair = Pair::new(client(&client_config), server(&server_config));
        pair.connect();
        is_by_psk(&pair, preferred());
        assert_eq!(pair.client.negotiated().unwrap().cipher_suite, [suites[1], suites[0]][known]);
    }
    let (mut tested, mut forger) = (Tested::client(&client_config), Forger::server());
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(forger.client_hello.as_ref().unwrap().suites, [0x1302, 0x1301]);
    // pre_shared_key is last.
    let extensions = &forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap().0;
    assert_eq!(extensions.last().unwrap().0, ExtensionType::PRE_SHARED_KEY);
}

#[test]
fn hello_retry_request_with_psks_of_both_hashes() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let psks = [
        Psk::new(b"unknown", KEY),
        Psk::new(b"a", OTHER).with_hash(HashAlgorithm::Sha384),
        Psk::new(b"b", KEY),
        Psk::new(b"unknown too", OTHER).with_hash(HashAlgorithm::Sha384),
    ];
    for (known, key, identity) in [(1, OTHER, &b"a"[..]), (2, KEY, b"b")] {
        let hash = psks[known].hash();
        let store = [Psk::new(identity, key).with_hash(hash)];
        for chunk in [usize::MAX, 1] {
            let client_config = ClientConfig::new(&ANY).with_psks(&psks).with_key_shares(&[]);
            let server_config = ServerConfig::new(&identities).with_psks(&store);
            let mut pair = Pair::new(client(&client_config), server(&server_config));
            pair.chunk = chunk;
            pair.connect();
            is_by_psk(&pair, preferred());
            let negotiated = pair.client.negotiated().unwrap();
            assert!(negotiated.hello_retry);
            assert_eq!(negotiated.cipher_suite.hash(), hash);
            pair.exchange(b"ping", true);
        }
    }
}

/// Of another hash than the suite of the HelloRetryRequest: left out, and with them the extension.
#[test]
fn psks_of_another_hash_are_left_out_of_the_second_hello() {
    let psks = [Psk::new(b"a", OTHER).with_hash(HashAlgorithm::Sha384), Psk::new(b"b", KEY), Psk::new(b"c", KEY)];
    for (psks, suite, identities) in
        [(&psks[..], 0x1301, Some("b c")), (&psks[..], 0x1302, Some("a")), (&psks[..1], 0x1301, None)]
    {
        let config = ClientConfig::new(&ANY).with_psks(psks);
        let (mut tested, mut forger) = (Tested::client(&config), Forger::server());
        tested.process().unwrap();
        forger.receive(&mut tested);
        forger.suite = CipherSuite(suite);
        let first = forger.client_hello.clone().unwrap().extensions.unwrap();
        let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), None);
        forger.send_messages(&mut tested, &request.message()).unwrap();
        let before = forger.transcript.clone();
        forger.receive(&mut tested);
        let message = forger.messages.last().unwrap().clone();
        let hello = forger.client_hello.clone().unwrap();
        let second = hello.extensions.as_ref().unwrap();
        assert_eq!(first.get(ExtensionType::PSK_KEY_EXCHANGE_MODES), second.get(ExtensionType::PSK_KEY_EXCHANGE_MODES));
        let Some(identities) = identities else {
            assert!(!second.has(ExtensionType::PRE_SHARED_KEY));
            continue;
        };
        let offered: Vec<_> = psks_of(second).into_iter().map(|(identity, _)| identity).collect();
        let expected: Vec<_> = identities.split(' ').map(|identity| identity.as_bytes().to_vec()).collect();
        assert_eq!(offered, expected);
        // Bound to the first ClientHello, the request, and the second one.
        forger.transcript = before;
        let (hash, key) = (forger.suite.hash(), if suite == 0x1301 { KEY } else { OTHER });
        let binders_len = 2 + expected.len() * (1 + hash.output_len());
        let truncated = &message[..message.len() - binders_len];
        let binder = forger.binder(hash, key, truncated);
        assert!(psks_of(second).iter().all(|(_, found)| *found == binder));
    }
}

/// Identity and binder of each PSK.
fn psks_of(extensions: &ExtensionsParts) -> Vec<(Vec<u8>, Vec<u8>)> {
    let data = extensions.get(ExtensionType::PRE_SHARED_KEY);
    let offered = saitls_core::wire::extensions::OfferedPsks::read(data).unwrap();
    offered.iter().map(|(psk, binder)| (psk.identity.to_vec(), binder.to_vec())).collect()
}

#[test]
fn without_a_common_psk_it_is_certificates_or_nothing() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (ours, theirs) = ([Psk::new(b"pump-17", KEY)], [Psk::new(b"pump-18", KEY)]);
    let store = ServerConfig::new(&identities).with_psks(&theirs);
    let both = ClientConfig::new(&ANY).with_psks(&ours);
    // A certificate, if both can.
    let mut pair = Pair::new(client(&both), server(&store));
    pair.connect();
    let negotiated = pair.client.negotiated().unwrap();
    assert_eq!(negotiated.peer_authentication, PeerAuthentication::Certificate);
    assert_eq!(pair.server.negotiated().unwrap().peer_authentication, PeerAuthentication::NotRequested);
    // The modes do not meet.
    let psks = [Psk::new(b"pump-17", KEY)];
    let ke = ServerConfig::new(&identities).with_psks(&psks).with_psk_modes(PskModes::WithoutKeyExchange);
    let mut pair = Pair::new(client(&both), server(&ke));
    pair.connect();
    assert_eq!(pair.client.negotiated().unwrap().peer_authentication, PeerAuthentication::Certificate);
    // Not its hash's suites.
    let suites = [CipherSuite::AES_256_GCM_SHA384];
    let psks = [Psk::new(b"pump-17", KEY)];
    let sha384 = ServerConfig::new(&identities).with_psks(&psks).with_cipher_suites(&suites);
    let mut pair = Pair::new(client(&both), server(&sha384));
    pair.connect();
    assert_eq!(pair.client.negotiated().unwrap().peer_authentication, PeerAuthentication::Certificate);
    // Neither side, and one of them, has certificates.
    let none: Error = Incompatibility::NoPreSharedKey.into();
    let only = ServerConfig::psk_only(&theirs);
    let ca = ClientConfig::new(&ANY);
    // What the client is told of a PSK that is not known is what it is told of one that it does not have.
    let unknown: Error = Incompatibility::UnknownPreSharedKey.into();
    for (client_config, error, alert) in [(&both, unknown, Alert::DECRYPT_ERROR), (&ca, none, Alert::HANDSHAKE_FAILURE)]
    {
        let mut pair = Pair::new(client(client_config), server(&only));
        let (_, result) = pair.run();
        assert_eq!(result, Err(error));
        assert_eq!(pair.client.alert_received(), Some(alert));
    }
    let psk_only = ClientConfig::psk_only(&ours);
    let mut pair = Pair::new(client(&psk_only), server(&store));
    assert!(pair.run().1.is_err());
    assert_eq!(pair.client.alert_received(), Some(Alert::HANDSHAKE_FAILURE));
    // A server that goes on with a certificate all the same.
    let (mut tested, mut forger) = (Tested::client(&psk_only), Forger::server());
    tested.process().unwrap();
    forger.receive(&mut tested);
    let hello = forger.make_server_hello();
    assert_eq!(forger.send_messages(&mut tested, &hello.message()), Err(none));
}

// ---- a client that lies

/// A ClientHello that offers these PSKs with these modes.
pub(crate) fn hello(forger: &mut Forger, modes: &[u8], psks: &[(&[u8], HashAlgorithm, &[u8])]) -> ClientHelloParts {
    let modes = [&[modes.len() as u8], modes].concat();
    let mut hello = forger.make_client_hello();
    hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, modes);
    bind(forger, hello, psks)
}

/// The same with PSKs at its end, rightly bound.
fn bind(forger: &mut Forger, hello: ClientHelloParts, psks: &[(&[u8], HashAlgorithm, &[u8])]) -> ClientHelloParts {
    forger.bind(hello, psks)
}

const SHA256: HashAlgorithm = HashAlgorithm::Sha256;

#[test]
fn a_forged_client_gets_through_where_all_is_right() {
    let psks = [Psk::new(b"pump-17", KEY)];
    for (config_modes, modes, group) in [
        (PskModes::WithKeyExchange, &[1][..], Some(NamedGroup::X25519)),
        (PskModes::WithoutKeyExchange, &[0], None),
        (PskModes::Either, &[0, 1], Some(NamedGroup::X25519)),
        (PskModes::Either, &[0], None),
        // Modes that nobody knows.
        (PskModes::Either, &[7, 9, 1], Some(NamedGroup::X25519)),
    ] {
        let config = ServerConfig::psk_only(&psks).with_psk_modes(config_modes);
        let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
        forger.psk = Some(KEY.to_vec());
        let hello = hello(&mut forger, modes, &[(b"nobody", SHA256, OTHER), (b"pump-17", SHA256, KEY)]);
        forger.hello(&mut tested, &hello).unwrap();
        // The server's flight: no certificate, nor a request for one.
        let kinds: Vec<_> = forger.messages.iter().map(|message| HandshakeType(message[0])).collect();
        assert_eq!(kinds, [HandshakeType::SERVER_HELLO, HandshakeType::ENCRYPTED_EXTENSIONS, HandshakeType::FINISHED]);
        let server_hello = forger.server_hello.clone().unwrap().extensions.unwrap();
        assert_eq!(server_hello.get(ExtensionType::PRE_SHARED_KEY), [0, 1]);
        assert_eq!(server_hello.has(ExtensionType::KEY_SHARE), group.is_some());
        forger.step(&mut tested, Step::Finished).unwrap();
        assert_eq!(tested.connection.negotiated().unwrap().named_group, group);
    }
}

/// Regression 18, and what else a client may not do.
#[test]
fn wrong_offers_are_refused() {
    use ExtensionType as E;
    let psks = [Psk::new(b"pump-17", KEY)];
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities).with_psks(&psks);
    type Change = fn(&mut ClientHelloParts);
    let changes: [(&str, Change, Alert); 9] = [
        (
            "wrong binder",
            |hello| *hello.extensions().0.last_mut().unwrap().1.last_mut().unwrap() ^= 1,
            Alert::DECRYPT_ERROR,
        ),
        ("another random", |hello| hello.random[0] ^= 1, Alert::DECRYPT_ERROR),
        ("not last", |hello| _ = hello.extensions().push(E::PADDING, [0; 9]), Alert::ILLEGAL_PARAMETER),
        ("no modes", |hello| _ = hello.extensions().remove(E::PSK_KEY_EXCHANGE_MODES), Alert::MISSING_EXTENSION),
        ("empty modes", |hello| _ = hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [0]), Alert::DECODE_ERROR),
        (
            "one binder more",
            |hello| {
                let (_, data) = hello.extensions().0.last_mut().unwrap();
                let at = data.len() - 35;
                data.splice(at..at + 2, [0, 66]);
                data.push(32);
                data.extend([7; 32]);
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "one binder less",
            |hello| {
                let (_, data) = hello.extensions().0.last_mut().unwrap();
                let len = data[1] as usize;
                let entry = data[2..2 + len].to_vec();
                data.splice(2..2, entry);
                data[1] = 2 * len as u8;
            },
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "a binder of one byte",
            |hello| {
                let (_, data) = hello.extensions().0.last_mut().unwrap();
                let at = data.len() - 35;
                data.truncate(at);
                data.extend([0, 2, 1, 7]);
            },
            Alert::DECODE_ERROR,
        ),
        (
            "an empty identity",
            |hello| {
                let (_, data) = hello.extensions().0.last_mut().unwrap();
                let len = data[1] as usize;
                data.splice(..2 + len, [0, 6, 0, 0, 0, 0, 0, 0]);
            },
            Alert::DECODE_ERROR,
        ),
    ];
    for (what, change, alert) in changes {
        let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
        let hello = hello(&mut forger, &[1], &[(b"pump-17", SHA256, KEY)]).with(change);
        let result = forger.hello(&mut tested, &hello);
        assert_eq!(result.expect_err(what).alert(), Some(alert), "{what}: {result:?}");
        assert_eq!(forger.alert(&mut tested), Some(alert), "{what}");
    }
    // The right length for another hash.
    let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
    let hello = hello(&mut forger, &[1], &[(b"pump-17", HashAlgorithm::Sha384, KEY)]);
    assert_eq!(forger.hello(&mut tested, &hello), Err(PeerFault::BadBinder.into()));
}

/// Only the binder of the PSK that is gone on with is looked at; others may be of any kind.
#[test]
fn other_binders_are_not_looked_at() {
    let psks = [Psk::new(b"pump-17", KEY)];
    let config = ServerConfig::psk_only(&psks);
    let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
    forger.psk = Some(KEY.to_vec());
    let offered: Vec<(&[u8], _, &[u8])> =
        vec![(b"a ticket", SHA256, OTHER), (b"pump-17", SHA256, KEY), (b"pump-17", SHA256, OTHER)];
    let hello = hello(&mut forger, &[1], &offered);
    forger.hello(&mut tested, &hello).unwrap();
    forger.step(&mut tested, Step::Finished).unwrap();
    assert!(tested.connection.is_connected());
}

// ---- a server that lies

/// A client that has said hello with two PSKs, and its server.
fn greeted<'a>(config: &'a ClientConfig<'a, Provider>) -> (Tested<'a>, Forger, ServerHelloParts) {
    let (mut tested, mut forger) = (Tested::client(config), Forger::server());
    tested.process().unwrap();
    forger.receive(&mut tested);
    forger.psk = Some(KEY.to_vec());
    let has_share = forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap().has(ExtensionType::KEY_SHARE);
    let mut hello = if has_share {
        forger.make_server_hello()
    } else {
        let mut request = forger.make_hello_retry_request(None, None);
        request.random = [0x3c; 32];
        request
    };
    hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
    (tested, forger, hello)
}

#[test]
fn wrong_selections_are_refused() {
    use ExtensionType as E;
    let psks = [Psk::new(b"pump-17", KEY), Psk::new(b"384", OTHER).with_hash(HashAlgorithm::Sha384)];
    type Change = fn(&mut ServerHelloParts);
    let changes: [(&str, PskModes, Change, Alert); 9] = [
        (
            "out of range",
            PskModes::Either,
            |h| _ = h.extensions().set(E::PRE_SHARED_KEY, [0, 2]),
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "far out",
            PskModes::Either,
            |h| _ = h.extensions().set(E::PRE_SHARED_KEY, [255, 255]),
            Alert::ILLEGAL_PARAMETER,
        ),
        (
            "another hash",
            PskModes::Either,
            |h| _ = h.extensions().set(E::PRE_SHARED_KEY, [0, 1]),
            Alert::ILLEGAL_PARAMETER,
        ),
        ("another suite", PskModes::Either, |h| h.suite = 0x1302, Alert::ILLEGAL_PARAMETER),
        ("no share", PskModes::WithKeyExchange, |h| _ = h.extensions().remove(E::KEY_SHARE), Alert::ILLEGAL_PARAMETER),
        ("a share", PskModes::WithoutKeyExchange, |_| {}, Alert::ILLEGAL_PARAMETER),
        (
            "neither",
            PskModes::Either,
            |h| _ = h.extensions().remove(E::KEY_SHARE).remove(E::PRE_SHARED_KEY),
            Alert::MISSING_EXTENSION,
        ),
        ("too short", PskModes::Either, |h| _ = h.extensions().set(E::PRE_SHARED_KEY, [0]), Alert::DECODE_ERROR),
        ("too long", PskModes::Either, |h| _ = h.extensions().set(E::PRE_SHARED_KEY, [0, 0, 0]), Alert::DECODE_ERROR),
    ];
    for (what, modes, change, alert) in changes {
        let config = ClientConfig::new(&ANY).with_psks(&psks).with_psk_modes(modes);
        let (mut tested, forger, hello) = greeted(&config);
        let record = plain_record(ContentType::HANDSHAKE, &hello.with(change).message());
        let result = forger.send_raw(&mut tested, &record);
        assert_eq!(result.expect_err(what).alert(), Some(alert), "{what}: {result:?}");
        assert_eq!(tested.connection.alert_sent(), Some(alert), "{what}");
    }
    // Nothing was offered, or is no more.
    let config = ClientConfig::new(&ANY);
    let (mut tested, forger, hello) = greeted(&config);
    let result = forger.send_raw(&mut tested, &plain_record(ContentType::HANDSHAKE, &hello.message()));
    assert_eq!(result, Err(PeerFault::UnsolicitedExtension.into()));
    assert_eq!(tested.connection.alert_sent(), Some(Alert::UNSUPPORTED_EXTENSION));
    let config = ClientConfig::new(&ANY).with_psks(&psks[1..]);
    let (mut tested, mut forger) = (Tested::client(&config), Forger::server());
    tested.process().unwrap();
    forger.receive(&mut tested);
    let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), None);
    forger.send_messages(&mut tested, &request.message()).unwrap();
    forger.receive(&mut tested);
    let hello = forger.make_server_hello().with(|hello| _ = hello.extensions().set(E::PRE_SHARED_KEY, [0, 0]));
    let result = forger.send_raw(&mut tested, &plain_record(ContentType::HANDSHAKE, &hello.message()));
    assert_eq!(result, Err(PeerFault::UnsolicitedExtension.into()));
    assert_eq!(tested.connection.alert_sent(), Some(Alert::UNSUPPORTED_EXTENSION));
    // A client that wants no key agreement sends no share, and is asked for none.
    let config = ClientConfig::psk_only(&psks).with_psk_modes(PskModes::WithoutKeyExchange);
    let (mut tested, forger, _) = greeted(&config);
    let sent = forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap();
    for left_out in [E::KEY_SHARE, E::SUPPORTED_GROUPS, E::SIGNATURE_ALGORITHMS] {
        assert!(!sent.has(left_out));
    }
    let request = forger.make_hello_retry_request(Some(NamedGroup::X25519), None);
    let result = forger.send_raw(&mut tested, &plain_record(ContentType::HANDSHAKE, &request.message()));
    assert_eq!(result, Err(PeerFault::UnsolicitedExtension.into()));
}

/// With a PSK there is nothing between EncryptedExtensions and Finished.
#[test]
fn messages_of_certificates_do_not_belong_behind_a_psk() {
    let psks = [Psk::new(b"pump-17", KEY)];
    for modes in [PskModes::WithKeyExchange, PskModes::WithoutKeyExchange] {
        let config = ClientConfig::psk_only(&psks).with_psk_modes(modes);
        for (steps, alert) in [
            (&[Step::EncryptedExtensions, Step::Finished][..], None),
            (&[Step::EncryptedExtensions, Step::CertificateRequest], Some(Alert::UNEXPECTED_MESSAGE)),
            (&[Step::EncryptedExtensions, Step::Certificate], Some(Alert::UNEXPECTED_MESSAGE)),
            (&[Step::EncryptedExtensions, Step::EmptyCertificate], Some(Alert::UNEXPECTED_MESSAGE)),
            (&[Step::EncryptedExtensions, Step::CertificateVerify], Some(Alert::UNEXPECTED_MESSAGE)),
            (&[Step::EncryptedExtensions, Step::EncryptedExtensions], Some(Alert::UNEXPECTED_MESSAGE)),
            (&[Step::Finished], Some(Alert::UNEXPECTED_MESSAGE)),
            (&[Step::Certificate], Some(Alert::UNEXPECTED_MESSAGE)),
        ] {
            let (mut tested, mut forger, hello) = greeted(&config);
            forger.send_messages(&mut tested, &hello.message()).unwrap();
            let result = forger.steps(&mut tested, steps);
            assert_eq!(result.err().and_then(Error::alert), alert, "{steps:?}");
            assert_eq!(tested.connection.is_connected(), alert.is_none());
        }
    }
    // A server that does not have the key cannot finish.
    let config = ClientConfig::psk_only(&psks);
    let (mut tested, mut forger, hello) = greeted(&config);
    forger.psk = Some(OTHER.to_vec());
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    let message = encrypted_extensions(&[]);
    assert_eq!(forger.send_messages(&mut tested, &message), Err(PeerFault::BadRecordMac.into()));
    // Nor may the client of a PSK present itself.
    let server_config = ServerConfig::psk_only(&psks);
    for step in [Step::Certificate, Step::EmptyCertificate, Step::CertificateVerify] {
        let (mut tested, mut forger) = (Tested::server(&server_config), Forger::client());
        forger.psk = Some(KEY.to_vec());
        let hello = hello_of(&mut forger);
        forger.hello(&mut tested, &hello).unwrap();
        assert_eq!(forger.step(&mut tested, step), Err(PeerFault::UnexpectedMessage.into()));
    }
}

fn hello_of(forger: &mut Forger) -> ClientHelloParts {
    hello(forger, &[1], &[(b"pump-17", SHA256, KEY)])
}

/// A server that asks for certificates asks nobody for one who has a PSK.
#[test]
fn client_authentication_is_by_psk_or_certificate() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let psks = [Psk::new(b"pump-17", KEY)];
    let server_config = ServerConfig::new(&identities)
        .with_psks(&psks)
        .with_client_authentication(ClientAuthentication::Required(&ANY));
    let with_psk = ClientConfig::new(&ANY).with_psks(&psks);
    let mut pair = Pair::new(client(&with_psk), server(&server_config));
    pair.connect();
    is_by_psk(&pair, preferred());
    let with_certificate = ClientConfig::new(&ANY).with_identities(&identities);
    let mut pair = Pair::new(client(&with_certificate), server(&server_config));
    pair.connect();
    assert_eq!(pair.server.negotiated().unwrap().peer_authentication, PeerAuthentication::Certificate);
}

// ---- what is pending

/// A device that says "later" first, each time; it holds one key.
#[derive(Default)]
struct Slow {
    asked: AtomicU32,
}

impl Slow {
    fn is_ready(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) % 3 == 2
    }
}

impl HeldSecret<Provider> for Slow {
    fn poll_secret(&self, provider: &mut Provider) -> Poll<saitls_core::Result<saitls_core::crypto::SoftwareSecret>> {
        if self.is_ready() {
            return Poll::Ready(saitls_core::crypto::SoftwareSecret::import(provider, KEY));
        }
        Poll::Pending
    }
}

#[test]
fn keys_and_lookups_that_are_pending() {
    let (slow, other) = (Slow::default(), Slow::default());
    let psks = [Psk::held(b"a", &other), Psk::held(b"pump-17", &slow), Psk::held(b"c", &other)];
    let theirs = Slow::default();
    let store = [Psk::held(b"pump-17", &theirs)];
    for shares in [None, Some(&[][..])] {
        for modes in MODES {
            let mut client_config = ClientConfig::new(&ANY).with_psks(&psks).with_psk_modes(modes);
            if let Some(shares) = shares {
                client_config = client_config.with_key_shares(shares);
            }
            let server_config = ServerConfig::psk_only(&store).with_psk_modes(modes);
            let mut pair = Pair::new(client(&client_config), server(&server_config));
            pair.client.process(&mut pair.client_provider).unwrap();
            assert_eq!(pair.client.waiting_for(), WaitingFor::Operation(Operation::PreSharedKey));
            assert!(pair.client.records().is_empty());
            pair.connect();
            is_by_psk(&pair, (modes != PskModes::WithoutKeyExchange).then(preferred).flatten());
            pair.exchange(b"ping", true);
        }
    }
}

/// An error of a store ends the handshake; unknown identities are asked for once each.
#[test]
fn stores_that_fail_and_stores_that_count() {
    struct Store(AtomicU32, Option<Error>);
    impl PskStore<Provider> for Store {
        fn poll_find(&self, _: &mut Provider, _: &[u8]) -> Poll<saitls_core::Result<Option<FoundPsk<Provider>>>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(self.1.map_or(Ok(None), Err))
        }
    }
    let error: Error = saitls_core::ProviderFault::CryptoFailed.into();
    let store = Store(AtomicU32::new(0), Some(error));
    let config = ServerConfig::psk_only(&store);
    let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
    let hello_ = hello_of(&mut forger);
    assert_eq!(forger.hello(&mut tested, &hello_), Err(error));
    assert_eq!(forger.alert(&mut tested), Some(Alert::INTERNAL_ERROR));
    let store = Store(AtomicU32::new(0), None);
    let config = ServerConfig::psk_only(&store);
    let (mut tested, mut forger) = (Tested::server(&config), Forger::client());
    let offered: Vec<(&[u8], _, &[u8])> = (0..100).map(|_| (&b"x"[..], SHA256, KEY)).collect();
    let hello = hello(&mut forger, &[1], &offered);
    assert_eq!(forger.hello(&mut tested, &hello), Err(Incompatibility::UnknownPreSharedKey.into()));
    assert_eq!(store.0.load(Ordering::Relaxed), saitls_core::limits::MAX_PSK_LOOKUPS as u32);
}

/// Who has the key is who its identity says: both sides learn it, if they left room for it.
#[test]
fn both_sides_learn_which_psk_it_was() {
    let psks = [Psk::new(b"pump-17", KEY), Psk::new(b"pump-18", OTHER)];
    for known in 0..2 {
        let store = [Psk::new(psks[known].identity(), [KEY, OTHER][known])];
        for name in [name("localhost"), None] {
            let client_config = ClientConfig::psk_only(&psks);
            let server_config = ServerConfig::psk_only(&store);
            let has_name = name.is_some();
            let connection = |room| Buffers::new(vec![0; 20_000], vec![0; 20_000]).with_peer_buffer(vec![0; room]);
            for (room, expected) in [(16, true), (7, true), (6, false), (0, false)] {
                let client = Connection::client(&client_config, name.clone(), connection(room)).unwrap();
                let server = Connection::server(&server_config, connection(room)).unwrap();
                let mut pair = Pair::new(client, server);
                pair.connect();
                let (client, server) = (pair.client.negotiated().unwrap(), pair.server.negotiated().unwrap());
                let identity = psks[known].identity();
                assert_eq!(client.psk_identity, (room >= identity.len()).then_some(identity));
                assert_eq!(server.psk_identity, expected.then_some(identity), "{room} {has_name}");
                assert_eq!(server.server_name.is_some(), has_name && room >= 9);
            }
        }
    }
}
