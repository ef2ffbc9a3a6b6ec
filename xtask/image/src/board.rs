//! A board that is nowhere: registers that the compiler must believe in.

use core::ptr;

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

const REGISTERS: usize = 0x4000_0000;

fn read(register: usize) -> u32 {
    // SAFETY: the image is linked and never run.
    unsafe { ptr::read_volatile((REGISTERS + 4 * register) as *const u32) }
}

fn write(register: usize, value: u32) {
    // SAFETY: the image is linked and never run.
    unsafe { ptr::write_volatile((REGISTERS + 4 * register) as *mut u32, value) }
}

/// The time of a timer.
pub fn now() -> Instant {
    Instant::from_micros(i64::from(read(0)))
}

/// A true random number generator.
pub struct Trng;

impl rand_core::TryRng for Trng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(read(1))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(read(1)) << 32 | u64::from(read(1)))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        out.iter_mut().for_each(|byte| *byte = read(1) as u8);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Trng {}

const MTU: usize = 1_500;

/// A network interface with one packet each way.
pub struct Network {
    pub received: [u8; MTU],
    pub sent: [u8; MTU],
}

impl Device for Network {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sent<'_>)> {
        let len = read(2) as usize;
        self.received.iter_mut().for_each(|byte| *byte = read(3) as u8);
        self.received
            .get(..len)
            .filter(|packet| !packet.is_empty())
            .map(|packet| (Received(packet), Sent(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        Some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

pub struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

pub struct Sent<'a>(&'a mut [u8; MTU]);

impl TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let packet = &mut self.0[..len];
        let result = f(packet);
        packet.iter().for_each(|&byte| write(4, u32::from(byte)));
        result
    }
}
