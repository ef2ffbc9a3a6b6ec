//! Tickets and early data of a server, to a client that can lie (RFC 9846 4.3.10, 4.3.11, 4.7.1, 8).

use crate::support::forger::{self, Forger, Keys, Step, Tested, message, plain_record, records};
use crate::support::hellos::key_shares;
use crate::support::*;
use rustls_pki_types::UnixTime;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::ExtensionType as E;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::Clock;
use saitls_core::psk::*;
use saitls_core::tickets::*;
use saitls_core::wire::extensions::{MaxEarlyDataSize, PskIdentity, TicketRequest};
use saitls_core::wire::{EncryptedExtensions, Message, NewSessionTicket};
use saitls_core::{EarlyDataStatus, Error, Operation, PeerAuthentication, PeerFault, WaitingFor};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// A clock that tests move.
struct Time(AtomicU64);

impl Time {
    const fn new() -> Self {
        Self(AtomicU64::new(1_800_000_000))
    }

    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn set_back(&self, seconds: u64) {
        self.0.fetch_sub(seconds, Ordering::Relaxed);
    }
}

impl Clock for Time {
    fn now(&self) -> saitls_core::Result<UnixTime> {
        match self.0.load(Ordering::Relaxed) {
            u64::MAX => Err(Error::InvalidState),
            seconds => Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds))),
        }
    }
}

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(100) };
}

/// A server and its client, neither of which draws what others drew.
fn ends<'a>(config: &'a ServerConfig<'a, Provider>) -> (Tested<'a>, Forger) {
    let seed = SEED.replace(SEED.get() + 2);
    let (mut tested, mut forger) = (Tested::server(config), Forger::client());
    (tested.provider, forger.provider) = (provider(seed), provider(seed + 1));
    (tested, forger)
}

/// What a client keeps of a ticket.
#[derive(Clone)]
struct Ticket {
    ticket: Vec<u8>,
    psk: Vec<u8>,
    age_add: u32,
    lifetime: u32,
    max_early_data: u32,
    suite: CipherSuite,
}

/// What a client says when it comes back.
#[derive(Clone)]
struct Back<'t> {
    ticket: &'t Ticket,
    /// The age that it claims, in milliseconds.
    age: u32,
    early_data: bool,
    /// An identity that nobody knows stands in front.
    second: bool,
    change: fn(&mut ClientHelloParts),
}

impl<'t> Back<'t> {
    fn new(ticket: &'t Ticket) -> Self {
        Self { ticket, age: 0, early_data: false, second: false, change: |_| {} }
    }

    fn early(ticket: &'t Ticket) -> Self {
        Self { early_data: true, ..Self::new(ticket) }
    }

    /// The ClientHello.
    fn hello(&self, forger: &mut Forger) -> ClientHelloParts {
        forger.suite = self.ticket.suite;
        forger.psk = Some(self.ticket.psk.clone());
        let mut hello = forger.make_client_hello();
        hello.suites = vec![self.ticket.suite.0, 0x1303];
        hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
        if self.early_data {
            hello.extensions().set(E::EARLY_DATA, []);
        }
        (self.change)(&mut hello);
        self.bind(forger, hello)
    }

    /// With the ticket at its end, rightly bound.
    fn bind(&self, forger: &mut Forger, mut hello: ClientHelloParts) -> ClientHelloParts {
        let hash = self.ticket.suite.hash();
        let extension = |binder: &[u8]| {
            written(|writer| {
                writer.vector16(|writer| {
                    if self.second {
                        PskIdentity { identity: b"unknown", obfuscated_ticket_age: 0 }.write(writer);
                    }
                    let age = self.age.wrapping_add(self.ticket.age_add);
                    PskIdentity { identity: &self.ticket.ticket, obfuscated_ticket_age: age }.write(writer);
                });
                writer.vector16(|writer| {
                    if self.second {
                        writer.vector8(|writer| writer.bytes(&[7; 32]));
                    }
                    writer.vector8(|writer| writer.bytes(binder));
                });
            })
        };
        hello.extensions().remove(E::PRE_SHARED_KEY);
        hello.extensions().push(E::PRE_SHARED_KEY, extension(&vec![0; hash.output_len()]));
        let message = hello.message();
        let truncated = &message[..message.len() - if self.second { 36 } else { 3 } - hash.output_len()];
        let binder = forger.binder_of(b"res binder", hash, &self.ticket.psk, truncated);
        hello.extensions().set(E::PRE_SHARED_KEY, extension(&binder));
        hello
    }

    /// Comes back; whether the session was resumed, and early data taken, if it was.
    fn connect<'a>(&self, config: &'a ServerConfig<'a, Provider>) -> (Tested<'a>, Forger, Option<bool>) {
        let (mut tested, mut forger) = ends(config);
        let hello = self.hello(&mut forger);
        let taken = send(&mut tested, &mut forger, &hello, self.early_data.then_some(EARLY)).unwrap();
        forger.step(&mut tested, Step::Finished).unwrap();
        forger.receive(&mut tested);
        assert!(tested.connection.is_connected());
        let negotiated = tested.connection.negotiated().unwrap();
        let expected = match (self.early_data, taken.is_some()) {
            (false, _) => EarlyDataStatus::NotOffered,
            (true, true) => EarlyDataStatus::Accepted,
            (true, false) => EarlyDataStatus::Rejected,
        };
        assert_eq!(tested.connection.early_data_status(), expected);
        let resumed = negotiated.psk == Some(PskKind::Resumption);
        assert_eq!(negotiated.psk.is_some(), resumed);
        (tested, forger, resumed.then_some(taken.is_some()))
    }
}

const EARLY: &[u8] = b"GET / HTTP/1.0";

fn server_extensions(forger: &Forger, kind: HandshakeType) -> ExtensionsParts {
    let message = forger.messages.iter().find(|message| message[0] == kind.0).unwrap();
    match kind {
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            ExtensionsParts::parse(EncryptedExtensions::read(&message[4..]).unwrap().extensions)
        }
        _ => ServerHelloParts::parse(message).extensions.unwrap(),
    }
}

