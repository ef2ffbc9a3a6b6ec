//! Connections whose secrets valgrind takes for uninitialised memory, so that it reports every branch and every address
//! that depends on one: the key schedule and the records must have none.
//!
//! Secret is what the key exchange agrees on, and everything made from it. What goes to the peer is no secret any more,
//! nor is what was opened, nor whether it was genuine: the AEADs branch on that, which `verdicts.supp` knows. The MAC
//! of a Finished is made known before it is compared; the comparison has a test of its own.

mod memcheck;

use core::task::Poll;
use memcheck::{classify, declassify};
use rustls_pki_types::ServerName;
use saitls_core::codes::{CipherSuite, HashAlgorithm, NamedGroup};
use saitls_core::config::{ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::crypto::{self, CryptoProvider, Digest, Label, Nonce, SoftwareSecret};
use saitls_core::psk::{PreSharedKey, PskModes};
use saitls_core::{Buffers, Connection, PeerFault, Result, secret};
use saitls_rustcrypto as real;

struct Marking(real::RustCrypto<getrandom::SysRng>);

impl CryptoProvider for Marking {
    type Hash = real::Hash;
    type Secret = Secret;
    type Aead = Aead;
    type KeyExchange = KeyExchange;
    type SignatureVerifier = real::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        self.0.fill_random(out)
    }
}

/// What is imported, as is what was agreed on, is secret, and all that comes of it but the MACs.
struct Secret(SoftwareSecret);

impl crypto::Secret<Marking> for Secret {
    fn import(provider: &mut Marking, bytes: &[u8]) -> Result<Self> {
        let mut secret = SoftwareSecret::import(provider, bytes)?;
        classify(secret.as_mut_bytes());
        Ok(Self(secret))
    }

    fn extract(p: &mut Marking, hash: HashAlgorithm, salt: Option<&Self>, input: Option<&Self>) -> Result<Self> {
        SoftwareSecret::extract(p, hash, salt.map(|salt| &salt.0), input.map(|input| &input.0)).map(Self)
    }

    fn derive(&self, p: &mut Marking, hash: HashAlgorithm, label: &Label<'_>, context: &[u8]) -> Result<Self> {
        self.0.derive(p, hash, label, context).map(Self)
    }

    fn export(
        &self,
        provider: &mut Marking,
        hash: HashAlgorithm,
        label: &Label<'_>,
        context: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        self.0.export(provider, hash, label, context, out)
    }

    fn mac(&self, provider: &mut Marking, hash: HashAlgorithm, data: &[u8]) -> Result<Digest> {
        let mac = self.0.mac(provider, hash, data)?;
        let mut bytes = mac.as_bytes().to_vec();
        declassify(&mut bytes);
        Digest::new(&bytes)
    }
}

struct KeyExchange(real::KeyExchange);

impl crypto::KeyExchange<Marking> for KeyExchange {
    fn supports(group: NamedGroup) -> bool {
        <real::KeyExchange as crypto::KeyExchange<Marking>>::supports(group)
    }

    fn start(provider: &mut Marking, group: NamedGroup) -> Result<Self> {
        real::KeyExchange::start(provider, group).map(Self)
    }

    fn poll_generate(&mut self, provider: &mut Marking, share: &mut [u8]) -> Poll<Result<usize>> {
        self.0.poll_generate(provider, share)
    }

    fn poll_decapsulate(&mut self, provider: &mut Marking, peer_share: &[u8]) -> Poll<Result<Secret>> {
        self.0.poll_decapsulate(provider, peer_share)
    }

    fn poll_encapsulate(
        &mut self,
        provider: &mut Marking,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, Secret)>> {
        self.0.poll_encapsulate(provider, peer_share, share)
    }
}

/// What is sealed, and what is opened, is no secret.
struct Aead(real::Aead);

impl crypto::Aead<Marking> for Aead {
    fn supports(suite: CipherSuite) -> bool {
        <real::Aead as crypto::Aead<Marking>>::supports(suite)
    }

    fn from_key(provider: &mut Marking, suite: CipherSuite, key: &[u8]) -> Result<Self> {
        real::Aead::from_key(provider, suite, key).map(Self)
    }

