//! Every state and every message (RFC 9846 Appendix A), and every other kind of record, in both roles: accepted, or
//! refused with an `unexpected_message` that the peer can read.

use crate::support::forger::*;
use crate::support::hellos::*;
use crate::support::*;
use saitls_core::Error;
use saitls_core::PeerAuthentication;
use saitls_core::codes::*;
use saitls_core::config::*;

/// A message that a peer may send at any time, right or wrong. All are well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    NewSessionTicket,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    EmptyCertificate,
    CertificateVerify,
    Finished,
    KeyUpdate,
    KeyUpdateRequest,
    /// A type with an empty body.
    Other(u8),
}

use Sent::*;

const ALL: [Sent; 30] = [
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    NewSessionTicket,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    EmptyCertificate,
    CertificateVerify,
    Finished,
    KeyUpdate,
    KeyUpdateRequest,
    Other(0), // hello_request
    Other(3), // hello_verify_request
    Other(5), // end_of_early_data
    Other(6), // hello_retry_request
    Other(7),
    Other(9),  // request_connection_id
    Other(10), // new_connection_id
    Other(12), // server_key_exchange
    Other(14), // server_hello_done
    Other(16), // client_key_exchange
    Other(17), // client_certificate_request
    Other(21), // certificate_url
    Other(22), // certificate_status
    Other(23), // supplemental_data
    Other(25), // compressed_certificate
    Other(67),
    Other(254), // message_hash
    Other(255),
];

impl Sent {
    fn message(self, forger: &mut Forger) -> Vec<u8> {
        match self {
            ClientHello => {
                let hello = match &forger.client_hello {
                    // What a second ClientHello must be: the same, with one share.
                    Some(hello) if forger.role == Role::Client => hello.clone(),
                    _ => return forger.make_client_hello().message(),
                };
                let share = forger.share(forger.group);
                let shares = key_shares(&[(forger.group.0, &share)]);
                hello.with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, shares)).message()
            }
            ServerHello | HelloRetryRequest if forger.client_hello.is_none() => {
                // A client in the place of a server has none to answer to.
                let client_hello = forger.make_client_hello();
                forger.client_hello = Some(client_hello);
                let hello = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
                forger.client_hello = None;
                if self == ServerHello { hello.with(|hello| hello.random = [7; 32]).message() } else { hello.message() }
            }
            ServerHello if forger.role == Role::Server && forger.seal.is_none() => forger.make_server_hello().message(),
            ServerHello => {
                let hello = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
                hello.with(|hello| hello.random = [7; 32]).message()
            }
            HelloRetryRequest => forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), None).message(),
            NewSessionTicket => new_session_ticket(),
            EncryptedExtensions => forger.message(Step::EncryptedExtensions),
            CertificateRequest => forger.message(Step::CertificateRequest),
            Certificate => forger.message(Step::Certificate),
            EmptyCertificate => forger.message(Step::EmptyCertificate),
            CertificateVerify => forger.message(Step::CertificateVerify),
            Finished if forger.seal.is_some() => forger.message(Step::Finished),
            Finished => message(20, &[0; 32]),
            KeyUpdate => key_update(0),
            KeyUpdateRequest => key_update(1),
            Other(kind) => message(kind, &[]),
        }
    }
}

const FLIGHT: [Step; 4] = [Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify, Step::Finished];

// ---- the client

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientState {
    WaitServerHello,
    /// After a HelloRetryRequest.
    WaitServerHelloAgain,
    WaitEncryptedExtensions,
    WaitCertificateOrRequest,
    WaitCertificate,
    WaitCertificateVerify,
    WaitFinished,
    /// The same with a CertificateRequest before.
    WaitFinishedRequested,
    Connected,
    /// We said close_notify, the peer did not.
    ConnectedClosing,
}

use ClientState as C;

