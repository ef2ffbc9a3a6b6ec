//! Who presents what to whom: names, schemes, authorities, types of certificates, and what is stapled to them.

use crate::support::forger::*;
use crate::support::*;
use core::task::Poll;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::*;
use saitls_core::limits::MAX_AUTHORITIES_LEN;
use saitls_core::{
    CertificateFault, Error, Incompatibility, Operation, PeerAuthentication, PeerFault, Result, WaitingFor,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

type TestPair<'a> = Pair<'a, Provider>;

/// The certificate that a client gets which asks for `name`.
fn presented(server_config: &ServerConfig<'_, Provider>, name: &'static str) -> Vec<u8> {
    let client_config = ClientConfig::new(&ANY);
    let client = saitls_core::Connection::client(&client_config, support_name(name), full_buffers()).unwrap();
    let mut pair = TestPair::new(client, server(server_config));
    pair.connect();
    pair.client.negotiated().unwrap().peer_certificate.unwrap().to_vec()
}

fn support_name(name: &'static str) -> Option<saitls_core::ServerName<'static>> {
    (!name.is_empty()).then(|| crate::support::name(name).unwrap())
}

/// Remembers what it was shown, and accepts it.
#[derive(Default)]
struct Recorder {
    certificate_type: Mutex<Option<CertificateType>>,
    ocsp_response: Mutex<Option<Vec<u8>>>,
    timestamps: Mutex<Option<Vec<u8>>>,
}

impl PeerVerifier<Provider> for Recorder {
    fn poll_verify(
        &self,
        _: &mut Provider,
        _: &mut VerificationProgress<Provider>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        *self.certificate_type.lock().unwrap() = Some(peer.certificate_type);
        *self.ocsp_response.lock().unwrap() = peer.ocsp_response.map(<[u8]>::to_vec);
        *self.timestamps.lock().unwrap() = peer.signed_certificate_timestamps.map(<[u8]>::to_vec);
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_server_presents_the_identity_for_the_name() {
    let (default, exact, wildcard) = (p256(), p384(), ed25519());
    let identities = [
        default.identity(),
        exact.identity().with_names(&["a.example", "b.example"]),
        wildcard.identity().with_names(&["*.example"]),
    ];
    let config = ServerConfig::new(&identities);
    for (name, expected) in [
        ("a.example", &exact),
        ("B.Example", &exact),
        ("c.example", &wildcard),
        // `*` is one label, and a whole one.
        ("c.d.example", &default),
        ("example", &default),
        ("other.test", &default),
        ("192.0.2.1", &default),
        ("", &default),
    ] {
        assert_eq!(presented(&config, name), expected.certificate, "{name}");
    }
    // Without an identity for all, the first one is better than none.
    let config = ServerConfig::new(&identities[1..]);
    assert_eq!(presented(&config, "other.test"), exact.certificate);
}

#[test]
fn the_key_must_suit_the_peer_whatever_the_name() {
    let (ecdsa, rsa) = (p256(), rsa2048());
    let identities = [ecdsa.identity().with_names(&["localhost"]), rsa.identity()];
    let server_config = ServerConfig::new(&identities);
    for (schemes, expected) in [
        (&[SignatureScheme::RSA_PSS_RSAE_SHA256][..], Some(&rsa)),
        (&[SignatureScheme::ECDSA_SECP256R1_SHA256], Some(&ecdsa)),
        (&[SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256], Some(&ecdsa)),
        (&[SignatureScheme::ED25519], None),
    ] {
        let client_config = ClientConfig::new(&ANY).with_signature_schemes(schemes);
        let mut pair = TestPair::new(client(&client_config), server(&server_config));
        let (client_result, server_result) = pair.run();
        match expected {
            Some(identity) => {
                assert_eq!((client_result, server_result), (Ok(()), Ok(())));
                assert_eq!(pair.client.negotiated().unwrap().peer_certificate, Some(identity.certificate));
            }
            None => {
                assert_eq!(server_result, Err(Incompatibility::NoSignatureScheme.into()));
                assert_eq!(client_result, Err(Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE)));
            }
        }
    }
}

#[test]
fn a_client_presents_the_identity_that_the_servers_authorities_issued() {
    let (first, second) = (p256(), p384());
    let identities = [first.identity(), second.identity()];
    let client_config = ClientConfig::new(&ANY).with_identities(&identities);
    let server_identity = ed25519();
    let server_identities = [server_identity.identity()];
    let issuers = [x509::issuer(first.certificate).unwrap(), x509::issuer(second.certificate).unwrap()];
    let strangers: [&[u8]; 1] = [b"\x30\x00"];
    for (authorities, expected) in [
        (&issuers[..1], &first),
        (&issuers[1..], &second),
        (&issuers[..], &first),
        (&strangers[..], &first),
        (&[], &first),
    ] {
        let server_config = ServerConfig::new(&server_identities)
            .with_client_authentication(ClientAuthentication::Required(&ANY))
            .with_certificate_authorities(authorities);
        let mut pair = TestPair::new(client(&client_config), server(&server_config));
        pair.connect();
        assert_eq!(pair.server.negotiated().unwrap().peer_certificate, Some(expected.certificate));
    }
}

#[test]
fn a_server_presents_the_identity_that_the_clients_authorities_issued() {
    let (first, second) = (p256(), p384());
    let identities = [first.identity(), second.identity()];
    let server_config = ServerConfig::new(&identities);
    let authorities = [x509::issuer(second.certificate).unwrap()];
    let client_config = ClientConfig::new(&ANY).with_certificate_authorities(&authorities);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    pair.connect();
    assert_eq!(pair.client.negotiated().unwrap().peer_certificate, Some(second.certificate));
}

const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];
const RAW_OR_X509: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];

#[test]
fn raw_public_keys_in_both_directions() {
    let (server_key, client_key) = (p256(), ed25519());
    let server_spki = x509::subject_public_key_info(server_key.certificate).unwrap();
    let client_spki = x509::subject_public_key_info(client_key.certificate).unwrap();
    let server_identities = [Identity::raw_public_key(&server_spki, &server_key.key)];
    let client_identities = [Identity::raw_public_key(&client_spki, &client_key.key)];
    let (server_pins, client_pins) = ([server_spki], [client_spki]);
    let (trusts_server, trusts_client) =
        (PinnedKey::subject_public_key_info(&server_pins), PinnedKey::subject_public_key_info(&client_pins));
    let client_config = ClientConfig::new(&trusts_server)
        .with_peer_certificate_types(RAW)
        .with_identities(&client_identities)
        .with_certificate_types(RAW);
    let server_config = ServerConfig::new(&server_identities)
        .with_client_authentication(ClientAuthentication::Required(&trusts_client))
        .with_peer_certificate_types(RAW_OR_X509);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    pair.connect();
    for (connection, key) in [(&pair.client, server_spki), (&pair.server, client_spki)] {
        let negotiated = connection.negotiated().unwrap();
        assert_eq!(negotiated.peer_certificate_type, CertificateType::RAW_PUBLIC_KEY);
        assert_eq!(negotiated.peer_certificate, Some(key));
        assert_eq!(negotiated.peer_public_key(), Some(key));
        assert_eq!(negotiated.peer_chain_len, 1);
        assert_eq!(negotiated.peer_authentication, PeerAuthentication::Certificate);
    }
    pair.exchange(b"ping", true);
}

#[test]
fn a_server_falls_back_to_certificates_where_the_client_takes_them() {
    let key = p256();
    let spki = x509::subject_public_key_info(key.certificate).unwrap();
    let both = [Identity::raw_public_key(&spki, &key.key), key.identity()];
    for (types, identities, expected) in [
        (RAW_OR_X509, &both[..], CertificateType::RAW_PUBLIC_KEY),
        (RAW_OR_X509, &both[1..], CertificateType::X509),
        // What was not negotiated is not presented.
        (&[CertificateType::X509][..], &both[..], CertificateType::X509),
    ] {
        let server_config = ServerConfig::new(identities);
        let recorder = Recorder::default();
        let client_config = ClientConfig::new(&recorder).with_peer_certificate_types(types);
        let mut pair = TestPair::new(client(&client_config), server(&server_config));
        pair.connect();
        assert_eq!(*recorder.certificate_type.lock().unwrap(), Some(expected));
        let negotiated = pair.client.negotiated().unwrap();
        assert_eq!(negotiated.peer_public_key(), Some(spki));
    }
}

#[test]
fn no_type_of_certificate_in_common_is_an_unsupported_certificate() {
    let key = p256();
    let spki = x509::subject_public_key_info(key.certificate).unwrap();
    let (certificates, raw) = ([key.identity()], [Identity::raw_public_key(&spki, &key.key)]);
    let unsupported = Err(Error::AlertReceived(AlertDescription::UNSUPPORTED_CERTIFICATE));
    // The client takes only keys, the server has only certificates.
    let client_config = ClientConfig::new(&ANY).with_peer_certificate_types(RAW);
    let server_config = ServerConfig::new(&certificates);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    assert_eq!(pair.run(), (unsupported, Err(CertificateFault::Unsupported.into())));
    // The server takes only keys of its clients, and this one has only certificates.
    let client_config = ClientConfig::new(&ANY).with_identities(&certificates);
    let server_config = ServerConfig::new(&certificates)
        .with_client_authentication(ClientAuthentication::Required(&ANY))
        .with_peer_certificate_types(RAW);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    assert_eq!(pair.run(), (unsupported, Err(CertificateFault::Unsupported.into())));
    // A client with a key for a server that knows only certificates has nothing to present.
    let client_config = ClientConfig::new(&ANY).with_identities(&raw).with_certificate_types(RAW_OR_X509);
    let server_config =
        ServerConfig::new(&certificates).with_client_authentication(ClientAuthentication::Optional(&ANY));
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    pair.connect();
    assert_eq!(pair.server.negotiated().unwrap().peer_authentication, PeerAuthentication::Declined);
}

/// RFC 7250 4.2 speaks of clients that sent the extension: the others have never heard of types.
#[test]
fn a_client_that_says_it_takes_only_certificates_is_told_that_there_are_none() {
    let key = p256();
    let spki = x509::subject_public_key_info(key.certificate).unwrap();
    let raw = [Identity::raw_public_key(&spki, &key.key)];
    let config = ServerConfig::new(&raw);
    for (says, error, alert) in [
        (true, Error::Certificate(CertificateFault::Unsupported), AlertDescription::UNSUPPORTED_CERTIFICATE),
        (false, Error::Incompatible(Incompatibility::NoSignatureScheme), AlertDescription::HANDSHAKE_FAILURE),
    ] {
        let (mut forger, mut tested) = (Forger::client(), Tested::server(&config));
        let mut hello = forger.make_client_hello();
        if says {
            hello.extensions().push(ExtensionType::SERVER_CERTIFICATE_TYPE, [1, 0]);
        }
        assert_eq!(forger.hello(&mut tested, &hello), Err(error));
        assert_eq!(forger.alert(&mut tested), Some(alert));
    }
}

/// What a chooser has is not known: a raw key that does not sign as the client wants may be among it.
#[test]
fn a_chooser_is_not_said_to_lack_a_type() {
    let key = p256();
    let spki = x509::subject_public_key_info(key.certificate).unwrap();
    let raw = [Identity::raw_public_key(&spki, &key.key)];
    let rotating = RotatingIdentities::new(&raw).unwrap();
    let schemes = [SignatureScheme::ED25519];
    let client_config = ClientConfig::new(&ANY).with_peer_certificate_types(RAW).with_signature_schemes(&schemes);
    let failure = Err(Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE));
    for server_config in [ServerConfig::new(&raw), ServerConfig::choosing(&rotating)] {
        let mut pair = TestPair::new(client(&client_config), server(&server_config));
        assert_eq!(pair.run(), (failure, Err(Incompatibility::NoSignatureScheme.into())));
    }
}

