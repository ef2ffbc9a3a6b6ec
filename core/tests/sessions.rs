//! Sessions of a client that come back with a ticket (RFC 9846 2.2, 4.3.11, 4.7.1).

use crate::support::forger::{Forger, Step, Tested, encrypted_extensions};
use crate::support::*;
use core::task::{Poll, Waker};
use core::time::Duration;
use rustls_pki_types::UnixTime;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{Clock, MAX_STORED_SECRET_LEN, PinnedKey, Signer};
use saitls_core::psk::{PreSharedKey, PskKind, PskModes};
use saitls_core::session::{MemorySessions, Session, SessionStore, StoredSession};
use saitls_core::wire::extensions::{MaxEarlyDataSize, OfferedPsks, TicketRequest};
use saitls_core::{Connection, Error, Operation, PeerAuthentication, PeerFault, Result, ServerName, WaitingFor};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

type Config<'a> = ClientConfig<'a, Provider>;

const LIFETIME: u32 = 7200;
const AGE_ADD: u32 = 0xffff_ff00;

/// A clock that is set by hand; at 0 nobody knows what time it is.
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Result<UnixTime> {
        match self.0.load(Ordering::SeqCst) {
            0 => Err(saitls_core::CertificateFault::ClockNotSet.into()),
            seconds => Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds))),
        }
    }
}

/// A NewSessionTicket.
fn ticket(ticket: &[u8], nonce: &[u8], lifetime: u32, max_early_data: Option<u32>) -> Vec<u8> {
    written(|writer| {
        writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(lifetime);
            writer.u32(AGE_ADD);
            writer.vector8(|writer| writer.bytes(nonce));
            writer.vector16(|writer| writer.bytes(ticket));
            writer.vector16(|writer| {
                // One that nobody knows.
                writer.plain_extension(ExtensionType(0x1a1a), b"");
                if let Some(max_early_data_size) = max_early_data {
                    MaxEarlyDataSize { max_early_data_size }.write(writer);
                }
            });
        });
    })
}

fn connection<'a>(config: &'a Config<'a>, name: Option<ServerName<'static>>, session: usize) -> Tested<'a> {
    let buffers = full_buffers().with_session_buffer(vec![0; session]);
    Tested::new(Connection::client(config, name, buffers).unwrap())
}

/// A full handshake, then these tickets. Returns the PSK of the first one's nonce.
fn first<'a>(config: &'a Config<'a>, tickets: &[Vec<u8>]) -> (Tested<'a>, Vec<u8>) {
    first_with(config, name("localhost"), tickets)
}

fn first_with<'a>(
    config: &'a Config<'a>,
    name: Option<ServerName<'static>>,
    tickets: &[Vec<u8>],
) -> (Tested<'a>, Vec<u8>) {
    let (mut tested, mut forger) = (connection(config, name, 1024), Forger::server());
    forger.connect(&mut tested);
    let psk = forger.resumption_psk(&[1, 2]);
    for ticket in tickets {
        forger.send_messages(&mut tested, ticket).unwrap();
    }
    (tested, psk)
}

/// A connection that has said hello, and what it offers: identities with their ages and binders.
fn again<'a>(config: &'a Config<'a>) -> (Tested<'a>, Forger) {
    greeted(connection(config, name("localhost"), 1024))
}

fn greeted(mut tested: Tested<'_>) -> (Tested<'_>, Forger) {
    let mut forger = Forger::server();
    tested.process().unwrap();
    forger.receive(&mut tested);
    (tested, forger)
}

type Offer = (Vec<u8>, u32, Vec<u8>);

fn offers(forger: &Forger) -> Vec<Offer> {
    let extensions = forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap();
    if !extensions.has(ExtensionType::PRE_SHARED_KEY) {
        return Vec::new();
    }
    let offered = OfferedPsks::read(extensions.get(ExtensionType::PRE_SHARED_KEY)).unwrap();
    let offer = |(psk, binder): (saitls_core::wire::extensions::PskIdentity<'_>, &[u8])| {
        (psk.identity.to_vec(), psk.obfuscated_ticket_age, binder.to_vec())
    };
    offered.iter().map(offer).collect()
}

