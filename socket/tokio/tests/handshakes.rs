//! Handshakes: what is agreed on, what is refused, and servers that look before they choose.
#![allow(clippy::unwrap_used)]

mod common;

use common::{acceptor, client_builder, connector, identity, name, server_builder, trust};
use saitls::Error;
use saitls::protocol::codes::{CipherSuite, NamedGroup, SignatureScheme};
use saitls::protocol::error::CertificateFault;
use saitls_tokio::{
    AwsLc, ClientConfig, LazyConfigAcceptor, ServerConfig, ServerName, TlsAcceptor, TlsConnector, Trust,
};
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream, duplex};

fn tls_error(error: &std::io::Error) -> Option<Error> {
    error.get_ref()?.downcast_ref().copied()
}

#[tokio::test]
async fn protocols_are_agreed_on() {
    let client = client_builder().with_alpn(["h2", "http/1.1"]).build().unwrap();
    let server = server_builder().with_alpn(["http/1.1", "acme"]).with_peer_buffer_len(100).build().unwrap();
    let (here, there) = duplex(10_000);
    let (client, server) = (TlsConnector::from(Arc::new(client)), TlsAcceptor::from(Arc::new(server)));
    let (client, server) = tokio::join!(client.connect(name(), here), server.accept(there));
    let (client, server) = (client.unwrap(), server.unwrap());
    assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(server.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(server.get_ref().1.server_name(), Some("server.test"));
    assert!(client.get_ref().1.negotiated_cipher_suite().is_some());
}

#[tokio::test]
async fn clients_prove_who_they_are() {
    let client = client_builder().with_identity(identity()).build().unwrap();
    let server = server_builder().with_client_authentication(trust()).with_peer_buffer_len(2_000).build().unwrap();
    let (here, there) = duplex(10_000);
    let (client, server) = (TlsConnector::from(Arc::new(client)), TlsAcceptor::from(Arc::new(server)));
    let (client, server) = tokio::join!(client.connect(name(), here), server.accept(there));
    client.unwrap();
    assert_eq!(server.unwrap().get_ref().1.peer_certificate(), Some(common::CERTIFICATE));
}

/// The transport comes back, the error says why, and the peer is told.
#[tokio::test]
async fn what_fails_gives_the_transport_back() {
    let stranger = ClientConfig::builder(AwsLc, Trust::pinned([[7; 32]])).build().unwrap();
    let (here, there) = duplex(10_000);
    let connector = TlsConnector::from(Arc::new(stranger));
    let (client, server) =
        tokio::join!(connector.connect(name(), here).into_fallible(), acceptor().accept(there).into_fallible());
    let (error, mut here) = client.err().unwrap();
    assert_eq!(
        (error.kind(), tls_error(&error)),
        (ErrorKind::InvalidData, Some(CertificateFault::KeyNotPinned.into()))
    );
    let (error, mut there) = server.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    here.write_all(b"plain").await.unwrap();
    let mut received = [0; 5];
    there.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"plain");
}

#[test]
fn configurations_are_checked_when_they_are_made() {
    let is_wrong = |error| matches!(error, Some(Error::InvalidConfiguration(_)));
    assert!(is_wrong(ServerConfig::builder(AwsLc, []).build().err()));
    assert!(is_wrong(client_builder().with_alpn([""]).build().err()));
    let nothing = client_builder().with_options(|config| config.with_cipher_suites(&[CipherSuite::AES_128_CCM_SHA256]));
    assert!(is_wrong(nothing.build().err()));
    let short = server_builder().with_buffer_lens(100, 1_000).build();
    assert!(matches!(short.err(), Some(Error::ReceiveBufferTooSmall(_))));
}

#[tokio::test]
async fn transports_that_hold_bytes_back_are_flushed() {
    let (here, there) = duplex(10_000);
    let (mut client, mut server) = common::connect(BufStream::new(here), BufStream::new(there)).await;
    client.write_all(b"ping").await.unwrap();
    client.flush().await.unwrap();
    server.read_exact(&mut [0; 4]).await.unwrap();
    // Whoever reads sends what was written before.
    server.write_all(b"pong").await.unwrap();
    let (at_server, at_client) = (&mut [0; 4], &mut [0; 4]);
    let read = client.read_exact(at_client);
    tokio::select! {
        _ = server.read_exact(at_server) => panic!("nothing was written"),
        done = read => assert_eq!(done.unwrap(), 4),
    }
}