/// A client whose server does as the test says, from EncryptedExtensions on.
fn forged_server(config: &ClientConfig<'_, Provider>, f: impl FnOnce(&mut Forger, &mut Tested<'_>)) {
    let (mut forger, mut tested) = (Forger::server(), Tested::client(config));
    forger.answer(&mut tested).unwrap();
    f(&mut forger, &mut tested);
}

#[test]
fn a_type_of_certificate_that_was_not_negotiated_is_refused() {
    // An answer without a question.
    forged_server(&ClientConfig::new(&ANY), |forger, tested| {
        let answer = encrypted_extensions(&[(ExtensionType::SERVER_CERTIFICATE_TYPE, vec![2])]);
        assert_eq!(forger.send_messages(tested, &answer), Err(PeerFault::UnsolicitedExtension.into()));
        assert_eq!(forger.alert(tested), Some(AlertDescription::UNSUPPORTED_EXTENSION));
    });
    // An answer that the question did not offer.
    forged_server(&ClientConfig::new(&ANY).with_peer_certificate_types(RAW), |forger, tested| {
        let answer = encrypted_extensions(&[(ExtensionType::SERVER_CERTIFICATE_TYPE, vec![0])]);
        assert_eq!(forger.send_messages(tested, &answer), Err(PeerFault::IllegalParameter.into()));
        assert_eq!(forger.alert(tested), Some(AlertDescription::ILLEGAL_PARAMETER));
    });
    // A raw key where a certificate was agreed on.
    forged_server(&ClientConfig::new(&ANY).with_peer_certificate_types(RAW_OR_X509), |forger, tested| {
        let spki = x509::subject_public_key_info(forger.identity.certificate).unwrap();
        let answer = [encrypted_extensions(&[]), certificate(&[spki])].concat();
        assert_eq!(forger.send_messages(tested, &answer), Err(CertificateFault::Bad.into()));
        assert_eq!(forger.alert(tested), Some(AlertDescription::BAD_CERTIFICATE));
    });
    // The other way round, and two keys.
    let selected = encrypted_extensions(&[(ExtensionType::SERVER_CERTIFICATE_TYPE, vec![2])]);
    forged_server(&ClientConfig::new(&ANY).with_peer_certificate_types(RAW), |forger, tested| {
        let answer = [selected.clone(), certificate(&[forger.identity.certificate])].concat();
        assert_eq!(forger.send_messages(tested, &answer), Err(CertificateFault::Bad.into()));
    });
    forged_server(&ClientConfig::new(&ANY).with_peer_certificate_types(RAW), |forger, tested| {
        let spki = x509::subject_public_key_info(forger.identity.certificate).unwrap();
        let answer = [selected.clone(), certificate(&[spki, spki])].concat();
        assert_eq!(forger.send_messages(tested, &answer), Err(PeerFault::IllegalParameter.into()));
        assert_eq!(forger.alert(tested), Some(AlertDescription::ILLEGAL_PARAMETER));
    });
}