const CLIENT_STATES: [ClientState; 10] = [
    C::WaitServerHello,
    C::WaitServerHelloAgain,
    C::WaitEncryptedExtensions,
    C::WaitCertificateOrRequest,
    C::WaitCertificate,
    C::WaitCertificateVerify,
    C::WaitFinished,
    C::WaitFinishedRequested,
    C::Connected,
    C::ConnectedClosing,
];

impl ClientState {
    /// Brings a client there.
    fn reach<'a>(self, config: &'a ClientConfig<'a, Provider>) -> (Tested<'a>, Forger) {
        let (mut client, mut forger) = (Tested::client(config), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        if self == C::WaitServerHelloAgain {
            let request = forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None);
            forger.send_messages(&mut client, &request.message()).unwrap();
            forger.receive(&mut client);
        }
        if matches!(self, C::WaitServerHello | C::WaitServerHelloAgain) {
            return (client, forger);
        }
        let hello = forger.make_server_hello();
        forger.send_messages(&mut client, &hello.message()).unwrap();
        let steps: &[Step] = match self {
            C::WaitEncryptedExtensions => &[],
            C::WaitCertificateOrRequest => &[Step::EncryptedExtensions],
            C::WaitCertificate => &[Step::EncryptedExtensions, Step::CertificateRequest],
            C::WaitCertificateVerify => &FLIGHT[..2],
            C::WaitFinished => &FLIGHT[..3],
            C::WaitFinishedRequested => {
                &[Step::EncryptedExtensions, Step::CertificateRequest, Step::Certificate, Step::CertificateVerify]
            }
            _ => &FLIGHT,
        };
        forger.steps(&mut client, steps).unwrap();
        forger.receive(&mut client);
        if self == C::ConnectedClosing {
            client.connection.close();
            client.process().unwrap();
            forger.receive(&mut client);
        }
        (client, forger)
    }

    /// The messages of A.1, and the way on to a connection behind each.
    fn accepts(self, sent: Sent) -> Option<&'static [Step]> {
        match (self, sent) {
            (C::WaitServerHello | C::WaitServerHelloAgain, ServerHello) => Some(&FLIGHT),
            (C::WaitServerHello, HelloRetryRequest) => Some(&FLIGHT),
            (C::WaitEncryptedExtensions, EncryptedExtensions) => Some(&FLIGHT[1..]),
            (C::WaitCertificateOrRequest, CertificateRequest) => Some(&FLIGHT[1..]),
            (C::WaitCertificateOrRequest | C::WaitCertificate, Certificate) => Some(&FLIGHT[2..]),
            (C::WaitCertificateVerify, CertificateVerify) => Some(&FLIGHT[3..]),
            (C::WaitFinished | C::WaitFinishedRequested, Finished) => Some(&[]),
            (C::Connected | C::ConnectedClosing, NewSessionTicket | KeyUpdate | KeyUpdateRequest) => Some(&[]),
            _ => None,
        }
    }

    fn is_protected(self) -> bool {
        !matches!(self, C::WaitServerHello | C::WaitServerHelloAgain)
    }
}

/// The connection died of `error`, said so with `alert`, and its peer can read that.
fn assert_refused(at: &str, tested: &mut Tested<'_>, forger: &mut Forger, result: Result<(), Error>, closing: bool) {
    let error = result.expect_err(at);
    assert_eq!(error.alert(), Some(AlertDescription::UNEXPECTED_MESSAGE), "{at}: {error:?}");
    assert_eq!(tested.connection.error(), Some(error), "{at}");
    assert_eq!(tested.process(), Err(error), "{at}");
    assert!(!tested.connection.is_connected() && tested.data.is_empty(), "{at}");
    if closing {
        // RFC 9846 6.1: nothing may follow our close_notify.
        assert_eq!(tested.connection.alert_sent(), None, "{at}");
        assert!(tested.connection.transmit_data().is_empty(), "{at}");
    } else {
        assert_eq!(tested.connection.alert_sent(), Some(AlertDescription::UNEXPECTED_MESSAGE), "{at}");
        assert_eq!(forger.alert(tested), Some(AlertDescription::UNEXPECTED_MESSAGE), "{at}");
    }
    assert!(tested.connection.is_closed(), "{at}");
}

