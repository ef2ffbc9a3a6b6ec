//! A ClientHello as long as it can be is served.
#![allow(clippy::unwrap_used)]

#[path = "support/running.rs"]
mod running;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use running::Running;
use saitls::rustcrypto::RustCrypto;
use saitls_core::codes::{ContentType, ExtensionType, HandshakeType};
use saitls_core::config::ClientConfig;
use saitls_core::crypto::dangerous::AcceptAnyPeer;
use saitls_core::wire::{ClientHello, Message, Reader, Writer};
use saitls_core::{Buffers, Connection};

fn start(transport: &str) -> (Running, SocketAddr) {
    let identities = concat!(env!("CARGO_MANIFEST_DIR"), "/identities");
    let mut child = Running(
        Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["127.0.0.1:0", "--transport", transport])
            .args(["--cert", &format!("{identities}/p256.pem"), "--key", &format!("{identities}/p256.key")])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let listening = lines.find_map(|line| line.strip_prefix("listening ")?.parse().ok()).unwrap();
    // It has more to say, and must not wait for us to hear it.
    std::thread::spawn(move || lines.for_each(drop));
    (child, listening)
}

/// Our own ClientHello, with so many suites in front of its own, and an extension of so many bytes.
fn client_hello(more_suites: u16, extension: usize) -> Vec<u8> {
    let config = ClientConfig::new(&AcceptAnyPeer);
    let buffers = Buffers::new(vec![0; 16_645], vec![0; 4_096]);
    let mut client = Connection::client(&config, None, buffers).unwrap();
    client.process(&mut RustCrypto::os()).unwrap();
    let record = client.records();
    let own = ClientHello::read(Message::read(&record[5..]).unwrap().body).unwrap();
    let mut message = vec![0; 1 << 18];
    let mut writer = Writer::new(&mut message);
    writer.message(HandshakeType::CLIENT_HELLO, |writer| {
        writer.u16(own.legacy_version.0);
        writer.bytes(own.random);
        writer.vector8(|writer| writer.bytes(own.legacy_session_id));
        writer.vector16(|writer| {
            (0..more_suites).for_each(|suite| writer.u16(0x1400 + suite));
            writer.bytes(own.cipher_suites.as_bytes());
        });
        writer.vector8(|writer| writer.bytes(own.legacy_compression_methods));
        writer.vector16(|writer| {
            writer.bytes(own.extensions.as_bytes());
            writer.plain_extension(ExtensionType(0xfe0d), &vec![7; extension]);
        });
    });
    let len = writer.finish().unwrap();
    let records = message[..len].chunks(1 << 14).flat_map(|fragment| {
        let len = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[ContentType::HANDSHAKE.0, 3, 1][..], &len, fragment].concat()
    });
    records.collect()
}

/// Sends a ClientHello and waits for the ServerHello.
fn is_answered(stream: &mut TcpStream, hello: &[u8]) -> bool {
    stream.write_all(hello).unwrap();
    let mut front = [0; 6];
    stream.read_exact(&mut front).unwrap();
    let mut reader = Reader::new(&front);
    reader.u8() == Ok(ContentType::HANDSHAKE.0) && front[5] == HandshakeType::SERVER_HELLO.0
}

#[test]
fn a_client_hello_of_128_kb_is_answered() {
    let hello = client_hello(0x7ff0, 64_000);
    assert!(hello.len() > 129_000, "{}", hello.len());
    for transport in ["std", "smoltcp"] {
        let (_server, address) = start(transport);
        assert!(is_answered(&mut TcpStream::connect(address).unwrap(), &hello), "{transport}");
    }
}
