//! Early data of a client (RFC 9846 2.3, 4.3.10).

use crate::support::forger::{CHANGE_CIPHER_SPEC, Forger, Keys, Step, Tested, encrypted_extensions, hash};
use crate::support::*;
use core::time::Duration;
use rustls_pki_types::UnixTime;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{Label, Secret as _, SoftwareSecret};
use saitls_core::psk::{PreSharedKey, PskKind, PskModes};
use saitls_core::session::MemorySessions;
use saitls_core::wire::extensions::MaxEarlyDataSize;
use saitls_core::{Connection, EarlyDataStatus, Error, PeerFault};

type Config<'a> = ClientConfig<'a, Provider>;
type Store = MemorySessions<1>;

const LIMIT: u32 = 100;

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000))
}

fn connection<'a>(config: &'a Config<'a>) -> Tested<'a> {
    let buffers = full_buffers().with_session_buffer(vec![0; 512]);
    Tested::new(Connection::client(config, name("localhost"), buffers).unwrap())
}

/// A full handshake and a ticket for so much early data. Returns its PSK.
fn first(config: &Config<'_>, protocol: Option<&[u8]>, max_early_data: Option<u32>) -> Vec<u8> {
    let (mut tested, mut forger) = (connection(config), Forger::server());
    forger.answer(&mut tested).unwrap();
    forger.send_messages(&mut tested, &extensions(protocol, false)).unwrap();
    forger.steps(&mut tested, &[Step::Certificate, Step::CertificateVerify, Step::Finished]).unwrap();
    forger.receive(&mut tested);
    let psk = forger.resumption_psk(b"n");
    let ticket = written(|writer| {
        writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(7200);
            writer.u32(7);
            writer.vector8(|writer| writer.bytes(b"n"));
            writer.vector16(|writer| writer.bytes(b"a ticket"));
            writer.vector16(|writer| {
                if let Some(max_early_data_size) = max_early_data {
                    MaxEarlyDataSize { max_early_data_size }.write(writer);
                }
            });
        });
    });
    forger.send_messages(&mut tested, &ticket).unwrap();
    psk
}

/// EncryptedExtensions with this protocol, that take early data or do not.
fn extensions(protocol: Option<&[u8]>, accepts: bool) -> Vec<u8> {
    let mut all = Vec::new();
    if let Some(protocol) = protocol {
        let list = written(|writer| writer.vector16(|writer| writer.vector8(|writer| writer.bytes(protocol))));
        all.push((ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, list));
    }
    if accepts {
        all.push((ExtensionType::EARLY_DATA, Vec::new()));
    }
    encrypted_extensions(&all)
}

/// A connection that has said hello with early data to come; the server has the key for it.
fn greeted<'a>(config: &'a Config<'a>, psk: &[u8]) -> (Tested<'a>, Forger) {
    let (mut tested, mut forger) = (connection(config), Forger::server());
    assert!(tested.connection.early_data().is_none(), "the ticket is not known yet");
    tested.process().unwrap();
    assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Pending);
    forger.receive(&mut tested);
    assert!(says_early_data(&forger));
    let provider = &mut provider(5);
    let (algorithm, psk_secret) = (forger.suite.hash(), SoftwareSecret::new(psk).unwrap());
    let early = SoftwareSecret::extract(provider, algorithm, None, Some(&psk_secret)).unwrap();
    let transcript = hash(algorithm, &forger.transcript);
    let secret = early.derive(provider, algorithm, &Label::tls13(b"c e traffic"), &transcript).unwrap();
    forger.open = Some(Keys::new(forger.suite, secret.as_bytes()));
    forger.psk = Some(psk.to_vec());
    (tested, forger)
}

fn says_early_data(forger: &Forger) -> bool {
    forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap().has(ExtensionType::EARLY_DATA)
}

fn write(tested: &mut Tested<'_>, data: &[u8]) -> usize {
    tested.connection.early_data().expect("room for early data").write_replayable(data)
}

/// The server selects the ticket, and keeps on opening early data if it is to take it.
fn select(tested: &mut Tested<'_>, forger: &mut Forger, accepts: bool) {
    forger.takes_early_data = accepts;
    let mut hello = forger.make_server_hello();
    hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
    forger.send_messages(tested, &hello.message()).unwrap();
}

