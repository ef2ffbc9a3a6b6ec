//! Writes what fuzzing begins with: `cargo run --example seeds FOLDER` in `core/fuzz`, then `cargo fuzz cmin`.
//!
//! Whole handshakes of a peer that has the keys, with each thing that both ends may be set to. Messages and extensions
//! of handshakes of ours and of RFC 8448, one by one, for the parsers; and what a peer that knows no key can have
//! recorded, up to the first protected record, for the connections. Certificates with each kind of name, and chains of
//! two.

#![allow(clippy::unwrap_used, missing_docs)]

use saitls_core::codes::*;
use saitls_core::config::{ClientAuthentication, ClientConfig, ServerConfig};
use saitls_core::crypto::x509;
use saitls_core::wire::extensions::*;
use saitls_core::wire::{Message, Writer};
use saitls_fuzz::Choice;
use saitls_fuzz::support::appendix_a::*;
use saitls_fuzz::support::forger::*;
use saitls_fuzz::support::*;
use std::path::{Path, PathBuf};

/// A folder of seeds, named by number.
struct Seeds(PathBuf, usize);

impl Seeds {
    fn new(folder: &Path, target: &str) -> Self {
        std::fs::create_dir_all(folder.join(target)).unwrap();
        Self(folder.join(target), 0)
    }

    fn add(&mut self, front: &[u8], bytes: &[u8]) {
        self.1 += 1;
        std::fs::write(self.0.join(format!("seed-{:04}", self.1)), [front, bytes].concat()).unwrap();
    }

    /// Handshake messages, one behind the other: each, and the extensions of those that have some.
    fn add_messages(&mut self, mut bytes: &[u8]) {
        while let Some(len) = Message::peek_len(bytes).filter(|&len| len <= bytes.len()) {
            let (message, rest) = bytes.split_at(len);
            bytes = rest;
            self.add(&message[..1], &message[4..]);
            let extensions = match HandshakeType(message[0]) {
                HandshakeType::CLIENT_HELLO => ClientHelloParts::parse(message).extensions,
                HandshakeType::SERVER_HELLO => ServerHelloParts::parse(message).extensions,
                _ => continue,
            };
            for (kind, data) in extensions.unwrap().0 {
                self.add(&kind.0.to_be_bytes()[1..], &data);
            }
        }
    }

    fn add_extension(&mut self, kind: ExtensionType, write: impl FnOnce(&mut Writer<'_>)) {
        self.add(&kind.0.to_be_bytes()[1..], &written(write)[4..]);
    }
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    wire(&mut Seeds::new(&folder, "wire"));
    bytes(&mut Seeds::new(&folder, "client_bytes"), &mut Seeds::new(&folder, "server_bytes"));
    let (mut client, mut server) = (Seeds::new(&folder, "client_records"), Seeds::new(&folder, "server_records"));
    records_to_client(&mut client);
    psk_to_client(&mut client);
    records_to_server(&mut server);
    psk_to_server(&mut server);
    certificates(&mut Seeds::new(&folder, "certificates"));
}

/// An element of DER, of less than 64 kB.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let head = match (content.len() as u16).to_be_bytes() {
        [0, len @ ..0x80] => vec![tag, len],
        [0, len] => vec![tag, 0x81, len],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content].concat()
}