/// Sends a hello, and early data behind it; then, if it is taken, the end of that. What was taken.
fn send(
    tested: &mut Tested<'_>,
    forger: &mut Forger,
    hello: &ClientHelloParts,
    early: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, Error> {
    forger.client_hello = Some(hello.clone());
    forger.send_messages(tested, &hello.message())?;
    let psk = forger.psk.clone().unwrap_or_default();
    let early_secret = forger.early_secret(&psk, b"c e traffic");
    let mut keys = Keys::new(forger.suite, &early_secret);
    let mut result = Ok(());
    if let Some(early) = early {
        result = tested.deliver(&keys.seal(ContentType::APPLICATION_DATA, early));
    }
    let taken = read_early(tested);
    let has_server_hello = {
        // A server that does not resume does not know the PSK.
        let bytes = tested.connection.records().to_vec();
        let hello = records(&bytes).into_iter().find(|(kind, _)| *kind == ContentType::HANDSHAKE);
        let parts = hello.map(|(_, record)| ServerHelloParts::parse(&record[5..]));
        if parts.as_ref().is_some_and(|parts| !parts.extensions.as_ref().unwrap().has(E::PRE_SHARED_KEY)) {
            forger.psk = None;
        }
        parts.is_some_and(|parts| !parts.is_hello_retry_request())
    };
    result?;
    forger.receive(tested);
    if !has_server_hello {
        return Ok(None);
    }
    let accepted = server_extensions(forger, HandshakeType::ENCRYPTED_EXTENSIONS).has(E::EARLY_DATA);
    assert_eq!(accepted, taken.is_some() || (early.is_some_and(<[u8]>::is_empty) && accepted));
    if accepted {
        assert!(tested.connection.negotiated().is_none());
        let end = message(HandshakeType::END_OF_EARLY_DATA.0, &[]);
        forger.transcript.extend_from_slice(&end);
        tested.deliver(&keys.seal(ContentType::HANDSHAKE, &end))?;
    }
    Ok(taken)
}

/// Takes what has come; none of it comes as ordinary data.
fn read_early(tested: &mut Tested<'_>) -> Option<Vec<u8>> {
    assert!(tested.data.is_empty() && tested.connection.data().is_empty());
    let data = tested.connection.replayable_data()?.as_replayable_bytes().to_vec();
    assert_eq!(tested.connection.waiting_for(), WaitingFor::Application);
    // Reading it as if it were ordinary data takes nothing.
    assert_eq!(tested.connection.read(&mut [0; 8]), Ok(0));
    tested.connection.data_read(data.len());
    assert_eq!(tested.connection.replayable_data().unwrap().as_replayable_bytes(), data);
    tested.connection.replayable_data_read(data.len());
    tested.process().unwrap();
    Some(data)
}

/// The tickets that came.
fn tickets(forger: &mut Forger) -> Vec<Ticket> {
    let messages: Vec<_> = forger.messages.iter().filter(|message| message[0] == 4).cloned().collect();
    messages
        .iter()
        .map(|message| {
            let message = Message::read(message).unwrap();
            let ticket = NewSessionTicket::read(message.body).unwrap();
            let max = ticket.extensions.get(E::EARLY_DATA, MaxEarlyDataSize::read).unwrap();
            Ticket {
                ticket: ticket.ticket.to_vec(),
                psk: forger.resumption_psk(ticket.ticket_nonce),
                age_add: ticket.ticket_age_add,
                lifetime: ticket.ticket_lifetime,
                max_early_data: max.map_or(0, |max| max.max_early_data_size),
                suite: forger.suite,
            }
        })
        .collect()
}

/// A first connection, with these changes to what the client usually says.
fn first(config: &ServerConfig<'_, Provider>, suite: CipherSuite, change: fn(&mut ClientHelloParts)) -> Vec<Ticket> {
    let (mut tested, mut forger) = ends(config);
    let mut hello = forger.make_client_hello();
    hello.suites = vec![suite.0];
    hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
    change(&mut hello);
    forger.hello(&mut tested, &hello).unwrap();
    forger.step(&mut tested, Step::Finished).unwrap();
    forger.receive(&mut tested);
    assert_eq!(tested.connection.negotiated().unwrap().psk, None);
    tickets(&mut forger)
}

const AES_128: CipherSuite = CipherSuite::AES_128_GCM_SHA256;

fn keys<'a>() -> TicketKeys<'a> {
    TicketKeys::new(&mut provider(9)).unwrap()
}

#[test]
fn a_session_comes_back_again_and_again() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (time, cache) = (Time::new(), SessionCache::<8>::new());
    let keys = keys().with_clock(&time);
    let ticketers: [&dyn Ticketer<Provider>; 2] = [&keys, &cache];
    for ticketer in ticketers {
        for suite in [AES_128, CipherSuite::AES_256_GCM_SHA384] {
            let config = ServerConfig::new(&identities).with_tickets(ticketer);
            let mut known = first(&config, suite, |_| {});
            assert_eq!(known.len(), 2);
            assert_ne!(known[0].ticket, known[1].ticket);
            assert_ne!(known[0].psk, known[1].psk);
            assert_eq!((known[0].lifetime, known[0].max_early_data), (86_400, 0));
            for round in 1..4 {
                time.pass(1_000);
                let (tested, mut forger, resumed) = Back::new(&known[0]).connect(&config);
                assert_eq!(resumed, Some(false));
                let negotiated = tested.connection.negotiated().unwrap();
                assert_eq!(negotiated.peer_authentication, PeerAuthentication::NotRequested);
                assert_eq!(negotiated.cipher_suite, suite);
                known = tickets(&mut forger);
                assert_eq!(known.len(), 1, "in place of the one that was used");
                if Ticketer::<Provider>::now(&keys).is_some() && !ticketer.is_single_use() {
                    assert_eq!(known[0].lifetime, 86_400 - round * 1_000, "a session does not get longer");
                }
            }
        }
    }
}

#[test]
fn as_many_tickets_as_both_want_and_none_without_a_mode() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let keys = keys();
    let psks = [PreSharedKey::<Provider>::new(b"pump-17", &[0x5a; 32])];
    let config = ServerConfig::new(&identities).with_tickets(&keys).with_ticket_count(3).with_psks(&psks);
    let count = |change| first(&config, AES_128, change).len();
    assert_eq!(count(|_| {}), 3);
    assert_eq!(count(|hello| _ = hello.extensions().remove(E::PSK_KEY_EXCHANGE_MODES)), 0);
    assert_eq!(count(|hello| _ = hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 0])), 0);
    assert_eq!(count(|hello| _ = hello.extensions().set(E::TICKET_REQUEST, [0, 0])), 0);
    assert_eq!(count(|hello| _ = hello.extensions().set(E::TICKET_REQUEST, [1, 9])), 1);
    assert_eq!(count(|hello| _ = hello.extensions().set(E::TICKET_REQUEST, [200, 0])), 3);
    // What it will be is told; and one more on request.
    let (mut tested, mut forger) = ends(&config);
    assert_eq!(tested.connection.send_ticket(), Err(Error::InvalidState));
    let mut hello = forger.make_client_hello();
    hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
    let request = TicketRequest { new_session_count: 2, resumption_count: 0 };
    hello.extensions().set(E::TICKET_REQUEST, [request.new_session_count, request.resumption_count]);
    forger.hello(&mut tested, &hello).unwrap();
    assert_eq!(server_extensions(&forger, HandshakeType::ENCRYPTED_EXTENSIONS).get(E::TICKET_REQUEST), [2]);
    forger.step(&mut tested, Step::Finished).unwrap();
    tested.connection.send_ticket().unwrap();
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(tickets(&mut forger).len(), 3);
    // Behind an external PSK there are none.
    let client_config = ClientConfig::psk_only(&psks);
    let mut pair = Pair::new(client(&client_config), server(&config));
    pair.connect();
    assert_eq!(pair.server.negotiated().unwrap().psk, Some(PskKind::External));
    assert_eq!(pair.server.send_ticket(), Err(Error::InvalidState));
}

