//! The network as the emulator makes it: we are 10.0.2.15, the host is 10.0.2.2.

#[cfg(feature = "ast2600")]
use crate::ast2600::ftgmac100::Ftgmac100 as Card;
#[cfg(feature = "mps2")]
use crate::lan9118::Lan9118 as Card;
use crate::timer;
use core::cell::Cell;
use smoltcp::iface::{Config, Interface};
use smoltcp::phy::{DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, Ipv4Address};

/// The address of the host.
pub const HOST: IpAddress = IpAddress::v4(10, 0, 2, 2);

/// An Ethernet frame without its check sequence: header and 1,500 bytes.
pub(crate) const FRAME_LEN: usize = 1_514;
/// What a card adds to a frame that it received.
pub(crate) const FCS_LEN: usize = 4;

/// What smoltcp is to know of a card.
pub(crate) fn capabilities() -> DeviceCapabilities {
    let mut capabilities = DeviceCapabilities::default();
    capabilities.medium = Medium::Ethernet;
    capabilities.max_transmission_unit = FRAME_LEN;
    capabilities
}

/// There is no card, or another one.
#[derive(Debug)]
pub struct NoCard;

/// The time since the start, from a counter that goes round. To be asked at least as often as it does.
#[derive(Default)]
pub struct Clock {
    last: Cell<u32>,
    microseconds: Cell<i64>,
}

impl Clock {
    /// The time.
    pub fn now(&self) -> Instant {
        const TICKS_PER_MICROSECOND: u32 = timer::FREQUENCY / 1_000_000;
        let ticks = timer::ticks();
        let passed = ticks.wrapping_sub(self.last.get()) / TICKS_PER_MICROSECOND;
        // What is less than a microsecond counts the next time.
        self.last.set(self.last.get().wrapping_add(passed * TICKS_PER_MICROSECOND));
        self.microseconds.set(self.microseconds.get() + i64::from(passed));
        Instant::from_micros(self.microseconds.get())
    }
}

/// The card, and an interface over it.
///
/// # Errors
/// If there is no card.
pub fn start(clock: &Clock, random_seed: u64) -> Result<(Card, Interface), NoCard> {
    let address = EthernetAddress([0x02, 0, 0, 0, 0, 0x15]);
    let mut card = Card::new(address)?;
    let mut config = Config::new(HardwareAddress::Ethernet(address));
    config.random_seed = random_seed;
    let mut iface = Interface::new(config, &mut card, clock.now());
    iface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(IpAddress::v4(10, 0, 2, 15), 24));
    });
    let _ = iface.routes_mut().add_default_ipv4_route(Ipv4Address::new(10, 0, 2, 2));
    Ok((card, iface))
}