#[test]
fn what_is_stapled_reaches_the_verifier_that_asked_and_no_other() {
    const RESPONSE: &[u8] = &[0x30; 700];
    const TIMESTAMPS: &[u8] = &[0, 4, 0, 2, 7, 7];
    let key = p256();
    // The extensions belong to the first certificate only.
    let chain = [key.certificate, key.certificate];
    let identity = Identity::new(&chain, &key.key);
    let identities = [identity.with_ocsp_response(RESPONSE).with_signed_certificate_timestamps(TIMESTAMPS)];
    for (status, timestamps) in [(false, false), (true, false), (false, true), (true, true)] {
        let (of_server, of_client) = (Recorder::default(), Recorder::default());
        let mut client_config = ClientConfig::new(&of_server).with_identities(&identities);
        let mut server_config =
            ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Required(&of_client));
        if status {
            client_config = client_config.with_certificate_status_request();
            server_config = server_config.with_certificate_status_request();
        }
        if timestamps {
            client_config = client_config.with_certificate_timestamp_request();
            server_config = server_config.with_certificate_timestamp_request();
        }
        // Small transmit buffers: the pieces come in several records.
        let client = saitls_core::Connection::client(&client_config, None, buffers(4096, 700)).unwrap();
        let server = saitls_core::Connection::server(&server_config, buffers(4096, 700)).unwrap();
        let mut pair = TestPair::new(client, server);
        pair.connect();
        for recorder in [&of_server, &of_client] {
            assert_eq!(recorder.ocsp_response.lock().unwrap().as_deref(), status.then_some(RESPONSE));
            assert_eq!(recorder.timestamps.lock().unwrap().as_deref(), timestamps.then_some(TIMESTAMPS));
        }
        assert_eq!(pair.client.negotiated().unwrap().peer_chain_len, 2);
    }
}