/// Regressions 29 and 30.
#[test]
fn tickets_that_do_not_hold_are_full_handshakes() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let keys = keys().with_clock(&time).with_lifetime(1_000);
    let known = first(&ServerConfig::new(&identities).with_tickets(&keys), AES_128, |_| {});
    let ticket = &known[0];
    let resumes = |keys: &TicketKeys<'_>, back: &Back<'_>| {
        let config = ServerConfig::new(&identities).with_tickets(keys);
        back.connect(&config).2.is_some()
    };
    assert!(resumes(&keys, &Back::new(ticket)));
    // Another name, and none.
    let renamed = Back {
        change: |hello| {
            let name = b"other.example";
            let list = written(|w| {
                w.vector16(|w| {
                    w.u8(0);
                    w.vector16(|w| w.bytes(name));
                });
            });
            hello.extensions().set(E::SERVER_NAME, list);
        },
        ..Back::new(ticket)
    };
    assert!(!resumes(&keys, &renamed));
    // Changed anywhere, and cut short.
    for at in (0..ticket.ticket.len()).step_by(7) {
        let mut changed = ticket.clone();
        changed.ticket[at] ^= 1;
        assert!(!resumes(&keys, &Back::new(&changed)), "byte {at}");
        changed.ticket.truncate(at.max(1));
        assert!(!resumes(&keys, &Back::new(&changed)), "{at} bytes");
    }
    // A server that asks who its clients are.
    let config = ServerConfig::new(&identities)
        .with_tickets(&keys)
        .with_client_authentication(ClientAuthentication::Required(&ANY));
    let (mut tested, mut forger) = ends(&config);
    let hello = Back::new(ticket).hello(&mut forger);
    forger.psk = None;
    forger.hello(&mut tested, &hello).unwrap();
    assert!(forger.messages.iter().any(|message| message[0] == HandshakeType::CERTIFICATE_REQUEST.0));
    // Another process, and another key under the same name.
    assert!(!resumes(&TicketKeys::new(&mut provider(10)).unwrap(), &Back::new(ticket)));
    let name = *ticket.ticket.first_chunk().unwrap();
    assert!(!resumes(&TicketKeys::from_key(&provider(1), name, &[7; 32]).unwrap(), &Back::new(ticket)));
    assert!(TicketKeys::from_key(&provider(1), name, &[0; 32]).is_err());
    // Over, and from the future.
    time.pass(1_000);
    assert!(resumes(&keys, &Back::new(ticket)));
    time.pass(1);
    assert!(!resumes(&keys, &Back::new(ticket)));
    time.set_back(1_002);
    assert!(!resumes(&keys, &Back::new(ticket)));
    // One rotation later it opens, two later it does not.
    let mut keys = TicketKeys::new(&mut provider(13)).unwrap();
    let known = first(&ServerConfig::new(&identities).with_tickets(&keys), AES_128, |_| {});
    let ticket = &known[0];
    keys.rotate(&mut provider(11)).unwrap();
    assert!(resumes(&keys, &Back::new(ticket)));
    keys.rotate(&mut provider(12)).unwrap();
    assert!(!resumes(&keys, &Back::new(ticket)));
}

/// Whoever proved who it is comes back as the same, for as long as the same is asked for and trusted.
#[test]
fn a_clients_certificate_comes_back_with_its_session() {
    let identity = ed25519();
    let identities = [identity.identity()];
    // With a clock: nobody knows else how old the proof is, and a session is not carried on.
    let time = Time::new();
    let keys = keys().with_clock(&time);
    let config =
        |authentication| ServerConfig::new(&identities).with_tickets(&keys).with_client_authentication(authentication);
    let required = config(ClientAuthentication::Required(&ANY));
    let optional = config(ClientAuthentication::Optional(&ANY));
    for (server_config, other, has_certificate) in
        [(&required, &optional, true), (&optional, &required, true), (&optional, &required, false)]
    {
        let store = saitls_core::session::MemorySessions::<4, 2048>::new();
        let mut config = ClientConfig::new(&ANY).with_sessions(&store);
        if has_certificate {
            config = config.with_identities(&identities);
        }
        let connect = |server_config| {
            let buffers = full_buffers().with_session_buffer(vec![0; 4096]);
            let client = saitls_core::Connection::client(&config, name("localhost"), buffers).unwrap();
            let mut pair = Pair::new(client, server(server_config));
            let (client, server) = pair.run();
            client.and(server)?;
            let negotiated = pair.server.negotiated().unwrap();
            let certificate = has_certificate.then_some(identity.certificate);
            assert_eq!(negotiated.peer_certificate, certificate);
            let expected = if has_certificate { PeerAuthentication::Certificate } else { PeerAuthentication::Declined };
            assert_eq!(negotiated.peer_authentication, expected);
            assert_eq!(negotiated.peer_signature_scheme.is_some(), has_certificate);
            Ok::<_, Error>(negotiated.psk.is_some())
        };
        assert_eq!(connect(server_config), Ok(false));
        assert_eq!(connect(server_config), Ok(true));
        assert_eq!(connect(server_config), Ok(true), "with the ticket of the resumed one");
        // Asked in another way: from the beginning.
        match connect(other) {
            Ok(resumed) => assert!(!resumed && has_certificate),
            Err(_) => assert!(!has_certificate),
        }
    }
}

#[test]
fn keys_are_renewed_by_themselves() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let keys = keys().with_clock(&time).with_lifetime(1_000);
    let config = ServerConfig::new(&identities).with_tickets(&keys);
    let name = || first(&config, AES_128, |_| {})[0].ticket[..8].to_vec();
    let first_name = name();
    time.pass(999);
    assert_eq!(name(), first_name);
    time.pass(1);
    let second = name();
    assert_ne!(second, first_name);
    // Tickets that were made last under the first still open.
    time.pass(1_000);
    assert_ne!(name(), second);
}

