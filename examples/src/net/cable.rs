//! A cable inside the process: two network devices, and what one sends the other receives, in order and without loss.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

/// How many packets a direction holds before it asks the sender to wait.
const CAPACITY: usize = 256;

/// One direction.
#[derive(Default)]
struct Lane {
    packets: VecDeque<Vec<u8>>,
    /// How many bytes of packets it has carried.
    bytes: u64,
}

type SharedLane = Rc<RefCell<Lane>>;

/// An end of the cable: a smoltcp device that carries IP packets.
pub struct CableEnd {
    incoming: SharedLane,
    outgoing: SharedLane,
    mtu: usize,
    checksums: bool,
}

/// A cable for IP packets of up to `mtu` bytes. It never damages a packet, so `checksums` may be left out.
#[must_use]
pub fn cable(mtu: usize, checksums: bool) -> (CableEnd, CableEnd) {
    let (there, back) = (SharedLane::default(), SharedLane::default());
    (
        CableEnd { incoming: Rc::clone(&back), outgoing: Rc::clone(&there), mtu, checksums },
        CableEnd { incoming: there, outgoing: back, mtu, checksums },
    )
}

impl CableEnd {
    /// How many bytes of IP packets this end has sent.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.outgoing.borrow().bytes
    }

    /// Whether packets wait to be received at this end.
    #[must_use]
    pub fn has_incoming(&self) -> bool {
        !self.incoming.borrow().packets.is_empty()
    }

    /// Takes out of the packets that wait at this end those that `hold` wants.
    pub(super) fn extract(&mut self, mut hold: impl FnMut(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let mut lane = self.incoming.borrow_mut();
        if !lane.packets.iter().any(|packet| hold(packet)) {
            return Vec::new();
        }
        let (held, rest): (Vec<_>, Vec<_>) = lane.packets.drain(..).partition(|packet| hold(packet));
        lane.packets = rest.into();
        held
    }

    /// Lets this end receive `packet` next.
    pub(super) fn inject(&mut self, packet: Vec<u8>) {
        self.incoming.borrow_mut().packets.push_front(packet);
    }
}

impl Device for CableEnd {
    type RxToken<'a> = Packet;
    type TxToken<'a> = Sender<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let packet = self.incoming.borrow_mut().packets.pop_front()?;
        Some((Packet(packet), Sender(&self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Self::TxToken<'_>> {
        (self.outgoing.borrow().packets.len() < CAPACITY).then_some(Sender(&self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        if !self.checksums {
            capabilities.checksum = ChecksumCapabilities::ignored();
        }
        capabilities
    }
}

/// A packet that has arrived.
pub struct Packet(Vec<u8>);

impl RxToken for Packet {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

/// The right to send one packet.
pub struct Sender<'a>(&'a SharedLane);

impl TxToken for Sender<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        let mut lane = self.0.borrow_mut();
        lane.bytes += len as u64;
        lane.packets.push_back(packet);
        result
    }
}
