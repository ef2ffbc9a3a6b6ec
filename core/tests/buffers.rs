//! How little memory will do, and what is said where it will not; the limits that follow from it (RFC 8449, RFC 6066
//! 4).

use crate::support::forger::*;
use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{PeerCertificates, PeerVerifier, VerificationProgress};
use saitls_core::error::{ByteCount, Misconfiguration};
use saitls_core::limits::*;
use saitls_core::{Buffers, CertificateFault, Connection, Error, PeerFault};
use std::collections::BTreeSet;
use std::task::Poll;

/// A handshake with client authentication, then data both ways: how the client and the server came out.
fn with_buffers(
    identity: &TestIdentity,
    suite: CipherSuite,
    client_buffers: (usize, usize),
    server_buffers: (usize, usize),
) -> (Result<(), Error>, Result<(), Error>) {
    let (identities, suites) = ([identity.identity()], [suite]);
    let client_config = ClientConfig::new(&ANY).with_identities(&identities).with_cipher_suites(&suites);
    let server_config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&ANY));
    let client = Connection::client(&client_config, name("localhost"), buffers(client_buffers.0, client_buffers.1));
    let server = Connection::server(&server_config, buffers(server_buffers.0, server_buffers.1));
    let mut pair = Pair::new(client.unwrap(), server.unwrap());
    let result = pair.run();
    if result == (Ok(()), Ok(())) {
        pair.exchange(&pattern(3_000), true);
        pair.exchange(&pattern(3_000), false);
        pair.client.update_keys(true).unwrap();
        pair.exchange(&pattern(100), true);
    }
    result
}

/// The smallest receive buffers that do, with the smallest transmit buffers. They follow from the certificate (the
/// Certificate message must be whole) and from CertificateVerify and Finished, which come in one record behind it; if
/// they grow, something got worse.
#[test]
fn the_smallest_buffers_that_do() {
    let suite = CipherSuite::AES_128_GCM_SHA256;
    let identities = [(p256(), 138), (p384(), 169), (ed25519(), 130), (rsa2048(), 322), (rsapss2048(), 322)];
    for (identity, most) in some(identities) {
        let works = |receive: usize| {
            let both = (receive, MIN_TRANSMIT_BUFFER_LEN);
            with_buffers(&identity, suite, both, both) == (Ok(()), Ok(()))
        };
        let certificate = identity.certificate.len();
        assert!(works(certificate + most), "{} bytes and {most}", certificate);
        assert!(!works(certificate), "the certificate alone does not do");
        // There is nothing above it that does not work.
        for receive in some((certificate + most..certificate + most + 600).step_by(23)) {
            assert!(works(receive), "{receive}");
        }
    }
}

#[test]
fn every_suite_works_in_two_kilobytes_a_side() {
    for suite in [0x1301, 0x1302, 0x1303, 0x1304].map(CipherSuite) {
        let (receive, transmit) = (2048 - MIN_TRANSMIT_BUFFER_LEN, MIN_TRANSMIT_BUFFER_LEN);
        let result = with_buffers(&p256(), suite, (receive, transmit), (receive, transmit));
        assert_eq!(result, (Ok(()), Ok(())), "{suite}");
    }
}

/// One that is too small says how large it must be, and then that is enough.
#[test]
fn a_buffer_that_is_too_small_names_the_size_that_will_do() {
    let identity = rsa2048();
    let suite = CipherSuite::AES_128_GCM_SHA256;
    let large = (FULL_RECEIVE_BUFFER_LEN, 20_000);
    let mut receive = MIN_RECEIVE_BUFFER_LEN;
    let mut tries = 0;
    loop {
        match with_buffers(&identity, suite, (receive, 20_000), large) {
            (Err(Error::ReceiveBufferTooSmall(needed)), server) => {
                assert_eq!(server, Err(Error::AlertReceived(AlertDescription::INTERNAL_ERROR)));
                assert!(needed.get() > receive, "{needed} after {receive}");
                receive = needed.get();
            }
            result => {
                assert_eq!(result, (Ok(()), Ok(())));
                break;
            }
        }
        tries += 1;
        assert!(tries < 8, "{receive}");
    }
    assert!(receive < identity.certificate.len() + 400, "{receive}");
    // Below the smallest there is, it is a configuration that cannot work.
    let config = ClientConfig::<Provider>::new(&ANY);
    let made = |receive, transmit| Connection::client(&config, None, buffers(receive, transmit)).err().map(Error::from);
    assert_eq!(
        made(MIN_RECEIVE_BUFFER_LEN - 1, 512),
        Some(Error::ReceiveBufferTooSmall(ByteCount::new(MIN_RECEIVE_BUFFER_LEN)))
    );
    assert_eq!(made(256, MIN_TRANSMIT_BUFFER_LEN - 1), Some(Error::TransmitBufferTooSmall(ByteCount::new(512))));
    assert_eq!(made(MIN_RECEIVE_BUFFER_LEN, MIN_TRANSMIT_BUFFER_LEN), None);
}