/// Several servers have them: none draws one that the others do not have.
#[test]
fn keys_that_were_given_stay() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let given = |number| {
        let keys = TicketKeys::from_key(&provider(9), [number; 8], &[number; 32]).unwrap();
        keys.with_clock(&time).with_lifetime(1_000)
    };
    let (mut one, other) = (given(1), given(1));
    for _ in 0..4 {
        let known = first(&ServerConfig::new(&identities).with_tickets(&one), AES_128, |_| {});
        assert_eq!(known[0].ticket[..8], [1; 8]);
        assert!(Back::new(&known[0]).connect(&ServerConfig::new(&identities).with_tickets(&other)).2.is_some());
        time.pass(999);
        assert!(Back::new(&known[1]).connect(&ServerConfig::new(&identities).with_tickets(&other)).2.is_some());
    }
    // After the next one it opens for as long as a ticket lives.
    let known = first(&ServerConfig::new(&identities).with_tickets(&one), AES_128, |_| {});
    one.rotate_to(&provider(9), [2; 8], &[2; 32]).unwrap();
    let config = ServerConfig::new(&identities).with_tickets(&one);
    assert_eq!(first(&config, AES_128, |_| {})[0].ticket[..8], [2; 8]);
    assert!(Back::new(&known[0]).connect(&config).2.is_some());
}

#[test]
fn a_clock_that_fails_ends_sessions() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let keys = keys().with_clock(&time);
    let config = ServerConfig::new(&identities).with_tickets(&keys);
    let known = first(&config, AES_128, |_| {});
    assert!(Back::new(&known[0]).connect(&config).2.is_some());
    time.0.store(u64::MAX, Ordering::Relaxed);
    assert!(Back::new(&known[0]).connect(&config).2.is_none());
    // What was made without a clock needs none.
    let known = first(&config, AES_128, |_| {});
    assert!(Back::new(&known[0]).connect(&config).2.is_some());
}

#[test]
fn tickets_live_for_seven_days_at_most_and_never_for_none() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let none = keys().with_clock(&time).with_lifetime(0);
    assert!(first(&ServerConfig::new(&identities).with_tickets(&none), AES_128, |_| {}).is_empty());
    let keys = keys();
    let long = Late(&keys, &time);
    let known = first(&ServerConfig::new(&identities).with_tickets(&long), AES_128, |_| {});
    assert_eq!(known[0].lifetime, 604_800);
}

/// The binder of a ticket is none of an external PSK's, and the other way round.
#[test]
fn a_binder_is_of_one_kind() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let keys = keys();
    let config = ServerConfig::new(&identities).with_tickets(&keys);
    let known = first(&config, AES_128, |_| {});
    let (mut tested, mut forger) = ends(&config);
    let mut hello = Back::new(&known[0]).hello(&mut forger);
    let message = hello.message();
    let binder = forger.binder(HashAlgorithm::Sha256, &known[0].psk, &message[..message.len() - 35]);
    let (_, data) = hello.extensions().0.last_mut().unwrap();
    let at = data.len() - 32;
    data[at..].copy_from_slice(&binder);
    assert_eq!(forger.hello(&mut tested, &hello), Err(PeerFault::BadBinder.into()));
    assert_eq!(tested.connection.alert_sent(), Some(Alert::DECRYPT_ERROR));
}

#[test]
fn a_remembered_session_is_for_one_connection() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let cache = SessionCache::<3>::new();
    let config = ServerConfig::new(&identities).with_tickets(&cache).with_named_groups(&[NamedGroup::SECP256R1]);
    let mut known = Vec::new();
    let p256 = |forger: &mut Forger| forger.group = NamedGroup::SECP256R1;
    for _ in 0..2 {
        let (mut tested, mut forger) = ends(&config);
        p256(&mut forger);
        let mut hello = forger.make_client_hello();
        hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
        forger.hello(&mut tested, &hello).unwrap();
        forger.step(&mut tested, Step::Finished).unwrap();
        forger.receive(&mut tested);
        known.extend(tickets(&mut forger));
    }
    assert_eq!((known.len(), cache.len()), (4, 3));
    let come = |ticket: &Ticket, retry: bool| {
        let (mut tested, mut forger) = ends(&config);
        if !retry {
            p256(&mut forger);
        }
        let back = Back::new(ticket);
        let hello = back.hello(&mut forger);
        send(&mut tested, &mut forger, &hello, None).unwrap();
        if retry {
            assert_eq!(cache.len(), 3, "a HelloRetryRequest costs no session");
            assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
            let share = forger.share(NamedGroup::SECP256R1);
            let mut hello = hello.clone();
            let entry = written(|w| {
                w.vector16(|w| {
                    w.u16(0x17);
                    w.vector16(|w| w.bytes(&share));
                })
            });
            hello.extensions().set(E::KEY_SHARE, entry);
            forger.psk = Some(ticket.psk.clone());
            let hello = back.bind(&mut forger, hello);
            send(&mut tested, &mut forger, &hello, None).unwrap();
        }
        forger.step(&mut tested, Step::Finished).unwrap();
        tested.connection.negotiated().unwrap().psk.is_some()
    };
    // Whoever has seen a ticket cannot use it up: not in a second hello either.
    for retry in [false, true] {
        let (mut tested, mut forger) = ends(&config);
        if !retry {
            p256(&mut forger);
        }
        let back = Back::new(&known[3]);
        let mut hello = back.hello(&mut forger);
        if retry {
            forger.hello(&mut tested, &hello).unwrap();
            let share = forger.share(NamedGroup::SECP256R1);
            hello.extensions().set(E::KEY_SHARE, key_shares(&[(0x17, &share)]));
            hello = back.bind(&mut forger, hello);
        }
        *hello.extensions().0.last_mut().unwrap().1.last_mut().unwrap() ^= 1;
        assert_eq!(forger.hello(&mut tested, &hello), Err(PeerFault::BadBinder.into()));
        assert_eq!(cache.len(), 3);
    }
    assert!(!come(&known[0], false), "it gave way to newer ones");
    // That full handshake made two more.
    let last = known[3].clone();
    assert!(come(&last, true));
    assert!(!come(&last, false), "twice");
}

// ---- early data

/// A server that takes early data, and a ticket that allows it.
macro_rules! early_server {
    ($time:ident, $register:ident, $config:ident, $ticket:ident) => {
        let identity = ed25519();
        let identities = [identity.identity()];
        let $time = Time::new();
        let keys = keys().with_clock(&$time);
        let $register = StrikeRegister::<8>::since(1_799_999_000);
        let $config = ServerConfig::new(&identities)
            .with_tickets(&keys)
            .with_early_data(100)
            .with_anti_replay(&$register)
            .with_alpn(&[b"h2", b"http/1.1"]);
        let known = first(&$config, AES_128, |_| {});
        assert_eq!(known[0].max_early_data, 100);
        let $ticket = known[0].clone();
        $time.pass(60);
    };
}