#[test]
fn a_client_takes_the_messages_of_appendix_a_and_no_others() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let config = ClientConfig::new(&ANY).with_identities(&identities);
    let mut accepted = 0;
    for state in CLIENT_STATES {
        for sent in ALL {
            let at = format!("{state:?} <- {sent:?}");
            let (mut client, mut forger) = state.reach(&config);
            let message = sent.message(&mut forger);
            if let Some(steps) = state.accepts(sent) {
                forger.send_messages(&mut client, &message).expect(&at);
                forger.receive(&mut client);
                if sent == HelloRetryRequest {
                    let hello = forger.make_server_hello();
                    forger.send_messages(&mut client, &hello.message()).expect(&at);
                }
                forger.steps(&mut client, steps).expect(&at);
                forger.receive(&mut client);
                assert!(client.connection.is_connected(), "{at}");
                forger.send(&mut client, ContentType::APPLICATION_DATA, b"well").expect(&at);
                assert_eq!(client.data, b"well", "{at}");
                accepted += 1;
                continue;
            }
            let result = forger.send(&mut client, ContentType::HANDSHAKE, &message);
            if sent == EmptyCertificate && matches!(state, C::WaitCertificateOrRequest | C::WaitCertificate) {
                // RFC 9846 4.5.1.3: of the right kind, but not with the right content.
                assert_eq!(result, Err(Error::EmptyCertificate), "{at}");
                assert_eq!(forger.alert(&mut client), Some(AlertDescription::DECODE_ERROR), "{at}");
                continue;
            }
            assert_refused(&at, &mut client, &mut forger, result, state == C::ConnectedClosing);
        }
    }
    assert_eq!(accepted, 16);
}

// ---- the server

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ServerState {
    Start,
    /// After a HelloRetryRequest.
    StartAgain,
    WaitCertificate,
    WaitCertificateVerify,
    /// The server does not ask.
    WaitFinished,
    /// The client declined.
    WaitFinishedDeclined,
    /// The client proved who it is.
    WaitFinishedAuthenticated,
    Connected,
    ConnectedClosing,
}

use ServerState as S;

const SERVER_STATES: [ServerState; 9] = [
    S::Start,
    S::StartAgain,
    S::WaitCertificate,
    S::WaitCertificateVerify,
    S::WaitFinished,
    S::WaitFinishedDeclined,
    S::WaitFinishedAuthenticated,
    S::Connected,
    S::ConnectedClosing,
];

const CLIENT_FLIGHT: [Step; 3] = [Step::Certificate, Step::CertificateVerify, Step::Finished];

