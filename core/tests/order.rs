//! Every order: all sequences of messages and records up to a length, after each state, in both roles, each under the
//! right keys and right in itself. What RFC 9846 Appendix A allows is taken, all else ends the connection with the
//! alert that the RFC names, and nothing but application data in its place is ever delivered.
//!
//! The length is 3 (under Miri 1), or what the environment variable `SAITLS_ORDER_LENGTH` says.

#[cfg(feature = "psk")]
mod psk;

use crate::support::appendix_a::*;
use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::Error;
use saitls_core::codes::AlertDescription as Alert;
use saitls_core::codes::*;
use saitls_core::config::*;

// ---- what is sent

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    /// A message, as the peer would send it here.
    Message(Sent),
    /// A ClientHello that makes a HelloRetryRequest necessary.
    ClientHelloWithoutShare,
    /// A record under the present keys, where there are some.
    Protected(u8, &'static [u8]),
    /// A record in the clear.
    Plain(u8, &'static [u8]),
}

use Symbol::*;

const DATA: &[u8] = b"data, long enough to be a record with a tag";
const ONES: &[u8] = &[1];
const CLOSE: &[u8] = &[1, 0];
const CANCELED: &[u8] = &[1, 90];
const FAILURE: &[u8] = &[2, 40];

const RECORDS: [Symbol; 19] = [
    ClientHelloWithoutShare,
    Plain(20, ONES),
    Plain(20, &[2]),
    Plain(21, CLOSE),
    Plain(21, CANCELED),
    Plain(21, FAILURE),
    Plain(21, &[]),
    Plain(22, &[20, 0, 0, 0]),
    Plain(22, &[]),
    Plain(23, DATA),
    Plain(24, b"heartbeat"),
    Protected(20, ONES),
    Protected(21, CLOSE),
    Protected(21, CANCELED),
    Protected(21, FAILURE),
    Protected(21, &[2]),
    Protected(22, &[]),
    Protected(23, DATA),
    Protected(23, &[]),
];

fn alphabet() -> Vec<Symbol> {
    ALL.map(Message).into_iter().chain(RECORDS).collect()
}

impl Symbol {
    /// If it `is_wrong` here, the peer does not go on as if it were right: it wants to read the alert.
    fn send(self, tested: &mut Tested<'_>, forger: &mut Forger, is_wrong: bool) -> Result<(), Error> {
        let result = match self {
            Message(sent) => {
                let message = sent.message(forger);
                if is_wrong {
                    return forger.send(tested, ContentType::HANDSHAKE, &message);
                }
                if sent == Sent::ClientHello {
                    forger.client_hello = Some(ClientHelloParts::parse(&message));
                }
                forger.send_messages(tested, &message)
            }
            ClientHelloWithoutShare => {
                let hello = match &forger.client_hello {
                    Some(hello) if forger.role == Role::Client => hello.clone(),
                    _ => forger.make_client_hello(),
                };
                let hello = hello.with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0]));
                if forger.role == Role::Client {
                    forger.client_hello = Some(hello.clone());
                }
                forger.send_messages(tested, &hello.message())
            }
            Protected(kind, content) => forger.send(tested, ContentType(kind), content),
            Plain(kind, content) => tested.deliver(&plain_record(ContentType(kind), content)),
        };
        if result.is_ok() {
            forger.receive(tested);
        }
        result
    }
}

// ---- what is to happen

/// What a connection does with a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome<S> {
    /// It goes on, in this state.
    Next(S),
    /// It goes on, and these bytes were for the application.
    Data(S),
    /// The peer has ended its half.
    Closed,
    /// It dies and says why.
    Refused(Alert),
    /// It dies in silence: the peer has.
    Dead,
}

use Outcome::*;

/// What the records mean that are no messages, in a state that is described by what it has.
struct Situation {
    /// Records are protected.
    keys: bool,
    connected: bool,
    /// A change_cipher_spec is dropped.
    drops_change_cipher_spec: bool,
    /// The peer may not have had keys when it sent a plaintext alert.
    hears_plaintext: bool,
}

impl Situation {
    fn outcome<S>(&self, same: S, symbol: Symbol) -> Outcome<S> {
        let alert_in = |content: &'static [u8], same: S| match content {
            CLOSE if self.connected => Closed,
            CANCELED => Next(same),
            [_, _] => Dead,
            [] => Refused(Alert::UNEXPECTED_MESSAGE),
            _ => Refused(Alert::DECODE_ERROR),
        };
        match symbol {
            Plain(20, ONES) if self.drops_change_cipher_spec => Next(same),
            Plain(21, content) if self.hears_plaintext => alert_in(content, same),
            Plain(22, [20, ..]) if !self.keys => Refused(Alert::UNEXPECTED_MESSAGE),
            // It cannot be told from a protected record that was tampered with.
            Plain(23, _) if self.keys => Refused(Alert::BAD_RECORD_MAC),
            Protected(20, ONES) if !self.keys && self.drops_change_cipher_spec => Next(same),
            Protected(21, content) => alert_in(content, same),
            Protected(23, []) if self.connected => Next(same),
            Protected(23, _) if self.connected => Data(same),
            _ => Refused(Alert::UNEXPECTED_MESSAGE),
        }
    }
}