/// Certificates as the tests have them, and chains of such, for each thing that they may be asked for.
fn certificates(seeds: &mut Seeds) {
    let extension = |arcs: &[u8], value: &[u8]| element(0x30, &[&element(6, &[arcs]), &element(4, &[value])]);
    let names = [
        &b"\x82\x09localhost"[..],
        b"\x82\x0d*.server.test\x82\x0bserver.test",
        b"\x87\x04\xc0\x00\x02\x01",
        b"\x87\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
        b"\xa4\x00\x88\x00\x82\x0bserver.test",
    ];
    let leaves = names.map(|names| {
        vec![
            extension(b"\x55\x1d\x11", &element(0x30, &[names])),
            extension(b"\x55\x1d\x0f", &[3, 2, 7, 0x80]),
            extension(b"\x55\x1d\x25", b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"),
            extension(b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02", &[4, 2, 0, 0]),
        ]
    });
    let authority = vec![
        extension(b"\x55\x1d\x13", &[0x30, 6, 1, 1, 0xff, 2, 1, 0]),
        extension(b"\x55\x1d\x0f", &[3, 2, 2, 4]),
        extension(b"\x55\x1d\x1e", b"\x30\x11\xa0\x0f\x30\x0d\x82\x0bserver.test"),
    ];
    let fields = x509::Certificate::read(p256().certificate).unwrap();
    let with = |key: &[u8], extensions: &[Vec<u8>]| {
        let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
        let inside = [
            fields.version.unwrap(),
            &[2, 1, 1],
            fields.signature,
            fields.issuer,
            fields.validity,
            fields.subject,
            key,
            &element(0xa3, &[&element(0x30, &extensions)]),
        ];
        element(0x30, &[&element(0x30, &inside), fields.outside])
    };
    // Self-issued, as the anchor is: with a provider that believes all signatures, these are chains below it.
    let (own, other) = (fields.subject_public_key_info, p384().certificate);
    let other = x509::subject_public_key_info(other).unwrap();
    let issuers = [with(other, &authority[..2]), with(other, &authority), with(own, &authority)];
    for leaf in &leaves {
        let leaf = with(own, leaf);
        for settings in (0..=u8::MAX).filter(|settings| settings & 6 == 4) {
            seeds.add(&[settings], &leaf);
        }
        for issuer in &issuers {
            let chain = [&leaf, issuer].map(|certificate| {
                let len = (certificate.len() as u32).to_be_bytes();
                [&len[1..], certificate, &[0, 0]].concat()
            });
            (0..32).for_each(|settings| seeds.add(&[settings << 3 | 4], &chain.concat()));
        }
    }
}

/// Nothing, each bit alone, and what goes together.
fn choices() -> impl Iterator<Item = [u8; 3]> {
    let raw_keys = [3, 2, 1].into_iter().flat_map(|peer| [0, 1, 2, 3].map(|own| peer | own << 2));
    let fragments = (1..=4).map(|length| length << 7);
    let sizes = (1..=3).map(|size| size << 10);
    let alone = (0..24).map(|bit| 1 << bit);
    let small = (0..8).flat_map(|len| [1, 2, 3].map(|size| len << 21 | size << 10 | 1 << 7));
    let all = raw_keys.chain(fragments).chain(sizes).chain(alone).chain(small).chain([0x70, 0x3070, 0x7fff]);
    all.map(|bits: u32| [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8])
}

/// What comes after the handshake: data each way, a KeyUpdate, data, the end.
const DATA: &[u8] = &[8, 3, b'a', b'b', b'c', 12, 3, 0, 12, 3, 1, 11, 1, 12, 0, 100, 8, 1, b'd', 14, 0];

fn records_to_client(seeds: &mut Seeds) {
    for choice in choices() {
        let bits = |at, count| Choice::of(choice).bits(at, count) as u8;
        // What may be answered: types of certificate, lengths, a protocol.
        let limits: &[u8] = if matches!(bits(7, 3), 1..=4) { &[0x10, 0x20, 0] } else { &[0x20, 0] };
        let of_server: &[u8] = [&[0][..], &[0, 3], &[1, 3], &[3]][usize::from(bits(0, 2))];
        let of_client: &[u8] = [&[0][..], &[0, 12], &[4, 12], &[12]][usize::from(bits(2, 2))];
        let stapled = if bits(4, 1) == 1 { 3 } else { 0 };
        for (settings, limit) in [0x80, 0x81, 0xb0].into_iter().flat_map(|one| limits.iter().map(move |two| (one, two)))
        {
            for (server, client) in of_server.iter().flat_map(|one| of_client.iter().map(move |two| (one, two))) {
                let says = limit | server | client | bits(12, 1) << 6 | 0x80;
                let size: &[u8] = if says & 0x30 == 0x20 { &[0, 100] } else { &[] };
                // The right next message: what to say, in how many pieces.
                let retry: &[u8] = if settings & 1 == 1 { &[0, 0, 0] } else { &[] };
                let hello = [retry, &[0, 1, 0], &[0, 0, says][..], size, &[0]].concat();
                for request in [None, Some(31)] {
                    let request = request.map_or(Vec::new(), |says| vec![0, 1, says, 0]);
                    let certificate = stapled | if server & 2 == 2 { 4 } else { 0 };
                    let rest = [&[0, 2, certificate, 3][..], &[0, 4, 0, 0, 5, 0], DATA].concat();
                    seeds.add(&[settings], &[&choice[..], &hello, &request, &rest].concat());
                }
            }
        }
    }
}

/// The server selects the PSK, at once or behind a HelloRetryRequest.
fn psk_to_client(seeds: &mut Seeds) {
    for settings in [0x40, 0x48, 0x4c, 0x41] {
        let retry: &[u8] = if settings & 1 == 1 { &[0, 0, 0] } else { &[] };
        for choice in [9, 0x89, 1] {
            seeds.add(&[settings], &[retry, &[0, choice, 0, 0, 0, 0, 0, 5, 0], DATA].concat());
        }
    }
}

/// The client offers the PSK, in each mode, behind another one, without shares.
fn psk_to_server(seeds: &mut Seeds) {
    for settings in [0x40, 0x48, 0x4c, 0x41] {
        for psks in 1..16 {
            for again in [&[][..], &[0, 1, 0]] {
                let first = if again.is_empty() { 1 } else { 0 };
                seeds.add(&[settings], &[&[0, first, psks, 0][..], again, &[0, 5, 0], DATA].concat());
            }
        }
    }
}

fn records_to_server(seeds: &mut Seeds) {
    for choice in choices() {
        let bits = |at, count| Choice::of(choice).bits(at, count) as u8;
        let stapled = if bits(4, 1) == 1 { 3 } else { 0 };
        for (settings, types, says) in [
            (0x80, 0, 0),
            (0x80, 0x71, 1),
            (0x81, 0x7f, 8),
            (0x81, 0xca, 2),
            (0xb1, 0x70, 0),
            (0xb1, 0x35, 0),
            (0xb0, 0x30, 0x18),
        ] {
            let size: &[u8] = if says & 8 == 8 { &[0, 100] } else { &[] };
            for retry in [false, true] {
                let first = if retry { 0 } else { 1 };
                let again: &[u8] = if retry { &[0, 1, 0] } else { &[] };
                let hello = [&[0, first, types, says][..], size, &[0], again].concat();
                let certificates = match settings & 1 {
                    0 => vec![Vec::new()],
                    _ => vec![vec![0, 3, 0], vec![0, 2, stapled, 3, 0, 4, 0], vec![0, 2, stapled | 4, 3, 0, 4, 0]],
                };
                for certificate in certificates {
                    seeds.add(&[settings], &[&choice[..], &hello, &certificate, &[0, 5, 0], DATA].concat());
                }
            }
        }
    }
}

fn wire(seeds: &mut Seeds) {
    let identity = ed25519();
    let identities = [identity.identity()];
    let types = [CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];
    let client = ClientConfig::new(&ANY)
        .with_identities(&identities)
        .with_alpn(&[b"h2", b"http/1.1"])
        .with_certificate_types(&types)
        .with_peer_certificate_types(&types)
        .with_certificate_authorities(&[&[0x30, 0], b"name"])
        .with_certificate_status_request()
        .with_certificate_timestamp_request()
        .with_max_fragment_length(MaxFragmentLength(1));
    for state in CLIENT_STATES {
        let (_, forger) = state.reach(&client);
        seeds.add_messages(&forger.transcript);
    }
    for authentication in [ClientAuthentication::None, ClientAuthentication::Optional(&ANY)] {
        let server = ServerConfig::new(&identities)
            .with_alpn(&[b"h2"])
            .with_peer_certificate_types(&types)
            .with_certificate_authorities(&[&[0x30, 0]])
            .with_certificate_status_request()
            .with_client_authentication(authentication);
        for state in SERVER_STATES.iter().filter(|state| {
            matches!(authentication, ClientAuthentication::Optional(_))
                == matches!(state.authentication(), ClientAuthentication::Optional(_))
        }) {
            let (_, forger) = state.reach(&server);
            seeds.add_messages(&forger.transcript);
        }
    }
    seeds.add_messages(&[new_session_ticket(), key_update(0), key_update(1)].concat());
    for line in include_str!("../../tests/data/rfc8448.json").lines().filter(|line| line.contains("\"payload\"")) {
        let digits: Vec<u8> = line.split('"').nth(3).unwrap().bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap());
        seeds.add_messages(&pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect::<Vec<_>>());
    }
    use ExtensionType as E;
    for data in [&[0, 0, 5, 1, 2, 3][..], &[0, 0, 0], &[0, 3, 2, b'h', b'2']] {
        (0..=60).for_each(|kind| seeds.add(&[kind], data));
    }
    seeds.add_extension(E::COOKIE, |writer| Cookie { cookie: &[7; 40] }.write(writer));
    seeds.add_extension(E::RECORD_SIZE_LIMIT, |writer| RecordSizeLimit { limit: 64 }.write(writer));
}

/// `front`: how long the pieces are, and what is configured.
fn bytes(to_client: &mut Seeds, to_server: &mut Seeds) {
    let (own, servers) = (ed25519(), p256());
    let (own, servers) = ([own.identity()], [servers.identity()]);
    for (front, retry) in [(254, false), (255, true), (2, false), (3, true)] {
        let client = ClientConfig::new(&ANY).with_identities(&own).with_alpn(&[b"h2"]);
        let client = if retry { client.with_key_shares(&[]) } else { client };
        for authentication in [ClientAuthentication::None, ClientAuthentication::Optional(&ANY)] {
            let server = ServerConfig::new(&servers).with_alpn(&[b"h2"]).with_client_authentication(authentication);
            let connection = |config| saitls_core::Connection::client(config, name("localhost"), buffers(1_500, 1_200));
            let mut pair = Pair::new(connection(&client).unwrap(), small_server(&server));
            pair.connect();
            for (seeds, wire) in [(&mut *to_client, &pair.server_wire), (&mut *to_server, &pair.client_wire)] {
                let clear: Vec<u8> = records(wire)
                    .into_iter()
                    .take_while(|(kind, _)| *kind != ContentType::APPLICATION_DATA)
                    .flat_map(|(_, record)| record)
                    .collect();
                seeds.add(&[front], &clear);
                for behind in [
                    &plain_record(ContentType::ALERT, &[2, 40])[..],
                    &plain_record(ContentType::ALERT, &[1, 0]),
                    &plain_record(ContentType::APPLICATION_DATA, &[0; 60]),
                    &plain_record(ContentType::HANDSHAKE, &[20, 0, 0, 0]),
                    &CHANGE_CIPHER_SPEC,
                    &clear,
                ] {
                    seeds.add(&[front], &[&clear[..], behind].concat());
                }
            }
        }
    }
}

fn small_server<'a>(
    config: &'a ServerConfig<'a, saitls_fuzz::cryptography::Provider>,
) -> saitls_core::Connection<'a, saitls_fuzz::cryptography::Provider> {
    saitls_core::Connection::server(config, buffers(1_500, 1_200)).unwrap()
}