    fn seal(&mut self, provider: &mut Marking, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let result = self.0.seal(provider, nonce, aad, in_out);
        declassify(in_out);
        result
    }

    fn open(&mut self, provider: &mut Marking, nonce: &Nonce, aad: &[u8], in_out: &mut [u8]) -> Result<()> {
        let mut verdict = [u8::from(self.0.open(provider, nonce, aad, in_out).is_ok())];
        declassify(&mut verdict);
        declassify(in_out);
        if verdict == [1] { Ok(()) } else { Err(PeerFault::BadRecordMac.into()) }
    }
}

fn carry(from: &mut Connection<'_, Marking>, to: &mut Connection<'_, Marking>) -> usize {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
    len
}

/// A whole connection: handshake, with a certificate or with a PSK, data, KeyUpdates, exporters, close.
fn live(suite: CipherSuite, psk_modes: Option<PskModes>) {
    let mut provider = Marking(real::RustCrypto::os());
    let key = real::SigningKey::from_pkcs8_der(include_bytes!("../../../core/tests/data/p256.key.der")).unwrap();
    let chain = [&include_bytes!("../../../core/tests/data/p256.cert.der")[..]];
    let identities = [Identity::new(&chain, &key)];
    let suites = [suite];
    let psks = [PreSharedKey::new(b"pump-17", &[0x5a; 32]).with_hash(suite.hash())];
    let (client_config, server_config) = match psk_modes {
        None => (ClientConfig::new(&AcceptAnyPeer), ServerConfig::new(&identities)),
        Some(modes) => {
            (ClientConfig::psk_only(&psks).with_psk_modes(modes), ServerConfig::psk_only(&psks).with_psk_modes(modes))
        }
    };
    let client_config = client_config.with_cipher_suites(&suites);
    let buffers = || Buffers::new(vec![0; 16_645], vec![0; 16_645]);
    let name = ServerName::try_from("localhost").ok();
    let mut client = Connection::client(&client_config, name, buffers()).unwrap();
    let mut server = Connection::server(&server_config, buffers()).unwrap();
    for turn in 0..24 {
        client.process(&mut provider).unwrap();
        carry(&mut client, &mut server);
        server.process(&mut provider).unwrap();
        carry(&mut server, &mut client);
        if client.may_send() && server.may_send() {
            client.write(&[turn; 1_000]).unwrap();
            server.write(b"answer").unwrap();
            if turn % 4 == 0 {
                client.update_keys(true).unwrap();
            }
            client.data_read(usize::MAX);
            server.data_read(usize::MAX);
        }
    }
    assert!(client.is_connected() && server.is_connected());
    let mut exported = [0; 32];
    client.export(&mut provider, b"EXPORTER-test", b"context", &mut exported).unwrap();
    client.close();
    client.process(&mut provider).unwrap();
    carry(&mut client, &mut server);
    server.process(&mut provider).unwrap();
    assert_eq!(server.error(), None);
}

/// Comparisons take no shortcut.
fn compare() {
    for other in [[7; 48], [8; 48]] {
        let mut bytes = [7; 48];
        classify(&mut bytes);
        let mut verdict = [u8::from(secret::equal(&bytes, &other))];
        declassify(&mut verdict);
        assert_eq!(verdict == [1], other == [7; 48]);
    }
}

/// Proves that the trick works: this is what nothing else may do.
fn branch_on_a_secret() {
    let mut bytes = [7; 32];
    classify(&mut bytes);
    if bytes[3] == 7 {
        println!("a branch that depends on a secret");
    }
}

fn main() {
    assert!(memcheck::is_running(), "this is for valgrind");
    if std::env::args().any(|word| word == "branch") {
        branch_on_a_secret();
        return;
    }
    compare();
    for suite in [
        CipherSuite::AES_128_GCM_SHA256,
        CipherSuite::AES_256_GCM_SHA384,
        CipherSuite::CHACHA20_POLY1305_SHA256,
        CipherSuite::AES_128_CCM_SHA256,
    ] {
        for psk_modes in [None, Some(PskModes::WithKeyExchange), Some(PskModes::WithoutKeyExchange)] {
            live(suite, psk_modes);
        }
        println!("{suite}: nothing depends on a secret");
    }
}