fn kinds(forger: &Forger) -> Vec<HandshakeType> {
    forger.messages.iter().map(|message| HandshakeType(message[0])).collect()
}

#[test]
fn it_goes_out_until_the_server_has_finished() {
    let (store, clock) = (Store::new(), now());
    for (protocols, protocol) in [(&[][..], None), (&[&b"h2"[..], b"coap"][..], Some(&b"coap"[..]))] {
        let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
        let config = config.with_alpn(protocols);
        let psk = first(&config, protocol, Some(LIMIT));
        let (mut tested, mut forger) = greeted(&config, &psk);
        // The record of compatibility mode stands directly behind the ClientHello.
        assert_eq!(forger.wire[forger.wire.len() - 6..], CHANGE_CIPHER_SPEC);
        assert_eq!(write(&mut tested, b"before, "), 8);
        tested.process().unwrap();
        forger.receive(&mut tested);
        select(&mut tested, &mut forger, true);
        assert_eq!(write(&mut tested, b"between, "), 9);
        tested.process().unwrap();
        forger.receive(&mut tested);
        forger.send_messages(&mut tested, &extensions(protocol, true)).unwrap();
        assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Accepted);
        assert_eq!(write(&mut tested, b"behind"), 6);
        forger.step(&mut tested, Step::Finished).unwrap();
        assert!(tested.connection.early_data().is_none(), "that was all");
        forger.receive(&mut tested);
        assert_eq!(forger.data(), b"before, between, behind");
        let last = [HandshakeType::END_OF_EARLY_DATA, HandshakeType::FINISHED];
        assert_eq!(kinds(&forger)[1..], last);
        assert!(tested.connection.is_connected());
        let negotiated = tested.connection.negotiated().unwrap();
        assert_eq!((negotiated.psk, negotiated.alpn), (Some(PskKind::Resumption), protocol));
        assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Accepted);
        // One record of compatibility mode in all.
        assert_eq!(forger.wire.windows(6).filter(|bytes| *bytes == CHANGE_CIPHER_SPEC).count(), 1);
        tested.connection.write(b", later").unwrap();
        tested.process().unwrap();
        forger.receive(&mut tested);
        assert_eq!(forger.data(), b"before, between, behind, later");
        forger.send(&mut tested, ContentType::APPLICATION_DATA, b"yes").unwrap();
        assert_eq!(tested.data, b"yes");
    }
}

/// Whoever wishes for it and then has nothing to say.
#[test]
fn nothing_need_be_said() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    for accepts in [true, false] {
        let psk = first(&config, None, Some(LIMIT));
        let (mut tested, mut forger) = greeted(&config, &psk);
        select(&mut tested, &mut forger, accepts);
        forger.send_messages(&mut tested, &extensions(None, accepts)).unwrap();
        forger.step(&mut tested, Step::Finished).unwrap();
        forger.receive(&mut tested);
        assert!(tested.connection.is_connected());
        let both = [HandshakeType::END_OF_EARLY_DATA, HandshakeType::FINISHED];
        assert_eq!(kinds(&forger)[1..], both[usize::from(!accepts)..]);
    }
}