/// A verifier of names, which are never right.
struct ByName;

impl PeerVerifier<Provider> for ByName {
    fn poll_verify(
        &self,
        _: &mut Provider,
        _: &mut VerificationProgress<Provider>,
        _: &PeerCertificates<'_>,
    ) -> Poll<Result<(), Error>> {
        Poll::Ready(Err(CertificateFault::NameMismatch.into()))
    }

    fn needs_server_name(&self) -> bool {
        true
    }
}

/// Whatever is wrong, the buffers come back, and serve the next connection.
#[test]
fn a_connection_that_does_not_begin_gives_its_buffers_back() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let suites = [CipherSuite::AES_128_GCM_SHA256; 2];
    let named_twice = ClientConfig::new(&ANY).with_cipher_suites(&suites);
    let by_name = ClientConfig::new(&ByName);
    let long_fragments = ClientConfig::new(&ANY).with_max_fragment_length(MaxFragmentLength::BYTES_4096);
    let (mut receive, mut transmit, mut peer) = ([0; 2_048], [0; 1_024], [0; 100]);
    let mut buffers = Buffers::new(&mut receive[..], &mut transmit[..]).with_peer_buffer(&mut peer[..]);
    for (config, error) in [
        (&named_twice, Error::InvalidConfiguration(Misconfiguration::NamedTwice)),
        (&by_name, Error::InvalidConfiguration(Misconfiguration::NoServerName)),
        (&long_fragments, Error::ReceiveBufferTooSmall(ByteCount::new(4_096 + 22))),
    ] {
        let refused = Connection::client(config, None, buffers).err().unwrap();
        assert_eq!(refused.to_string(), error.to_string());
        assert_eq!(refused.error, error);
        buffers = refused.buffers;
    }
    let no_identity = ServerConfig::<Provider>::new(&[]);
    let refused = Connection::server(&no_identity, buffers).err().unwrap();
    assert_eq!(refused.error, Error::InvalidConfiguration(Misconfiguration::NoIdentity));
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let mut pair = Pair::new(client, Connection::server(&server_config, refused.buffers).unwrap());
    assert_eq!(pair.run(), (Ok(()), Ok(())));
    assert_eq!(pair.server.negotiated().unwrap().server_name, Some("localhost"), "all three buffers are there");
    // Buffers that no handshake fits in come back too.
    let refused = Connection::client(&client_config, None, Buffers::new(vec![0; 100], vec![0; 1_024])).err().unwrap();
    assert_eq!(refused.error, Error::ReceiveBufferTooSmall(ByteCount::new(MIN_RECEIVE_BUFFER_LEN)));
    let transmit = Connection::server(&server_config, refused.buffers).err().unwrap();
    assert_eq!(Error::from(transmit), Error::ReceiveBufferTooSmall(ByteCount::new(MIN_RECEIVE_BUFFER_LEN)));
}