impl ServerState {
    fn authentication(self) -> ClientAuthentication<'static, Provider> {
        match self {
            S::WaitCertificate | S::WaitCertificateVerify | S::WaitFinishedDeclined | S::WaitFinishedAuthenticated => {
                ClientAuthentication::Optional(&ANY)
            }
            _ => ClientAuthentication::None,
        }
    }

    /// Brings a server there.
    fn reach<'a>(self, config: &'a ServerConfig<'a, Provider>) -> (Tested<'a>, Forger) {
        let (mut server, mut forger) = (Tested::server(config), Forger::client());
        server.process().unwrap();
        if self == S::Start {
            return (server, forger);
        }
        if self == S::StartAgain {
            let mut hello = forger.make_client_hello();
            hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0]);
            forger.hello(&mut server, &hello).unwrap();
            assert!(forger.server_hello.as_ref().unwrap().is_hello_retry_request());
            return (server, forger);
        }
        forger.greet(&mut server).unwrap();
        let steps: &[Step] = match self {
            S::WaitCertificateVerify => &CLIENT_FLIGHT[..1],
            S::WaitFinishedDeclined => &[Step::EmptyCertificate],
            S::WaitFinishedAuthenticated => &CLIENT_FLIGHT[..2],
            S::Connected | S::ConnectedClosing => &CLIENT_FLIGHT[2..],
            _ => &[],
        };
        forger.steps(&mut server, steps).unwrap();
        if self == S::ConnectedClosing {
            server.connection.close();
            server.process().unwrap();
        }
        forger.receive(&mut server);
        (server, forger)
    }

    /// The messages of A.2, and the way on to a connection behind each.
    fn accepts(self, sent: Sent) -> Option<&'static [Step]> {
        match (self, sent) {
            (S::Start | S::StartAgain, ClientHello) => Some(&CLIENT_FLIGHT[2..]),
            (S::WaitCertificate, Certificate) => Some(&CLIENT_FLIGHT[1..]),
            (S::WaitCertificate, EmptyCertificate) => Some(&CLIENT_FLIGHT[2..]),
            (S::WaitCertificateVerify, CertificateVerify) => Some(&CLIENT_FLIGHT[2..]),
            (S::WaitFinished | S::WaitFinishedDeclined | S::WaitFinishedAuthenticated, Finished) => Some(&[]),
            (S::Connected | S::ConnectedClosing, KeyUpdate | KeyUpdateRequest) => Some(&[]),
            _ => None,
        }
    }

    fn is_protected(self) -> bool {
        !matches!(self, S::Start | S::StartAgain)
    }
}

#[test]
fn a_server_takes_the_messages_of_appendix_a_and_no_others() {
    let identity = p256();
    let identities = [identity.identity()];
    let mut accepted = 0;
    for state in SERVER_STATES {
        let config = ServerConfig::new(&identities).with_client_authentication(state.authentication());
        for sent in ALL {
            let at = format!("{state:?} <- {sent:?}");
            let (mut server, mut forger) = state.reach(&config);
            let message = sent.message(&mut forger);
            if let Some(steps) = state.accepts(sent) {
                forger.send_messages(&mut server, &message).expect(&at);
                forger.receive(&mut server);
                forger.steps(&mut server, steps).expect(&at);
                assert!(server.connection.is_connected(), "{at}");
                let how = match (state, sent) {
                    (S::WaitCertificate, EmptyCertificate) | (S::WaitFinishedDeclined, _) => {
                        PeerAuthentication::Declined
                    }
                    _ if config_asks(state) => PeerAuthentication::Certificate,
                    _ => PeerAuthentication::NotRequested,
                };
                assert_eq!(server.connection.negotiated().unwrap().peer_authentication, how, "{at}");
                forger.send(&mut server, ContentType::APPLICATION_DATA, b"well").expect(&at);
                assert_eq!(server.data, b"well", "{at}");
                accepted += 1;
                continue;
            }
            let result = forger.send(&mut server, ContentType::HANDSHAKE, &message);
            assert_refused(&at, &mut server, &mut forger, result, state == S::ConnectedClosing);
        }
    }
    assert_eq!(accepted, 12);
}

fn config_asks(state: ServerState) -> bool {
    matches!(state.authentication(), ClientAuthentication::Optional(_))
}

// ---- records that are no handshake messages

