//! Every state and every message (RFC 9846 Appendix A), and every other kind of record, in both roles: accepted, or
//! refused with an `unexpected_message` that the peer can read.

use crate::support::appendix_a::*;
use crate::support::forger::*;
use crate::support::*;
use saitls_core::PeerAuthentication;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::{CertificateFault, Error, PeerFault};

use Sent::*;

// ---- messages

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
        assert!(tested.connection.records().is_empty(), "{at}");
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
        for sent in some(ALL) {
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
                assert_eq!(result, Err(PeerFault::EmptyCertificate.into()), "{at}");
                assert_eq!(forger.alert(&mut client), Some(AlertDescription::DECODE_ERROR), "{at}");
                continue;
            }
            assert_refused(&at, &mut client, &mut forger, result, state == C::ConnectedClosing);
        }
    }
    assert!(cfg!(miri) || accepted == 16, "{accepted}");
}

#[test]
fn a_server_takes_the_messages_of_appendix_a_and_no_others() {
    let identity = p256();
    let identities = [identity.identity()];
    let mut accepted = 0;
    for state in SERVER_STATES {
        let config = ServerConfig::new(&identities).with_client_authentication(state.authentication());
        for sent in some(ALL) {
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
    assert!(cfg!(miri) || accepted == 12, "{accepted}");
}

fn config_asks(state: ServerState) -> bool {
    matches!(state.authentication(), ClientAuthentication::Optional(_))
}

/// The first byte of a message is enough: nobody waits for the other 16 million.
#[test]
fn a_message_that_is_not_expected_is_refused_by_its_first_byte() {
    let config = ClientConfig::new(&ANY);
    for state in CLIENT_STATES {
        for kind in some([0, 1, 5, 20, 67, 254]) {
            if kind == 20 && matches!(state, C::WaitFinished | C::WaitFinishedRequested) {
                continue;
            }
            let (mut client, mut forger) = state.reach(&config);
            let result = forger.send(&mut client, ContentType::HANDSHAKE, &[kind]);
            assert_refused(
                &format!("{state:?} {kind}"),
                &mut client,
                &mut forger,
                result,
                state == C::ConnectedClosing,
            );
        }
    }
    let identity = p256();
    let identities = [identity.identity()];
    for state in SERVER_STATES {
        let config = ServerConfig::new(&identities).with_client_authentication(state.authentication());
        for kind in some([2, 4, 5, 8, 67, 254]) {
            let (mut server, mut forger) = state.reach(&config);
            let result = forger.send(&mut server, ContentType::HANDSHAKE, &[kind, 0xff, 0xff, 0xff]);
            assert_refused(
                &format!("{state:?} {kind}"),
                &mut server,
                &mut forger,
                result,
                state == S::ConnectedClosing,
            );
        }
    }
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
        for record in some(RECORDS) {
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
                    assert_eq!(result, Err(PeerFault::BadRecordMac.into()), "{at}");
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
        for record in some(RECORDS) {
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
                    assert_eq!(result, Err(PeerFault::BadRecordMac.into()), "{at}");
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
    for sequence in some(all) {
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
    assert_connected(&connected, &[without_request, with_request]);
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
        for sequence in some(sequences(&steps)) {
            let at = format!("{sequence:?}");
            let (mut server, mut forger) = S::WaitFinished.reach(&config);
            for &step in &sequence {
                if let Err(error) = forger.step(&mut server, step) {
                    if error == Error::Certificate(CertificateFault::Required) {
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
        assert_connected(&connected, &right);
    }
}

/// These flights connect and no others. Under Miri not all were tried.
#[track_caller]
fn assert_connected(connected: &[Vec<Step>], right: &[Vec<Step>]) {
    assert!(connected.iter().all(|flight| right.contains(flight)), "{connected:?}");
    assert!(cfg!(miri) || connected == right, "{connected:?}");
}