/// A ClientHello, the first or the second, goes out whole or not at all, whatever room there is.
#[test]
fn a_client_hello_that_does_not_fit_says_how_much_it_needs() {
    let protocols: Vec<Vec<u8>> = (0..12u8).map(|n| vec![b'a' + n; 30]).collect();
    let protocols: Vec<&[u8]> = protocols.iter().map(Vec::as_slice).collect();
    let shares = [NamedGroup::SECP384R1, NamedGroup::SECP256R1];
    let config = ClientConfig::new(&ANY).with_alpn(&protocols).with_key_shares(&shares);
    let mut needed = None;
    let step = fewer(1, 37);
    for transmit in (MIN_TRANSMIT_BUFFER_LEN..1_200).step_by(step) {
        let client = Connection::client(&config, name("localhost"), buffers(FULL_RECEIVE_BUFFER_LEN, transmit));
        let (mut client, mut forger) = (Tested::new(client.unwrap()), Forger::server());
        match client.process() {
            Ok(()) => {
                // What was asked for does; room for the tag of a protected record is in it.
                assert!(
                    needed.is_some_and(|needed| (transmit + 1 - step..transmit + 18).contains(&needed)),
                    "{needed:?} {transmit}"
                );
                forger.receive(&mut client);
                let hello = forger.client_hello.as_ref().unwrap();
                let sent = hello.extensions.as_ref().unwrap().get(ExtensionType::KEY_SHARE);
                assert_eq!(sent.len(), 2 + (4 + 97) + (4 + 65));
                break;
            }
            Err(Error::TransmitBufferTooSmall(length)) => {
                assert!(length.get() > transmit, "{length} of {transmit}");
                assert!(needed.is_none_or(|needed| needed == length.get()), "{needed:?} {length}");
                needed = Some(length.get());
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(needed.is_some_and(|needed| needed > MIN_TRANSMIT_BUFFER_LEN && needed < 1_200), "{needed:?}");

    // With the longest cookie that the first hello leaves room for, and some more.
    let shares = [];
    let config = ClientConfig::new(&ANY).with_key_shares(&shares);
    let mut outcomes = [0, 0];
    for cookie in (1..700).step_by(3) {
        let client = Connection::client(&config, name("localhost"), buffers(FULL_RECEIVE_BUFFER_LEN, 640));
        let (mut client, mut forger) = (Tested::new(client.unwrap()), Forger::server());
        client.process().unwrap();
        forger.receive(&mut client);
        let request = forger.make_hello_retry_request(Some(NamedGroup::SECP384R1), Some(&vec![7; cookie]));
        match forger.send_messages(&mut client, &request.message()) {
            Ok(()) => {
                forger.receive(&mut client);
                let hello = forger.client_hello.as_ref().unwrap().extensions.as_ref().unwrap();
                assert_eq!(hello.get(ExtensionType::KEY_SHARE).len(), 2 + 4 + 97);
                assert_eq!(hello.get(ExtensionType::COOKIE).len(), 2 + cookie);
                outcomes[0] += 1;
            }
            Err(Error::TransmitBufferTooSmall(length)) => {
                assert!(length.get() > 640);
                assert_eq!(forger.alert(&mut client), Some(AlertDescription::INTERNAL_ERROR));
                outcomes[1] += 1;
            }
            other => panic!("{cookie}: {other:?}"),
        }
    }
    assert!(outcomes.iter().all(|&count| count > 20), "{outcomes:?}");
}

/// A ticket is of no use to us: it may be longer than the buffer.
#[test]
fn a_ticket_that_does_not_fit_is_dropped_as_it_comes() {
    let identity = p256();
    let ticket = |len: usize| {
        written(|writer| {
            writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
                writer.u32(7200);
                writer.u32(0x1234_5678);
                writer.vector8(|writer| writer.bytes(&[0, 0]));
                writer.vector16(|writer| writer.bytes(&vec![9; len]));
                writer.vector16(|_| {});
            });
        })
    };
    let config = ClientConfig::new(&ANY);
    let receive = identity.certificate.len() + 200;
    for fragment in [100, 300] {
        let client = Connection::client(&config, name("localhost"), buffers(receive, 1_000)).unwrap();
        let (mut client, mut forger) = (Tested::new(client), Forger::server());
        forger.connect(&mut client);
        forger.fragment = fragment;
        for len in [10, receive - 60, receive, 5_000, fewer(0xffff, 5_000)] {
            let messages = [ticket(len), ticket(1), key_update(0)].concat();
            forger.send_messages(&mut client, &messages).unwrap();
            forger.send(&mut client, ContentType::APPLICATION_DATA, b"goes on").unwrap();
            assert_eq!(std::mem::take(&mut client.data), b"goes on");
        }
        // They are counted like others, and nothing may come in between.
        let front = ticket(5_000)[..fragment].to_vec();
        forger.send(&mut client, ContentType::HANDSHAKE, &front).unwrap();
        let result = forger.send(&mut client, ContentType::APPLICATION_DATA, b"?");
        assert_eq!(result, Err(PeerFault::UnexpectedRecord.into()));
    }
    let client = Connection::client(&config, name("localhost"), buffers(receive, 1_000)).unwrap();
    let (mut client, mut forger) = (Tested::new(client), Forger::server());
    forger.connect(&mut client);
    forger.fragment = 400;
    let result = (0..=MAX_TICKETS).try_for_each(|_| forger.send_messages(&mut client, &ticket(2_000)));
    assert_eq!(result, Err(PeerFault::TooManyTickets.into()));
    // No ticket is that long.
    let client = Connection::client(&config, name("localhost"), buffers(receive, 1_000)).unwrap();
    let (mut client, mut forger) = (Tested::new(client), Forger::server());
    forger.connect(&mut client);
    let result = forger.send(&mut client, ContentType::HANDSHAKE, &[4, 3, 0, 0, 0]);
    assert_eq!(result, Err(PeerFault::Malformed.into()));
}

/// RFC 8449 4: longer than what was agreed on is record_overflow, also where the buffer could not take it.
#[test]
fn a_record_over_the_agreed_limit_is_an_overflow_and_no_matter_of_buffers() {
    let identity = p256();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let server = Connection::server(&config, buffers(2_048, 2_048)).unwrap();
    let (mut server, mut forger) = (Tested::new(server), Forger::client());
    let mut hello = forger.make_client_hello();
    hello.extensions().set(ExtensionType::RECORD_SIZE_LIMIT, [0x40, 0x01]);
    forger.hello(&mut server, &hello).unwrap();
    forger.step(&mut server, Step::Finished).unwrap();
    let limit = 2_048 - 5 - 16;
    forger.send(&mut server, ContentType::APPLICATION_DATA, &pattern(limit - 1)).unwrap();
    server.connection.data_read(limit);
    let result = forger.send(&mut server, ContentType::APPLICATION_DATA, &pattern(4_000));
    assert_eq!(result, Err(PeerFault::RecordLimitIgnored.into()));
    assert_eq!(forger.alert(&mut server), Some(AlertDescription::RECORD_OVERFLOW));
}

/// The lengths of the protected records in some bytes, header and tag not counted.
fn inner_lengths(wire: &[u8]) -> Vec<usize> {
    let protected = records(wire).into_iter().filter(|(kind, _)| *kind == ContentType::APPLICATION_DATA);
    protected.map(|(_, record)| record.len() - 5 - 16).collect()
}

#[test]
fn what_one_side_can_take_the_other_obeys() {
    let identity = p256();
    let identities = [identity.identity()];
    let text = pattern(fewer(50_000, 17_000));
    for &limit in fewer::<&[u16]>(&[64, 100, 512, 2_000, 16_385], &[512, 16_385]) {
        let client_config = ClientConfig::new(&ANY).with_record_size_limit(limit);
        let server_config = ServerConfig::new(&identities);
        let mut pair = Pair::new(client(&client_config), server(&server_config));
        pair.connect();
        assert_eq!(pair.server.negotiated().unwrap().record_size_limit, Some(limit));
        pair.exchange(&text, false);
        let longest = inner_lengths(&pair.server_wire).into_iter().max().unwrap();
        // RFC 8449 4: with the content type and padding. Handshake messages obey it, too.
        assert_eq!(longest, usize::from(limit));
        // The other direction has its own.
        pair.exchange(&text, true);
        assert_eq!(inner_lengths(&pair.client_wire).into_iter().max(), Some(16_385));
    }
    // The server's limit, from its buffer.
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let small = Connection::server(&server_config, buffers(2_000, 4_000)).unwrap();
    let mut pair = Pair::new(client(&client_config), small);
    pair.connect();
    pair.exchange(&text, true);
    assert_eq!(inner_lengths(&pair.client_wire).into_iter().max(), Some(2_000 - 5 - 16));
}

#[test]
fn a_peer_that_does_not_obey_is_told() {
    let config = ClientConfig::new(&ANY).with_record_size_limit(512);
    for (len, ok) in [(511, true), (512, false)] {
        let (mut client, mut forger) = (Tested::client(&config), Forger::server());
        forger.answer(&mut client).unwrap();
        let extensions = encrypted_extensions(&[(ExtensionType::RECORD_SIZE_LIMIT, vec![0x40, 1])]);
        forger.send_messages(&mut client, &extensions).unwrap();
        forger.steps(&mut client, &[Step::Certificate, Step::CertificateVerify, Step::Finished]).unwrap();
        forger.receive(&mut client);
        let result = forger.send(&mut client, ContentType::APPLICATION_DATA, &pattern(len));
        if ok {
            assert_eq!(result, Ok(()));
        } else {
            assert_eq!(result, Err(PeerFault::RecordLimitIgnored.into()));
            assert_eq!(forger.alert(&mut client), Some(AlertDescription::RECORD_OVERFLOW));
        }
    }
    // RFC 8449 4: below 64 is not allowed, whoever says it.
    let identity = p256();
    let identities = [identity.identity()];
    let config = ServerConfig::new(&identities);
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    let mut hello = forger.make_client_hello();
    hello.extensions().set(ExtensionType::RECORD_SIZE_LIMIT, [0, 63]);
    assert_eq!(forger.hello(&mut server, &hello), Err(PeerFault::IllegalRecordSizeLimit.into()));
    assert_eq!(forger.alert(&mut server), Some(AlertDescription::ILLEGAL_PARAMETER));
    // A client may allow more than a record can hold: it may know later versions.
    let (mut server, mut forger) = (Tested::server(&config), Forger::client());
    hello = forger.make_client_hello();
    hello.extensions().set(ExtensionType::RECORD_SIZE_LIMIT, [0xff, 0xff]);
    forger.hello(&mut server, &hello).unwrap();
}

#[test]
fn fragments_are_as_short_as_both_agreed() {
    let identity = p256();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    for (code, bytes) in [(1, 512), (2, 1024), (3, 2048), (4, 4096)] {
        let (mut server, mut forger) = (Tested::server(&server_config), Forger::client());
        let mut hello = forger.make_client_hello();
        hello.extensions().set(ExtensionType::MAX_FRAGMENT_LENGTH, [code]);
        forger.hello(&mut server, &hello).unwrap();
        forger.step(&mut server, Step::Finished).unwrap();
        let echo = vec![(ExtensionType::SERVER_NAME, vec![]), (ExtensionType::MAX_FRAGMENT_LENGTH, vec![code])];
        assert_eq!(forger.messages[1], encrypted_extensions(&echo));
        server.connection.write(&pattern(20_000)).unwrap();
        server.process().unwrap();
        forger.receive(&mut server);
        let lengths = forger.received.iter().filter(|(kind, _)| *kind == ContentType::APPLICATION_DATA);
        assert_eq!(lengths.map(|(_, data)| data.len()).max(), Some(bytes));
        // In both directions (RFC 6066 4).
        forger.send(&mut server, ContentType::APPLICATION_DATA, &pattern(bytes)).unwrap();
        let result = forger.send(&mut server, ContentType::APPLICATION_DATA, &pattern(bytes + 1));
        assert_eq!(result, Err(PeerFault::RecordLimitIgnored.into()));
        // A client that asked holds the server to it.
        let config = ClientConfig::new(&ANY).with_max_fragment_length(MaxFragmentLength(code));
        for (answer, ok) in [(code, true), (code % 4 + 1, false), (5, false)] {
            let (mut client, mut forger) = (Tested::client(&config), Forger::server());
            forger.answer(&mut client).unwrap();
            let message = encrypted_extensions(&[(ExtensionType::MAX_FRAGMENT_LENGTH, vec![answer])]);
            let result = forger.send_messages(&mut client, &message);
            assert_eq!(result, if ok { Ok(()) } else { Err(PeerFault::IllegalMaxFragmentLength.into()) });
        }
    }
    // Values nobody defined; beside record_size_limit it does not count (RFC 8449 5).
    for (with_limit, expected) in [(false, Err(PeerFault::IllegalMaxFragmentLength.into())), (true, Ok(()))] {
        let (mut server, mut forger) = (Tested::server(&server_config), Forger::client());
        let mut hello = forger.make_client_hello();
        hello.extensions().set(ExtensionType::MAX_FRAGMENT_LENGTH, [5]);
        if with_limit {
            hello.extensions().set(ExtensionType::RECORD_SIZE_LIMIT, [2, 0]);
        }
        assert_eq!(forger.hello(&mut server, &hello), expected);
    }
}

/// RFC 8449 5: a client whose buffer does not take every record asks in both ways, and the server's answer holds.
#[test]
fn a_client_with_a_short_buffer_asks_for_short_records_in_both_ways() {
    let config = ClientConfig::new(&ANY);
    let connect = |receive, answers: &[(ExtensionType, Vec<u8>)]| {
        let client = Connection::client(&config, name("localhost"), buffers(receive, 2_000)).unwrap();
        let (mut client, mut forger) = (Tested::new(client), Forger::server());
        forger.answer(&mut client).unwrap();
        let result = forger.send_messages(&mut client, &encrypted_extensions(answers));
        let mut hello = ClientHelloParts::parse(&forger.messages[0]);
        let asked = hello.extensions();
        let asked =
            asked.has(ExtensionType::MAX_FRAGMENT_LENGTH).then(|| asked.get(ExtensionType::MAX_FRAGMENT_LENGTH)[0]);
        if result.is_ok() {
            forger.steps(&mut client, &[Step::Certificate, Step::CertificateVerify, Step::Finished]).unwrap();
            forger.receive(&mut client);
        }
        (client, forger, asked, result)
    };
    for (receive, expected) in [
        (512 + 21, None),
        (512 + 22, Some(1)),
        (1024 + 21, Some(1)),
        (1024 + 22, Some(2)),
        (2048 + 22, Some(3)),
        (4096 + 22, Some(4)),
        (FULL_RECEIVE_BUFFER_LEN - 1, Some(4)),
        (FULL_RECEIVE_BUFFER_LEN, None),
    ] {
        assert_eq!(connect(receive, &[]).2, expected, "{receive}");
    }
    let fragments = |code| (ExtensionType::MAX_FRAGMENT_LENGTH, vec![code]);
    let limit = (ExtensionType::RECORD_SIZE_LIMIT, vec![0x40, 1]);
    // What is sent obeys it; what comes may be as long as the buffer: some servers agree and do as they like.
    let (mut client, mut forger, _, result) = connect(2_000, &[fragments(2)]);
    assert_eq!(result, Ok(()));
    client.connection.write(&pattern(3_000)).unwrap();
    client.process().unwrap();
    forger.receive(&mut client);
    let lengths = forger.received.iter().filter(|(kind, _)| *kind == ContentType::APPLICATION_DATA);
    assert_eq!(lengths.map(|(_, data)| data.len()).max(), Some(1_024));
    forger.send(&mut client, ContentType::APPLICATION_DATA, &pattern(2_000 - 22)).unwrap();
    assert_eq!(std::mem::take(&mut client.data).len(), 2_000 - 22);
    let result = forger.send(&mut client, ContentType::APPLICATION_DATA, &pattern(2_000 - 21));
    assert_eq!(result, Err(PeerFault::RecordLimitIgnored.into()));
    assert_eq!(forger.alert(&mut client), Some(AlertDescription::RECORD_OVERFLOW));
    // The other one alone.
    let (mut client, mut forger, _, _) = connect(2_000, std::slice::from_ref(&limit));
    forger.send(&mut client, ContentType::APPLICATION_DATA, &pattern(2_000 - 22)).unwrap();
    // None, and a record that does not fit: the error says what would do.
    let (mut client, mut forger, _, _) = connect(2_000, &[]);
    let error = forger.send(&mut client, ContentType::APPLICATION_DATA, &pattern(4_000)).unwrap_err();
    assert_eq!(error, Error::RecordDoesNotFit(ByteCount::new(4_000 + 22)));
    assert!(error.to_string().contains("did not agree to shorter ones"), "{error}");
    assert_eq!(forger.alert(&mut client), Some(AlertDescription::INTERNAL_ERROR));
    // Both, another one than was asked for, one that was not asked for.
    for (receive, answers) in [(2_000, vec![fragments(2), limit]), (2_000, vec![fragments(3)])] {
        assert_eq!(connect(receive, &answers).3, Err(PeerFault::IllegalMaxFragmentLength.into()));
    }
    assert_eq!(connect(FULL_RECEIVE_BUFFER_LEN, &[fragments(4)]).3, Err(PeerFault::UnsolicitedExtension.into()));
}

#[test]
fn padding_hides_the_length_and_is_taken_off() {
    let identity = p256();
    let identities = [identity.identity()];
    for padding in some([Padding::None, Padding::Block(64), Padding::Block(1000), Padding::Full]) {
        let client_config = ClientConfig::new(&ANY).with_padding(padding);
        let server_config = ServerConfig::new(&identities).with_padding(padding);
        let mut pair = Pair::new(client(&client_config), server(&server_config));
        pair.connect();
        let before = pair.client_wire.len();
        for len in [1, 63, 64, 65, 999, 5_000] {
            pair.exchange(&pattern(len), true);
            pair.exchange(&pattern(len), false);
        }
        let lengths = inner_lengths(&pair.client_wire[before..]);
        match padding {
            Padding::Block(unit) => {
                assert!(lengths.iter().all(|len| len.is_multiple_of(unit.into())), "{lengths:?}");
            }
            Padding::Full => assert!(lengths.iter().all(|&len| len == lengths[0] && len > 5_000), "{lengths:?}"),
            _ => assert_eq!(lengths, [2, 64, 65, 66, 1000, 5_001]),
        }
    }
}

/// Padding never takes the room that is kept for an alert: close_notify goes out at once.
#[test]
fn padding_leaves_room_for_the_alert_behind_it() {
    let identity = p256();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    for padding in [Padding::None, Padding::Block(256), Padding::Block(1000), Padding::Full] {
        let config = ClientConfig::new(&ANY).with_padding(padding);
        let small = Connection::client(&config, name("localhost"), buffers(4_096, 512)).unwrap();
        let mut pair = Pair::new(small, server(&server_config));
        pair.connect();
        let written = pair.client.write(&pattern(512)).unwrap();
        assert_eq!(pair.client.unsent_len(), written);
        pair.client.close();
        pair.client.process(&mut pair.client_provider).unwrap();
        assert!(pair.client.is_locally_closed());
        assert_eq!(pair.client.unsent_len(), pair.client.records().len());
        assert_eq!(pair.run(), (Ok(()), Ok(())));
        assert_eq!(drain(&mut pair.server), pattern(written));
        pair.server.process(&mut pair.server_provider).unwrap();
        assert!(pair.server.is_peer_closed());
    }
}

// ---- what stays in them

/// Whether eight bytes in a row of `text` stand in `memory`.
fn holds(memory: &[u8], text: &[u8]) -> bool {
    let stretches: BTreeSet<&[u8]> = text.windows(8).collect();
    memory.windows(8).any(|window| stretches.contains(window))
}

/// Plaintext that was read is overwritten by the next records, or wiped once there are none.
#[test]
fn what_was_read_does_not_stay_in_the_receive_buffer() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let text = pattern(900);
    // Read by the connection that goes on; by one that has half of the next record; by one that has failed meanwhile.
    for ending in 0..3 {
        let mut memory = vec![0xaa; 4_000];
        {
            let receive = Buffers::new(&mut memory[..], vec![0; 2_000]);
            let client = Connection::client(&client_config, name("localhost"), buffers(4_000, 4_000)).unwrap();
            let mut pair = Pair::new(client, Connection::server(&server_config, receive).unwrap());
            pair.connect();
            // Two records come at once, and stand one behind the other.
            for part in [&text[..300], &text[300..]] {
                assert_eq!(pair.client.write(part), Ok(part.len()));
                pair.client.process(&mut pair.client_provider).unwrap();
            }
            carry(&mut pair.client, &mut pair.server, usize::MAX);
            for part in [&text[..300], &text[300..]] {
                pair.server.process(&mut pair.server_provider).unwrap();
                assert!(pair.server.data() == part);
                if part.len() == 300 {
                    pair.server.data_read(300);
                }
            }
            match ending {
                0 => pair.server.data_read(600),
                1 => {
                    pair.server.data_read(600);
                    pair.client.write(&text).unwrap();
                    pair.client.process(&mut pair.client_provider).unwrap();
                    carry(&mut pair.client, &mut pair.server, 100);
                }
                _ => {
                    pair.server.reject(AlertDescription::ACCESS_DENIED);
                    pair.server.process(&mut pair.server_provider).unwrap_err();
                    pair.server.data_read(600);
                }
            }
            let _ = pair.server.process(&mut pair.server_provider);
            if ending == 1 {
                // What is there of the next record was not wiped.
                carry(&mut pair.client, &mut pair.server, usize::MAX);
                pair.server.process(&mut pair.server_provider).unwrap();
                assert!(pair.server.data() == text);
                pair.server.data_read(text.len());
                pair.server.process(&mut pair.server_provider).unwrap();
            }
        }
        assert!(memory.iter().any(|&byte| byte != 0) && !holds(&memory, &text), "ending {ending}");
    }
}