fn aged<'t>(ticket: &'t Ticket, age: u32) -> Back<'t> {
    Back { age, ..Back::early(ticket) }
}

#[test]
fn early_data_comes_before_the_handshake_is_complete() {
    early_server!(time, register, config, ticket);
    let _ = (&time, &register);
    let (mut tested, mut forger, taken) = aged(&ticket, 60_000).connect(&config);
    assert_eq!(taken, Some(true));
    // Ordinary data goes on behind it.
    forger.send(&mut tested, ContentType::APPLICATION_DATA, b"more").unwrap();
    assert_eq!(tested.data, b"more");
    assert_eq!(tested.connection.replayable_data(), None);
    let mut exported = [0; 32];
    tested.connection.export_early(&mut tested.provider, b"label", b"", &mut exported).unwrap();
    let mut exported_later = [0; 32];
    tested.connection.export(&mut tested.provider, b"label", b"", &mut exported_later).unwrap();
    assert_ne!(exported, exported_later);
    // With none behind the hello.
    let (mut tested, mut forger) = ends(&config);
    let hello = aged(&ticket, 60_000).hello(&mut forger);
    assert_eq!(send(&mut tested, &mut forger, &hello, Some(b"")), Ok(None));
    forger.step(&mut tested, Step::Finished).unwrap();
    assert!(tested.connection.is_connected());
    assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Accepted);
}

/// A server answers early data at once, half a round trip before the handshake is complete.
#[test]
fn the_answer_to_early_data_need_not_wait() {
    early_server!(time, register, config, ticket);
    let _ = (&time, &register);
    let (mut tested, mut forger) = ends(&config);
    assert_eq!(tested.connection.write_before_client_finished(b"too early"), Ok(0));
    let hello = aged(&ticket, 60_000).hello(&mut forger);
    forger.client_hello = Some(hello.clone());
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    let mut keys = Keys::new(AES_128, &forger.early_secret(&ticket.psk, b"c e traffic"));
    tested.deliver(&keys.seal(ContentType::APPLICATION_DATA, EARLY)).unwrap();
    assert_eq!(read_early(&mut tested).as_deref(), Some(EARLY));
    assert!(tested.connection.write(b"not so").is_err());
    assert_eq!(tested.connection.write_before_client_finished(b"200 OK"), Ok(6));
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(forger.data(), b"200 OK");
    assert!(tested.connection.negotiated().is_none());
    let end = message(HandshakeType::END_OF_EARLY_DATA.0, &[]);
    forger.transcript.extend_from_slice(&end);
    tested.deliver(&keys.seal(ContentType::HANDSHAKE, &end)).unwrap();
    assert_eq!(tested.connection.write_before_client_finished(b", more"), Ok(6));
    forger.step(&mut tested, Step::Finished).unwrap();
    assert_eq!(tested.connection.write_before_client_finished(b"too late"), Ok(0));
    tested.connection.write(b"!").unwrap();
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert_eq!(forger.data(), b"200 OK, more!");
}

/// As a greeting, in a handshake with certificates on both sides; our clients read it when they have finished.
#[test]
fn a_greeting_goes_out_with_the_servers_flight() {
    let identity = ed25519();
    let identities = [identity.identity()];
    for authentication in [ClientAuthentication::None, ClientAuthentication::Required(&ANY)] {
        let server_config = ServerConfig::new(&identities).with_client_authentication(authentication);
        let client_config = ClientConfig::new(&ANY).with_identities(&identities);
        let mut pair = Pair::new(client(&client_config), server(&server_config));
        assert_eq!(pair.client.write_before_client_finished(b"I am none"), Ok(0));
        pair.client.process(&mut pair.client_provider).unwrap();
        carry(&mut pair.client, &mut pair.server, usize::MAX);
        pair.server.process(&mut pair.server_provider).unwrap();
        assert_eq!(pair.server.write_before_client_finished(b"220 hello"), Ok(9));
        pair.connect();
        assert_eq!(drain(&mut pair.client), b"220 hello");
        pair.exchange(b"ping", true);
        pair.exchange(b"pong", false);
    }
}

/// Regressions 31 and 49: the same early ClientHello on two connections, and after a restart.
#[test]
fn early_data_is_taken_once() {
    early_server!(time, register, config, ticket);
    let _ = &register;
    let mut forger = Forger::client();
    let hello = aged(&ticket, 60_000).hello(&mut forger);
    forger.client_hello = Some(hello.clone());
    let hello = forger.message_records(&hello.message());
    let psk = ticket.psk.clone();
    let secret = forger.early_secret(&psk, b"c e traffic");
    let early = Keys::new(AES_128, &secret).seal(ContentType::APPLICATION_DATA, EARLY);
    let recorded = [hello, early].concat();
    let replay = |config| {
        let mut tested = Tested::server(config);
        tested.deliver(&recorded).unwrap();
        let taken = tested.connection.replayable_data().map(|data| data.as_replayable_bytes().to_vec());
        taken.inspect(|taken| assert_eq!(taken, EARLY)).is_some()
    };
    assert!(replay(&config));
    for seconds in [0, 0, 1, 5, 10] {
        time.pass(seconds);
        assert!(!replay(&config), "{seconds}");
    }
    // A restart forgets what was seen, and knows it.
    let restarted = StrikeRegister::<8>::new();
    let identity = ed25519();
    let identities = [identity.identity()];
    let keys = TicketKeys::new(&mut provider(9)).unwrap().with_clock(&time);
    let config = ServerConfig::new(&identities).with_tickets(&keys).with_early_data(100).with_anti_replay(&restarted);
    time.set_back(16);
    assert!(!replay(&config));
}