/// In each way that a server can: nothing that was written turns up anywhere, and the handshake goes on.
#[test]
fn it_is_rejected() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    for way in ["silence", "certificate", "retry"] {
        let psk = first(&config, None, Some(LIMIT));
        let (mut tested, mut forger) = greeted(&config, &psk);
        assert_eq!(write(&mut tested, b"for nobody"), 10);
        tested.process().unwrap();
        assert!(!tested.take().is_empty());
        let mut steps = vec![Step::EncryptedExtensions, Step::Finished];
        if way == "retry" {
            forger.group = NamedGroup::SECP384R1;
            forger.open = None;
            let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), None);
            forger.send_messages(&mut tested, &request.message()).unwrap();
            assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Rejected);
            forger.receive(&mut tested);
            assert!(!says_early_data(&forger));
            assert!(
                forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap().has(ExtensionType::PRE_SHARED_KEY)
            );
        }
        if way == "certificate" {
            steps.splice(1..1, [Step::Certificate, Step::CertificateVerify]);
            forger.psk = None;
            let hello = forger.make_server_hello();
            forger.send_messages(&mut tested, &hello.message()).unwrap();
            assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Rejected);
        } else {
            select(&mut tested, &mut forger, false);
        }
        if way == "silence" {
            // It does not know yet: the server skips this.
            assert_eq!(write(&mut tested, b"nor this"), 8);
            tested.process().unwrap();
            assert!(!tested.take().is_empty());
        }
        forger.receive(&mut tested);
        forger.steps(&mut tested, &steps).unwrap();
        forger.receive(&mut tested);
        assert!(tested.connection.is_connected(), "{way}");
        assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Rejected);
        assert!(tested.connection.early_data().is_none());
        assert!(!kinds(&forger).contains(&HandshakeType::END_OF_EARLY_DATA));
        assert_eq!(forger.data(), b"", "{way}");
        assert_eq!(forger.wire.windows(6).filter(|bytes| *bytes == CHANGE_CIPHER_SPEC).count(), 1, "{way}");
        tested.connection.write(b"once more").unwrap();
        tested.process().unwrap();
        forger.receive(&mut tested);
        assert_eq!(forger.data(), b"once more");
    }
}

#[test]
fn no_more_than_the_ticket_allows() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let psk = first(&config, None, Some(LIMIT));
    let (mut tested, mut forger) = greeted(&config, &psk);
    let data = pattern(150);
    assert_eq!(write(&mut tested, &data[..60]), 60);
    assert_eq!(tested.connection.early_data().unwrap().limit(), 40);
    tested.process().unwrap();
    assert_eq!(write(&mut tested, &data[60..]), 40);
    assert_eq!(write(&mut tested, &data[100..]), 0);
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(forger.data(), data[..100]);
}

/// The last record that its key may protect is the end of early data.
#[test]
fn no_more_than_the_key_protects() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let config = config.with_records_per_key(3);
    let psk = first(&config, None, Some(LIMIT));
    let (mut tested, mut forger) = greeted(&config, &psk);
    for taken in [1, 1, 0] {
        assert_eq!(write(&mut tested, b"x"), taken);
        tested.process().unwrap();
    }
    forger.receive(&mut tested);
    select(&mut tested, &mut forger, true);
    forger.send_messages(&mut tested, &extensions(None, true)).unwrap();
    forger.step(&mut tested, Step::Finished).unwrap();
    forger.receive(&mut tested);
    assert!(tested.connection.is_connected());
    assert_eq!(forger.data(), b"xx");
}

#[test]
fn what_it_is_not_offered_with() {
    let (store, clock) = (Store::new(), now());
    let unset = || Err(saitls_core::CertificateFault::ClockNotSet.into());
    let plain = Config::new(&ANY).with_sessions(&store).with_alpn(&[b"coap"]);
    let full =
        Config::new(&ANY).with_sessions(&store).with_alpn(&[b"coap"]).with_session_clock(&clock).with_early_data();
    let clockless = Config::new(&ANY).with_sessions(&store).with_alpn(&[b"coap"]).with_early_data();
    let unsettled =
        Config::new(&ANY).with_sessions(&store).with_alpn(&[b"coap"]).with_session_clock(&unset).with_early_data();
    let other =
        Config::new(&ANY).with_sessions(&store).with_alpn(&[b"mqtt"]).with_session_clock(&clock).with_early_data();
    let none = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    for (config, protocol, limit, offered) in [
        (&full, Some(&b"coap"[..]), Some(1), true),
        (&plain, Some(b"coap"), Some(LIMIT), false),
        (&full, Some(b"coap"), None, false),
        (&full, Some(b"coap"), Some(0), false),
        (&clockless, Some(b"coap"), Some(LIMIT), false),
        (&unsettled, Some(b"coap"), Some(LIMIT), false),
        (&other, Some(b"coap"), Some(LIMIT), false),
        (&none, Some(b"coap"), Some(LIMIT), false),
        // No protocol was spoken then: the server is not to choose one now.
        (&full, None, Some(LIMIT), false),
    ] {
        first(&full, protocol, limit);
        let (mut tested, mut forger) = (connection(config), Forger::server());
        tested.process().unwrap();
        forger.receive(&mut tested);
        assert_eq!(says_early_data(&forger), offered);
        assert_eq!(tested.connection.early_data().is_some(), offered);
        let status = if offered { EarlyDataStatus::Pending } else { EarlyDataStatus::NotOffered };
        assert_eq!(tested.connection.early_data_status(), status);
        // The ticket is.
        assert!(forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap().has(ExtensionType::PRE_SHARED_KEY));
    }
}