// ---- sealing from elsewhere

/// `write_sealed` puts the same bytes on the wire as `write` and `process`, padded or not, whatever was written before.
#[test]
fn what_is_sealed_from_elsewhere_looks_like_what_was_copied() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let server_config = ServerConfig::new(&identities);
    for padding in [Padding::None, Padding::Block(64), Padding::Full] {
        for records_per_key in [u64::MAX, 3] {
            let config = ClientConfig::new(&ANY).with_padding(padding).with_records_per_key(records_per_key);
            let wire = |seals: bool| {
                let client = Connection::client(&config, name("localhost"), buffers(2_000, 3_000)).unwrap();
                let server = Connection::server(&server_config, full_buffers()).unwrap();
                let (mut pair, mut read) = (Pair::new(client, server), Vec::new());
                pair.connect();
                assert_eq!(pair.client.write(b"before"), Ok(6));
                if !seals {
                    pair.client.process(&mut pair.client_provider).unwrap();
                }
                for &len in fewer::<&[usize]>(&[0, 1, 63, 64, 1_000, 5_000, 20_000], &[0, 64, 5_000]) {
                    let (text, mut rest) = (pattern(len), &pattern(len)[..]);
                    let mut tries = 0;
                    while !rest.is_empty() {
                        let written = if seals {
                            pair.client.write_sealed(&mut pair.client_provider, rest).unwrap()
                        } else {
                            pair.client.write(rest).unwrap()
                        };
                        rest = &rest[written..];
                        assert_eq!(pair.run(), (Ok(()), Ok(())));
                        read.extend_from_slice(&drain(&mut pair.server));
                        tries += 1;
                        assert!(tries < 200, "no progress");
                    }
                    while !read.ends_with(&text) {
                        assert_eq!(pair.run(), (Ok(()), Ok(())));
                        read.extend_from_slice(&drain(&mut pair.server));
                    }
                }
                (pair.client_wire, read)
            };
            let (copied, sealed) = (wire(false), wire(true));
            assert!(copied.1.starts_with(b"before") && copied.1 == sealed.1, "{padding:?}, {records_per_key}");
            if records_per_key == u64::MAX {
                assert!(copied.0 == sealed.0, "{padding:?}");
            }
        }
    }
}