#[test]
fn early_data_is_taken_only_where_all_is_as_it_was() {
    early_server!(time, register, config, ticket);
    let _ = (&time, &register);
    // Skew both ways.
    for (age, taken) in [(60_000, true), (51_000, true), (69_000, true), (49_000, false), (71_000, false), (0, false)] {
        assert_eq!(aged(&ticket, age).connect(&config).2, Some(taken), "{age}");
    }
    let with = |change| Back { change, ..aged(&ticket, 60_000) }.connect(&config).2;
    // A second identity, another suite of the same hash, another protocol.
    assert_eq!(Back { second: true, ..aged(&ticket, 60_000) }.connect(&config).2, Some(false));
    assert_eq!(with(|hello| hello.suites = vec![0x1303]), Some(false));
    assert_eq!(
        with(|hello| _ = hello.extensions().set(E::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, *b"\0\x03\x02h2")),
        Some(false)
    );
    // Without the clock, or with less allowed than then.
    let identity = ed25519();
    let identities = [identity.identity()];
    let keys = keys();
    let config = ServerConfig::new(&identities).with_tickets(&keys).with_early_data(100).with_anti_replay(&register);
    assert_eq!(aged(&ticket, 60_000).connect(&config).2, None);
    assert_eq!(first(&config, AES_128, |_| {})[0].max_early_data, 0);
    let keys = TicketKeys::new(&mut provider(9)).unwrap().with_clock(&time);
    let config = ServerConfig::new(&identities).with_tickets(&keys).with_early_data(99).with_anti_replay(&register);
    assert_eq!(aged(&ticket, 60_000).connect(&config).2, Some(false));
}

#[test]
fn too_much_early_data_and_what_does_not_belong_into_it() {
    early_server!(time, register, config, ticket);
    let _ = (&time, &register);
    type Sent = fn(&mut Keys) -> Vec<u8>;
    let cases: [(&str, Sent, Result<(), Alert>); 8] = [
        ("all of it", |keys| keys.seal(ContentType::APPLICATION_DATA, &[7; 100]), Ok(())),
        ("padded", |keys| keys.seal_inner(&[&[7; 100][..], &[23], &[0; 500]].concat()), Ok(())),
        ("one byte more", |keys| keys.seal(ContentType::APPLICATION_DATA, &[7; 101]), Err(Alert::UNEXPECTED_MESSAGE)),
        (
            "an end that says something",
            |keys| keys.seal(ContentType::HANDSHAKE, &message(5, &[0])),
            Err(Alert::DECODE_ERROR),
        ),
        (
            "an end with more behind it",
            |keys| keys.seal(ContentType::HANDSHAKE, &[message(5, &[]), vec![20]].concat()),
            Err(Alert::UNEXPECTED_MESSAGE),
        ),
        ("no end", |keys| keys.seal(ContentType::HANDSHAKE, &message(20, &[0; 32])), Err(Alert::UNEXPECTED_MESSAGE)),
        ("not sealed", |_| plain_record(ContentType::HANDSHAKE, &message(5, &[])), Err(Alert::UNEXPECTED_MESSAGE)),
        (
            "another key",
            |_| vec![23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
            Err(Alert::BAD_RECORD_MAC),
        ),
    ];
    for (what, sent, expected) in cases {
        let (mut tested, mut forger) = ends(&config);
        let hello = aged(&ticket, 60_000).hello(&mut forger);
        forger.send_messages(&mut tested, &hello.message()).unwrap();
        let secret = forger.early_secret(&ticket.psk, b"c e traffic");
        let record = sent(&mut Keys::new(AES_128, &secret));
        let result = tested.deliver(&record);
        assert_eq!(result.map_err(|error| error.alert().unwrap()), expected, "{what}");
        if expected.is_ok() {
            assert_eq!(read_early(&mut tested), Some(vec![7; 100]), "{what}");
        } else {
            // What had come is gone with the handshake.
            assert_eq!(tested.connection.replayable_data(), None, "{what}");
            assert!(tested.connection.data().is_empty());
        }
    }
}

/// Its end was protected: nothing comes in the clear any more.
#[test]
fn no_plaintext_alert_comes_behind_early_data() {
    early_server!(time, register, config, ticket);
    let _ = (&time, &register);
    let (mut tested, mut forger) = ends(&config);
    let hello = aged(&ticket, 60_000).hello(&mut forger);
    assert_eq!(send(&mut tested, &mut forger, &hello, Some(EARLY)), Ok(Some(EARLY.to_vec())));
    let alert = plain_record(ContentType::ALERT, &[2, 80]);
    assert_eq!(tested.deliver(&alert), Err(PeerFault::UnexpectedRecord.into()));
}

/// Regressions 48 and 49: a stale ticket, and a HelloRetryRequest.
#[test]
fn early_data_that_is_not_taken_is_skipped() {
    early_server!(time, register, config, ticket);
    let _ = (&time, &register);
    let identity = ed25519();
    let identities = [identity.identity()];
    let nothing = ServerConfig::new(&identities);
    assert_eq!(aged(&ticket, 60_000).connect(&nothing).2, None);
    let others = TicketKeys::new(&mut provider(10)).unwrap();
    let stale = ServerConfig::new(&identities).with_tickets(&others);
    assert_eq!(aged(&ticket, 60_000).connect(&stale).2, None);
    // Through a HelloRetryRequest, it is resumed without.
    let config = config.with_named_groups(&[NamedGroup::SECP256R1]);
    let (mut tested, mut forger) = ends(&config);
    let back = aged(&ticket, 60_000);
    let hello = back.hello(&mut forger);
    assert_eq!(send(&mut tested, &mut forger, &hello, Some(EARLY)), Ok(None));
    assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
    let share = forger.share(NamedGroup::SECP256R1);
    let entry = written(|w| {
        w.vector16(|w| {
            w.u16(0x17);
            w.vector16(|w| w.bytes(&share));
        })
    });
    let mut hello = hello.clone();
    hello.extensions().set(E::KEY_SHARE, entry);
    let with_early_data = hello.clone();
    hello.extensions().remove(E::EARLY_DATA);
    forger.psk = Some(ticket.psk.clone());
    let hello = Back { early_data: false, ..back.clone() }.bind(&mut forger, hello);
    send(&mut tested, &mut forger, &hello, None).unwrap();
    forger.step(&mut tested, Step::Finished).unwrap();
    let negotiated = tested.connection.negotiated().unwrap();
    assert_eq!(negotiated.psk, Some(PskKind::Resumption));
    assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Rejected);
    // It must not offer any in its second hello.
    let (mut tested, mut forger) = ends(&config);
    let hello = back.hello(&mut forger);
    send(&mut tested, &mut forger, &hello, Some(EARLY)).unwrap();
    let second = back.bind(&mut forger, with_early_data);
    assert!(forger.send_messages(&mut tested, &second.message()).is_err());
}

