//! UART0 of the board (CMSDK APB UART), polled.

use crate::Register;

const DATA: Register = Register(0x4000_4000);
const STATE: Register = Register(0x4000_4004);
const CTRL: Register = Register(0x4000_4008);
const BAUDDIV: Register = Register(0x4000_4010);

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
        const PATIENCE: u32 = 10_000;
        let mut len = 0;
        for byte in room {
            let mut patience = PATIENCE;
            while STATE.read() & RECEIVE_FULL == 0 {
                patience -= u32::from(len > 0);
                if patience == 0 {
                    return len;
                }
            }
            *byte = DATA.read() as u8;
            len += 1;
        }
        len
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}
