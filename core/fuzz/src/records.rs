//! A connection and a peer that has all keys: it goes the right way, and off it in any way it likes, with an
//! application on our side that does as it likes, too.

use crate::choice::{Choice, Limit};
use crate::cryptography::{Provider, provider};
use crate::input::Input;
use crate::support::appendix_a::Sent;
use crate::support::forger::*;
use crate::support::*;
use saitls_core::codes::*;
use saitls_core::config::Padding;
use saitls_core::crypto::{PinnedKey, x509};
use saitls_core::psk::{PreSharedKey, PskModes};
use saitls_core::{Connection, Error};

/// The PSK of both.
const IDENTITY: &[u8] = b"pump-17";
const KEY: &[u8] = &[0x5a; 32];

/// Whether there is one, beside certificates.
const fn has_psk(settings: u8) -> bool {
    settings & 0x40 == 0x40
}

/// The modes that we allow then.
const fn psk_modes(settings: u8) -> PskModes {
    match settings >> 2 & 3 {
        0 | 1 => PskModes::Either,
        2 => PskModes::WithKeyExchange,
        _ => PskModes::WithoutKeyExchange,
    }
}

pub fn client_records(data: &[u8]) {
    let mut input = Input::new(data);
    let settings = input.byte();
    let choice = Choice::read(settings, &mut input);
    let forger = choice.forger(Forger::server());
    let (own, pins) = (ed25519(), choice.pins(&forger));
    let (key, pinned) = (x509::subject_public_key_info(own.certificate).unwrap(), PinnedKey::sha256(&pins));
    let identities = choice.identities(&own, &key);
    let mut config = choice.client(&identities, &pinned).with_padding(padding(settings));
    if settings & 1 == 1 {
        config = config.with_key_shares(&[]);
    }
    let psks = [PreSharedKey::new(IDENTITY, KEY)];
    if has_psk(settings) {
        config = config.with_psks(&psks).with_psk_modes(psk_modes(settings));
    }
    if settings & 2 == 2 {
        config = config.with_records_per_key(3);
    }
    // A buffer may be too small for the fragments that it asks for.
    if let Ok(connection) = Connection::client(&config, name("localhost"), choice.buffers(settings)) {
        run(Tested::new(connection), forger, choice, has_psk(settings), &mut input);
    }
}

pub fn server_records(data: &[u8]) {
    let mut input = Input::new(data);
    let settings = input.byte();
    let choice = Choice::read(settings, &mut input);
    let forger = choice.forger(Forger::client());
    let (own, pins) = (p256(), choice.pins(&forger));
    let (key, pinned) = (x509::subject_public_key_info(own.certificate).unwrap(), PinnedKey::sha256(&pins));
    let identities = choice.identities(&own, &key);
    let mut config = choice.server(settings, &identities, &pinned).with_padding(padding(settings));
    if settings & 2 == 2 {
        config = config.with_records_per_key(3);
    }
    let psks = [PreSharedKey::new(IDENTITY, KEY)];
    if has_psk(settings) {
        config = config.with_psks(&psks).with_psk_modes(psk_modes(settings));
    }
    let connection = Connection::server(&config, choice.buffers(settings)).unwrap();
    run(Tested::new(connection), forger, choice, has_psk(settings), &mut input);
}

fn padding(settings: u8) -> Padding {
    match settings >> 2 & 3 {
        0 => Padding::Block(64),
        1 => Padding::Full,
        _ => Padding::None,
    }
}