#[test]
fn what_is_stapled_without_being_asked_for_or_ill_formed_is_refused() {
    let kinds = [ExtensionType::STATUS_REQUEST, ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP];
    for (kind, data) in kinds.map(|kind| (kind, vec![1, 0, 0, 1, 0x30])) {
        forged_server(&ClientConfig::new(&ANY), |forger, tested| {
            let chain = [forger.identity.certificate];
            let message = [encrypted_extensions(&[]), certificate_with(&[], &chain, &[(kind, data)])].concat();
            assert_eq!(forger.send_messages(tested, &message), Err(PeerFault::UnsolicitedExtension.into()));
            assert_eq!(forger.alert(tested), Some(AlertDescription::UNSUPPORTED_EXTENSION));
        });
    }
    let config = ClientConfig::new(&ANY).with_certificate_status_request().with_certificate_timestamp_request();
    for (kind, data) in [
        (kinds[0], vec![]),
        (kinds[0], vec![1, 0, 0, 0]),
        (kinds[0], vec![2, 0, 0, 1, 0x30]),
        (kinds[0], vec![1, 0, 0, 2, 0x30]),
        (kinds[0], vec![1, 0, 0, 1, 0x30, 0x30]),
        (kinds[1], vec![]),
        (kinds[1], vec![0, 0]),
        (kinds[1], vec![0, 1]),
        (kinds[1], vec![0, 1, 1, 1]),
        // RFC 6962 3.3: a timestamp has at least one byte.
        (kinds[1], vec![0, 2, 0, 0]),
        (kinds[1], vec![0, 5, 0, 1, 7, 0, 0]),
        (kinds[1], vec![0, 3, 0, 2, 7]),
    ] {
        for place in [0, 1] {
            forged_server(&config, |forger, tested| {
                let chain = [forger.identity.certificate; 2];
                let certificate = certificate_with_at(place, &[], &chain, &[(kind, data.clone())]);
                let message = [encrypted_extensions(&[]), certificate].concat();
                assert_eq!(
                    forger.send_messages(tested, &message),
                    Err(PeerFault::Malformed.into()),
                    "{place}: {kind} {data:?}"
                );
                assert_eq!(forger.alert(tested), Some(AlertDescription::DECODE_ERROR));
            });
        }
    }
}

/// Takes its time, then presents what it has.
struct Slow<'a> {
    identity: Option<Identity<'a, Provider>>,
    pends: AtomicU32,
    asked: AtomicU32,
}

impl IdentityChooser<Provider> for Slow<'_> {
    fn poll_choose<'s>(
        &'s self,
        _: &mut Provider,
        request: &IdentityRequest<'_>,
    ) -> Poll<Result<Option<Identity<'s, Provider>>>> {
        assert!(request.signature_schemes.contains(SignatureScheme::ECDSA_SECP256R1_SHA256));
        self.asked.fetch_add(1, Relaxed);
        if self.pends.load(Relaxed) > 0 {
            self.pends.fetch_sub(1, Relaxed);
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.identity))
    }
}

#[test]
fn an_application_may_take_its_time_to_choose_an_identity() {
    let key = p256();
    let chooser = || Slow { identity: Some(key.identity()), pends: 3.into(), asked: 0.into() };
    let (of_client, of_server) = (chooser(), chooser());
    // A HelloRetryRequest: the choice is made once.
    let client_config = ClientConfig::new(&ANY).with_identity_chooser(&of_client).with_key_shares(&[]);
    let server_config =
        ServerConfig::choosing(&of_server).with_client_authentication(ClientAuthentication::Required(&ANY));
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    let mut waited = 0;
    while !pair.server.is_connected() {
        let (client_result, server_result, _) = pair.turn();
        assert_eq!((client_result, server_result), (Ok(()), Ok(())));
        for connection in [&pair.client, &pair.server] {
            waited += u32::from(connection.waiting_for() == WaitingFor::Operation(Operation::IdentityChoice));
        }
    }
    pair.connect();
    assert!(pair.client.negotiated().unwrap().hello_retry);
    assert_eq!((of_client.asked.load(Relaxed), of_server.asked.load(Relaxed)), (4, 4));
    assert!(waited >= 6, "{waited}");
}