/// What is taken is taken as it was when the session began.
#[test]
fn servers_that_take_it_wrongly() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let config = config.with_alpn(&[b"coap", b"mqtt"]);
    let illegal: Error = PeerFault::IllegalParameter.into();
    for (way, expected) in [
        ("another suite", Some(illegal)),
        ("another protocol", Some(illegal)),
        ("no protocol", Some(illegal)),
        ("no ticket", Some(PeerFault::UnsolicitedExtension.into())),
        ("as it should be", None),
    ] {
        let psk = first(&config, Some(b"coap"), Some(LIMIT));
        let (mut tested, mut forger) = greeted(&config, &psk);
        // All suites that are offered have the hash of the ticket.
        let suites = forger.client_hello.as_ref().unwrap().suites.clone();
        assert_eq!(suites[0], CipherSuite::AES_128_GCM_SHA256.0);
        assert!(suites.iter().all(|&suite| CipherSuite(suite).hash() == HashAlgorithm::Sha256));
        if way == "another suite" {
            forger.suite = CipherSuite(suites[1]);
        }
        if way == "no ticket" {
            forger.psk = None;
            let hello = forger.make_server_hello();
            forger.send_messages(&mut tested, &hello.message()).unwrap();
        } else {
            select(&mut tested, &mut forger, true);
        }
        let protocol = match way {
            "another protocol" => Some(&b"mqtt"[..]),
            "no protocol" => None,
            _ => Some(&b"coap"[..]),
        };
        let sent = forger.send_messages(&mut tested, &extensions(protocol, true));
        assert_eq!(sent.err(), expected, "{way}");
    }
    // A suite that was not offered this time.
    let psk = first(&config, Some(b"coap"), Some(LIMIT));
    let (mut tested, mut forger) = greeted(&config, &psk);
    forger.suite = CipherSuite::AES_256_GCM_SHA384;
    forger.psk = None;
    let hello = forger.make_server_hello();
    assert_eq!(forger.send_messages(&mut tested, &hello.message()), Err(PeerFault::IllegalCipherSuite.into()));
}

/// Early data goes with the first key that is offered, and no other (RFC 9846 4.3.11).
#[test]
fn servers_that_take_it_with_another_key() {
    let (store, clock) = (Store::new(), now());
    let external = [9; 32];
    let psks = [PreSharedKey::new(b"pump-17", &external)];
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let config = config.with_psks(&psks).with_psk_modes(PskModes::Either);
    let psk = first(&config, None, Some(LIMIT));
    let (mut tested, mut forger) = greeted(&config, &psk);
    forger.psk = Some(external.to_vec());
    forger.open = None;
    let mut hello = forger.make_server_hello();
    hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 1]);
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    let sent = forger.send_messages(&mut tested, &extensions(None, true));
    assert_eq!(sent, Err(PeerFault::IllegalParameter.into()));
}

/// A client that gives up says so under the key that the server may have.
#[test]
fn it_ends_with_the_connection() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let psk = first(&config, None, Some(LIMIT));
    let (mut tested, mut forger) = greeted(&config, &psk);
    assert_eq!(write(&mut tested, b"said"), 4);
    tested.connection.close();
    assert!(tested.connection.early_data().is_none());
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(forger.data(), b"said");
    assert_eq!(forger.received.last(), Some(&(ContentType::ALERT, vec![1, 0])));
}