fn run(mut tested: Tested<'_>, mut forger: Forger, choice: Choice, has_psk: bool, input: &mut Input<'_>) {
    let mut peer = Peer { choice, has_psk, psks: 0, asked: None, limit: None };
    let _ = tested.process();
    while !input.is_empty() && tested.connection.error().is_none() {
        if forger.follows {
            forger.receive(&mut tested);
            // A flight that is longer than the buffer.
            while choice.is_some() && tested.process().is_ok() && !tested.connection.records().is_empty() {
                forger.receive(&mut tested);
            }
        } else {
            tested.take();
        }
        let (data, connected) = (tested.data.len(), tested.connection.is_connected());
        let result = peer.act(&mut tested, &mut forger, input);
        assert_ne!(result, Err(Error::Internal));
        // Data comes only where both have finished.
        assert!(tested.data.len() == data || connected || tested.connection.is_connected());
        if let Err(error) = result {
            assert_eq!(tested.connection.error().unwrap_or(error), error);
        }
    }
    assert!(peer.limit.is_none_or(|limit| limit.is_kept(&forger)));
    end(tested);
}

/// What the peer does.
struct Peer {
    choice: Choice,
    has_psk: bool,
    /// What a client says of PSKs, in both ClientHellos.
    psks: u8,
    /// What its last message asked for.
    asked: Option<Limit>,
    /// What it asked for in a message that was taken.
    limit: Option<Limit>,
}

impl Peer {
    /// One action of the peer, or of the application.
    fn act(&mut self, tested: &mut Tested<'_>, forger: &mut Forger, input: &mut Input<'_>) -> Result<(), Error> {
        match input.byte() % 16 {
            // The right thing, as far as we know it.
            0..=4 => {
                let message = self.next_message(forger, input);
                forger.fragment = [1 << 14, 1, 7, 100][usize::from(input.byte() % 4)];
                let begins = forger.follows && !tested.connection.is_connected();
                let result = forger.send_messages(tested, &message);
                self.limit = self.limit.or(self.asked.take().filter(|_| begins && result.is_ok()));
                result
            }
            // The same with something changed.
            5 | 6 => {
                let mut message = self.next_message(forger, input);
                for _ in 0..=input.byte() % 4 {
                    let (at, value) = (input.word(), input.byte());
                    let len = message.len();
                    if len > 0 {
                        message[at % len] ^= value;
                    }
                }
                forger.follows = false;
                forger.send(tested, ContentType::HANDSHAKE, &message)
            }
            7 => {
                let (kind, len) = (input.byte(), input.byte().into());
                let content = input.bytes(len);
                forger.follows &= kind != 22;
                forger.send(tested, ContentType(kind), content)
            }
            8 => {
                let len = input.byte().into();
                forger.send(tested, ContentType::APPLICATION_DATA, input.bytes(len))
            }
            9 => {
                let (kind, len) = (input.byte(), input.byte().into());
                forger.follows &= kind != 22;
                tested.deliver(&plain_record(ContentType(kind), input.bytes(len)))
            }
            10 => {
                let len = input.word() % 300;
                forger.follows = false;
                match &mut forger.seal {
                    Some(keys) => {
                        let record = keys.seal_inner(input.bytes(len));
                        tested.deliver(&record)
                    }
                    None => tested.deliver(input.bytes(len)),
                }
            }
            11 => forger.send_messages(tested, &key_update(input.byte() & 1)),
            12 => {
                let len = input.word() % 3_000;
                let data = pattern(len);
                let written = match len % 3 {
                    0 => tested.connection.write_sealed(&mut tested.provider, &data),
                    _ => tested.connection.write(&data),
                };
                let written = written.map(drop);
                tested.process().and(if tested.connection.error().is_some() { written } else { Ok(()) })
            }
            13 => {
                let _ = tested.connection.update_keys(input.byte() & 1 == 1);
                tested.process()
            }
            14 => {
                match input.byte() % 8 {
                    0 => tested.connection.close(),
                    1 => tested.connection.records_ended(),
                    2 => tested.connection.reject(AlertDescription(input.byte())),
                    _ => tested.connection.records_sent(input.byte().into()),
                }
                // What was taken this way nobody has read.
                forger.follows = false;
                tested.process()
            }
            _ => tested.deliver(input.bytes(16)),
        }
    }