/// What is sent, as a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    /// In the clear.
    Plain(u8, &'static [u8]),
    /// Protected where there are keys.
    Protected(u8, &'static [u8]),
}

use Record::*;

const CLOSE_NOTIFY: &[u8] = &[1, 0];

const RECORDS: [Record; 20] = [
    Plain(20, &[1]),
    Plain(20, &[0]),
    Plain(20, &[2]),
    Plain(20, &[1, 1]),
    Plain(20, &[]),
    Plain(21, CLOSE_NOTIFY),
    Plain(21, &[2, 40]),
    // A whole well-formed message, but in the clear.
    Plain(22, &[20, 0, 0, 1, 0]),
    Plain(23, b"data of nobody, long enough to be a record with a tag"),
    Plain(0, b"invalid"),
    Plain(24, b"heartbeat"),
    Plain(25, b"tls12_cid"),
    Plain(26, b"ack"),
    Plain(255, b"unknown"),
    Protected(20, &[1]),
    Protected(20, &[0]),
    Protected(23, b"early"),
    Protected(19, b"unknown"),
    Protected(24, b"heartbeat"),
    Protected(255, b"unknown"),
];

fn send_record(tested: &mut Tested<'_>, forger: &mut Forger, record: Record) -> Result<(), Error> {
    match record {
        Plain(kind, content) => tested.deliver(&plain_record(ContentType(kind), content)),
        Protected(kind, content) => forger.send(tested, ContentType(kind), content),
    }
}

#[test]
fn a_client_takes_no_record_that_is_out_of_place() {
    let config = ClientConfig::new(&ANY);
    for state in CLIENT_STATES {
        for record in RECORDS {
            let at = format!("{state:?} <- {record:?}");
            let (mut client, mut forger) = state.reach(&config);
            let is_connected = client.connection.is_connected();
            if !state.is_protected() && matches!(record, Protected(..)) {
                continue;
            }
            let result = send_record(&mut client, &mut forger, record);
            match record {
                // RFC 9846 5: dropped until the server's Finished.
                Plain(20, [1]) if !is_connected => {
                    assert_eq!(result, Ok(()), "{at}");
                    assert!(client.connection.is_handshaking(), "{at}");
                }
                Plain(21, [_, alert]) if !state.is_protected() => {
                    let error = Error::AlertReceived(AlertDescription(*alert));
                    assert_eq!(result, Err(error), "{at}: not a clean end, and nothing to answer");
                    assert_eq!(forger.alert(&mut client), None, "{at}");
                }
                // It cannot be told from a protected record that was changed on its way.
                Plain(23, _) if state.is_protected() => {
                    assert_eq!(result, Err(Error::BadRecordMac), "{at}");
                    let alert = (state != C::ConnectedClosing).then_some(AlertDescription::BAD_RECORD_MAC);
                    assert_eq!(forger.alert(&mut client).filter(|_| alert.is_some()), alert, "{at}");
                    assert!(client.data.is_empty(), "{at}");
                }
                Protected(23, data) if is_connected => {
                    assert_eq!(result, Ok(()), "{at}");
                    assert_eq!(client.data, data, "{at}");
                }
                _ => assert_refused(&at, &mut client, &mut forger, result, state == C::ConnectedClosing),
            }
        }
    }
}

#[test]
fn a_server_takes_no_record_that_is_out_of_place() {
    let identity = p256();
    let identities = [identity.identity()];
    for state in SERVER_STATES {
        let config = ServerConfig::new(&identities).with_client_authentication(state.authentication());
        for record in RECORDS {
            let at = format!("{state:?} <- {record:?}");
            let (mut server, mut forger) = state.reach(&config);
            let is_connected = server.connection.is_connected();
            if !state.is_protected() && matches!(record, Protected(..)) {
                continue;
            }
            // Nothing of the client's has been deprotected yet.
            let hears_plaintext = !state.is_protected() || matches!(state, S::WaitCertificate | S::WaitFinished);
            let result = send_record(&mut server, &mut forger, record);
            match record {
                // RFC 9846 5: dropped between ClientHello and the client's Finished.
                Plain(20, [1]) if !is_connected && state != S::Start => {
                    assert_eq!(result, Ok(()), "{at}");
                    assert!(server.connection.is_handshaking(), "{at}");
                }
                Plain(21, [_, alert]) if hears_plaintext => {
                    let error = Error::AlertReceived(AlertDescription(*alert));
                    assert_eq!(result, Err(error), "{at}: not a clean end, and nothing to answer");
                    assert_eq!(forger.alert(&mut server), None, "{at}");
                }
                Plain(23, _) if state.is_protected() => {
                    assert_eq!(result, Err(Error::BadRecordMac), "{at}");
                    let alert = (state != S::ConnectedClosing).then_some(AlertDescription::BAD_RECORD_MAC);
                    assert_eq!(forger.alert(&mut server).filter(|_| alert.is_some()), alert, "{at}");
                    assert!(server.data.is_empty(), "{at}");
                }
                Protected(23, data) if is_connected => {
                    assert_eq!(result, Ok(()), "{at}");
                    assert_eq!(server.data, data, "{at}");
                }
                _ => assert_refused(&at, &mut server, &mut forger, result, state == S::ConnectedClosing),
            }
        }
    }
}

// ---- whole flights in the wrong order

const STEPS: [Step; 5] =
    [Step::EncryptedExtensions, Step::CertificateRequest, Step::Certificate, Step::CertificateVerify, Step::Finished];

/// All sequences of different steps.
fn sequences(of: &[Step]) -> Vec<Vec<Step>> {
    let mut all: Vec<Vec<Step>> = vec![Vec::new()];
    let mut from = 0;
    while from < all.len() {
        let longer: Vec<Vec<Step>> = of
            .iter()
            .filter(|step| !all[from].contains(step))
            .map(|step| [&all[from][..], &[*step]].concat())
            .collect();
        all.extend(longer);
        from += 1;
    }
    all
}

/// Every message is right for the transcript it is sent in; only the order is not.
#[test]
fn no_flight_but_the_two_right_ones_connects_a_client() {
    let config = ClientConfig::new(&ANY);
    let all = sequences(&STEPS);
    assert_eq!(all.len(), 326);
    let mut connected = Vec::new();
    for sequence in all {
        let (mut client, mut forger) = C::WaitEncryptedExtensions.reach(&config);
        for &step in &sequence {
            if let Err(error) = forger.step(&mut client, step) {
                assert_refused(&format!("{sequence:?}"), &mut client, &mut forger, Err(error), false);
                break;
            }
            // Anything behind the flight is post-handshake: this one is over.
            if client.connection.is_connected() {
                break;
            }
        }
        if client.connection.is_connected() && sequence.last() == Some(&Step::Finished) {
            connected.push(sequence);
        } else if !client.connection.is_connected() {
            assert!(client.connection.negotiated().is_none(), "{sequence:?}");
        }
    }
    let with_request = STEPS.to_vec();
    let without_request = FLIGHT.to_vec();
    assert_eq!(connected, [without_request, with_request]);
}

#[test]
fn no_flight_but_the_right_one_connects_a_server() {
    let identity = p256();
    let identities = [identity.identity()];
    let steps = [Step::Certificate, Step::EmptyCertificate, Step::CertificateVerify, Step::Finished];
    for (authentication, right) in [
        (ClientAuthentication::None, vec![vec![Step::Finished]]),
        (
            ClientAuthentication::Optional(&ANY),
            vec![vec![Step::EmptyCertificate, Step::Finished], CLIENT_FLIGHT.to_vec()],
        ),
        (ClientAuthentication::Required(&ANY), vec![CLIENT_FLIGHT.to_vec()]),
    ] {
        let config = ServerConfig::new(&identities).with_client_authentication(authentication);
        let mut connected = Vec::new();
        for sequence in sequences(&steps) {
            let at = format!("{sequence:?}");
            let (mut server, mut forger) = S::WaitFinished.reach(&config);
            for &step in &sequence {
                if let Err(error) = forger.step(&mut server, step) {
                    if error == Error::CertificateRequired {
                        assert_eq!(forger.alert(&mut server), Some(AlertDescription::CERTIFICATE_REQUIRED), "{at}");
                    } else {
                        assert_refused(&at, &mut server, &mut forger, Err(error), false);
                    }
                    break;
                }
                // Anything behind the flight is post-handshake: this one is over.
                if server.connection.is_connected() {
                    break;
                }
            }
            if server.connection.is_connected() && sequence.last() == Some(&Step::Finished) {
                connected.push(sequence);
            }
        }
        connected.sort_by_key(Vec::len);
        assert_eq!(connected, right);
    }
}