/// RFC 9846 A.1.
fn client_outcome(state: ClientState, symbol: Symbol) -> Outcome<ClientState> {
    use Sent as M;
    let Message(sent) = symbol else {
        let keys = state.is_protected();
        let connected = matches!(state, C::Connected | C::ConnectedClosing);
        let situation = Situation { keys, connected, drops_change_cipher_spec: !connected, hears_plaintext: !keys };
        return situation.outcome(state, symbol);
    };
    Next(match (state, sent) {
        (C::WaitServerHello, M::HelloRetryRequest) => C::WaitServerHelloAgain,
        (C::WaitServerHello | C::WaitServerHelloAgain, M::ServerHello) => C::WaitEncryptedExtensions,
        (C::WaitEncryptedExtensions, M::EncryptedExtensions) => C::WaitCertificateOrRequest,
        (C::WaitCertificateOrRequest, M::CertificateRequest) => C::WaitCertificate,
        (C::WaitCertificateOrRequest | C::WaitCertificate, M::Certificate) => C::WaitCertificateVerify,
        (C::WaitCertificateOrRequest | C::WaitCertificate, M::EmptyCertificate) => {
            return Refused(Alert::DECODE_ERROR);
        }
        (C::WaitCertificateVerify, M::CertificateVerify) => C::WaitFinished,
        (C::WaitFinished | C::WaitFinishedRequested, M::Finished) => C::Connected,
        (C::Connected | C::ConnectedClosing, M::NewSessionTicket | M::KeyUpdate | M::KeyUpdateRequest) => state,
        _ => return Refused(Alert::UNEXPECTED_MESSAGE),
    })
}

/// Where a server stands: a state, whether it asks its clients who they are, and whether it has opened a record of its
/// client's, which from then on has no excuse for plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ServerPlace {
    state: ServerState,
    asks: bool,
    has_opened: bool,
}

/// RFC 9846 A.2.
fn server_outcome(place: ServerPlace, symbol: Symbol) -> Outcome<ServerPlace> {
    use Sent as M;
    let ServerPlace { state, asks, has_opened } = place;
    let keys = state.is_protected();
    let opened = ServerPlace { has_opened: keys, ..place };
    let state = match (state, symbol) {
        (S::Start, ClientHelloWithoutShare) => S::StartAgain,
        (S::StartAgain, ClientHelloWithoutShare) => return Refused(Alert::ILLEGAL_PARAMETER),
        (S::Start | S::StartAgain, Message(M::ClientHello)) if asks => S::WaitCertificate,
        (S::Start | S::StartAgain, Message(M::ClientHello)) => S::WaitFinished,
        (S::WaitCertificate, Message(M::Certificate)) => S::WaitCertificateVerify,
        (S::WaitCertificate, Message(M::EmptyCertificate)) => S::WaitFinishedDeclined,
        (S::WaitCertificateVerify, Message(M::CertificateVerify)) => S::WaitFinishedAuthenticated,
        (S::WaitFinished | S::WaitFinishedDeclined | S::WaitFinishedAuthenticated, Message(M::Finished)) => {
            S::Connected
        }
        (S::Connected | S::ConnectedClosing, Message(M::KeyUpdate | M::KeyUpdateRequest)) => state,
        (_, Message(_) | ClientHelloWithoutShare) => return Refused(Alert::UNEXPECTED_MESSAGE),
        _ => {
            let connected = matches!(state, S::Connected | S::ConnectedClosing);
            let situation = Situation {
                keys,
                connected,
                drops_change_cipher_spec: !connected && state != S::Start,
                hears_plaintext: !keys || !has_opened,
            };
            let same = if matches!(symbol, Protected(..)) { opened } else { place };
            return situation.outcome(same, symbol);
        }
    };
    Next(ServerPlace { state, ..opened })
}

// ---- all sequences

/// What was tried.
#[derive(Debug, Default)]
struct Tally {
    /// Sequences, each prefix counted once.
    sequences: u64,
    /// Those behind which the connection lives.
    alive: u64,
    /// Those at whose end it is connected.
    connected: u64,
}