fn tickets(forger: &Forger) -> Vec<Vec<u8>> {
    offers(forger).into_iter().map(|(identity, ..)| identity).collect()
}

/// The binder that the last ClientHello must have for its ticket, which is all that it offers.
fn check_binder(forger: &mut Forger, before: &[u8], psk: &[u8]) {
    let hello = forger.messages.last().unwrap().clone();
    let hash = forger.suite.hash();
    let whole = std::mem::replace(&mut forger.transcript, before.to_vec());
    let truncated = &hello[..hello.len() - (2 + 1 + hash.output_len())];
    let binder = forger.binder_of(b"res binder", hash, psk, truncated);
    forger.transcript = whole;
    assert_eq!(offers(forger).last().unwrap().2, binder);
}

/// The server takes the ticket.
fn resume(tested: &mut Tested<'_>, forger: &mut Forger, psk: &[u8]) -> Result<()> {
    forger.psk = Some(psk.to_vec());
    let mut hello = forger.make_server_hello();
    hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
    forger.send_messages(tested, &hello.message())?;
    forger.receive(tested);
    forger.steps(tested, &[Step::EncryptedExtensions, Step::Finished])?;
    forger.receive(tested);
    Ok(())
}

#[test]
fn a_ticket_resumes_the_session_once() {
    let store = MemorySessions::<2>::new();
    let config = Config::new(&ANY).with_sessions(&store).with_alpn(&[b"http/1.1"]);
    let (tested, psk) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let negotiated = tested.connection.negotiated().unwrap();
    assert_eq!((negotiated.psk, negotiated.peer_authentication), (None, PeerAuthentication::Certificate));

    let (mut tested, mut forger) = again(&config);
    let extensions = forger.client_hello.clone().unwrap().extensions.unwrap();
    assert_eq!(extensions.get(ExtensionType::PSK_KEY_EXCHANGE_MODES), [1, 1]);
    assert_eq!(extensions.0.last().unwrap().0, ExtensionType::PRE_SHARED_KEY);
    assert_eq!(tickets(&forger), [b"a ticket"]);
    // Without a clock, it is as old as can be said without a lie.
    assert_eq!(offers(&forger)[0].1, AGE_ADD);
    check_binder(&mut forger, b"", &psk);
    resume(&mut tested, &mut forger, &psk).unwrap();
    let negotiated = tested.connection.negotiated().unwrap();
    assert_eq!(negotiated.psk, Some(PskKind::Resumption));
    assert_eq!(negotiated.peer_authentication, PeerAuthentication::PreSharedKey);
    assert_eq!((negotiated.peer_certificate, negotiated.peer_signature_scheme), (None, None));
    forger.send(&mut tested, ContentType::APPLICATION_DATA, b"hello again").unwrap();
    assert_eq!(tested.data, b"hello again");

    // A session that was resumed has tickets, too.
    let psk = forger.resumption_psk(&[]);
    forger.send_messages(&mut tested, &ticket(b"another", &[], LIFETIME, None)).unwrap();
    let (mut tested, mut forger) = again(&config);
    assert_eq!(tickets(&forger), [b"another"]);
    resume(&mut tested, &mut forger, &psk).unwrap();
    // And each is used once.
    assert_eq!(tickets(&again(&config).1), [[0; 0]; 0]);
}