#[test]
fn a_chooser_that_chooses_nothing_declines_on_a_client_and_fails_on_a_server() {
    let key = p256();
    let identities = [key.identity()];
    let nobody = Slow { identity: None, pends: 0.into(), asked: 0.into() };
    let client_config = ClientConfig::new(&ANY).with_identity_chooser(&nobody);
    let server_config = ServerConfig::new(&identities).with_client_authentication(ClientAuthentication::Optional(&ANY));
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    pair.connect();
    assert_eq!(pair.server.negotiated().unwrap().peer_authentication, PeerAuthentication::Declined);
    let server_config = ServerConfig::choosing(&nobody);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    let failure = AlertDescription::HANDSHAKE_FAILURE;
    assert_eq!(pair.run(), (Err(Error::AlertReceived(failure)), Err(Incompatibility::NoIdentity.into())));
}

/// A name, suites and groups.
type Seen = (Option<String>, Vec<CipherSuite>, Vec<NamedGroup>);

/// By all that a client offers: those who speak `h2` get one certificate, others another, and one protocol or none.
struct ByProtocol<'a> {
    for_h2: Identity<'a, Provider>,
    for_others: Identity<'a, Provider>,
    seen: Mutex<Vec<Seen>>,
}

impl IdentityChooser<Provider> for ByProtocol<'_> {
    fn poll_choose<'s>(
        &'s self,
        _: &mut Provider,
        request: &IdentityRequest<'_>,
    ) -> Poll<Result<Option<Identity<'s, Provider>>>> {
        let hello = request.client_hello.unwrap();
        let (suites, groups) = (hello.cipher_suites().collect(), hello.named_groups().collect());
        self.seen.lock().unwrap().push((hello.server_name().map(str::to_owned), suites, groups));
        assert!(hello.signature_schemes().eq(request.signature_schemes.iter()));
        assert!(hello.extension(ExtensionType::SUPPORTED_VERSIONS).is_some());
        let speaks_h2 = hello.alpn().is_some_and(|mut protocols| protocols.any(|name| name == b"h2"));
        Poll::Ready(Ok(Some(if speaks_h2 { self.for_h2 } else { self.for_others })))
    }
}

impl ProtocolChooser for ByProtocol<'_> {
    fn choose(&self, hello: &ClientHello<'_>) -> Result<Option<usize>> {
        Ok(match hello.alpn().unwrap().last().unwrap() {
            b"h2" => Some(0),
            b"acme" => None,
            b"forbidden" => return Err(CertificateFault::Unsupported.into()),
            // It is no protocol of this client's.
            _ => Some(1),
        })
    }
}

#[test]
fn a_server_sees_what_a_client_offers_before_it_chooses() {
    let (first, second) = (p256(), p384());
    let chooser = ByProtocol { for_h2: first.identity(), for_others: second.identity(), seen: Mutex::default() };
    let protocols: [&[u8]; 2] = [b"h2", b"http/1.1"];
    let server_config = ServerConfig::choosing(&chooser).with_alpn(&protocols).with_protocol_chooser(&chooser);
    let refused = Incompatibility::NoApplicationProtocol.into();
    for (offered, expected) in [
        (&[&b"http/1.1"[..], b"h2"][..], Ok((&first, Some(&b"h2"[..])))),
        (&[b"h2", b"http/1.1"], Ok((&first, Some(b"http/1.1")))),
        (&[b"h2", b"acme"], Ok((&first, None))),
        (&[b"http/1.1", b"acme"], Ok((&second, None))),
        (&[b"h2", b"forbidden"], Err(CertificateFault::Unsupported.into())),
        (&[b"h2", b"other"], Err(refused)),
    ] {
        let client_config = ClientConfig::new(&ANY).with_alpn(offered);
        let client = saitls_core::Connection::client(&client_config, support_name("a.example"), full_buffers());
        let mut pair = TestPair::new(client.unwrap(), server(&server_config));
        let (identity, protocol) = match expected {
            Ok(expected) => expected,
            Err(error) => {
                assert_eq!(pair.run().1, Err::<(), Error>(error));
                continue;
            }
        };
        pair.connect();
        let negotiated = pair.server.negotiated().unwrap();
        assert_eq!(negotiated.local_certificate_chain, Some(&[identity.certificate][..]));
        assert_eq!((negotiated.alpn, pair.client.negotiated().unwrap().alpn), (protocol, protocol));
        assert_eq!(pair.client.negotiated().unwrap().local_certificate_chain, None);
        let (name, suites, groups) = chooser.seen.lock().unwrap().pop().unwrap();
        assert_eq!(name.as_deref(), Some("a.example"));
        assert!(suites.contains(&CipherSuite::AES_128_GCM_SHA256) && groups.contains(&NamedGroup::SECP256R1));
    }
}