/// Little room: what does not fit waits for the transport, and nothing is lost between the keys.
#[test]
fn small_buffers() {
    let (store, clock) = (Store::new(), now());
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let config = config.with_named_groups(&[NamedGroup::X25519]);
    let psk = first(&config, None, Some(100_000));
    let buffers = buffers(2048, 600).with_session_buffer(vec![0; 512]);
    let data = pattern(5_000);
    let mut tested = Tested::new(Connection::client(&config, name("localhost"), buffers).unwrap());
    tested.process().unwrap();
    let mut forger = Forger::server();
    forger.receive(&mut tested);
    let provider = &mut provider(5);
    let psk_secret = SoftwareSecret::new(&psk).unwrap();
    let early = SoftwareSecret::extract(provider, HashAlgorithm::Sha256, None, Some(&psk_secret)).unwrap();
    let transcript = hash(HashAlgorithm::Sha256, &forger.transcript);
    let secret = early.derive(provider, HashAlgorithm::Sha256, &Label::tls13(b"c e traffic"), &transcript).unwrap();
    forger.open = Some(Keys::new(forger.suite, secret.as_bytes()));
    forger.psk = Some(psk);
    let mut written = 0;
    while written < data.len() / 2 {
        written += write(&mut tested, &data[written..]);
        tested.process().unwrap();
        forger.receive(&mut tested);
    }
    select(&mut tested, &mut forger, true);
    forger.send_messages(&mut tested, &extensions(None, true)).unwrap();
    // Until the buffer is full.
    loop {
        let len = write(&mut tested, &data[written..]);
        written += len;
        tested.process().unwrap();
        if len == 0 {
            break;
        }
    }
    forger.step(&mut tested, Step::Finished).unwrap();
    for _ in 0..4 {
        forger.receive(&mut tested);
        tested.process().unwrap();
    }
    assert!(tested.connection.is_connected());
    assert_eq!(forger.data(), data[..written]);
}

/// With a server of ours: cut anywhere, with data both ways behind it; and a ticket is good for it once.
#[test]
fn both_ends_are_ours() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (store, clock) = (Store::new(), now());
    let cache = saitls_core::tickets::SessionCache::<4>::new().with_clock(&clock);
    let client_config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let client_config = client_config.with_tickets_requested(1);
    let server_config = ServerConfig::new(&identities).with_tickets(&cache).with_early_data(300);
    let retrying = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let retrying = retrying.with_key_shares(&[]);
    for (config, chunk, resumes) in [
        (&client_config, usize::MAX, false),
        (&client_config, usize::MAX, true),
        (&client_config, 1, true),
        (&client_config, 7, true),
        (&retrying, usize::MAX, true),
    ] {
        let buffers = full_buffers().with_session_buffer(vec![0; 512]);
        let client = Connection::client(config, name("localhost"), buffers).unwrap();
        let mut pair = Pair::new(client, server(&server_config));
        pair.chunk = chunk;
        pair.client.process(&mut pair.client_provider).unwrap();
        let data = pattern(400);
        let sent = pair.client.early_data().map_or(0, |mut early| early.write_replayable(&data));
        assert_eq!(sent, if resumes { 300 } else { 0 });
        let mut taken = Vec::new();
        while !(pair.client.is_connected() && pair.server.is_connected()) {
            assert_eq!(pair.run(), (Ok(()), Ok(())));
            let replayable = pair.server.replayable_data().map(|data| data.as_replayable_bytes().to_vec());
            let replayable = replayable.unwrap_or_default();
            pair.server.replayable_data_read(replayable.len());
            taken.extend(replayable);
        }
        let is_retry = std::ptr::eq(config, &retrying);
        let status = match (resumes, is_retry) {
            (false, _) => EarlyDataStatus::NotOffered,
            (true, false) => EarlyDataStatus::Accepted,
            (true, true) => EarlyDataStatus::Rejected,
        };
        assert_eq!((pair.client.early_data_status(), pair.server.early_data_status()), (status, status));
        assert_eq!(taken, data[..if status == EarlyDataStatus::Accepted { 300 } else { 0 }]);
        assert_eq!(pair.client.negotiated().unwrap().psk, resumes.then_some(PskKind::Resumption));
        pair.exchange(&pattern(2_000), true);
        pair.exchange(b"pong", false);
    }
}
