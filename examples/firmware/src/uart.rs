//! UART0 of the board (CMSDK APB UART), polled.

use crate::Register;

/// Where it is; on the Cortex-M33, in the secure world.
const BASE: usize = if cfg!(feature = "an505") { 0x5020_0000 } else { 0x4000_4000 };
const DATA: Register = Register(BASE);
const STATE: Register = Register(BASE + 4);
const CTRL: Register = Register(BASE + 8);
const BAUDDIV: Register = Register(BASE + 16);

const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;

/// The serial line.
pub struct Uart(());

impl Uart {
    /// Turns it on. The emulator does not care about the rate.
    pub fn new() -> Self {
        BAUDDIV.write(16);
        CTRL.write(3);
        Self(())
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while STATE.read() & TRANSMIT_FULL != 0 {}
            DATA.write(byte.into());
        }
    }

    /// Waits for bytes, then receives as many as follow closely, as far as there is room; returns their number.
    pub fn receive(&mut self, room: &mut [u8]) -> usize {
        crate::serial::receive(room, || (STATE.read() & RECEIVE_FULL != 0).then(|| DATA.read() as u8))
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}