#[test]
fn a_client_hello_is_found_in_the_first_record() {
    let client_config = ClientConfig::new(&ANY);
    let client = saitls_core::Connection::client(&client_config, support_name("a.example"), full_buffers()).unwrap();
    let identities = [p256()];
    let identities = [identities[0].identity()];
    let server_config = ServerConfig::new(&identities);
    let mut pair = TestPair::new(client, server(&server_config));
    pair.client.process(&mut pair.client_provider).unwrap();
    let mut records = pair.client.records().to_vec();
    assert_eq!(ClientHello::in_records(&records).unwrap().server_name(), Some("a.example"));
    assert_eq!(ClientHello::read(&records[5..]).unwrap().server_name(), Some("a.example"));
    for len in 0..records.len() {
        assert!(ClientHello::in_records(&records[..len]).is_none());
        assert!(ClientHello::read(&records[5..][..len.saturating_sub(5)]).is_err());
    }
    records[5] = HandshakeType::SERVER_HELLO.0;
    assert!(ClientHello::in_records(&records).is_none() && ClientHello::read(&records[5..]).is_err());
}

/// RFC 9846 4.3.3: what may sign a certificate, and what the handshake.
#[test]
fn schemes_for_certificates_stand_apart() {
    let key = p256();
    let identities = [key.identity()];
    let (for_handshakes, for_certificates) =
        ([SignatureScheme::ECDSA_SECP256R1_SHA256], [SignatureScheme::ECDSA_SECP384R1_SHA384]);
    let client_config =
        ClientConfig::new(&ANY).with_signature_schemes(&for_handshakes).with_certificate_schemes(&for_certificates);
    let server_config = ServerConfig::new(&identities);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    pair.client.process(&mut pair.client_provider).unwrap();
    let hello = pair.client.records()[5..].to_vec();
    let hello = ClientHello::read(&hello).unwrap();
    assert!(hello.signature_schemes().eq(for_handshakes));
    assert_eq!(hello.extension(ExtensionType::SIGNATURE_ALGORITHMS_CERT), Some(&[0, 2, 5, 3][..]));
    pair.connect();
    // What nobody could verify, or what is named twice, is found before.
    for schemes in [&[SignatureScheme(0xfefe)][..], &[for_certificates[0]; 2]] {
        assert!(ClientConfig::<Provider>::new(&ANY).with_certificate_schemes(schemes).check().is_err());
    }
}

#[test]
fn identities_are_replaced_while_connections_run() {
    let (old, new) = (p256(), p384());
    let (old_list, new_list) = ([old.identity()], [new.identity()]);
    let empty = [Identity::new(&[], &old.key)];
    let rotating = RotatingIdentities::new(&old_list).unwrap();
    let config = ServerConfig::choosing(&rotating);
    let client_config = ClientConfig::new(&ANY);
    let mut under_way = TestPair::new(client(&client_config), server(&config));
    under_way.chunk = 100;
    while under_way.server_wire.is_empty() {
        let _ = under_way.turn();
    }
    assert!(under_way.server.is_handshaking());
    rotating.replace(&new_list).unwrap();
    under_way.chunk = usize::MAX;
    under_way.connect();
    assert_eq!(under_way.client.negotiated().unwrap().peer_certificate, Some(old.certificate));
    assert_eq!(presented(&config, "localhost"), new.certificate);
    // One that cannot work changes nothing.
    assert!(matches!(rotating.replace(&empty), Err(Error::InvalidConfiguration(_))));
    assert_eq!(presented(&config, "localhost"), new.certificate);
}

#[test]
fn the_application_refuses_a_peer_with_the_alert_it_likes() {
    struct Picky;
    impl PeerVerifier<Provider> for Picky {
        fn poll_verify(
            &self,
            _: &mut Provider,
            _: &mut VerificationProgress<Provider>,
            _: &PeerCertificates<'_>,
        ) -> Poll<Result<()>> {
            Poll::Ready(Err(Error::PeerRejected(AlertDescription::CERTIFICATE_REVOKED)))
        }
    }
    let key = p256();
    let identities = [key.identity()];
    let server_config = ServerConfig::new(&identities);
    let client_config = ClientConfig::new(&Picky);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    let alert = AlertDescription::CERTIFICATE_REVOKED;
    assert_eq!(pair.run(), (Err(Error::PeerRejected(alert)), Err(Error::AlertReceived(alert))));
    // And when all is said, by what it now knows of it.
    let client_config = ClientConfig::new(&ANY);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    pair.connect();
    let alert = AlertDescription::ACCESS_DENIED;
    pair.server.reject(alert);
    assert_eq!(pair.run(), (Err(Error::AlertReceived(alert)), Err(Error::PeerRejected(alert))));
    assert_eq!(pair.server.alert_sent(), Some(alert));
}

#[test]
fn the_longest_list_of_authorities_fits_a_certificate_request() {
    let key = p256();
    let identities = [key.identity()];
    let authority = vec![0x30; MAX_AUTHORITIES_LEN - 2];
    let authorities = [&authority[..]];
    let server_config = ServerConfig::new(&identities)
        .with_client_authentication(ClientAuthentication::Optional(&ANY))
        .with_certificate_authorities(&authorities)
        .with_certificate_status_request()
        .with_certificate_timestamp_request();
    let client_config = ClientConfig::new(&ANY);
    let long = || buffers(80_000, 80_000);
    let client = saitls_core::Connection::client(&client_config, None, long()).unwrap();
    let server = saitls_core::Connection::server(&server_config, long()).unwrap();
    TestPair::new(client, server).connect();
}

