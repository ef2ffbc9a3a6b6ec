//! tokio-rustls at the other end.
#![allow(clippy::unwrap_used)]

mod common;

use common::{CERTIFICATE, KEY, acceptor, connector, name, pattern};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};

const LEN: usize = 300_000;

/// Sends and receives at once, to the end.
async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let data = pattern(LEN);
    let (mut reader, mut writer) = tokio::io::split(stream);
    let send = async {
        for piece in data.chunks(7_777) {
            writer.write_all(piece).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let (_, len) = tokio::join!(send, reader.read_to_end(&mut received));
    len.unwrap();
    assert!(received == data);
}

/// Trusts the one certificate, which is an authority's and therefore none of a server's to rustls.
#[derive(Debug)]
struct Pinned(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        assert_eq!(end_entity.as_ref(), CERTIFICATE);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        unreachable!("this is TLS 1.3")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[tokio::test]
async fn its_client_talks_to_our_server() {
    let config =
        rustls::ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&rustls::version::TLS13]);
    let config = config
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(provider())))
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    for capacity in [100, 50_000] {
        let (here, there) = duplex(capacity);
        let acceptor = acceptor();
        let (client, server) = tokio::join!(connector.connect(name(), here), acceptor.accept(there));
        tokio::join!(talk(client.unwrap()), talk(server.unwrap()));
    }
}

#[tokio::test]
async fn our_client_talks_to_its_server() {
    let config =
        rustls::ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&rustls::version::TLS13]);
    let chain = vec![CertificateDer::from(CERTIFICATE)];
    let key = PrivateKeyDer::try_from(KEY).unwrap();
    let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    for capacity in [100, 50_000] {
        let (here, there) = duplex(capacity);
        let connector = connector();
        let (client, server) = tokio::join!(connector.connect(name(), here), acceptor.accept(there));
        tokio::join!(talk(client.unwrap()), talk(server.unwrap()));
    }
}
