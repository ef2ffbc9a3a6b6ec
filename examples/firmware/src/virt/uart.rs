//! The UART of the board (a 16550), polled.

const BASE: usize = 0x1000_0000;
const LINE_STATUS: usize = BASE + 5;
const RECEIVED: u8 = 1;
const CAN_SEND: u8 = 0x20;

fn read(register: usize) -> u8 {
    // SAFETY: a register of the device, of one byte, which may be read at any time.
    unsafe { core::ptr::read_volatile(register as *const u8) }
}

/// The serial line.
pub struct Uart(());

impl Uart {
    /// It is on.
    pub fn new() -> Self {
        Self(())
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while read(LINE_STATUS) & CAN_SEND == 0 {}
            // SAFETY: a register of the device, which takes a byte to send.
            unsafe { core::ptr::write_volatile(BASE as *mut u8, byte) };
        }
    }

    /// Waits for bytes, then receives as many as follow closely, as far as there is room; returns their number.
    pub fn receive(&mut self, room: &mut [u8]) -> usize {
        crate::serial::receive(room, || (read(LINE_STATUS) & RECEIVED != 0).then(|| read(BASE)))
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}