#[test]
fn early_data_wants_something_against_replays() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (keys, cache, register) = (keys(), SessionCache::<2>::new(), StrikeRegister::<2>::new());
    let config = || ServerConfig::<Provider>::new(&identities).with_early_data(1);
    assert!(config().check().is_err());
    assert!(config().with_anti_replay(&register).check().is_err());
    assert!(config().with_tickets(&keys).check().is_err());
    assert!(config().with_tickets(&keys).with_anti_replay(&register).check().is_ok());
    assert!(config().with_tickets(&cache).check().is_ok());
    // Tickets for one connection each: no clock, no register.
    let config = config().with_tickets(&cache);
    let known = first(&config, AES_128, |_| {});
    assert_eq!(Back { early_data: true, ..Back::new(&known[0]) }.hello(&mut Forger::client()).suites[0], 0x1301);
    let (mut tested, mut forger) = ends(&config);
    let hello = Back::early(&known[0]).hello(&mut forger);
    assert_eq!(send(&mut tested, &mut forger, &hello, Some(b"x")), Ok(Some(b"x".to_vec())));
    // Again, with its early data: it is a full handshake, and what came early is skipped.
    let secret = forger.early_secret(&known[0].psk, b"c e traffic");
    let early = Keys::new(AES_128, &secret).seal(ContentType::APPLICATION_DATA, b"x");
    let mut tested = Tested::server(&config);
    let hello = plain_record(ContentType::HANDSHAKE, &hello.message());
    tested.deliver(&[hello, early].concat()).unwrap();
    assert!(tested.connection.replayable_data().is_none() && tested.data.is_empty());
    assert_eq!(tested.connection.early_data_status(), EarlyDataStatus::Rejected);
}

/// As the keys, but what follows the opening of a ticket takes 15 seconds, and they say that tickets live for long.
struct Late<'a>(&'a TicketKeys<'a>, &'a Time);

impl Ticketer<Provider> for Late<'_> {
    fn lifetime(&self) -> u32 {
        u32::MAX
    }

    fn now(&self) -> Option<u64> {
        let now = Ticketer::<Provider>::now(self.0);
        self.1.pass(15);
        now
    }

    fn ticket_len(&self, state_len: usize) -> usize {
        Ticketer::<Provider>::ticket_len(self.0, state_len)
    }

    fn poll_seal(
        &self,
        provider: &mut Provider,
        state: &[&[u8]],
        ticket: &mut [u8],
    ) -> Poll<saitls_core::Result<Option<usize>>> {
        self.0.poll_seal(provider, state, ticket)
    }

    fn poll_open(
        &self,
        provider: &mut Provider,
        ticket: &[u8],
        state: &mut [u8],
    ) -> Poll<saitls_core::Result<Option<usize>>> {
        self.0.poll_open(provider, ticket, state)
    }
}

#[test]
fn the_time_of_early_data_is_that_of_its_verdict() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let keys = keys().with_clock(&time);
    let register = StrikeRegister::<8>::since(1_799_999_000);
    let config = |ticketer| {
        ServerConfig::<Provider>::new(&identities)
            .with_tickets(ticketer)
            .with_early_data(100)
            .with_anti_replay(&register)
    };
    let known = first(&config(&keys), AES_128, |_| {});
    time.pass(60);
    assert_eq!(aged(&known[0], 60_000).connect(&config(&Late(&keys, &time))).2, Some(false));
}

// ---- what is pending, and what fails

/// A ticketer that says "later" first, each time.
struct Slow<'a>(TicketKeys<'a>, AtomicU32);

impl Slow<'_> {
    fn is_ready(&self) -> bool {
        self.1.fetch_add(1, Ordering::Relaxed) % 3 == 2
    }
}

impl Ticketer<Provider> for Slow<'_> {
    fn lifetime(&self) -> u32 {
        Ticketer::<Provider>::lifetime(&self.0)
    }

    fn ticket_len(&self, state_len: usize) -> usize {
        Ticketer::<Provider>::ticket_len(&self.0, state_len)
    }

    fn poll_seal(
        &self,
        provider: &mut Provider,
        state: &[&[u8]],
        ticket: &mut [u8],
    ) -> Poll<saitls_core::Result<Option<usize>>> {
        if self.is_ready() { self.0.poll_seal(provider, state, ticket) } else { Poll::Pending }
    }

    fn poll_open(
        &self,
        provider: &mut Provider,
        ticket: &[u8],
        state: &mut [u8],
    ) -> Poll<saitls_core::Result<Option<usize>>> {
        if self.is_ready() { self.0.poll_open(provider, ticket, state) } else { Poll::Pending }
    }
}

#[test]
fn slow_ticketers_hold_up_nothing_else() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let slow = Slow(keys(), AtomicU32::new(0));
    let config = ServerConfig::new(&identities).with_tickets(&slow);
    let (mut tested, mut forger) = ends(&config);
    let mut hello = forger.make_client_hello();
    hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
    forger.hello(&mut tested, &hello).unwrap();
    forger.step(&mut tested, Step::Finished).unwrap();
    // Data goes both ways meanwhile.
    forger.send(&mut tested, ContentType::APPLICATION_DATA, b"ping").unwrap();
    assert_eq!(tested.data, b"ping");
    tested.connection.write(b"pong").unwrap();
    for _ in 0..9 {
        tested.process().unwrap();
    }
    forger.receive(&mut tested);
    assert_eq!(forger.data(), b"pong");
    let known = tickets(&mut forger);
    assert_eq!(known.len(), 2);
    for ticket in &known {
        let (mut tested, mut forger) = ends(&config);
        let hello = Back::new(ticket).hello(&mut forger);
        forger.client_hello = Some(hello.clone());
        forger.send_messages(&mut tested, &hello.message()).unwrap();
        while tested.connection.waiting_for() == WaitingFor::Operation(Operation::PreSharedKey) {
            assert!(tested.connection.records().is_empty());
            tested.process().unwrap();
        }
        forger.receive(&mut tested);
        forger.step(&mut tested, Step::Finished).unwrap();
        assert_eq!(tested.connection.negotiated().unwrap().psk, Some(PskKind::Resumption));
    }
    // Who closes does not wait for tickets.
    let (mut tested, mut forger) = ends(&config);
    let mut hello = forger.make_client_hello();
    hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
    forger.hello(&mut tested, &hello).unwrap();
    slow.1.store(0, Ordering::Relaxed);
    forger.step(&mut tested, Step::Finished).unwrap();
    tested.connection.close();
    tested.process().unwrap();
    forger.receive(&mut tested);
    assert!(tested.connection.is_locally_closed() && tickets(&mut forger).len() < 2);
}

// ---- HelloRetryRequests that leave nothing behind

