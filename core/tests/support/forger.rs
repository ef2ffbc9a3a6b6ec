//! A peer that can lie: it has all keys, keeps the transcript, and sends whatever a test tells it to, under the
//! right keys. And the connection it lies to.

use super::hellos::{codes16, extension_data};
use super::*;
use crate::cryptography::{Aead, Hash, KeyExchange};
use core::task::Poll;
use saitls_core::PeerFault;
use saitls_core::codes::*;
use saitls_core::crypto::{
    Aead as _, Hash as _, KeyExchange as _, Label, LabelPrefix, Secret as _, Signer as _, SoftwareSecret,
};
use saitls_core::wire::extensions::{KeyShareServerHello, PskIdentity, SelectedVersion};
use saitls_core::wire::{HELLO_RETRY_REQUEST_RANDOM, Message};

/// Parts bytes into records: type, and all bytes with the header.
pub fn records(bytes: &[u8]) -> Vec<(ContentType, Vec<u8>)> {
    let mut rest = bytes;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let len = 5 + usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        records.push((ContentType(rest[0]), rest[..len].to_vec()));
        rest = &rest[len..];
    }
    records
}

/// A record in the clear.
pub fn plain_record(kind: ContentType, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind.0, 3, 3];
    record.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
    record.extend_from_slice(content);
    record
}

pub const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// The record keys of one direction and epoch.
pub struct Keys {
    suite: CipherSuite,
    aead: Aead,
    iv: [u8; 12],
    pub sequence: u64,
    pub secret: Vec<u8>,
}

impl Keys {
    pub fn new(suite: CipherSuite, secret: &[u8]) -> Self {
        let mut provider = provider(0);
        let traffic = SoftwareSecret::new(secret).unwrap();
        let mut iv = [0; 12];
        traffic.export(&mut provider, suite.hash(), &Label::tls13(b"iv"), b"", &mut iv).unwrap();
        let aead = Aead::from_secret(&mut provider, suite, &traffic, &Label::tls13(b"key")).unwrap();
        Self { suite, aead, iv, sequence: 0, secret: secret.to_vec() }
    }

    fn nonce(&mut self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, sequence) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= sequence;
        }
        self.sequence += 1;
        nonce
    }

    /// A record of any inner plaintext: content, content type, padding.
    pub fn seal_inner(&mut self, inner: &[u8]) -> Vec<u8> {
        let nonce = self.nonce();
        let body_len = u16::try_from(inner.len() + self.suite.tag_len()).unwrap();
        let mut record = vec![23, 3, 3];
        record.extend_from_slice(&body_len.to_be_bytes());
        record.extend_from_slice(inner);
        record.resize(5 + usize::from(body_len), 0);
        let (header, body) = record.split_at_mut(5);
        self.aead.seal(&mut provider(0), &nonce, header, body).unwrap();
        record
    }

    pub fn seal(&mut self, kind: ContentType, content: &[u8]) -> Vec<u8> {
        self.seal_inner(&[content, &[kind.0]].concat())
    }

    /// The inner plaintext of a record.
    pub fn open_inner(&mut self, record: &[u8]) -> Result<Vec<u8>, Error> {
        let mut record = record.to_vec();
        let nonce = self.nonce();
        let (header, body) = record.split_at_mut(5);
        self.aead.open(&mut provider(0), &nonce, header, body)?;
        let len = body.len() - self.suite.tag_len();
        Ok(body[..len].to_vec())
    }

    /// Content type and content of a record.
    pub fn open(&mut self, record: &[u8]) -> Result<(ContentType, Vec<u8>), Error> {
        let mut inner = self.open_inner(record)?;
        while inner.last() == Some(&0) {
            inner.pop();
        }
        let kind = inner.pop().ok_or(PeerFault::MissingContentType)?;
        Ok((ContentType(kind), inner))
    }

    /// The keys behind a KeyUpdate.
    pub fn next(&self) -> Self {
        let secret = SoftwareSecret::new(&self.secret).unwrap();
        let next = secret.derive(&mut provider(0), self.suite.hash(), &Label::tls13(b"traffic upd"), b"").unwrap();
        Self::new(self.suite, next.as_bytes())
    }
}

