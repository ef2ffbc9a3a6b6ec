//! Both ends, and data.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use saitls::protocol::crypto::PinnedKey;
use saitls_tokio::{
    AwsLc, ClientConfig, ClientConfigBuilder, Identity, ServerConfig, ServerConfigBuilder, ServerName, TlsAcceptor,
    TlsConnector, Trust, client, server,
};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};

pub const CERTIFICATE: &[u8] = include_bytes!("../../../tests/data/p256.cert.der");
pub const KEY: &[u8] = include_bytes!("../../../tests/data/p256.key.der");
static PINS: [&[u8]; 1] = [include_bytes!("../../../tests/data/p256.spki.der")];

pub fn trust() -> Trust<AwsLc> {
    Trust::new(PinnedKey::subject_public_key_info(&PINS))
}

pub fn identity() -> Identity<AwsLc> {
    Identity::from_der(vec![CERTIFICATE.into()], KEY).unwrap()
}

pub fn client_builder() -> ClientConfigBuilder<AwsLc> {
    ClientConfig::builder(AwsLc, trust())
}

pub fn server_builder() -> ServerConfigBuilder<AwsLc> {
    ServerConfig::builder(AwsLc, [identity()])
}

pub fn connector() -> TlsConnector {
    TlsConnector::from(Arc::new(client_builder().build().unwrap()))
}

pub fn acceptor() -> TlsAcceptor {
    TlsAcceptor::from(Arc::new(server_builder().build().unwrap()))
}

pub fn name() -> ServerName<'static> {
    ServerName::try_from("server.test").unwrap()
}

/// Connected over these transports.
pub async fn connect<C, S>(client: C, server: S) -> (client::TlsStream<C>, server::TlsStream<S>)
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (client, server) = tokio::join!(connector().connect(name(), client), acceptor().accept(server));
    (client.unwrap(), server.unwrap())
}

/// Connected over a pipe that holds so many bytes each way.
pub async fn connected(capacity: usize) -> (client::TlsStream<DuplexStream>, server::TlsStream<DuplexStream>) {
    let (here, there) = duplex(capacity);
    connect(here, there).await
}

/// Bytes that never repeat in step with records.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// SplitMix64: good for tests, and only for tests.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}
