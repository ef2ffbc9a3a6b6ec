//! Whole connections, with our own software and with OpenSSL.

use crate::tokens::{Provider, Software, open, with_each};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use saitls_conformance::Random;
use saitls_core::codes::{CipherSuite, NamedGroup};
use saitls_core::config::{ClientConfig, Identity, ServerConfig};
use saitls_core::crypto::{CryptoProvider, KeyLog, PinnedKey, Signer, x509};
use saitls_core::{Buffers, Connection, ServerName};
use saitls_rustcrypto::{RustCrypto, SigningKey};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) fn software() -> Software {
    RustCrypto(Random::system())
}

fn identities() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/identities")
}

/// The P-256 identity of the examples.
struct Files {
    certificate: CertificateDer<'static>,
    key: SigningKey,
}

impl Files {
    fn load() -> Self {
        let certificate = CertificateDer::from_pem_file(identities().join("p256.pem")).unwrap();
        let key = match PrivateKeyDer::from_pem_file(identities().join("p256.key")).unwrap() {
            PrivateKeyDer::Pkcs8(der) => SigningKey::from_pkcs8_der(der.secret_pkcs8_der()),
            PrivateKeyDer::Sec1(der) => SigningKey::from_sec1_der(der.secret_sec1_der()),
            _ => panic!("neither PKCS #8 nor SEC 1"),
        };
        Self { certificate, key: key.unwrap() }
    }
}

fn buffers() -> Buffers<'static> {
    Buffers::new(vec![0; 17_000], vec![0; 8_000])
}

fn carry<A: CryptoProvider, B: CryptoProvider>(from: &mut Connection<'_, A>, to: &mut Connection<'_, B>) -> usize {
    let data = from.records();
    let room = to.records_room();
    let len = data.len().min(room.len());
    room[..len].copy_from_slice(&data[..len]);
    to.records_filled(len);
    from.records_sent(len);
    len
}

/// The life of a connection: handshake, rounds of data both ways with new keys behind each, an exporter, the end. The
/// side in software may log its secrets.
pub(crate) fn connect<C: CryptoProvider, S: CryptoProvider>(
    client_provider: &mut C,
    server_provider: &mut S,
    key_log: Option<&dyn KeyLog>,
    rounds: usize,
) where
    SigningKey: Signer<S>,
{
    let files = Files::load();
    let chain = [&files.certificate[..]];
    let spki = [x509::subject_public_key_info(&files.certificate).unwrap()];
    let trust = PinnedKey::subject_public_key_info(&spki);
    let identities = [Identity::new(&chain, &files.key)];
    let client_config = ClientConfig::new(&trust);
    let mut server_config = ServerConfig::new(&identities);
    if let Some(key_log) = key_log {
        server_config = server_config.with_key_log(key_log);
    }
    let name = ServerName::try_from("localhost").ok();
    let mut client = Connection::client(&client_config, name, buffers()).unwrap();
    let mut server = Connection::server(&server_config, buffers()).unwrap();
    let mut turn = |client: &mut Connection<'_, C>, server: &mut Connection<'_, S>| {
        loop {
            client.process(client_provider).unwrap();
            let there = carry(client, server);
            server.process(server_provider).unwrap();
            if there + carry(server, client) == 0 {
                break;
            }
        }
    };
    turn(&mut client, &mut server);
    assert!(client.is_connected() && server.is_connected());
    for round in 0..rounds {
        let data = vec![b'x'; 1 + 1000 * round];
        client.write(&data).unwrap();
        server.write(&data).unwrap();
        turn(&mut client, &mut server);
        assert_eq!(client.data(), data);
        assert_eq!(server.data(), data);
        client.data_read(data.len());
        server.data_read(data.len());
        client.update_keys(true).unwrap();
        turn(&mut client, &mut server);
    }
    let mut exported = [[0; 40]; 2];
    client.export(client_provider, b"EXPORTER-test", b"context", &mut exported[0]).unwrap();
    server.export(server_provider, b"EXPORTER-test", b"context", &mut exported[1]).unwrap();
    assert_eq!(exported[0], exported[1]);
    client.close();
    client.process(client_provider).unwrap();
    carry(&mut client, &mut server);
    server.process(server_provider).unwrap();
    assert!(server.is_peer_closed());
}