/// Bytes come one at a time, and the configuration depends on the name.
#[tokio::test]
async fn a_server_looks_before_it_chooses() {
    let client = client_builder()
        .with_alpn(["h2", "http/1.1"])
        .with_options(|config| config.with_named_groups(&[NamedGroup::SECP256R1, NamedGroup::X25519]));
    let connector = TlsConnector::from(Arc::new(client.build().unwrap()));
    let (for_all, for_devices) = (server_builder(), server_builder().with_alpn(["h2"]));
    let (for_all, for_devices) = (Arc::new(for_all.build().unwrap()), Arc::new(for_devices.build().unwrap()));
    for (host, capacity) in [("devices.test", 1), ("other.test", 100_000)] {
        let (here, there) = duplex(capacity);
        let serve = async {
            let start = LazyConfigAcceptor::new(there).await.unwrap();
            let hello = start.client_hello();
            assert_eq!(hello.server_name(), Some(host));
            assert!(hello.alpn().unwrap().eq([&b"h2"[..], b"http/1.1"]));
            assert!(hello.named_groups().eq([NamedGroup::SECP256R1, NamedGroup::X25519]));
            assert!(hello.cipher_suites().any(|suite| suite == CipherSuite::AES_128_GCM_SHA256));
            assert!(hello.signature_schemes().any(|scheme| scheme == SignatureScheme::ECDSA_SECP256R1_SHA256));
            let config = if host == "devices.test" { &for_devices } else { &for_all };
            let mut stream = start.into_stream(Arc::clone(config)).await.unwrap();
            stream.write_all(b"welcome").await.unwrap();
            stream.shutdown().await.unwrap();
            stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
        };
        let connect = async {
            let mut stream = connector.connect(ServerName::try_from(host).unwrap(), here).await.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).await.unwrap();
            said
        };
        let (protocol, said) = tokio::join!(serve, connect);
        assert_eq!(said, "welcome");
        assert_eq!(protocol.as_deref(), (host == "devices.test").then_some(&b"h2"[..]));
    }
}

#[tokio::test]
async fn what_is_no_client_hello_gets_an_alert() {
    for (bytes, alert) in [
        (&b"GET / HTTP/1.1\r\n"[..], 10),
        (&[22, 3, 1, 0, 4, 2, 0, 0, 0], 10),
        (&[22, 3, 1, 0xff, 0xff], 22),
        (&[22, 3, 1, 0, 5, 1, 0, 0, 1, 9], 50),
    ] {
        let (mut here, there) = duplex(10_000);
        here.write_all(bytes).await.unwrap();
        // What a transport holds back is flushed.
        let error = LazyConfigAcceptor::new(BufStream::new(there)).await.err().unwrap();
        assert!(tls_error(&error).is_some());
        let mut answer = Vec::new();
        here.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, [21, 3, 3, 0, 2, 2, alert], "{bytes:?}");
    }
}

#[tokio::test]
async fn who_hangs_up_during_a_handshake_is_noticed() {
    let (mut here, there) = duplex(10_000);
    here.write_all(&[22, 3, 1]).await.unwrap();
    drop(here);
    assert_eq!(LazyConfigAcceptor::new(there).await.err().unwrap().kind(), ErrorKind::UnexpectedEof);
    let (here, there) = duplex(10_000);
    drop(there);
    let error = connector().connect(name(), here).await.err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe), "{error:?}");
}

/// What was read can be passed on.
#[tokio::test]
async fn a_connection_is_passed_on_unopened() {
    let (here, front) = duplex(100_000);
    let (mut back, there) = duplex(100_000);
    let proxy = async {
        let (mut front, bytes) = LazyConfigAcceptor::new(front).await.unwrap().into_parts();
        back.write_all(&bytes).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut front, &mut back).await;
    };
    let (connector, acceptor) = (connector(), acceptor());
    let ends = async {
        let (client, server) = tokio::join!(connector.connect(name(), here), acceptor.accept(there));
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        client.write_all(b"through").await.unwrap();
        let mut received = [0; 7];
        server.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"through");
    };
    tokio::select! {
        () = proxy => panic!("the proxy ended first"),
        () = ends => {}
    }
}