/// It says no where `write` does, and a connection whose AEAD fails is dead.
#[test]
fn sealing_from_elsewhere_is_refused_where_writing_is() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let server = Connection::server(&server_config, full_buffers()).unwrap();
    let mut pair = Pair::new(client, server);
    assert_eq!(pair.client.write_sealed(&mut pair.client_provider, b"early"), Err(Error::InvalidState));
    pair.connect();
    assert_eq!(pair.client.write_sealed(&mut pair.client_provider, b""), Ok(0));
    pair.client.close();
    assert_eq!(pair.client.write_sealed(&mut pair.client_provider, b"late"), Err(Error::InvalidState));
}

/// A record is made when the application says so, and not before; nothing happens where nothing may be sent.
#[test]
fn sealing_makes_a_record_of_what_was_written() {
    let identity = ed25519();
    let identities = [identity.identity()];
    let (client_config, server_config) = (ClientConfig::new(&ANY), ServerConfig::new(&identities));
    let client = Connection::client(&client_config, name("localhost"), full_buffers()).unwrap();
    let server = Connection::server(&server_config, full_buffers()).unwrap();
    let mut pair = Pair::new(client, server);
    assert_eq!(pair.client.seal(&mut pair.client_provider), Ok(()));
    assert!(pair.client.records().is_empty(), "there is no key yet");
    pair.connect();
    let mut lengths = Vec::new();
    for text in [&b"one"[..], b"three", b""] {
        pair.client.write(text).unwrap();
        assert_eq!(pair.client.unsent_len(), pair.client.records().len() + text.len(), "it is open");
        pair.client.seal(&mut pair.client_provider).unwrap();
        assert_eq!(pair.client.unsent_len(), pair.client.records().len(), "it is sealed");
        lengths.push(pair.client.records().len());
    }
    // Header, content type and tag are around each; nothing is no record.
    assert_eq!(lengths, [25, 52, 52]);
    let (room, data) = pair.client.records_ports();
    assert_eq!((room.is_empty(), data.len()), (false, 52));
    assert_eq!(pair.run(), (Ok(()), Ok(())));
    assert_eq!(drain(&mut pair.server), b"one");
    pair.client.close();
    assert_eq!(pair.client.seal(&mut pair.client_provider), Ok(()));
    assert!(pair.client.records().is_empty(), "close_notify is for process to send");
}

/// What did not begin is an error of whichever kind the caller returns.
#[test]
fn a_setup_error_becomes_the_error_that_a_function_returns() {
    fn plain<'a>(config: &'a ServerConfig<'a, Provider>, buffers: Buffers<'a>) -> Result<(), Error> {
        Connection::server(config, buffers)?;
        Ok(())
    }
    fn boxed<'a>(
        config: &'a ServerConfig<'a, Provider>,
        buffers: Buffers<'a>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Connection::server(config, buffers)?;
        Ok(())
    }
    let config = ServerConfig::new(&[]);
    let error = plain(&config, full_buffers()).unwrap_err();
    assert_eq!(boxed(&config, full_buffers()).unwrap_err().to_string(), error.to_string());
}

/// Errors travel in a register, and stand at any address: what they are in is no longer for them.
#[test]
fn an_error_has_four_bytes_and_no_alignment() {
    assert_eq!((size_of::<Error>(), align_of::<Error>()), (4, 1));
}
