//! rustls with aws-lc-rs, for comparison.

use super::{Identity, Times, undisturbed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, DigitallySignedStruct, Error, ServerConfig, ServerConnection,
    SideData, SignatureScheme, SupportedCipherSuite,
};
use saitls_core::codes::{CipherSuite, NamedGroup};
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

pub(crate) const NAME: &str = "rustls";

/// Checks the signature of the handshake, and no chain: as our own end does in this comparison.
#[derive(Debug)]
struct AnyPeer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyPeer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Configurations of both ends.
pub(crate) struct Configs {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Configs {
    /// Without tickets.
    pub(crate) fn new(suite: CipherSuite, group: NamedGroup, identity: &Identity) -> Self {
        let mut configs = Self::resuming(suite, group, identity);
        // Nobody else has them yet.
        if let (Some(client), Some(server)) = (Arc::get_mut(&mut configs.client), Arc::get_mut(&mut configs.server)) {
            client.resumption = rustls::client::Resumption::disabled();
            server.send_tls13_tickets = 0;
        }
        configs
    }

    /// With tickets that the server remembers, one for each connection.
    pub(crate) fn resuming(suite: CipherSuite, group: NamedGroup, identity: &Identity) -> Self {
        let suite: SupportedCipherSuite = match suite {
            CipherSuite::AES_128_GCM_SHA256 => cipher_suite::TLS13_AES_128_GCM_SHA256,
            CipherSuite::AES_256_GCM_SHA384 => cipher_suite::TLS13_AES_256_GCM_SHA384,
            _ => cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        };
        let group: &'static dyn SupportedKxGroup = match group {
            NamedGroup::X25519MLKEM768 => kx_group::X25519MLKEM768,
            _ => kx_group::X25519,
        };
        let provider =
            Arc::new(CryptoProvider { cipher_suites: vec![suite], kx_groups: vec![group], ..default_provider() });
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyPeer(Arc::clone(&provider))))
            .with_no_client_auth();
        let chain = vec![CertificateDer::from(identity.certificate)];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a test key");
        server.send_tls13_tickets = 1;
        Self { client: Arc::new(client), server: Arc::new(server) }
    }

    pub(crate) fn client(&self) -> ClientConnection {
        let name = ServerName::try_from("localhost").expect("a name");
        ClientConnection::new(Arc::clone(&self.client), name).expect("a good configuration")
    }

    pub(crate) fn server(&self) -> ServerConnection {
        ServerConnection::new(Arc::clone(&self.server)).expect("a good configuration")
    }

    /// A connected pair.
    pub(crate) fn pair(&self) -> (ClientConnection, ServerConnection) {
        let (mut client, mut server) = (self.client(), self.server());
        while client.is_handshaking() || server.is_handshaking() {
            carry(&mut client, &mut server);
            server.process_new_packets().expect("the server goes on");
            carry(&mut server, &mut client);
            client.process_new_packets().expect("the client goes on");
        }
        carry(&mut client, &mut server);
        server.process_new_packets().expect("the server goes on");
        (client, server)
    }

    /// What `times` handshakes take each end: making the connection, all of `process_new_packets`, dropping it.
    /// Carrying the bytes is not counted.
    pub(crate) fn handshakes(&self, times: u64) -> Times {
        undisturbed(times, || {
            let mut sum = Times::default();
            let mut client = sum.in_client(|| self.client());
            let mut server = sum.in_server(|| self.server());
            while client.is_handshaking() || server.is_handshaking() {
                carry(&mut client, &mut server);
                sum.in_server(|| server.process_new_packets().map(drop)).expect("the server goes on");
                carry(&mut server, &mut client);
                sum.in_client(|| client.process_new_packets().map(drop)).expect("the client goes on");
            }
            // Its ticket, if there is one, is there already.
            carry(&mut server, &mut client);
            sum.in_client(|| {
                client.process_new_packets().expect("the client goes on");
                drop(client);
            });
            sum.in_server(|| drop(server));
            sum
        })
    }
}

/// Bytes from one side to the other.
fn carry<A: SideData, B: SideData>(from: &mut ConnectionCommon<A>, to: &mut ConnectionCommon<B>) {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).expect("a vector takes all");
    }
    let mut rest = &wire[..];
    while !rest.is_empty() {
        to.read_tls(&mut rest).expect("there is room");
        // Its buffer takes a few kilobytes at once: what is whole must be taken out, which is not counted but for its
        // time.
        if !rest.is_empty() {
            to.process_new_packets().expect("good records");
        }
    }
}

/// What `times` records take: `writer().write_all` here, `process_new_packets` and reading in place there. Carrying the
/// bytes is not counted. The client sends.
pub(crate) fn records(
    (client, server): (&mut ClientConnection, &mut ServerConnection),
    data: &[u8],
    times: u64,
) -> Times {
    let mut wire = Vec::with_capacity(20_000);
    undisturbed(times, || {
        let mut sum = Times::default();
        sum.in_client(|| client.writer().write_all(data)).expect("sealed");
        wire.clear();
        while client.wants_write() {
            client.write_tls(&mut wire).expect("a vector takes all");
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest).expect("there is room");
            sum.in_server(|| server.process_new_packets().map(drop)).expect("opened");
        }
        sum.in_server(|| {
            let mut left = data.len();
            while left > 0 {
                let mut reader = server.reader();
                let len = reader.fill_buf().expect("data").len();
                reader.consume(len);
                left -= len;
            }
        });
        sum
    })
}