/// The hash of some bytes.
pub fn hash(algorithm: HashAlgorithm, bytes: &[u8]) -> Vec<u8> {
    let mut provider = provider(0);
    let mut hash = Hash::start(&mut provider, algorithm).unwrap();
    saitls_core::crypto::Hash::update(&mut hash, &mut provider, bytes).unwrap();
    saitls_core::crypto::Hash::finish(hash, &mut provider).unwrap().as_bytes().to_vec()
}

/// A connection under test, with its provider and what it gave its application.
pub struct Tested<'a> {
    pub connection: Connection<'a, Provider>,
    pub provider: Provider,
    /// The data it received.
    pub data: Vec<u8>,
}

impl<'a> Tested<'a> {
    pub fn client(config: &'a ClientConfig<'a, Provider>) -> Self {
        Self::new(client(config))
    }

    pub fn server(config: &'a ServerConfig<'a, Provider>) -> Self {
        Self::new(server(config))
    }

    pub fn new(connection: Connection<'a, Provider>) -> Self {
        Self { connection, provider: provider(1), data: Vec::new() }
    }

    pub fn process(&mut self) -> Result<(), Error> {
        self.connection.process(&mut self.provider)
    }

    /// Gives it bytes of its peer, and reads the data that comes out.
    pub fn deliver(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        loop {
            self.process()?;
            let data = drain(&mut self.connection);
            self.data.extend_from_slice(&data);
            let room = self.connection.records_room();
            let len = room.len().min(bytes.len());
            room[..len].copy_from_slice(&bytes[..len]);
            bytes = &bytes[len..];
            self.connection.records_filled(len);
            if len == 0 && data.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes what it sends.
    pub fn take(&mut self) -> Vec<u8> {
        let bytes = self.connection.records().to_vec();
        self.connection.records_sent(bytes.len());
        bytes
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Client,
    Server,
}

/// The messages of a flight behind the hellos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    EmptyCertificate,
    CertificateVerify,
    Finished,
}

/// The traffic secrets of an epoch.
#[derive(Clone)]
struct Epoch {
    client: Vec<u8>,
    server: Vec<u8>,
}

/// The lying peer.
pub struct Forger {
    pub role: Role,
    pub provider: Provider,
    pub identity: TestIdentity,
    pub suite: CipherSuite,
    pub group: NamedGroup,
    /// All handshake messages of both sides, in the order they were sent in.
    pub transcript: Vec<u8>,
    /// How we seal, and how we open; `None` is in the clear.
    pub seal: Option<Keys>,
    pub open: Option<Keys>,
    /// The last ClientHello.
    pub client_hello: Option<ClientHelloParts>,
    /// The last ServerHello or HelloRetryRequest.
    pub server_hello: Option<ServerHelloParts>,
    /// Handshake messages from the connection under test.
    pub messages: Vec<Vec<u8>>,
    /// All that came from it, record by record, opened.
    pub received: Vec<(ContentType, Vec<u8>)>,
    /// The same, as it was on the wire.
    pub wire: Vec<u8>,
    /// The limit on plaintext in the records of `send_messages`.
    pub fragment: usize,
    /// Whether it still has the same keys as the connection: not after some of the lies.
    pub follows: bool,
    /// The client sends early data, which we take: its next key comes behind EndOfEarlyData.
    pub takes_early_data: bool,
    open_behind: Option<Keys>,
    joined: Vec<u8>,
    exchanges: Vec<(NamedGroup, KeyExchange)>,
    shared: Option<SoftwareSecret>,
    /// The PSK of both.
    pub psk: Option<Vec<u8>>,
    handshake_secret: Option<SoftwareSecret>,
    handshake: Option<Epoch>,
    application: Option<Epoch>,
}

impl Forger {
    fn new(role: Role) -> Self {
        Self {
            role,
            provider: provider(77),
            identity: ed25519(),
            suite: CipherSuite::AES_128_GCM_SHA256,
            group: NamedGroup::X25519,
            transcript: Vec::new(),
            seal: None,
            open: None,
            client_hello: None,
            server_hello: None,
            messages: Vec::new(),
            received: Vec::new(),
            wire: Vec::new(),
            fragment: 1 << 14,
            follows: true,
            takes_early_data: false,
            open_behind: None,
            joined: Vec::new(),
            exchanges: Vec::new(),
            shared: None,
            psk: None,
            handshake_secret: None,
            handshake: None,
            application: None,
        }
    }

    /// Plays the server to a client of ours.
    pub fn server() -> Self {
        Self::new(Role::Server)
    }

    /// Plays the client to a server of ours.
    pub fn client() -> Self {
        Self::new(Role::Client)
    }

    // ---- what the connection under test sends

    /// Takes all it has sent.
    pub fn receive(&mut self, tested: &mut Tested<'_>) {
        let bytes = tested.take();
        self.wire.extend_from_slice(&bytes);
        for (kind, record) in records(&bytes) {
            let (kind, content) = match &mut self.open {
                Some(keys) if kind == ContentType::APPLICATION_DATA => keys.open(&record).unwrap(),
                _ => (kind, record[5..].to_vec()),
            };
            self.received.push((kind, content.clone()));
            if kind == ContentType::HANDSHAKE {
                self.joined.extend_from_slice(&content);
                while let Some(len) = Message::peek_len(&self.joined).filter(|&len| len <= self.joined.len()) {
                    let rest = self.joined.split_off(len);
                    let message = core::mem::replace(&mut self.joined, rest);
                    self.on_message(message);
                }
            }
        }
    }

    fn on_message(&mut self, message: Vec<u8>) {
        match (HandshakeType(message[0]), self.role) {
            (HandshakeType::CLIENT_HELLO, _) => {
                self.client_hello = Some(ClientHelloParts::parse(&message));
                self.transcript.extend_from_slice(&message);
            }
            (HandshakeType::SERVER_HELLO, _) => {
                let hello = ServerHelloParts::parse(&message);
                self.suite = CipherSuite(hello.suite);
                if hello.is_hello_retry_request() {
                    self.replace_by_message_hash();
                    self.transcript.extend_from_slice(&message);
                } else {
                    self.transcript.extend_from_slice(&message);
                    if !hello.extensions.as_ref().unwrap().has(ExtensionType::PRE_SHARED_KEY) {
                        self.psk = None;
                    }
                    if self.psk.is_none() || hello.extensions.as_ref().unwrap().has(ExtensionType::KEY_SHARE) {
                        self.take_share(&hello);
                    }
                    self.use_handshake_keys();
                }
                self.server_hello = Some(hello);
            }
            (HandshakeType::FINISHED, Role::Client) => {
                self.transcript.extend_from_slice(&message);
                self.derive_application();
                self.open = Some(Keys::new(self.suite, &self.application.as_ref().unwrap().server));
            }
            (HandshakeType::FINISHED, Role::Server) => {
                self.transcript.extend_from_slice(&message);
                self.open = Some(Keys::new(self.suite, &self.application.as_ref().unwrap().client));
            }
            (HandshakeType::END_OF_EARLY_DATA, _) => {
                self.transcript.extend_from_slice(&message);
                self.open = self.open_behind.take();
            }
            (HandshakeType::KEY_UPDATE, _) => self.open = Some(self.open.as_ref().unwrap().next()),
            (HandshakeType::NEW_SESSION_TICKET, _) => {}
            _ => self.transcript.extend_from_slice(&message),
        }
        self.messages.push(message);
    }

    fn take_share(&mut self, hello: &ServerHelloParts) {
        let data = hello.extensions.as_ref().unwrap().get(ExtensionType::KEY_SHARE);
        let share = KeyShareServerHello::read(data).unwrap().server_share;
        let ours = self.exchanges.iter().position(|(group, _)| *group == share.group).expect("a share of ours");
        let (_, mut exchange) = self.exchanges.remove(ours);
        self.group = share.group;
        let Poll::Ready(shared) = exchange.poll_decapsulate(&mut self.provider, share.key_exchange) else {
            unreachable!()
        };
        self.shared = Some(shared.unwrap());
    }

    /// The alert that the connection under test sent last, having sent it in a way its peer understands.
    pub fn alert(&mut self, tested: &mut Tested<'_>) -> Option<AlertDescription> {
        self.receive(tested);
        match self.received.last() {
            Some((ContentType::ALERT, alert)) => {
                assert_eq!(alert.len(), 2);
                Some(AlertDescription(alert[1]))
            }
            _ => None,
        }
    }

    /// Application data of the connection under test.
    pub fn data(&self) -> Vec<u8> {
        let data = self.received.iter().filter(|(kind, _)| *kind == ContentType::APPLICATION_DATA);
        data.flat_map(|(_, content)| content.clone()).collect()
    }

    // ---- the schedule

    pub fn transcript_hash(&self) -> Vec<u8> {
        hash(self.suite.hash(), &self.transcript)
    }

    fn replace_by_message_hash(&mut self) {
        let hash = self.transcript_hash();
        self.transcript = written(|writer| writer.message(HandshakeType::MESSAGE_HASH, |writer| writer.bytes(&hash)));
    }

    fn use_handshake_keys(&mut self) {
        let (provider, algorithm) = (&mut self.provider, self.suite.hash());
        let salt = match &self.psk {
            None => SoftwareSecret::handshake_salt(provider, algorithm, LabelPrefix::TLS_1_3).unwrap(),
            Some(psk) => {
                let psk = SoftwareSecret::new(psk).unwrap();
                let early = SoftwareSecret::extract(provider, algorithm, None, Some(&psk)).unwrap();
                early.derive(provider, algorithm, &Label::tls13(b"derived"), algorithm.empty_digest()).unwrap()
            }
        };
        let secret = SoftwareSecret::extract(provider, algorithm, Some(&salt), self.shared.as_ref()).unwrap();
        let transcript = hash(algorithm, &self.transcript);
        let mut derive = |label: &[u8]| {
            secret.derive(provider, algorithm, &Label::tls13(label), &transcript).unwrap().as_bytes().to_vec()
        };
        let epoch = Epoch { client: derive(b"c hs traffic"), server: derive(b"s hs traffic") };
        let (own, peer) = match self.role {
            Role::Client => (&epoch.client, &epoch.server),
            Role::Server => (&epoch.server, &epoch.client),
        };
        self.seal = Some(Keys::new(self.suite, own));
        let open = Some(Keys::new(self.suite, peer));
        if self.takes_early_data {
            self.open_behind = open;
        } else {
            self.open = open;
        }
        self.handshake = Some(epoch);
        self.handshake_secret = Some(secret);
    }

    fn main_secret(&mut self) -> SoftwareSecret {
        let (provider, algorithm) = (&mut self.provider, self.suite.hash());
        let handshake = self.handshake_secret.as_ref().unwrap();
        let salt = handshake.derive(provider, algorithm, &Label::tls13(b"derived"), algorithm.empty_digest()).unwrap();
        SoftwareSecret::extract(provider, algorithm, Some(&salt), None).unwrap()
    }

    /// The PSK of a ticket with this nonce, when both have finished and no ticket was sent.
    pub fn resumption_psk(&mut self, nonce: &[u8]) -> Vec<u8> {
        let (main, algorithm, transcript) = (self.main_secret(), self.suite.hash(), self.transcript_hash());
        let secret = main.derive(&mut self.provider, algorithm, &Label::tls13(b"res master"), &transcript).unwrap();
        let psk = secret.derive(&mut self.provider, algorithm, &Label::tls13(b"resumption"), nonce).unwrap();
        psk.as_bytes().to_vec()
    }

    /// What a label makes of the Early Secret of a PSK and the transcript so far.
    pub fn early_secret(&mut self, psk: &[u8], label: &[u8]) -> Vec<u8> {
        let (provider, algorithm) = (&mut self.provider, self.suite.hash());
        let psk = SoftwareSecret::new(psk).unwrap();
        let early = SoftwareSecret::extract(provider, algorithm, None, Some(&psk)).unwrap();
        let transcript = hash(algorithm, &self.transcript);
        early.derive(provider, algorithm, &Label::tls13(label), &transcript).unwrap().as_bytes().to_vec()
    }

    /// From the transcript up to here.
    fn derive_application(&mut self) {
        let main = self.main_secret();
        let (provider, algorithm) = (&mut self.provider, self.suite.hash());
        let transcript = hash(algorithm, &self.transcript);
        let mut derive = |label: &[u8]| {
            main.derive(provider, algorithm, &Label::tls13(label), &transcript).unwrap().as_bytes().to_vec()
        };
        self.application = Some(Epoch { client: derive(b"c ap traffic"), server: derive(b"s ap traffic") });
    }

    /// The keys for data of ours.
    pub fn use_application_keys(&mut self) {
        if self.application.is_none() {
            self.derive_application();
        }
        let epoch = self.application.as_ref().unwrap();
        let own = match self.role {
            Role::Client => &epoch.client,
            Role::Server => &epoch.server,
        };
        self.seal = Some(Keys::new(self.suite, own));
    }

    /// A ClientHello with these external PSKs at its end, in place of others, rightly bound: identity, hash and key.
    pub fn bind(&mut self, mut hello: ClientHelloParts, psks: &[(&[u8], HashAlgorithm, &[u8])]) -> ClientHelloParts {
        let extension = |binders: &[Vec<u8>]| {
            written(|writer| {
                writer.vector16(|writer| {
                    for (identity, ..) in psks {
                        PskIdentity { identity, obfuscated_ticket_age: 0 }.write(writer);
                    }
                });
                writer.vector16(|writer| binders.iter().for_each(|binder| writer.vector8(|w| w.bytes(binder))));
            })
        };
        let empty: Vec<_> = psks.iter().map(|(_, hash, _)| vec![0; hash.output_len()]).collect();
        hello.extensions().remove(ExtensionType::PRE_SHARED_KEY);
        hello.extensions().push(ExtensionType::PRE_SHARED_KEY, extension(&empty));
        let message = hello.message();
        let truncated = message.len() - 2 - empty.iter().map(|binder| binder.len() + 1).sum::<usize>();
        let binders: Vec<_> =
            psks.iter().map(|(_, hash, key)| self.binder(*hash, key, &message[..truncated])).collect();
        hello.extensions().set(ExtensionType::PRE_SHARED_KEY, extension(&binders));
        hello
    }

    /// The binder of an external PSK, over the transcript so far and a ClientHello up to its list of binders.
    pub fn binder(&mut self, algorithm: HashAlgorithm, psk: &[u8], truncated: &[u8]) -> Vec<u8> {
        self.binder_of(b"ext binder", algorithm, psk, truncated)
    }

    /// The same for a PSK whose binder key has this label.
    pub fn binder_of(&mut self, label: &[u8], algorithm: HashAlgorithm, psk: &[u8], truncated: &[u8]) -> Vec<u8> {
        let provider = &mut self.provider;
        let psk = SoftwareSecret::new(psk).unwrap();
        let early = SoftwareSecret::extract(provider, algorithm, None, Some(&psk)).unwrap();
        let key = early.derive(provider, algorithm, &Label::tls13(label), algorithm.empty_digest()).unwrap();
        let key = key.derive(provider, algorithm, &Label::tls13(b"finished"), b"").unwrap();
        let transcript = hash(algorithm, &[&self.transcript, truncated].concat());
        key.mac(provider, algorithm, &transcript).unwrap().as_bytes().to_vec()
    }

    // ---- what we send

    /// Bytes as they are.
    pub fn send_raw(&self, tested: &mut Tested<'_>, bytes: &[u8]) -> Result<(), Error> {
        tested.deliver(bytes)
    }

    /// One record, under our present keys.
    pub fn record(&mut self, kind: ContentType, content: &[u8]) -> Vec<u8> {
        match &mut self.seal {
            Some(keys) => keys.seal(kind, content),
            None => plain_record(kind, content),
        }
    }

    pub fn send(&mut self, tested: &mut Tested<'_>, kind: ContentType, content: &[u8]) -> Result<(), Error> {
        let record = self.record(kind, content);
        tested.deliver(&record)
    }

    /// The records of handshake messages, which become part of the transcript; then the keys that follow.
    pub fn message_records(&mut self, messages: &[u8]) -> Vec<u8> {
        let fragment = self.fragment;
        let sealed: Vec<_> =
            messages.chunks(fragment).flat_map(|part| self.record(ContentType::HANDSHAKE, part)).collect();
        let mut rest = messages;
        while let Some(len) = Message::peek_len(rest).filter(|&len| len <= rest.len()) {
            let (message, behind) = rest.split_at(len);
            rest = behind;
            match HandshakeType(message[0]) {
                HandshakeType::SERVER_HELLO if message.get(6..38) == Some(&HELLO_RETRY_REQUEST_RANDOM[..]) => {
                    self.replace_by_message_hash();
                    self.transcript.extend_from_slice(message);
                }
                HandshakeType::SERVER_HELLO => {
                    self.transcript.extend_from_slice(message);
                    if self.shared.is_some() || self.psk.is_some() {
                        self.use_handshake_keys();
                    }
                }
                HandshakeType::FINISHED if self.handshake.is_some() => {
                    self.transcript.extend_from_slice(message);
                    self.use_application_keys();
                }
                HandshakeType::KEY_UPDATE => {
                    if let Some(keys) = &self.seal {
                        self.seal = Some(keys.next());
                    }
                }
                _ => self.transcript.extend_from_slice(message),
            }
        }
        sealed
    }

    /// Sends handshake messages.
    pub fn send_messages(&mut self, tested: &mut Tested<'_>, messages: &[u8]) -> Result<(), Error> {
        let records = self.message_records(messages);
        tested.deliver(&records)
    }

    /// The message of a step, for the transcript so far.
    pub fn message(&mut self, step: Step) -> Vec<u8> {
        match step {
            Step::EncryptedExtensions => encrypted_extensions(&[]),
            Step::CertificateRequest => certificate_request(&[
                SignatureScheme::ECDSA_SECP256R1_SHA256,
                SignatureScheme::ED25519,
                SignatureScheme::RSA_PSS_RSAE_SHA256,
            ]),
            Step::Certificate => certificate(&[self.identity.certificate]),
            Step::EmptyCertificate => certificate(&[]),
            Step::CertificateVerify => self.certificate_verify(),
            Step::Finished => self.finished(),
        }
    }

    pub fn step(&mut self, tested: &mut Tested<'_>, step: Step) -> Result<(), Error> {
        let message = self.message(step);
        self.send_messages(tested, &message)
    }

    pub fn steps(&mut self, tested: &mut Tested<'_>, steps: &[Step]) -> Result<(), Error> {
        steps.iter().try_for_each(|&step| self.step(tested, step))
    }

    /// What a CertificateVerify of ours would sign.
    pub fn signed_content(&self) -> Vec<u8> {
        let context: &[u8] = match self.role {
            Role::Client => b"TLS 1.3, client CertificateVerify\0",
            Role::Server => b"TLS 1.3, server CertificateVerify\0",
        };
        [&[0x20; 64], context, &self.transcript_hash()].concat()
    }

    fn certificate_verify(&mut self) -> Vec<u8> {
        let scheme = saitls_core::crypto::Signer::<Provider>::schemes(&self.identity.key)[0];
        let mut signature = [0; 512];
        let content = self.signed_content();
        let Poll::Ready(len) = self.identity.key.poll_sign(&mut self.provider, scheme, &content, &mut signature) else {
            unreachable!()
        };
        certificate_verify(scheme.0, &signature[..len.unwrap()])
    }

    fn finished(&mut self) -> Vec<u8> {
        let epoch = self.handshake.as_ref().expect("handshake keys");
        let secret = match self.role {
            Role::Client => &epoch.client,
            Role::Server => &epoch.server,
        };
        let algorithm = self.suite.hash();
        let key = SoftwareSecret::new(secret)
            .unwrap()
            .derive(&mut self.provider, algorithm, &Label::tls13(b"finished"), b"")
            .unwrap();
        let mac = key.mac(&mut self.provider, algorithm, &hash(algorithm, &self.transcript)).unwrap();
        written(|writer| writer.message(HandshakeType::FINISHED, |writer| writer.bytes(mac.as_bytes())))
    }

    // ---- as a server

    /// Our ServerHello for the last ClientHello.
    pub fn make_server_hello(&mut self) -> ServerHelloParts {
        let client_hello = self.client_hello.as_ref().unwrap();
        let shares = client_hello.shares();
        let (group, share) =
            shares.iter().find(|(group, _)| *group == self.group).or(shares.first()).expect("a share of the client's");
        self.group = *group;
        let mut exchange = KeyExchange::start(&mut self.provider, self.group).unwrap();
        let mut own = [0; 2048];
        let Poll::Ready(agreed) = exchange.poll_encapsulate(&mut self.provider, share, &mut own) else {
            unreachable!()
        };
        let (len, shared) = agreed.unwrap();
        self.shared = Some(shared);
        let mut extensions = ExtensionsParts::default();
        extensions
            .set(ExtensionType::SUPPORTED_VERSIONS, [3, 4])
            .set(ExtensionType::KEY_SHARE, server_share(self.group.0, &own[..len]));
        ServerHelloParts {
            version: 0x0303,
            random: [0x3c; 32],
            session_id: client_hello.session_id.clone(),
            suite: self.suite.0,
            compression: 0,
            extensions: Some(extensions),
        }
    }

    /// Our HelloRetryRequest.
    pub fn make_hello_retry_request(&self, group: Option<NamedGroup>, cookie: Option<&[u8]>) -> ServerHelloParts {
        let mut extensions = ExtensionsParts::default();
        extensions.set(ExtensionType::SUPPORTED_VERSIONS, extension_data(SelectedVersion::write));
        if let Some(group) = group {
            extensions.set(ExtensionType::KEY_SHARE, group.0.to_be_bytes());
        }
        if let Some(cookie) = cookie {
            extensions.set(ExtensionType::COOKIE, written(|writer| writer.vector16(|writer| writer.bytes(cookie))));
        }
        ServerHelloParts {
            version: 0x0303,
            random: HELLO_RETRY_REQUEST_RANDOM,
            session_id: self.client_hello.as_ref().unwrap().session_id.clone(),
            suite: self.suite.0,
            compression: 0,
            extensions: Some(extensions),
        }
    }

    /// Takes the ClientHello and answers with a ServerHello.
    pub fn answer(&mut self, tested: &mut Tested<'_>) -> Result<(), Error> {
        tested.process()?;
        self.receive(tested);
        let hello = self.make_server_hello();
        self.send_messages(tested, &hello.message())?;
        self.receive(tested);
        Ok(())
    }

    // ---- as a client

    /// A fresh share for a group.
    pub fn share(&mut self, group: NamedGroup) -> Vec<u8> {
        let mut exchange = KeyExchange::start(&mut self.provider, group).unwrap();
        let mut share = [0; 2048];
        let Poll::Ready(len) = exchange.poll_generate(&mut self.provider, &mut share) else { unreachable!() };
        self.exchanges.retain(|(earlier, _)| *earlier != group);
        self.exchanges.push((group, exchange));
        share[..len.unwrap()].to_vec()
    }

    /// Our ClientHello, with a share for `self.group`.
    pub fn make_client_hello(&mut self) -> ClientHelloParts {
        let share = self.share(self.group);
        ClientHelloParts::new(&[(self.group.0, &share)])
    }

    /// Sends a ClientHello and takes what comes back.
    pub fn hello(&mut self, tested: &mut Tested<'_>, hello: &ClientHelloParts) -> Result<(), Error> {
        self.client_hello = Some(hello.clone());
        let result = self.send_messages(tested, &hello.message());
        self.receive(tested);
        result
    }

    /// Sends a plain ClientHello and takes the server's flight.
    pub fn greet(&mut self, tested: &mut Tested<'_>) -> Result<(), Error> {
        let hello = self.make_client_hello();
        self.hello(tested, &hello)
    }

    // ---- both

    /// All steps to a connection.
    pub fn connect(&mut self, tested: &mut Tested<'_>) {
        match self.role {
            Role::Server => {
                self.answer(tested).unwrap();
                self.steps(
                    tested,
                    &[Step::EncryptedExtensions, Step::Certificate, Step::CertificateVerify, Step::Finished],
                )
                .unwrap();
            }
            Role::Client => {
                self.greet(tested).unwrap();
                self.step(tested, Step::Finished).unwrap();
            }
        }
        self.receive(tested);
        assert!(tested.connection.is_connected());
    }
}

// ---- messages

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    written(|writer| writer.message(HandshakeType(kind), |writer| writer.bytes(body)))
}

pub fn encrypted_extensions(extensions: &[(ExtensionType, Vec<u8>)]) -> Vec<u8> {
    let extensions = ExtensionsParts(extensions.to_vec());
    written(|writer| writer.message(HandshakeType::ENCRYPTED_EXTENSIONS, |writer| extensions.write(writer)))
}

pub fn certificate_request(schemes: &[SignatureScheme]) -> Vec<u8> {
    let data = codes16(schemes.iter().map(|scheme| scheme.0));
    written(|writer| {
        writer.message(HandshakeType::CERTIFICATE_REQUEST, |writer| {
            writer.u8(0);
            writer.vector16(|writer| {
                writer.extension(ExtensionType::SIGNATURE_ALGORITHMS, |writer| writer.bytes(&data));
            });
        });
    })
}

pub fn certificate(chain: &[&[u8]]) -> Vec<u8> {
    certificate_with(b"", chain, &[])
}

/// A Certificate whose first entry has `extensions`.
/// With these extensions beside the first certificate.
pub fn certificate_with(context: &[u8], chain: &[&[u8]], extensions: &[(ExtensionType, Vec<u8>)]) -> Vec<u8> {
    certificate_with_at(0, context, chain, extensions)
}

/// With these extensions beside one certificate.
pub fn certificate_with_at(
    place: usize,
    context: &[u8],
    chain: &[&[u8]],
    extensions: &[(ExtensionType, Vec<u8>)],
) -> Vec<u8> {
    written(|writer| {
        writer.message(HandshakeType::CERTIFICATE, |writer| {
            writer.vector8(|writer| writer.bytes(context));
            writer.vector24(|writer| {
                for (at, certificate) in chain.iter().enumerate() {
                    writer.vector24(|writer| writer.bytes(certificate));
                    let own = if at == place { extensions.to_vec() } else { Vec::new() };
                    ExtensionsParts(own).write(writer);
                }
            });
        });
    })
}

pub fn certificate_verify(scheme: u16, signature: &[u8]) -> Vec<u8> {
    written(|writer| {
        writer.message(HandshakeType::CERTIFICATE_VERIFY, |writer| {
            writer.u16(scheme);
            writer.vector16(|writer| writer.bytes(signature));
        });
    })
}

pub fn server_share(group: u16, share: &[u8]) -> Vec<u8> {
    written(|writer| {
        writer.u16(group);
        writer.vector16(|writer| writer.bytes(share));
    })
}

pub fn key_update(request: u8) -> Vec<u8> {
    message(HandshakeType::KEY_UPDATE.0, &[request])
}

pub fn new_session_ticket() -> Vec<u8> {
    written(|writer| {
        writer.message(HandshakeType::NEW_SESSION_TICKET, |writer| {
            writer.u32(7200);
            writer.u32(0x1234_5678);
            writer.vector8(|writer| writer.bytes(&[0, 0]));
            writer.vector16(|writer| writer.bytes(b"a ticket"));
            writer.vector16(|_| {});
        });
    })
}
