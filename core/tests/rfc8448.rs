//! The traces of RFC 8448, byte for byte: simple 1-RTT, HelloRetryRequest, client authentication, compatibility
//! mode; and, on a client, resumption with 0-RTT.
//!
//! At three levels: each message through `wire`; transcript, schedule, Finished and records through the seams of
//! `crypto`; and whole connections. There, a provider replays the randoms and private keys of the trace. Our own
//! hellos have another order of extensions than the trace's, so the provider's hash takes the trace's in their
//! place: from then on all keys, signatures, MACs and records are those of the trace.

use crate::support::forger::{Keys, hash, plain_record, records};
use crate::support::hellos::extension_data;
use crate::support::*;
use core::task::Poll;
use saitls_core::codes::*;
use saitls_core::config::*;
use saitls_core::crypto::{
    self, CryptoProvider, Digest, Label, Secret as _, SignatureVerifier as _, Signer, SoftwareSecret,
};
use saitls_core::wire::extensions::*;
use saitls_core::wire::{ClientHello, *};
use saitls_core::{Connection, Error};
use serde_json::Value;
use std::collections::VecDeque;

const TRACES: [&str; 4] = ["simple", "hello_retry_request", "client_authentication", "compatibility_mode"];
const SUITE: CipherSuite = CipherSuite::AES_128_GCM_SHA256;

struct TraceStep {
    who: String,
    what: String,
    fields: Value,
}

impl TraceStep {
    fn bytes(&self, field: &str) -> Vec<u8> {
        let field = self.fields.get(field).unwrap_or_else(|| panic!("{}: no {field}", self.what));
        hex::decode(field.as_str().unwrap()).unwrap()
    }

    fn is(&self, who: &str, what: &str) -> bool {
        self.who == who && self.what.starts_with(what)
    }

    /// The message a step constructs.
    fn message(&self) -> Option<Vec<u8>> {
        let name = self.what.strip_prefix("construct a")?.trim_start_matches('n').trim_start();
        Some(self.bytes(name.strip_suffix(" handshake message")?))
    }

    /// What stands between quotes, without "tls13 ".
    fn label(&self) -> Vec<u8> {
        let quoted = self.what.split('"').nth(1).unwrap();
        quoted.strip_prefix("tls13 ").unwrap_or(quoted).as_bytes().to_vec()
    }
}

