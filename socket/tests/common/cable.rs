//! A cable with two ends, in memory, that can lose, swap, double and delay packets.

use saitls::smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use saitls::smoltcp::time::{Duration, Instant};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

type Queue = Rc<RefCell<VecDeque<Vec<u8>>>>;

/// One end of a cable.
pub struct CableEnd {
    incoming: Queue,
    outgoing: Queue,
    pub mtu: usize,
    pub faults: Faults,
    /// All that this end has put on the cable, for those who listen in.
    pub tap: Vec<u8>,
}

/// What happens to packets that this end sends, by a generator of its own.
#[derive(Default)]
pub struct Faults {
    pub drop_percent: u64,
    pub swap_percent: u64,
    pub double_percent: u64,
    /// Packets that are kept back for up to half a second.
    pub delay_percent: u64,
    pub seed: u64,
    /// What is kept back, and until when.
    delayed: Vec<(Instant, Vec<u8>)>,
    /// Nothing arrives any more.
    pub unplugged: bool,
}

impl Faults {
    fn hit(&mut self, percent: u64) -> bool {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % 100 < percent
    }
}

/// A new cable.
pub fn cable() -> (CableEnd, CableEnd) {
    let (there, back) = (Queue::default(), Queue::default());
    let end = |incoming: &Queue, outgoing: &Queue| CableEnd {
        incoming: incoming.clone(),
        outgoing: outgoing.clone(),
        mtu: 1500,
        faults: Faults::default(),
        tap: Vec::new(),
    };
    (end(&there, &back), end(&back, &there))
}

impl CableEnd {
    /// Sends what was kept back long enough.
    fn release(&mut self, now: Instant) {
        let is_due = |(due, _): &mut (Instant, Vec<u8>)| *due <= now;
        self.outgoing.borrow_mut().extend(self.faults.delayed.extract_if(.., is_due).map(|(_, packet)| packet));
    }
}

impl Device for CableEnd {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sender<'a>;

    fn receive(&mut self, now: Instant) -> Option<(Received, Sender<'_>)> {
        self.release(now);
        let packet = self.incoming.borrow_mut().pop_front()?;
        Some((Received(packet), Sender(self, now)))
    }

    fn transmit(&mut self, now: Instant) -> Option<Sender<'_>> {
        Some(Sender(self, now))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

pub struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

pub struct Sender<'a>(&'a mut CableEnd, Instant);

impl TxToken for Sender<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.tap.extend_from_slice(&packet);
        let (drop_percent, swap_percent) = (self.0.faults.drop_percent, self.0.faults.swap_percent);
        if self.0.faults.unplugged || self.0.faults.hit(drop_percent) {
            return result;
        }
        let (double_percent, delay_percent) = (self.0.faults.double_percent, self.0.faults.delay_percent);
        let mut outgoing = self.0.outgoing.borrow_mut();
        if self.0.faults.hit(double_percent) {
            outgoing.push_back(packet.clone());
        }
        if self.0.faults.hit(delay_percent) {
            let delay = Duration::from_millis((self.0.faults.seed >> 40) % 500);
            self.0.faults.delayed.push((self.1 + delay, packet));
            return result;
        }
        outgoing.push_back(packet);
        let last = outgoing.len() - 1;
        if last > 0 && self.0.faults.hit(swap_percent) {
            outgoing.swap(last, last - 1);
        }
        result
    }
}
