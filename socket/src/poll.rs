//! One call that moves everything: packets, TLS and plain sockets.

use crate::set::TlsSocketSet;
use saitls_core::crypto::CryptoProvider;
use smoltcp::iface::{Interface, PollIngressSingleResult, PollResult, SocketSet};
use smoltcp::phy::Device;
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};

/// How often one poll goes round: packets in, TLS, packets out.
const MAX_ROUNDS: usize = 32;

/// How many packets one round takes from the device, and how many it sends for each socket.
const MAX_PACKETS: usize = 32;

/// Stands in for [`Interface::poll`]: receives and sends packets for all sockets of `sockets`, and lets the
/// TLS sockets of `tls` take from, and give to, their TCP sockets among them.
///
/// It goes on until nothing moves any more, but does only a bounded amount of work: if packets are left after
/// that, [`poll_delay`] says zero. An error in one socket is kept there ([`TlsSocket::error`]) and does not
/// disturb the others.
///
/// Handshakes compute in here. If that takes too long for the rest of your program, use a provider whose slow
/// operations are pending; then each call does one share of an operation.
///
/// # Panics
/// As [`SocketSet::get_mut`] does, if the TCP socket of a TLS socket was removed from `sockets`.
///
/// [`TlsSocket::error`]: crate::TlsSocket::error
pub fn poll<P: CryptoProvider>(
    timestamp: Instant,
    iface: &mut Interface,
    device: &mut (impl Device + ?Sized),
    sockets: &mut SocketSet<'_>,
    tls: &mut TlsSocketSet<'_, P>,
    provider: &mut P,
) -> PollResult {
    iface.poll_maintenance(timestamp);
    let mut result = PollResult::None;
    tls.unfinished = false;
    for round in 0..MAX_ROUNDS {
        let mut moved = receive(timestamp, iface, device, sockets);
        for (_, socket) in tls.iter_mut() {
            let tcp = sockets.get_mut::<tcp::Socket<'_>>(socket.tcp_handle());
            moved |= socket.drive(timestamp, tcp, provider, round == 0);
        }
        moved |= transmit(timestamp, iface, device, sockets);
        if !moved {
            return result;
        }
        result = PollResult::SocketStateChanged;
    }
    tls.unfinished = true;
    result
}

/// Takes packets from the device; says whether there was one.
fn receive(
    timestamp: Instant,
    iface: &mut Interface,
    device: &mut (impl Device + ?Sized),
    sockets: &mut SocketSet<'_>,
) -> bool {
    let mut moved = false;
    for _ in 0..MAX_PACKETS {
        match iface.poll_ingress_single(timestamp, device, sockets) {
            PollIngressSingleResult::None => break,
            PollIngressSingleResult::PacketProcessed | PollIngressSingleResult::SocketStateChanged => {
                moved = true;
            }
        }
    }
    moved
}

/// Gives packets to the device; says whether one was sent.
fn transmit(
    timestamp: Instant,
    iface: &mut Interface,
    device: &mut (impl Device + ?Sized),
    sockets: &mut SocketSet<'_>,
) -> bool {
    let mut moved = false;
    for _ in 0..MAX_PACKETS {
        match iface.poll_egress(timestamp, device, sockets) {
            PollResult::None => break,
            PollResult::SocketStateChanged => moved = true,
        }
    }
    moved
}

/// When to call [`poll`] next at the latest, if no packet comes before; stands in for [`Interface::poll_at`].
///
/// That is at once (a time that is past) if a TLS socket has work: after a call that gave it some (`send`,
/// `recv`, `close`, ..), while an operation of the crypto provider is pending, and if the last poll stopped
/// half-way. Otherwise it is the first due time among those of the TCP sockets, the handshake timeouts, and
/// the connections that are closing.
///
/// A program that sleeps until its crypto device interrupts need not ask again while an operation is pending:
/// `TlsSocketSet::register_operation_waker` (feature `async`) tells the device whom to wake.
pub fn poll_at<P: CryptoProvider>(
    timestamp: Instant,
    iface: &mut Interface,
    sockets: &SocketSet<'_>,
    tls: &TlsSocketSet<'_, P>,
) -> Option<Instant> {
    if tls.unfinished {
        return Some(Instant::ZERO);
    }
    let tls = tls.iter().filter_map(|(_, socket)| socket.poll_at()).min();
    let tcp = iface.poll_at(timestamp, sockets);
    [tls, tcp].into_iter().flatten().min()
}

/// How long to wait for packets before the next [`poll`]: zero if there is work now, `None` if only a packet
/// or a call can bring some; stands in for [`Interface::poll_delay`]. See [`poll_at`].
pub fn poll_delay<P: CryptoProvider>(
    timestamp: Instant,
    iface: &mut Interface,
    sockets: &SocketSet<'_>,
    tls: &TlsSocketSet<'_, P>,
) -> Option<Duration> {
    poll_at(timestamp, iface, sockets, tls).map(|due| if due > timestamp { due - timestamp } else { Duration::ZERO })
}