fn trace(name: &str) -> Vec<TraceStep> {
    let data: Value = serde_json::from_str(include_str!("data/rfc8448.json")).unwrap();
    let steps = data[name]["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .map(|step| TraceStep { who: text(&step["who"]), what: text(&step["what"]), fields: step["fields"].clone() })
        .collect()
}

// ---- messages

/// Reads a message and writes it again.
fn rewritten(bytes: &[u8]) -> Vec<u8> {
    let message = Message::read(bytes).unwrap();
    let body = message.body;
    written(|writer| match message.kind {
        HandshakeType::CLIENT_HELLO => {
            let hello = ClientHello::read(body).unwrap();
            let (suites, extensions) = (hello.cipher_suites.iter(), hello.extensions.as_bytes());
            ClientHello::write(writer, hello.random, hello.legacy_session_id, suites, |writer| {
                writer.bytes(extensions)
            });
        }
        HandshakeType::SERVER_HELLO => {
            let hello = ServerHello::read(body).unwrap();
            let (id, suite, extensions) =
                (hello.legacy_session_id_echo, hello.cipher_suite, hello.extensions.as_bytes());
            ServerHello::write(writer, hello.random, id, suite, |writer| writer.bytes(extensions));
        }
        HandshakeType::ENCRYPTED_EXTENSIONS => {
            let extensions = EncryptedExtensions::read(body).unwrap().extensions.as_bytes();
            EncryptedExtensions::write(writer, |writer| writer.bytes(extensions));
        }
        HandshakeType::CERTIFICATE_REQUEST => {
            let request = CertificateRequest::read(body).unwrap();
            let extensions = request.extensions.as_bytes();
            CertificateRequest::write(writer, request.certificate_request_context, |writer| writer.bytes(extensions));
        }
        HandshakeType::CERTIFICATE => Certificate::read(body).unwrap().write(writer),
        HandshakeType::CERTIFICATE_VERIFY => CertificateVerify::read(body).unwrap().write(writer),
        HandshakeType::FINISHED => Finished::read(body).write(writer),
        HandshakeType::NEW_SESSION_TICKET => NewSessionTicket::read(body).unwrap().write(writer),
        other => panic!("{other}"),
    })
}

/// Reads an extension and writes it again; `None` for those that are only stepped over.
fn rewritten_extension(message: MessageSet, kind: ExtensionType, data: &[u8]) -> Option<Vec<u8>> {
    let is_client_hello = message == MessageSet::CLIENT_HELLO;
    Some(written(|writer| match kind {
        ExtensionType::SERVER_NAME if is_client_hello => {
            ServerNameList::write(writer, ServerNameList::read(data).unwrap().host_name.unwrap());
        }
        ExtensionType::SERVER_NAME => {
            ServerNameAcknowledgement::read(data).unwrap();
            ServerNameAcknowledgement::write(writer);
        }
        ExtensionType::SUPPORTED_GROUPS => {
            NamedGroupList::write(writer, NamedGroupList::read(data).unwrap().named_group_list.iter());
        }
        ExtensionType::SIGNATURE_ALGORITHMS => {
            let list = SignatureSchemeList::read(data).unwrap().supported_signature_algorithms;
            SignatureSchemeList::write(writer, kind, list.iter());
        }
        ExtensionType::SUPPORTED_VERSIONS if is_client_hello => {
            let versions: Vec<_> = SupportedVersions::read(data).unwrap().versions.iter().collect();
            assert_eq!(versions, [ProtocolVersion::TLS_1_3]);
            SupportedVersions::write(writer);
        }
        ExtensionType::SUPPORTED_VERSIONS => {
            assert_eq!(SelectedVersion::read(data).unwrap().selected_version, ProtocolVersion::TLS_1_3);
            SelectedVersion::write(writer);
        }
        ExtensionType::KEY_SHARE if is_client_hello => {
            let shares = KeyShareClientHello::read(data).unwrap();
            KeyShareClientHello::write(writer, |writer| shares.iter().for_each(|share| share.write(writer)));
        }
        ExtensionType::KEY_SHARE if message == MessageSet::HELLO_RETRY_REQUEST => {
            KeyShareHelloRetryRequest::read(data).unwrap().write(writer);
        }
        ExtensionType::KEY_SHARE => {
            let share = KeyShareServerHello::read(data).unwrap().server_share;
            KeyShareServerHello::write(writer, |writer| share.write(writer));
        }
        ExtensionType::COOKIE => Cookie::read(data).unwrap().write(writer),
        ExtensionType::RECORD_SIZE_LIMIT => RecordSizeLimit::read(data).unwrap().write(writer),
        _ => {}
    }))
    .filter(|extension| !extension.is_empty())
}

#[test]
fn every_message_is_read_and_written_back_byte_for_byte() {
    let (mut messages, mut extensions) = (0, 0);
    for name in TRACES {
        for message in trace(name).iter().filter_map(TraceStep::message) {
            assert_eq!(rewritten(&message), message, "{name}");
            messages += 1;
            let read = Message::read(&message).unwrap();
            let (place, block) = match read.kind {
                HandshakeType::CLIENT_HELLO => {
                    (MessageSet::CLIENT_HELLO, ClientHello::read(read.body).unwrap().extensions)
                }
                HandshakeType::SERVER_HELLO => {
                    let hello = ServerHello::read(read.body).unwrap();
                    let place = if hello.is_hello_retry_request() {
                        MessageSet::HELLO_RETRY_REQUEST
                    } else {
                        MessageSet::SERVER_HELLO
                    };
                    (place, hello.extensions)
                }
                HandshakeType::ENCRYPTED_EXTENSIONS => {
                    (MessageSet::ENCRYPTED_EXTENSIONS, EncryptedExtensions::read(read.body).unwrap().extensions)
                }
                HandshakeType::CERTIFICATE_REQUEST => {
                    (MessageSet::CERTIFICATE_REQUEST, CertificateRequest::read(read.body).unwrap().extensions)
                }
                _ => continue,
            };
            for (kind, data) in block.iter() {
                if let Some(rewritten) = rewritten_extension(place, kind, data) {
                    assert_eq!(
                        rewritten,
                        written(|writer| writer.extension(kind, |w| w.bytes(data))),
                        "{name}: {kind}"
                    );
                    extensions += 1;
                }
            }
        }
    }
    // So that nothing is skipped unnoticed.
    assert_eq!((messages, extensions), (34, 55));
}

// ---- the schedule

#[test]
fn every_secret_key_and_finished_follows_from_the_one_before_it() {
    let mut provider = provider(0);
    let sha256 = HashAlgorithm::Sha256;
    let mut checked = 0;
    for name in TRACES {
        let mut transcript = Vec::new();
        for step in trace(name) {
            let at = format!("{name}: {} {}", step.who, step.what);
            let secret = |field: &str| SoftwareSecret::new(&step.bytes(field)).unwrap();
            let expanded = || step.bytes("expanded");
            if let Some(message) = step.message() {
                if message.get(6..38) == Some(&HELLO_RETRY_REQUEST_RANDOM[..]) {
                    let hash = hash(sha256, &transcript);
                    transcript = written(|w| w.message(HandshakeType::MESSAGE_HASH, |w| w.bytes(&hash)));
                }
                if message[0] != HandshakeType::NEW_SESSION_TICKET.0 {
                    transcript.extend_from_slice(&message);
                }
                continue;
            } else if step.what.starts_with("extract secret") {
                let salt = Some(secret("salt")).filter(|salt| !salt.as_bytes().is_empty());
                let input = Some(secret("IKM")).filter(|input| input.as_bytes() != [0; 32]);
                let extracted = SoftwareSecret::extract(&mut provider, sha256, salt.as_ref(), input.as_ref()).unwrap();
                assert_eq!(extracted.as_bytes(), step.bytes("secret"), "{at}");
            } else if step.what.starts_with("derive secret") {
                let is_salt = step.label() == b"derived";
                let context = hash(sha256, if is_salt { b"" } else { &transcript });
                assert_eq!(context, step.bytes("hash"), "{at}: transcript hash");
                let derived =
                    secret("PRK").derive(&mut provider, sha256, &Label::tls13(&step.label()), &context).unwrap();
                assert_eq!(derived.as_bytes(), expanded(), "{at}");
            } else if step.what.starts_with("calculate finished") {
                let key = secret("PRK").derive(&mut provider, sha256, &Label::tls13(b"finished"), b"").unwrap();
                assert_eq!(key.as_bytes(), expanded(), "{at}");
                let mac = key.mac(&mut provider, sha256, &hash(sha256, &transcript)).unwrap();
                assert_eq!(mac.as_bytes(), step.bytes("finished"), "{at}");
            } else if step.what.starts_with("derive write") || step.what.starts_with("derive read") {
                let (mut key, mut iv) = ([0; 16], [0; 12]);
                secret("PRK").export(&mut provider, sha256, &Label::tls13(b"key"), b"", &mut key).unwrap();
                secret("PRK").export(&mut provider, sha256, &Label::tls13(b"iv"), b"", &mut iv).unwrap();
                assert_eq!(
                    (key.to_vec(), iv.to_vec()),
                    (step.bytes("key expanded"), step.bytes("iv expanded")),
                    "{at}"
                );
            } else if step.what.starts_with("generate resumption secret") {
                let derived = secret("PRK")
                    .derive(&mut provider, sha256, &Label::tls13(&step.label()), &step.bytes("hash"))
                    .unwrap();
                assert_eq!(derived.as_bytes(), expanded(), "{at}");
            } else {
                continue;
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 73);
}

#[test]
fn every_record_is_sealed_and_opened_with_the_keys_of_the_trace() {
    let mut checked = 0;
    for name in TRACES {
        let mut keys: [Option<(Keys, Keys)>; 2] = [None, None];
        for step in trace(name) {
            let by_server = usize::from(step.who == "server");
            let installed = || {
                let secret = step.bytes("PRK");
                Some((Keys::new(SUITE, &secret), Keys::new(SUITE, &secret)))
            };
            if step.what.starts_with("derive write traffic keys") {
                keys[by_server] = installed();
            } else if step.is("server", "derive read traffic keys for handshake data") {
                keys[0] = installed();
            } else if let Some(kind) = step.what.strip_prefix("send ") {
                let kind = match kind.strip_suffix(" record").unwrap() {
                    "handshake" => ContentType::HANDSHAKE,
                    "application_data" => ContentType::APPLICATION_DATA,
                    "alert" => ContentType::ALERT,
                    "change_cipher_spec" => ContentType::CHANGE_CIPHER_SPEC,
                    other => panic!("{other}"),
                };
                let (payload, record) = (step.bytes("payload"), step.bytes("complete record"));
                match &mut keys[by_server] {
                    Some((seal, open)) if kind != ContentType::CHANGE_CIPHER_SPEC => {
                        assert_eq!(seal.seal(kind, &payload), record, "{name}: {}", step.what);
                        assert_eq!(open.open(&record), Ok((kind, payload)), "{name}: {}", step.what);
                    }
                    _ => {
                        let mut plain = plain_record(kind, &payload);
                        // RFC 9846 5.1: the first ClientHello may be in a record of TLS 1.0.
                        plain[2] =
                            if payload[0] == 1 && payload.len() > 1 && keys[1].is_none() { record[2] } else { 3 };
                        assert_eq!(plain, record, "{name}: {}", step.what);
                    }
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 31);
}

// ---- connections

/// A provider that draws what the trace drew, and hashes what the trace hashed.
struct Replay {
    random: VecDeque<Vec<u8>>,
    /// Messages of the trace that take the place of ours in the transcript, in their order.
    substitutes: VecDeque<Vec<u8>>,
}

impl CryptoProvider for Replay {
    type Hash = ReplayHash;
    type Secret = SoftwareSecret;
    type Aead = saitls_rustcrypto::Aead;
    type KeyExchange = saitls_rustcrypto::KeyExchange;
    // The keys of the traces have 1,024 bits.
    type SignatureVerifier = saitls_rustcrypto::SignatureVerifier<1024>;

    fn named_groups(&self) -> &[NamedGroup] {
        &[NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1]
    }

    fn fill_random(&mut self, out: &mut [u8]) -> Result<(), Error> {
        out.copy_from_slice(&self.random.pop_front().expect("the trace drew no more random bytes"));
        Ok(())
    }
}

struct ReplayHash(saitls_rustcrypto::Hash);

impl crypto::Hash<Replay> for ReplayHash {
    fn supports(algorithm: HashAlgorithm) -> bool {
        algorithm == HashAlgorithm::Sha256
    }

    fn start(provider: &mut Replay, algorithm: HashAlgorithm) -> Result<Self, Error> {
        saitls_rustcrypto::Hash::start(provider, algorithm).map(Self)
    }

    fn update(&mut self, provider: &mut Replay, data: &[u8]) -> Result<(), Error> {
        let is_ours = Message::read(data).is_ok() && provider.substitutes.front().is_some_and(|s| s[0] == data[0]);
        let substitute = if is_ours { provider.substitutes.pop_front() } else { None };
        self.0.update(provider, substitute.as_deref().unwrap_or(data))
    }

    fn snapshot(&mut self, provider: &mut Replay) -> Result<Digest, Error> {
        self.0.snapshot(provider)
    }
}

/// Signs with the signature of the trace, having checked that it is one over what is to be signed.
struct ReplaySigner {
    schemes: [SignatureScheme; 1],
    certificate: Vec<u8>,
    signature: Vec<u8>,
}

impl Signer<Replay> for ReplaySigner {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn poll_sign(
        &self,
        provider: &mut Replay,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> Poll<Result<usize, Error>> {
        type Verifier = saitls_rustcrypto::SignatureVerifier<1024>;
        let mut verifier = <Verifier as crypto::SignatureVerifier<Replay>>::start(provider, scheme.into()).unwrap();
        // The key is the last BIT STRING but one of these small certificates; try each until one verifies.
        let verified = (0..self.certificate.len()).any(|at| {
            let [3, rest @ ..] = &self.certificate[at..] else { return false };
            let (len, skip) = match rest {
                [0x81, len, ..] => (usize::from(*len), 2),
                [len, ..] if *len < 0x80 => (usize::from(*len), 1),
                _ => return false,
            };
            let Some([0, key @ ..]) = rest.get(skip..skip + len) else { return false };
            verifier.poll_verify(provider, key, message, &self.signature) == Poll::Ready(Ok(()))
        });
        assert!(verified, "the signature of the trace is not one over our transcript");
        signature[..self.signature.len()].copy_from_slice(&self.signature);
        Poll::Ready(Ok(self.signature.len()))
    }
}

/// Everything a connection needs of a trace.
struct Script {
    steps: Vec<TraceStep>,
}

impl Script {
    fn messages(&self, who: &str, kind: HandshakeType) -> Vec<Vec<u8>> {
        let of = self.steps.iter().filter(|step| step.who == who);
        of.filter_map(TraceStep::message).filter(|message| message[0] == kind.0).collect()
    }

    fn private_keys(&self, who: &str) -> Vec<Vec<u8>> {
        let of = self.steps.iter().filter(|step| step.is(who, "create an ephemeral"));
        of.map(|step| step.bytes("private key")).collect()
    }

    fn identity(&self, who: &str) -> ReplaySigner {
        let certificate = self.messages(who, HandshakeType::CERTIFICATE).remove(0);
        let verify = self.messages(who, HandshakeType::CERTIFICATE_VERIFY).remove(0);
        let verify = CertificateVerify::read(&verify[4..]).unwrap();
        let leaf = Certificate::read(&certificate[4..]).unwrap().entries.leaf().unwrap();
        ReplaySigner {
            schemes: [verify.algorithm],
            certificate: leaf.data.to_vec(),
            signature: verify.signature.to_vec(),
        }
    }

    /// All records in their order.
    fn records(&self) -> impl Iterator<Item = &TraceStep> {
        self.steps.iter().filter(|step| step.what.starts_with("send "))
    }
}

fn process(connection: &mut Connection<'_, Replay>, provider: &mut Replay) {
    connection.process(provider).unwrap();
}

fn deliver(connection: &mut Connection<'_, Replay>, provider: &mut Replay, bytes: &[u8]) {
    connection.records_room()[..bytes.len()].copy_from_slice(bytes);
    connection.records_filled(bytes.len());
    process(connection, provider);
}

#[test]
fn our_client_sends_what_the_client_of_the_trace_sent() {
    for name in TRACES {
        let script = Script { steps: trace(name) };
        let hellos = script.messages("client", HandshakeType::CLIENT_HELLO);
        let first = ClientHelloParts::parse(&hellos[0]);
        let mut random: VecDeque<_> = [[&first.random[..], &first.session_id].concat()].into();
        random.extend(script.private_keys("client"));
        let mut provider = Replay { random, substitutes: hellos.clone().into() };

        let signer = (name == "client_authentication").then(|| script.identity("client"));
        let chain: Vec<_> = signer.iter().map(|signer| &signer.certificate[..]).collect();
        let identities: Vec<_> = signer.iter().map(|signer| Identity::new(&chain, signer)).collect();
        let config =
            ClientConfig::new(&ANY).with_identities(&identities).with_compatibility_mode(name == "compatibility_mode");
        let mut client = Connection::client(&config, crate::support::name("server"), full_buffers()).unwrap();
        process(&mut client, &mut provider);

        for step in script.records() {
            let record = step.bytes("complete record");
            let payload = step.bytes("payload");
            let at = format!("{name}: {} {}", step.who, step.what);
            if step.who == "server" {
                deliver(&mut client, &mut provider, &record);
                let data = drain(&mut client);
                assert_eq!(data, if step.what.contains("application_data") { &payload[..] } else { &[] }, "{at}");
                process(&mut client, &mut provider);
                continue;
            }
            if step.what.contains("application_data") {
                assert_eq!(client.write(&payload).unwrap(), payload.len());
            } else if step.what.contains("alert") {
                assert_eq!(payload, [1, 0]);
                client.close();
            }
            process(&mut client, &mut provider);
            let sent = client.records();
            if payload[0] == HandshakeType::CLIENT_HELLO.0 && step.what.contains("handshake") {
                // Ours differs in its extensions, and in nothing else.
                let (kind, ours) = records(sent).remove(0);
                assert_eq!(kind, ContentType::HANDSHAKE);
                let (ours, theirs) = (ClientHelloParts::parse(&ours[5..]), ClientHelloParts::parse(&payload));
                assert_eq!(
                    (ours.version, ours.random, &ours.session_id, &ours.compression),
                    (theirs.version, theirs.random, &theirs.session_id, &theirs.compression),
                    "{at}"
                );
                assert_eq!(ours.shares(), theirs.shares(), "{at}");
                client.records_sent(client.records().len());
            } else {
                assert!(sent.starts_with(&record), "{at}:\n{}\n{}", hex::encode(sent), hex::encode(&record));
                client.records_sent(record.len());
            }
        }
        assert!(client.is_closed() && client.records().is_empty() && client.error().is_none(), "{name}");
        assert!(provider.random.is_empty() && provider.substitutes.is_empty());
        assert_eq!(client.alert_received(), None);
    }
}

/// Section 4: the ticket of section 3 comes back, with early data.
#[cfg(feature = "early-data")]
#[test]
fn our_client_resumes_as_the_client_of_the_trace_does() {
    use saitls_core::EarlyDataStatus;
    use saitls_core::psk::PskKind;
    use saitls_core::session::MemorySessions;

    let store = MemorySessions::<1>::new();
    let clock = rustls_pki_types::UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_800_000_000));
    let config = ClientConfig::new(&ANY).with_sessions(&store).with_session_clock(&clock).with_early_data();
    let config = config.with_compatibility_mode(false);
    let mut compared = 0;
    for name in ["simple", "resumed_0rtt"] {
        let script = Script { steps: trace(name) };
        // As it was sent, with its binder.
        let hello = script.records().next().unwrap().bytes("payload");
        let mut random: VecDeque<_> = [ClientHelloParts::parse(&hello).random.to_vec()].into();
        random.extend(script.private_keys("client"));
        let mut provider = Replay { random, substitutes: [hello].into() };
        let buffers = full_buffers().with_session_buffer(vec![0; 512]);
        let mut client = Connection::client(&config, crate::support::name("server"), buffers).unwrap();
        process(&mut client, &mut provider);
        for step in script.records() {
            let (record, payload) = (step.bytes("complete record"), step.bytes("payload"));
            let at = format!("{name}: {} {}", step.who, step.what);
            if step.who == "server" {
                deliver(&mut client, &mut provider, &record);
                drain(&mut client);
                process(&mut client, &mut provider);
                continue;
            }
            if step.what.contains("application_data") {
                match client.early_data() {
                    Some(mut early) => assert_eq!(early.write_replayable(&payload), payload.len()),
                    None => assert_eq!(client.write(&payload).unwrap(), payload.len()),
                }
            } else if step.what.contains("alert") {
                client.close();
            }
            process(&mut client, &mut provider);
            if payload[0] == HandshakeType::CLIENT_HELLO.0 && step.what.contains("handshake") {
                client.records_sent(client.records().len());
                continue;
            }
            assert!(client.records().starts_with(&record), "{at}");
            client.records_sent(record.len());
            compared += 1;
        }
        assert!(client.is_closed() && client.records().is_empty() && client.error().is_none(), "{name}");
        let resumes = name != "simple";
        assert_eq!(client.negotiated().unwrap().psk, resumes.then_some(PskKind::Resumption));
        let status = if resumes { EarlyDataStatus::Accepted } else { EarlyDataStatus::NotOffered };
        assert_eq!(client.early_data_status(), status);
        assert!(provider.random.is_empty() && provider.substitutes.is_empty());
    }
    // Finished, data, alert; then early data and its end beside these.
    assert_eq!(compared, 3 + 5);
}

/// The HelloRetryRequest of the trace has a cookie, which our server does not send: so that one is for the client
/// alone.
#[test]
fn our_server_sends_what_the_server_of_the_trace_sent() {
    for name in ["simple", "client_authentication", "compatibility_mode"] {
        let script = Script { steps: trace(name) };
        let theirs = script.messages("server", HandshakeType::SERVER_HELLO).remove(0);
        let mut substitutes: VecDeque<_> = [theirs.clone()].into();
        substitutes.extend(script.messages("server", HandshakeType::ENCRYPTED_EXTENSIONS));
        substitutes.extend(script.messages("server", HandshakeType::CERTIFICATE_REQUEST));
        let theirs = ServerHelloParts::parse(&theirs);
        let mut random: VecDeque<_> = script.private_keys("server").into();
        random.push_back(theirs.random.to_vec());
        let mut provider = Replay { random, substitutes };

        let signer = script.identity("server");
        let chain = [&signer.certificate[..]];
        let identities = [Identity::new(&chain, &signer)];
        let config = ServerConfig::new(&identities).with_client_authentication(match name {
            "client_authentication" => ClientAuthentication::Required(&ANY),
            _ => ClientAuthentication::None,
        });
        let mut server = Connection::server(&config, full_buffers()).unwrap();
        let keys = script.steps.iter().find(|step| step.is("server", "derive write traffic keys for handshake"));
        let mut keys = Keys::new(SUITE, &keys.unwrap().bytes("PRK"));
        let mut sequence_differs = false;

        for step in script.records() {
            let record = step.bytes("complete record");
            let payload = step.bytes("payload");
            let at = format!("{name}: {} {}", step.who, step.what);
            if step.who == "client" {
                deliver(&mut server, &mut provider, &record);
                let data = drain(&mut server);
                assert_eq!(data, if step.what.contains("application_data") { &payload[..] } else { &[] }, "{at}");
                process(&mut server, &mut provider);
                continue;
            }
            if step.what.contains("application_data") {
                server.write(&payload).unwrap();
            } else if step.what.contains("alert") {
                server.close();
            }
            process(&mut server, &mut provider);
            let (kind, ours) = match records(server.records()).into_iter().next() {
                Some(first) => first,
                None => {
                    // We send no ticket yet, so the record behind it has another number.
                    assert_eq!(payload[0], HandshakeType::NEW_SESSION_TICKET.0, "{at}");
                    sequence_differs = true;
                    continue;
                }
            };
            server.records_sent(ours.len());
            if payload[0] == HandshakeType::SERVER_HELLO.0 && kind == ContentType::HANDSHAKE {
                // Equal but for the order of the extensions.
                let sorted = |mut hello: ServerHelloParts| hello.with_sorted_extensions();
                assert_eq!(sorted(ServerHelloParts::parse(&ours[5..])), sorted(theirs.clone()), "{at}");
            } else if payload[0] == HandshakeType::ENCRYPTED_EXTENSIONS.0 {
                let (_, flight) = keys.open(&ours).unwrap();
                let own_first = if name == "client_authentication" { 2 } else { 1 };
                assert_eq!(split(&flight)[own_first..], split(&payload)[own_first..], "{at}");
            } else if !sequence_differs {
                assert_eq!(ours, record, "{at}");
            }
        }
        assert!(server.is_closed() && server.error().is_none(), "{name}");
        assert!(provider.random.is_empty() && provider.substitutes.is_empty());
    }
}

trait Sorted {
    fn with_sorted_extensions(&mut self) -> Self;
}

impl Sorted for ServerHelloParts {
    fn with_sorted_extensions(&mut self) -> Self {
        self.extensions().0.sort();
        self.clone()
    }
}

/// The messages of a flight.
fn split(mut flight: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some(len) = Message::peek_len(flight) {
        let (message, rest) = flight.split_at(len);
        messages.push(message);
        flight = rest;
    }
    messages
}

#[test]
fn the_name_of_the_trace_is_read_and_written() {
    let name = extension_data(|writer| ServerNameList::write(writer, b"server"));
    let hello = trace("simple").iter().find_map(TraceStep::message).unwrap();
    assert_eq!(ClientHelloParts::parse(&hello).extensions().get(ExtensionType::SERVER_NAME), name);
}