/// Runs a connection over a stream until it is connected and `is_done`.
fn drive<P: CryptoProvider>(
    connection: &mut Connection<'_, P>,
    provider: &mut P,
    stream: &mut TcpStream,
    mut is_done: impl FnMut(&mut Connection<'_, P>) -> bool,
) {
    loop {
        connection.process(provider).unwrap();
        let data = connection.records();
        stream.write_all(data).unwrap();
        let len = data.len();
        connection.records_sent(len);
        if connection.is_connected() && is_done(connection) {
            return;
        }
        let room = connection.records_room();
        let len = stream.read(room).unwrap();
        assert!(len > 0, "the peer has closed");
        connection.records_filled(len);
    }
}

fn openssl(arguments: &[&str]) -> Option<Running> {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(identities());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().ok().map(Running)
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Both roles, in each suite and group that OpenSSL has, too; data both ways.
#[test]
fn openssl_in_both_roles() {
    with_each("peers::openssl_in_both_roles", |uri| {
        if Command::new("openssl").arg("version").output().is_err() {
            println!("SKIPPED: openssl is not installed");
            return;
        }
        let mut provider = open(uri);
        let suites = provider.cipher_suites().to_vec();
        for suite in suites {
            for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
                as_client(&mut provider, suite, group);
                as_server(&mut provider, suite, group);
            }
        }
    });
}

fn as_client(provider: &mut Provider, suite: CipherSuite, group: NamedGroup) {
    let files = Files::load();
    let spki = [x509::subject_public_key_info(&files.certificate).unwrap()];
    let trust = PinnedKey::subject_public_key_info(&spki);
    let (suites, groups) = ([suite], [group]);
    let config = ClientConfig::new(&trust).with_cipher_suites(&suites).with_named_groups(&groups);
    // A port that is free now.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let accept = format!("127.0.0.1:{port}");
    let arguments =
        ["s_server", "-accept", &accept, "-cert", "p256.pem", "-key", "p256.key", "-tls1_3", "-rev", "-quiet"];
    let _server = openssl(&arguments).unwrap();
    let since = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(since.elapsed() < Duration::from_secs(20), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let name = ServerName::try_from("localhost").ok();
    let mut client = Connection::client(&config, name, buffers()).unwrap();
    drive(&mut client, provider, &mut stream, |_| true);
    client.write(b"a token\n").unwrap();
    drive(&mut client, provider, &mut stream, |client| client.data() == b"nekot a\n");
}

fn as_server(provider: &mut Provider, suite: CipherSuite, group: NamedGroup) {
    let files = Files::load();
    let chain = [&files.certificate[..]];
    let identities = [Identity::new(&chain, &files.key)];
    let (suites, groups) = ([suite], [group]);
    let config = ServerConfig::new(&identities).with_cipher_suites(&suites).with_named_groups(&groups);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // Its self-signed certificate is what it is checked with.
    let arguments =
        ["s_client", "-connect", &address, "-tls1_3", "-CAfile", "p256.pem", "-verify_return_error", "-quiet"];
    let mut peer = openssl(&arguments).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut server = Connection::server(&config, buffers()).unwrap();
    drive(&mut server, provider, &mut stream, |_| true);
    server.write(b"hello").unwrap();
    drive(&mut server, provider, &mut stream, |_| true);
    let mut said = [0; 5];
    peer.0.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"hello");
    peer.0.stdin.as_mut().unwrap().write_all(b"and you\n").unwrap();
    drive(&mut server, provider, &mut stream, |server| server.data() == b"and you\n");
}
