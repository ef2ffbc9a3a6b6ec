//! The operating system's network, by the traits of `embedded-nal-async`: what embassy-net's `TcpClient` and
//! `DnsSocket` are on a board.

use embedded_io_adapters::tokio_1::FromTokio;
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// TCP and names, by tokio.
pub struct Network;

impl TcpConnect for Network {
    type Error = Error;
    type Connection<'a> = FromTokio<TcpStream>;

    async fn connect(&self, remote: SocketAddr) -> Result<Self::Connection<'_>, Error> {
        Ok(FromTokio::new(TcpStream::connect(remote).await?))
    }
}

impl Dns for Network {
    type Error = Error;

    async fn get_host_by_name(&self, host: &str, kind: AddrType) -> Result<IpAddr, Error> {
        let found = tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip());
        let mut found = found.filter(|address| match kind {
            AddrType::IPv4 => address.is_ipv4(),
            AddrType::IPv6 => address.is_ipv6(),
            AddrType::Either => true,
        });
        found.next().ok_or_else(|| ErrorKind::NotFound.into())
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Error> {
        Err(ErrorKind::Unsupported.into())
    }
}