#[test]
fn a_server_that_has_forgotten_the_ticket_shows_its_certificate() {
    let store = MemorySessions::<2>::new();
    let config = Config::new(&ANY).with_sessions(&store);
    let (_, _) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let (mut tested, mut forger) = again(&config);
    let hello = forger.make_server_hello();
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    forger.receive(&mut tested);
    let steps = [Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify, Step::Finished];
    forger.steps(&mut tested, &steps).unwrap();
    forger.receive(&mut tested);
    assert_eq!(tested.connection.negotiated().unwrap().psk, None);
    let psk = forger.resumption_psk(&[9]);
    forger.send_messages(&mut tested, &ticket(b"a new one", &[9], LIFETIME, None)).unwrap();
    let (mut tested, mut forger) = again(&config);
    assert_eq!(tickets(&forger), [b"a new one"]);
    resume(&mut tested, &mut forger, &psk).unwrap();
}

/// The newest of several, which come in one record, with any nonce; and a flood of them is one.
#[test]
fn the_newest_ticket_counts() {
    let store = MemorySessions::<2>::new();
    let config = Config::new(&ANY).with_sessions(&store);
    let several: Vec<_> = (0..4).map(|n| ticket(&[b'0' + n; 20], &[n; 32], LIFETIME, None)).collect();
    let (_, _) = first(&config, &[several.concat()]);
    assert_eq!(tickets(&again(&config).1), [[b'3'; 20]]);
    let (mut tested, mut forger) = (connection(&config, name("localhost"), 1024), Forger::server());
    forger.connect(&mut tested);
    for number in 0..=saitls_core::limits::MAX_TICKETS {
        let result = forger.send_messages(&mut tested, &ticket(&[number; 9], &[number], LIFETIME, None));
        let expected =
            if number < saitls_core::limits::MAX_TICKETS { Ok(()) } else { Err(PeerFault::TooManyTickets.into()) };
        assert_eq!(result, expected, "{number}");
    }
}

#[test]
fn tickets_that_are_not_kept() {
    let pin = [[0; 32]];
    let pinned = PinnedKey::sha256(&pin).or(ANY);
    let store = MemorySessions::<2>::new();
    let key = ed25519();
    struct Chooser<'a>(Identity<'a, Provider>);
    impl IdentityChooser<Provider> for Chooser<'_> {
        fn poll_choose<'s>(
            &'s self,
            _: &mut Provider,
            _: &IdentityRequest<'_>,
        ) -> Poll<Result<Option<Identity<'s, Provider>>>> {
            Poll::Ready(Ok(Some(self.0)))
        }
    }
    let chooser = Chooser(key.identity());
    let config = Config::new(&ANY).with_sessions(&store);
    let good = ticket(b"a ticket", &[1, 2], LIFETIME, None);
    // What it takes is there.
    first(&config, std::slice::from_ref(&good));
    assert_eq!(tickets(&again(&config).1).len(), 1);
    // A lifetime of 0 says: never.
    first(&config, &[ticket(b"a ticket", &[1, 2], 0, None)]);
    assert!(tickets(&again(&config).1).is_empty());
    // Longer than the store has room for.
    first(&config, &[ticket(&[7; 600], &[1, 2], LIFETIME, None)]);
    assert!(tickets(&again(&config).1).is_empty());
    // With an identity of a chooser nobody knows whose session it is: where it was presented.
    let choosing = Config::new(&ANY).with_sessions(&store).with_identity_chooser(&chooser);
    for (asks, kept) in [(false, 1), (true, 0)] {
        let (mut tested, mut forger) = (connection(&choosing, name("localhost"), 1024), Forger::server());
        forger.answer(&mut tested).unwrap();
        forger.step(&mut tested, Step::EncryptedExtensions).unwrap();
        if asks {
            forger.step(&mut tested, Step::CertificateRequest).unwrap();
        }
        forger.steps(&mut tested, &[Step::Certificate, Step::CertificateVerify, Step::Finished]).unwrap();
        forger.receive(&mut tested);
        forger.send_messages(&mut tested, &good).unwrap();
        assert_eq!(tickets(&again(&choosing).1).len(), kept, "{asks}");
    }
    // Another trust: the session is thrown away.
    let other = Config::new(&pinned).with_sessions(&store);
    first(&config, std::slice::from_ref(&good));
    assert!(tickets(&again(&other).1).is_empty());
    assert!(tickets(&again(&config).1).is_empty());
    first(&other, std::slice::from_ref(&good));
    assert_eq!(tickets(&again(&other).1).len(), 1);
    // Somebody else.
    let identities = [key.identity()];
    let somebody = Config::new(&ANY).with_sessions(&store).with_identities(&identities);
    first(&somebody, std::slice::from_ref(&good));
    assert!(tickets(&again(&config).1).is_empty());
}