/// A first hello that is asked for another share; the second one, with the cookie.
fn retried_hello(tested: &mut Tested<'_>, forger: &mut Forger, back: Option<&Back<'_>>) -> ClientHelloParts {
    let mut hello = match back {
        Some(back) => back.hello(forger),
        None => forger.make_client_hello(),
    };
    forger.hello(tested, &hello).unwrap();
    let request = forger.server_hello.clone().unwrap();
    assert!(request.is_hello_retry_request());
    let share = forger.share(NamedGroup::SECP256R1);
    let entry = written(|w| {
        w.vector16(|w| {
            w.u16(0x17);
            w.vector16(|w| w.bytes(&share));
        });
    });
    hello.extensions().set(E::KEY_SHARE, entry);
    hello.extensions().remove(E::PRE_SHARED_KEY);
    hello.extensions().push(E::COOKIE, request.extensions.unwrap().get(E::COOKIE));
    match back {
        Some(back) => back.bind(forger, hello),
        None => hello,
    }
}

#[test]
fn the_second_hello_may_come_to_another_connection() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let keys = keys().with_clock(&time);
    let p256 = [NamedGroup::SECP256R1];
    let config =
        ServerConfig::new(&identities).with_tickets(&keys).with_stateless_retry(&keys).with_named_groups(&p256);
    let known = {
        let (mut tested, mut forger) = ends(&config);
        forger.group = NamedGroup::SECP256R1;
        let mut hello = forger.make_client_hello();
        hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [1, 1]);
        forger.hello(&mut tested, &hello).unwrap();
        forger.step(&mut tested, Step::Finished).unwrap();
        forger.receive(&mut tested);
        tickets(&mut forger)
    };
    let back = Back::new(&known[0]);
    for back in [None, Some(&back)] {
        for elsewhere in [false, true] {
            let (mut tested, mut forger) = ends(&config);
            let hello = retried_hello(&mut tested, &mut forger, back);
            if elsewhere {
                (tested, _) = ends(&config);
                tested.deliver(&forger::CHANGE_CIPHER_SPEC).unwrap();
            }
            forger.hello(&mut tested, &hello).unwrap();
            forger.step(&mut tested, Step::Finished).unwrap();
            let negotiated = tested.connection.negotiated().unwrap();
            assert!(negotiated.hello_retry);
            assert_eq!(negotiated.named_group, Some(NamedGroup::SECP256R1));
            assert_eq!(negotiated.psk.is_some(), back.is_some());
            forger.send(&mut tested, ContentType::APPLICATION_DATA, b"ping").unwrap();
            assert_eq!(tested.data, b"ping");
        }
    }
    // Without the cookie, it is not one more first hello.
    let (mut tested, mut forger) = ends(&config);
    let mut hello = retried_hello(&mut tested, &mut forger, None);
    hello.extensions().remove(E::COOKIE);
    assert_eq!(forger.hello(&mut tested, &hello), Err(PeerFault::ClientHelloChanged.into()));
    assert_eq!(tested.connection.alert_sent(), Some(Alert::ILLEGAL_PARAMETER));
    // Other modes, another ticket, or one where there was none: sealed or remembered.
    let remembers = ServerConfig::new(&identities).with_tickets(&keys).with_named_groups(&p256);
    for (config, is_stateless) in [(&config, true), (&remembers, false)] {
        let (one, other) = (Back::new(&known[0]), Back::new(&known[1]));
        let modes =
            Back { change: |hello| _ = hello.extensions().set(E::PSK_KEY_EXCHANGE_MODES, [2, 1, 0]), ..one.clone() };
        for (first, second, fits) in [(&one, &one, true), (&one, &other, false), (&one, &modes, false)] {
            let (mut tested, mut forger) = ends(config);
            let mut hello = first.hello(&mut forger);
            forger.hello(&mut tested, &hello).unwrap();
            let share = forger.share(NamedGroup::SECP256R1);
            hello.extensions().set(E::KEY_SHARE, key_shares(&[(0x17, &share)]));
            hello.extensions().remove(E::PRE_SHARED_KEY);
            (second.change)(&mut hello);
            if is_stateless {
                let request = forger.server_hello.clone().unwrap();
                hello.extensions().push(E::COOKIE, request.extensions.unwrap().get(E::COOKIE));
            }
            forger.psk = Some(second.ticket.psk.clone());
            let hello = second.bind(&mut forger, hello);
            let expected = if fits { Ok(()) } else { Err(PeerFault::ClientHelloChanged.into()) };
            assert_eq!(forger.hello(&mut tested, &hello), expected, "{is_stateless}");
        }
    }
    // Our own client, a byte at a time.
    let client_config = ClientConfig::new(&ANY);
    let mut pair = Pair::new(client(&client_config), server(&config));
    pair.chunk = 1;
    pair.connect();
    assert!(pair.client.negotiated().unwrap().hello_retry && pair.server.negotiated().unwrap().hello_retry);
}

#[test]
fn cookies_that_are_changed_old_or_of_another_hello_are_refused() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let time = Time::new();
    let keys = keys().with_clock(&time);
    let p256 = [NamedGroup::SECP256R1];
    let config = ServerConfig::new(&identities).with_stateless_retry(&keys).with_named_groups(&p256);
    let refused = |change: &dyn Fn(&mut ClientHelloParts), config: &ServerConfig<'_, Provider>| {
        let (mut tested, mut forger) = ends(config);
        let mut hello = retried_hello(&mut tested, &mut forger, None);
        change(&mut hello);
        forger.hello(&mut tested, &hello).err().and_then(Error::alert)
    };
    let illegal = Some(Alert::ILLEGAL_PARAMETER);
    assert_eq!(refused(&|_| {}, &config), None);
    let len = {
        let (mut tested, mut forger) = ends(&config);
        retried_hello(&mut tested, &mut forger, None).extensions().get(E::COOKIE).len()
    };
    for at in (2..len).step_by(11) {
        let change = |hello: &mut ClientHelloParts| {
            hello.extensions().0.iter_mut().find(|(kind, _)| *kind == E::COOKIE).unwrap().1[at] ^= 1;
        };
        assert_eq!(refused(&change, &config), illegal, "byte {at}");
    }
    // What is compared is so without being remembered.
    assert_eq!(refused(&|hello| hello.random[0] ^= 1, &config), illegal);
    assert_eq!(refused(&|hello| hello.suites.push(0x1302), &config), illegal);
    assert_eq!(refused(&|_| time.pass(300), &config), None);
    assert_eq!(refused(&|_| time.pass(301), &config), illegal);
    // A ticket is no cookie, even under the same key.
    let with_tickets = ServerConfig::new(&identities).with_tickets(&keys);
    let ticket = first(&with_tickets, AES_128, |_| {}).remove(0).ticket;
    let data = written(|w| w.vector16(|w| w.bytes(&ticket)));
    assert_eq!(refused(&|hello| _ = hello.extensions().set(E::COOKIE, data.clone()), &config), illegal);
}