    /// What comes next on the way to a connection, or a step that the input names.
    fn next_message(&mut self, forger: &mut Forger, input: &mut Input<'_>) -> Vec<u8> {
        let steps = [
            Step::EncryptedExtensions,
            Step::CertificateRequest,
            Step::Certificate,
            Step::EmptyCertificate,
            Step::CertificateVerify,
            Step::Finished,
        ];
        match (forger.role, forger.seal.is_some()) {
            (Role::Server, false) if forger.client_hello.as_ref().is_some_and(|hello| !hello.shares().is_empty()) => {
                let choice = input.byte();
                match choice % 8 {
                    0 => forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), None).message(),
                    _ if self.has_psk && choice & 8 == 8 => {
                        forger.psk = Some(KEY.to_vec());
                        let index = [0, choice >> 7];
                        let hello = forger.make_server_hello();
                        hello.with(|hello| _ = hello.extensions().set(ExtensionType::PRE_SHARED_KEY, index)).message()
                    }
                    _ => forger.make_server_hello().message(),
                }
            }
            (Role::Server, false) if forger.client_hello.is_some() => {
                let cookie = input.byte();
                let cookie = [cookie; 40];
                forger.make_hello_retry_request(Some(NamedGroup::SECP256R1), Some(&cookie[..])).message()
            }
            (Role::Client, false) => {
                let message = Sent::ClientHello.message(forger);
                let hello = ClientHelloParts::parse(&message);
                let mut hello = match input.byte() % 8 {
                    0 => hello.with(|hello| _ = hello.extensions().set(ExtensionType::KEY_SHARE, [0, 0])),
                    _ => hello,
                };
                // The second says the same as the first.
                if forger.client_hello.is_none() {
                    self.asked = self.choice.offer(&mut hello, input);
                    self.psks = if self.has_psk { input.byte() } else { 0 };
                }
                if self.psks != 0 {
                    hello = self.with_psk(forger, hello);
                }
                forger.client_hello = Some(hello.clone());
                hello.message()
            }
            (_, true) => {
                let step = steps[usize::from(input.byte()) % steps.len()];
                let (message, asked) = self.choice.step(forger, step, input);
                self.asked = asked.filter(|_| forger.role == Role::Server);
                message
            }
            _ => new_session_ticket(),
        }
    }
}

impl Peer {
    /// A ClientHello that offers the PSK, behind an unknown one or alone.
    fn with_psk(&self, forger: &mut Forger, mut hello: ClientHelloParts) -> ClientHelloParts {
        let modes: &[u8] = [&[1, 1][..], &[1, 0], &[2, 0, 1], &[2, 9, 1]][usize::from(self.psks & 3)];
        hello.extensions().remove(ExtensionType::PRE_SHARED_KEY);
        hello.extensions().set(ExtensionType::PSK_KEY_EXCHANGE_MODES, modes);
        if self.psks & 4 == 4 {
            hello.extensions().remove(ExtensionType::SUPPORTED_GROUPS).remove(ExtensionType::KEY_SHARE);
        }
        forger.psk = Some(KEY.to_vec());
        let all = [(&b"nobody"[..], HashAlgorithm::Sha384, &[7; 32][..]), (IDENTITY, HashAlgorithm::Sha256, KEY)];
        forger.bind(hello, if self.psks & 8 == 8 { &all } else { &all[1..] })
    }
}

/// Whatever happened, this is how it ends.
fn end(mut tested: Tested<'_>) {
    let connection: &mut Connection<'_, Provider> = &mut tested.connection;
    let mut provider = provider(3);
    connection.close();
    connection.records_ended();
    for _ in 0..8 {
        let _ = connection.process(&mut provider);
        connection.records_sent(connection.records().len());
        connection.data_read(usize::MAX);
    }
    assert!(connection.is_closed(), "{:?} {:?}", connection.error(), connection.waiting_for());
    let result = connection.process(&mut provider);
    assert_eq!(result.err(), connection.error());
}