/// A session is resumed with the same name only, whatever its case.
#[test]
fn each_name_has_its_sessions() {
    let store = MemorySessions::<3>::new();
    let config = Config::new(&ANY).with_sessions(&store);
    let names = [name("localhost"), name("other.example"), name("192.0.2.1"), name("2001:db8::1"), None];
    for name in &names[..3] {
        first_with(&config, name.clone(), &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    }
    for (at, name) in names.iter().enumerate() {
        let (_, forger) = greeted(connection(&config, name.clone(), 1024));
        assert_eq!(tickets(&forger).len(), usize::from(at < 3), "{name:?}");
    }
    // The oldest goes.
    for name in &names[..4] {
        first_with(&config, name.clone(), &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    }
    for (at, name) in names.iter().enumerate() {
        let (_, forger) = greeted(connection(&config, name.clone(), 1024));
        assert_eq!(tickets(&forger).len(), usize::from(at > 0 && at < 4), "{name:?}");
    }
    first_with(&config, name("LocalHost"), &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    assert_eq!(tickets(&again(&config).1).len(), 1);
}

#[test]
fn ages_are_never_older_than_the_truth() {
    let clock = Hand(AtomicU64::new(0));
    let store = MemorySessions::<1>::new();
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock);
    const DAY: u64 = 86_400;
    let age = |claimed: u32| Some(AGE_ADD.wrapping_add(claimed));
    for (lifetime, then, now, claimed) in [
        (LIFETIME, 1000, 1000, age(0)),
        (LIFETIME, 1000, 1001, age(0)),
        (LIFETIME, 1000, 1003, age(2_000)),
        (LIFETIME, 1000, 1000 + 7199, age(7_198_000)),
        (LIFETIME, 1000, 1000 + 7200, None),
        // Seven days, whatever the server says.
        (u32::MAX, 1000, 1000 + 7 * DAY - 1, age(604_798_000)),
        (u32::MAX, 1000, 1000 + 7 * DAY, None),
        (u32::MAX, 1000, 1000 + u64::from(u32::MAX) + 2, None),
        // The clock is not set: nobody knows. It was set back, or was not set: the clock says nothing of this session.
        (LIFETIME, 1000, 0, age(0)),
        (LIFETIME, 0, 0, age(0)),
        (LIFETIME, 1000, 999, None),
        (LIFETIME, 0, 5_000_000, None),
    ] {
        clock.0.store(then, Ordering::SeqCst);
        first(&config, &[ticket(b"a ticket", &[1, 2], lifetime, None)]);
        clock.0.store(now, Ordering::SeqCst);
        let found = offers(&again(&config).1).first().map(|offer| offer.1);
        assert_eq!(found, claimed, "{lifetime} {then} {now}");
    }
}

/// However often it is renewed, it ends seven days after the full handshake; without a clock, after so many times.
#[test]
fn a_session_is_not_renewed_for_ever() {
    const DAY: u64 = 86_400;
    let clock = Hand(AtomicU64::new(0));
    let store = MemorySessions::<1>::new();
    let config = Config::new(&ANY).with_sessions(&store).with_session_clock(&clock);
    let most = u64::from(saitls_core::limits::MAX_RESUMPTIONS_WITHOUT_CLOCK);
    // Each time at this second, so many times.
    for (begin, each, times) in [(1000, DAY, 6), (1000, 7 * DAY - 1, 1), (1000, DAY / 2, 13), (0, 0, most)] {
        clock.0.store(begin, Ordering::SeqCst);
        let (_, mut psk) = first(&config, &[ticket(b"a ticket", &[1, 2], u32::MAX, None)]);
        for time in 1..=times {
            clock.0.store(begin + time * each, Ordering::SeqCst);
            let (mut tested, mut forger) = again(&config);
            assert_eq!(tickets(&forger).len(), 1, "{each} {time}");
            resume(&mut tested, &mut forger, &psk).unwrap();
            psk = forger.resumption_psk(&[1, 2]);
            forger.send_messages(&mut tested, &ticket(b"a ticket", &[1, 2], u32::MAX, None)).unwrap();
        }
        clock.0.store(begin + (times + 1) * each, Ordering::SeqCst);
        assert_eq!(tickets(&again(&config).1).len(), 0, "{each}");
    }
    // A ticket that was declined is nothing that goes on.
    clock.0.store(1000, Ordering::SeqCst);
    first(&config, &[ticket(b"a ticket", &[1, 2], u32::MAX, None)]);
    clock.0.store(1000 + 4 * DAY, Ordering::SeqCst);
    first(&config, &[ticket(b"a ticket", &[1, 2], u32::MAX, None)]);
    clock.0.store(1000 + 8 * DAY, Ordering::SeqCst);
    assert_eq!(tickets(&again(&config).1).len(), 1);
}

/// What a store leaves in the buffer that gives no session is wiped.
#[test]
fn a_store_that_gives_none_leaves_none() {
    struct Half(bool);
    impl SessionStore<Provider> for Half {
        fn put(&self, _: &mut Provider, _: &Session<'_>) -> Result<()> {
            Ok(())
        }
        fn poll_take(
            &self,
            _: &mut Provider,
            _: Option<&ServerName<'_>>,
            out: &mut [u8],
        ) -> Poll<Result<Option<usize>>> {
            out.fill(0x5a);
            Poll::Ready(if self.0 { Err(Error::InvalidState) } else { Ok(None) })
        }
    }
    for fails in [true, false] {
        let store = Half(fails);
        let config = Config::new(&ANY).with_sessions(&store);
        let mut bytes = vec![1; 64];
        {
            let buffers = full_buffers().with_session_buffer(&mut bytes[..]);
            let mut tested = Tested::new(Connection::client(&config, name("localhost"), buffers).unwrap());
            tested.process().unwrap();
            drop(tested.connection.into_buffers());
        }
        assert_eq!(bytes, [0; 64]);
    }
}

/// The suite of the ticket goes first of all, those of its hash next; and without it there is no ticket.
#[test]
fn the_suite_of_the_ticket_goes_first() {
    let store = MemorySessions::<1>::new();
    let (a128, a256, chacha) =
        (CipherSuite::AES_128_GCM_SHA256, CipherSuite::AES_256_GCM_SHA384, CipherSuite::CHACHA20_POLY1305_SHA256);
    let all = [a256, chacha, a128];
    let config = Config::new(&ANY).with_sessions(&store).with_cipher_suites(&all);
    first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let (_, forger) = again(&config);
    assert_eq!(forger.client_hello.as_ref().unwrap().suites, [a128.0, chacha.0, a256.0]);
    assert_eq!(tickets(&forger).len(), 1);
    let without = [a256, chacha];
    first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let config = Config::new(&ANY).with_sessions(&store).with_cipher_suites(&without);
    let (_, forger) = again(&config);
    assert_eq!(forger.client_hello.as_ref().unwrap().suites, [a256.0, chacha.0]);
    assert!(tickets(&forger).is_empty());
}

#[test]
fn without_room_it_is_a_full_handshake() {
    let store = MemorySessions::<1>::new();
    let config = Config::new(&ANY).with_sessions(&store);
    let all = [ticket(b"a ticket", &[1, 2], LIFETIME, None)];
    first(&config, &all);
    for room in [0, 50] {
        let (_, forger) = greeted(connection(&config, name("localhost"), room));
        assert!(tickets(&forger).is_empty());
    }
    // It is there still.
    assert_eq!(tickets(&again(&config).1).len(), 1);
    // Its buffer comes back wiped.
    first(&config, &all);
    let (tested, _) = again(&config);
    let buffers = tested.connection.into_buffers();
    drop(buffers);
}

#[test]
fn hello_retry_request() {
    let store = MemorySessions::<1>::new();
    let psks = [PreSharedKey::new(b"pump-17", &[7; 48]).with_hash(HashAlgorithm::Sha384)];
    let config = Config::new(&ANY).with_sessions(&store).with_psks(&psks);
    for (suite, offered) in [
        (CipherSuite::AES_128_GCM_SHA256, &b"a ticket"[..]),
        (CipherSuite::CHACHA20_POLY1305_SHA256, b"a ticket"),
        (CipherSuite::AES_256_GCM_SHA384, b"pump-17"),
    ] {
        let (_, psk) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
        let (mut tested, mut forger) = again(&config);
        assert_eq!(tickets(&forger), [&b"a ticket"[..], b"pump-17"]);
        forger.suite = suite;
        forger.group = NamedGroup::SECP384R1;
        let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), Some(b"crumbs"));
        forger.send_messages(&mut tested, &request.message()).unwrap();
        let before = forger.transcript.clone();
        forger.receive(&mut tested);
        assert_eq!(tickets(&forger), [offered]);
        if offered == b"a ticket" {
            check_binder(&mut forger, &before, &psk);
            resume(&mut tested, &mut forger, &psk).unwrap();
            let negotiated = tested.connection.negotiated().unwrap();
            assert_eq!((negotiated.psk, negotiated.hello_retry), (Some(PskKind::Resumption), true));
            assert_eq!(negotiated.cipher_suite, suite);
        }
    }
}