#[test]
fn configurations_that_cannot_work_are_named() {
    let key = p256();
    let identities: [Identity<'_, Provider>; 1] = [key.identity()];
    let long = vec![0; 0x1_0000];
    let names = [&long[..]];
    let server = ServerConfig::new(&identities);
    assert_eq!(server.check(), Ok(()));
    let invalid = |result| assert!(matches!(result, Err(Error::InvalidConfiguration(_))), "{result:?}");
    invalid(ServerConfig::<Provider>::new(&[]).check());
    invalid(ServerConfig::new(&identities).with_peer_certificate_types(&[]).check());
    invalid(ServerConfig::new(&identities).with_peer_certificate_types(&[CertificateType(1)]).check());
    invalid(ServerConfig::new(&identities).with_certificate_authorities(&[b""]).check());
    invalid(ServerConfig::new(&identities).with_certificate_authorities(&names).check());
    invalid(ClientConfig::<Provider>::new(&ANY).with_certificate_types(&[]).check());
    invalid(ClientConfig::<Provider>::new(&ANY).with_certificate_types(&[CertificateType::X509; 2]).check());
    invalid(ClientConfig::<Provider>::new(&ANY).with_records_per_key(1).check());
}

/// What `process` would find later, or the peer would have to refuse.
#[test]
fn check_finds_what_would_come_out_later() {
    use saitls_core::error::Misconfiguration as M;
    let key = p256();
    let identities: [Identity<'_, Provider>; 1] = [key.identity()];
    let server = || ServerConfig::new(&identities);
    let client = || ClientConfig::<Provider>::new(&ANY);
    let no = |what| Err(Error::InvalidConfiguration(what));
    // Lists of which the provider has nothing, or that are of no use for signing a handshake.
    let pkcs1 = [SignatureScheme::RSA_PKCS1_SHA256];
    let unknown = ([CipherSuite(0x1399)], [NamedGroup::X448], [SignatureScheme(0x0909)]);
    for schemes in [&pkcs1[..], &unknown.2, &[]] {
        assert_eq!(client().with_signature_schemes(schemes).check(), no(M::NoSignatureScheme));
        let asks = server().with_client_authentication(ClientAuthentication::Optional(&ANY));
        assert_eq!(asks.with_signature_schemes(schemes).check(), no(M::NoSignatureScheme));
        // Who asks nobody verifies nothing.
        assert_eq!(server().with_signature_schemes(schemes).check(), Ok(()));
    }
    for suites in [&unknown.0[..], &[]] {
        assert_eq!(client().with_cipher_suites(suites).check(), no(M::NoCipherSuite));
        assert_eq!(server().with_cipher_suites(suites).check(), no(M::NoCipherSuite));
    }
    for groups in [&unknown.1[..], &[]] {
        assert_eq!(client().with_named_groups(groups).check(), no(M::NoNamedGroup));
        assert_eq!(server().with_named_groups(groups).check(), no(M::NoNamedGroup));
    }
    assert_eq!(client().with_key_shares(&unknown.1).check(), no(M::KeyShareNotOffered));
    assert_eq!(client().with_key_shares(&[]).check(), Ok(()));
    // Lists that do not fit into a block of extensions, alone or together.
    let (name, long_name) = (vec![b'a'; 250], vec![0x30; 0x7000]);
    let protocols = vec![&name[..]; 300];
    let authorities = [&long_name[..]; 3];
    assert_eq!(client().with_alpn(&protocols).check(), no(M::ListTooLong));
    assert_eq!(server().with_certificate_authorities(&authorities).check(), no(M::ListTooLong));
    let both = client().with_alpn(&protocols[..150]).with_certificate_authorities(&authorities[..1]);
    assert_eq!(both.check(), no(M::ListTooLong));
    assert_eq!(client().with_alpn(&protocols[..100]).with_certificate_authorities(&authorities[..1]).check(), Ok(()));
    // A server names but one protocol, and not in the message that has the authorities.
    let (fits, too_long) = (vec![0x30; MAX_AUTHORITIES_LEN - 2], vec![0x30; MAX_AUTHORITIES_LEN - 1]);
    let server_with =
        |authority: &[u8]| server().with_certificate_authorities(&[authority]).with_alpn(&protocols).check();
    assert_eq!(server_with(&fits), Ok(()));
    assert_eq!(server_with(&too_long), no(M::ListTooLong));
    // What is stapled.
    let with = |identity: Identity<'_, Provider>| ServerConfig::new(&[identity]).check();
    let identity = identities[0];
    let timestamps = |list: &[u8]| with(identity.with_signed_certificate_timestamps(list));
    assert_eq!(timestamps(&[0, 4, 0, 2, 7, 7]), Ok(()));
    for wrong in [&[][..], &[0], &[0, 0], &[0, 2, 0, 0], &[0, 5, 0, 1, 7, 0, 0], &[0, 4, 0, 2, 7], &[0, 2, 0, 2, 7, 7]]
    {
        assert_eq!(timestamps(wrong), no(M::CertificateTimestamps), "{wrong:?}");
    }
    assert_eq!(with(identity.with_ocsp_response(&[])), no(M::CertificateStatus));
    // One extension may just be as long as its length can tell; two share a block.
    let long = vec![0x30; 0xffff - 8];
    assert_eq!(with(identity.with_ocsp_response(&long)), Ok(()));
    let longest_timestamps = [&[0xf0, 0, 0xef, 0xfe][..], &vec![7; 0xeffe]].concat();
    assert_eq!(timestamps(&longest_timestamps), Ok(()));
    let both = identity.with_ocsp_response(&long).with_signed_certificate_timestamps(&longest_timestamps);
    assert_eq!(with(both), no(M::ChainTooLong));
    let too_long = vec![0x30; 0xffff - 7];
    assert_eq!(with(identity.with_ocsp_response(&too_long)), no(M::ChainTooLong));
    // A raw public key is one key, and a key.
    let spki = x509::subject_public_key_info(key.certificate).unwrap();
    let raw = Identity::raw_public_key(&spki, &key.key);
    assert_eq!(with(raw), Ok(()));
    assert_eq!(with(Identity::raw_public_key(&key.certificate, &key.key)), no(M::UnreadableCertificate));
    let (two, mut several) = ([spki, spki], raw);
    several.certificate_chain = &two;
    assert_eq!(with(several), no(M::ChainTooLong));
    let mut other = identity;
    other.certificate_type = CertificateType(1);
    assert_eq!(with(other), no(M::CertificateTypes));
    // A chain of more than a message holds: the same megabyte sixteen times.
    if !cfg!(miri) {
        let megabyte = vec![0x30; 1 << 20];
        let mut chain = vec![&megabyte[..]; 17];
        chain[0] = key.certificate;
        assert_eq!(with(Identity::new(&chain, &key.key)), no(M::ChainTooLong));
    }
}

/// RFC 9846 4.2.1: the types agree, and the signatures do not.
#[test]
fn a_raw_public_key_without_a_scheme_in_common_is_a_handshake_failure() {
    let (ours, theirs) = (ed25519(), [SignatureScheme::ECDSA_SECP256R1_SHA256]);
    let spki = x509::subject_public_key_info(ours.certificate).unwrap();
    let identities = [Identity::raw_public_key(&spki, &ours.key)];
    let client_config = ClientConfig::new(&ANY).with_peer_certificate_types(RAW).with_signature_schemes(&theirs);
    let server_config = ServerConfig::new(&identities);
    let mut pair = TestPair::new(client(&client_config), server(&server_config));
    let failure = Err(Error::AlertReceived(AlertDescription::HANDSHAKE_FAILURE));
    assert_eq!(pair.run(), (failure, Err(Incompatibility::NoSignatureScheme.into())));
}

/// RFC 9846 4.5.1.2: a chain that the peer cannot verify is better than none, but not if it is signed with SHA-1.
#[test]
fn a_certificate_signed_with_sha1_is_only_presented_to_who_asks_for_it() {
    let key = rsa2048();
    let replaced = |certificate: &[u8], from: &[u8], to: &[u8]| {
        let at = certificate.windows(from.len()).position(|window| window == from).unwrap();
        [&certificate[..at], to, &certificate[at + from.len()..]].concat()
    };
    // Issued by somebody else; and then with SHA-1 in place of SHA-256.
    let (sha256, sha1) = (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5]);
    let issuer = x509::issuer(key.certificate).unwrap();
    let (rest, last) = issuer.split_at(issuer.len() - 1);
    let issued = replaced(key.certificate, issuer, &[rest, &[last[0] ^ 1]].concat());
    let weak = replaced(&issued, sha256, sha1);
    let presents = |certificate: &[u8], schemes: &[SignatureScheme]| {
        let chain = [certificate];
        let identities = [Identity::<Provider>::new(&chain, &key.key)];
        let schemes: Vec<u8> = schemes.iter().flat_map(|scheme| scheme.0.to_be_bytes()).collect();
        let schemes = List::new(&schemes).unwrap();
        let request = IdentityRequest {
            client_hello: None,
            server_name: None,
            signature_schemes: schemes,
            certificate_schemes: schemes,
            certificate_authorities: None,
            certificate_types: CertificateTypeList::X509,
        };
        request.choose_from(&identities).is_some()
    };
    let pss = SignatureScheme::RSA_PSS_RSAE_SHA256;
    assert!(presents(&issued, &[pss]));
    assert!(!presents(&weak, &[pss, SignatureScheme::RSA_PKCS1_SHA256]));
    assert!(presents(&weak, &[pss, SignatureScheme::RSA_PKCS1_SHA1]));
    // Nobody verifies how a self-signed one is signed.
    let weak = replaced(key.certificate, sha256, sha1);
    assert!(presents(&weak, &[pss]));
    assert_eq!(x509::is_self_signed(&weak), Ok(true));
    // The name of its issuer is its own, the key of its issuer is not: somebody must verify that signature.
    let self_issued = replaced(&weak, &[0x80, 20, 0x06], &[0x80, 20, 0x07]);
    assert_eq!(x509::is_self_signed(&self_issued), Ok(false));
    assert!(!presents(&self_issued, &[pss]));
}
