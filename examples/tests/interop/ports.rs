//! Ports for servers that take a number on their command line.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Where the ports given out begin.
const FIRST: u16 = 10_000;

/// A port that nobody listens on, and that this process is given once only: two servers that are started at once must
/// not both take the other's for their own. It is none that the kernel gives to connections and to whoever asks for
/// port 0: such a one could be taken between this look and the server's own.
pub(crate) fn free_port() -> Result<u16, String> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let span = first_of_the_kernel().checked_sub(FIRST).filter(|span| *span >= 1_000).unwrap_or(20_000);
    // Processes that run at once look in different places first.
    let start = std::process::id().wrapping_mul(997) % u32::from(span);
    for _ in 0..span {
        let given = u32::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from((start + given) % u32::from(span)).unwrap_or(0);
        if is_free(port) {
            return Ok(port);
        }
    }
    Err("no free port".into())
}

/// The lowest port that the kernel gives out itself; Linux's customary one where the kernel does not say.
fn first_of_the_kernel() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    range.split_ascii_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(32_768)
}

/// Whether a server could take it on all the addresses that servers take.
fn is_free(port: u16) -> bool {
    let addresses: [SocketAddr; 3] = [
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv4Addr::UNSPECIFIED, port).into(),
        (Ipv6Addr::UNSPECIFIED, port).into(),
    ];
    let taken = |address: &SocketAddr| TcpListener::bind(address).is_err_and(|e| e.kind() == ErrorKind::AddrInUse);
    !addresses.iter().any(taken)
}