/// Beside an external key, which of the two it is decides on all else.
#[test]
fn selections() {
    let store = MemorySessions::<1>::new();
    let external = [9; 32];
    let psks = [PreSharedKey::new(b"pump-17", &external)];
    let config = Config::new(&ANY).with_sessions(&store).with_psks(&psks).with_psk_modes(PskModes::Either);
    for (index, kind) in [(0, Some(PskKind::Resumption)), (1, Some(PskKind::External)), (2, None)] {
        let (_, psk) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
        let (mut tested, mut forger) = again(&config);
        assert_eq!(tickets(&forger), [&b"a ticket"[..], b"pump-17"]);
        forger.psk = Some(if index == 0 { psk } else { external.to_vec() });
        let mut hello = forger.make_server_hello();
        hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, index]);
        let sent = forger.send_messages(&mut tested, &hello.message());
        let Some(kind) = kind else {
            assert_eq!(sent, Err(PeerFault::IllegalPreSharedKey.into()));
            continue;
        };
        sent.unwrap();
        forger.receive(&mut tested);
        forger.steps(&mut tested, &[Step::EncryptedExtensions, Step::Finished]).unwrap();
        forger.receive(&mut tested);
        assert_eq!(tested.connection.negotiated().unwrap().psk, Some(kind));
        // What an external key vouched for is not kept.
        forger.send_messages(&mut tested, &ticket(b"of pump-17", &[1, 2], LIFETIME, None)).unwrap();
        assert_eq!(tickets(&again(&config).1).len(), 2 - usize::from(index), "{kind:?}");
    }
}