/// Tries all continuations of `prefix` up to a length, in depth.
fn explore<'a, S: Copy>(
    start: &dyn Fn() -> (Tested<'a>, Forger),
    outcome: &dyn Fn(S, Symbol) -> Outcome<S>,
    is_closing: bool,
    (state, data): (S, usize),
    prefix: &mut Vec<Symbol>,
    length: usize,
    tally: &mut Tally,
) {
    for symbol in some(alphabet()) {
        let (mut tested, mut forger) = start();
        for earlier in prefix.iter() {
            earlier.send(&mut tested, &mut forger, false).unwrap();
        }
        if matches!(symbol, Protected(20..=23, _)) && forger.seal.is_none() {
            // The same as the one in the clear.
            continue;
        }
        let expected = outcome(state, symbol);
        let is_wrong = matches!(expected, Refused(_) | Dead);
        let result = symbol.send(&mut tested, &mut forger, is_wrong);
        let at = || format!("{prefix:?} {symbol:?}: {result:?}");
        tally.sequences += 1;
        tally.connected += u64::from(tested.connection.is_connected());
        let (next, data) = match expected {
            Next(next) => (next, data),
            Data(next) => (next, data + DATA.len()),
            Closed => {
                assert_eq!(result, Ok(()), "{}", at());
                assert!(tested.connection.is_peer_closed() && tested.data.len() == data, "{}", at());
                continue;
            }
            Refused(_) | Dead => {
                assert_dead(&at, expected, result, is_closing, &mut tested, &mut forger);
                assert_eq!(tested.data.len(), data, "{}", at());
                continue;
            }
        };
        assert_eq!(result, Ok(()), "{}", at());
        assert_eq!(tested.data.len(), data, "{}", at());
        assert_eq!(tested.connection.error(), None, "{}", at());
        tally.alive += 1;
        if length > 1 {
            prefix.push(symbol);
            explore(start, outcome, is_closing, (next, data), prefix, length - 1, tally);
            prefix.pop();
        }
    }
}

fn assert_dead<S>(
    at: &dyn Fn() -> String,
    expected: Outcome<S>,
    result: Result<(), Error>,
    is_closing: bool,
    tested: &mut Tested<'_>,
    forger: &mut Forger,
) {
    let error = result.expect_err(&at());
    assert_eq!(tested.process(), Err(error), "{}", at());
    assert!(!tested.connection.is_connected(), "{}", at());
    let sent = match expected {
        Refused(alert) => {
            assert_eq!(error.alert(), Some(alert), "{}", at());
            // RFC 9846 6.1: nothing may follow our close_notify.
            (!is_closing).then_some(alert)
        }
        _ => {
            assert!(matches!(error, Error::AlertReceived(_)), "{}", at());
            None
        }
    };
    assert_eq!(tested.connection.alert_sent(), sent, "{}", at());
    if sent.is_some() {
        assert_eq!(forger.alert(tested), sent, "{}: not to be read", at());
    }
}

fn length() -> usize {
    std::env::var("SAITLS_ORDER_LENGTH").map_or(if cfg!(miri) { 1 } else { 3 }, |length| length.parse().unwrap())
}

fn report(what: &str, tally: &Tally) {
    println!(
        "{what}, every sequence up to {}: {} tried, the connection lives behind {}, connected at the end of {}",
        length(),
        tally.sequences,
        tally.alive,
        tally.connected,
    );
    let least = if length() < 3 { 10 } else { 100 };
    let enough = tally.sequences > 10 * least && tally.alive > least && tally.connected > least;
    assert!(enough || cfg!(miri), "{tally:?}");
}

#[test]
fn a_client_takes_no_other_order_than_that_of_appendix_a() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ClientConfig::new(&ANY).with_identities(&identities);
    let mut tally = Tally::default();
    for state in CLIENT_STATES {
        let is_closing = state == C::ConnectedClosing;
        explore(&|| state.reach(&config), &client_outcome, is_closing, (state, 0), &mut vec![], length(), &mut tally);
    }
    report("client", &tally);
}

#[test]
fn a_server_takes_no_other_order_than_that_of_appendix_a() {
    let identity = p256();
    let identities = [identity.identity()];
    let mut tally = Tally::default();
    for state in SERVER_STATES {
        let both = [ClientAuthentication::None, ClientAuthentication::Optional(&ANY)];
        let authentications = match state {
            S::Start | S::StartAgain => &both[..],
            _ => &[state.authentication()][..],
        };
        for &authentication in authentications {
            let config = ServerConfig::new(&identities).with_client_authentication(authentication);
            let has_opened = !matches!(state, S::Start | S::StartAgain | S::WaitCertificate | S::WaitFinished);
            let asks = matches!(authentication, ClientAuthentication::Optional(_));
            let place = ServerPlace { state, asks, has_opened };
            let is_closing = state == S::ConnectedClosing;
            explore(
                &|| state.reach(&config),
                &server_outcome,
                is_closing,
                (place, 0),
                &mut vec![],
                length(),
                &mut tally,
            );
        }
    }
    report("server", &tally);
}
