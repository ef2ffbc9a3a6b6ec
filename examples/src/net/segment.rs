//! Looks into IP packets for the one thing a gateway must know before TCP does: who wants to be connected to whom.

use std::net::SocketAddr;

use smoltcp::wire::{IpAddress, IpProtocol, IpVersion, Ipv4Packet, Ipv6Packet, TcpPacket};

/// The two ends of a connection, as its first segment names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
}

/// The ends, if `packet` is the first segment of a connection.
pub(super) fn opening(packet: &[u8]) -> Option<Ends> {
    let (source, destination, payload): (IpAddress, IpAddress, &[u8]) = match IpVersion::of_packet(packet).ok()? {
        IpVersion::Ipv4 => {
            let ip = Ipv4Packet::new_checked(packet).ok()?;
            let tcp = (ip.next_header() == IpProtocol::Tcp).then(|| ip.payload())?;
            (ip.src_addr().into(), ip.dst_addr().into(), tcp)
        }
        IpVersion::Ipv6 => {
            let ip = Ipv6Packet::new_checked(packet).ok()?;
            let tcp = (ip.next_header() == IpProtocol::Tcp).then(|| ip.payload())?;
            (ip.src_addr().into(), ip.dst_addr().into(), tcp)
        }
    };
    let tcp = TcpPacket::new_checked(payload).ok()?;
    (tcp.syn() && !tcp.ack() && !tcp.rst()).then(|| Ends {
        source: SocketAddr::new(source.into(), tcp.src_port()),
        destination: SocketAddr::new(destination.into(), tcp.dst_port()),
    })
}