#[test]
fn tickets_are_asked_for() {
    let store = MemorySessions::<1>::new();
    let config = Config::new(&ANY).with_sessions(&store).with_tickets_requested(3);
    let (mut tested, mut forger) = again(&config);
    let extensions = forger.client_hello.clone().unwrap().extensions.unwrap();
    let request = TicketRequest::read(extensions.get(ExtensionType::TICKET_REQUEST)).unwrap();
    assert_eq!((request.new_session_count, request.resumption_count), (3, 3));
    let hello = forger.make_server_hello();
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    let answer = encrypted_extensions(&[(ExtensionType::TICKET_REQUEST, vec![1])]);
    forger.send_messages(&mut tested, &answer).unwrap();
    // Nobody asked.
    let config = Config::new(&ANY).with_tickets_requested(3);
    let (mut tested, mut forger) = again(&config);
    assert!(!forger.client_hello.clone().unwrap().extensions.unwrap().has(ExtensionType::TICKET_REQUEST));
    let hello = forger.make_server_hello();
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    assert_eq!(forger.send_messages(&mut tested, &answer), Err(PeerFault::UnsolicitedExtension.into()));
}

/// A store that is slow, and one that fails.
struct Slow<'a> {
    store: &'a MemorySessions<1>,
    pending: AtomicUsize,
    fails: bool,
}

impl SessionStore<Provider> for Slow<'_> {
    fn put(&self, provider: &mut Provider, session: &Session<'_>) -> Result<()> {
        if self.fails { Err(Error::InvalidState) } else { self.store.put(provider, session) }
    }

    fn poll_take(
        &self,
        provider: &mut Provider,
        name: Option<&ServerName<'_>>,
        out: &mut [u8],
    ) -> Poll<Result<Option<usize>>> {
        if self.pending.load(Ordering::SeqCst) > 0 {
            self.pending.fetch_sub(1, Ordering::SeqCst);
            return Poll::Pending;
        }
        if self.fails { Poll::Ready(Err(Error::InvalidState)) } else { self.store.poll_take(provider, name, out) }
    }

    fn register_waker(&self, _: &mut Provider, waker: &Waker) -> bool {
        waker.wake_by_ref();
        true
    }
}

#[test]
fn a_store_may_be_slow_and_may_fail() {
    let store = MemorySessions::<1>::new();
    for fails in [false, true] {
        let slow = Slow { store: &store, pending: AtomicUsize::new(0), fails };
        let config = Config::new(&ANY).with_sessions(&slow);
        first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
        slow.pending.store(3, Ordering::SeqCst);
        let mut tested = connection(&config, name("localhost"), 1024);
        for _ in 0..3 {
            tested.process().unwrap();
            assert_eq!(tested.connection.waiting_for(), WaitingFor::Operation(Operation::PreSharedKey));
            assert!(tested.connection.register_waker(&mut tested.provider, Waker::noop()));
            assert!(tested.take().is_empty());
        }
        let (_, forger) = greeted(tested);
        assert_eq!(tickets(&forger).len(), usize::from(!fails));
    }
}

/// What a store gives that is no session, or not all of one, or more than it has, is none.
#[test]
fn malformed_sessions_are_none() {
    struct Fixed(Mutex<(Vec<u8>, usize)>);
    impl SessionStore<Provider> for Fixed {
        fn put(&self, _: &mut Provider, session: &Session<'_>) -> Result<()> {
            let mut fixed = self.0.lock().unwrap();
            fixed.0 = vec![0; session.len()];
            assert_eq!(session.write(&mut fixed.0), Some(session.len()));
            assert!(session.write(&mut vec![0; session.len() - 1]).is_none());
            fixed.1 = session.len();
            Ok(())
        }
        fn poll_take(
            &self,
            _: &mut Provider,
            _: Option<&ServerName<'_>>,
            out: &mut [u8],
        ) -> Poll<Result<Option<usize>>> {
            let fixed = self.0.lock().unwrap();
            out[..fixed.0.len()].copy_from_slice(&fixed.0);
            Poll::Ready(Ok(Some(fixed.1)))
        }
    }
    let store = Fixed(Mutex::default());
    let config = Config::new(&ANY).with_sessions(&store).with_alpn(&[b"http/1.1"]);
    first(&config, &[ticket(&[7; 200], &[1, 2], LIFETIME, Some(4096))]);
    let whole = store.0.lock().unwrap().0.clone();
    assert_eq!(tickets(&again(&config).1).len(), 1);
    let session = Session::read(&whole).unwrap();
    assert_eq!(session.server_name(), name("localhost"));
    assert_eq!((session.lifetime(), session.max_early_data(), session.received()), (LIFETIME, 4096, None));
    assert!(
        session.len() - 200 <= 200 - (MAX_STORED_SECRET_LEN - 32),
        "{} bytes beside the ticket",
        session.len() - 200
    );
    let is_offered = |bytes: &[u8], len| {
        *store.0.lock().unwrap() = (bytes.to_vec(), len);
        tickets(&again(&config).1).len() == 1
    };
    for len in 0..whole.len() {
        assert!(Session::read(&whole[..len]).is_err(), "{len}");
        assert!(!is_offered(&whole[..len], len));
    }
    assert!(Session::read(&[&whole[..], &[0xff; 9]].concat()).is_ok());
    assert!(is_offered(&whole, usize::MAX));
    // Version, flags, trust, and a name that is none.
    let name_at = whole.len() - 200 - 2 - 9;
    for at in [0, 1, 35, name_at - 2, name_at] {
        let mut changed = whole.clone();
        changed[at] ^= 0x80;
        assert!(!is_offered(&changed, changed.len()), "{at}");
    }
    for erased in [0, 0xff] {
        assert!(!is_offered(&[erased; 400], 400));
    }
}

/// Over a restart, in memory that stays.
#[test]
fn a_stored_session_outlives_a_restart() {
    let mut retained = [0xff; 400];
    let store = StoredSession::new(&mut retained);
    let config = Config::new(&ANY).with_sessions(&store);
    let (_, psk) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let mut copy = [0; 400];
    let len = store.copy_to(&mut copy).unwrap();
    assert!(Session::read(&copy[..len]).is_ok());
    assert!(store.copy_to(&mut copy[..len - 1]).is_none());
    let store = StoredSession::new(&mut copy[..len]);
    let config = Config::new(&ANY).with_sessions(&store);
    let (mut tested, mut forger) = again(&config);
    assert_eq!(tickets(&forger), [b"a ticket"]);
    resume(&mut tested, &mut forger, &psk).unwrap();
    // Nothing of it is left.
    assert!(store.copy_to(&mut [0; 400]).is_none());
    assert!(store.into_storage().iter().all(|&byte| byte == 0));
}

#[test]
fn nobody_signs_in_a_session_that_comes_back() {
    let key = ed25519();
    let identities = [key.identity()];
    let store = MemorySessions::<1>::new();
    let config = Config::new(&ANY).with_sessions(&store).with_identities(&identities);
    let (_, psk) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let (mut tested, mut forger) = again(&config);
    resume(&mut tested, &mut forger, &psk).unwrap();
    assert_eq!(tested.connection.negotiated().unwrap().local_signature_scheme, None);
    // A request for a certificate has no place in it (RFC 9846 4.4.2).
    let (_, psk) = first(&config, &[ticket(b"a ticket", &[1, 2], LIFETIME, None)]);
    let (mut tested, mut forger) = again(&config);
    forger.psk = Some(psk);
    let mut hello = forger.make_server_hello();
    hello.extensions().set(ExtensionType::PRE_SHARED_KEY, [0, 0]);
    forger.send_messages(&mut tested, &hello.message()).unwrap();
    forger.step(&mut tested, Step::EncryptedExtensions).unwrap();
    assert_eq!(forger.step(&mut tested, Step::CertificateRequest), Err(PeerFault::UnexpectedMessage.into()));
    assert!(!Signer::<Provider>::schemes(&key.key).is_empty());
}
