//! The UART of the board, polled.

use crate::Register;

/// What to send; what was received; and whether to do so.
const SEND: Register = Register(0x1001_3000);
const RECEIVE: Register = Register(0x1001_3004);
const SEND_CONTROL: Register = Register(0x1001_3008);
const RECEIVE_CONTROL: Register = Register(0x1001_300c);
/// There is no room to send, or nothing was received.
const NOT_NOW: u32 = 1 << 31;

/// The serial line.
pub struct Uart(());

impl Uart {
    /// Switches it on.
    pub fn new() -> Self {
        SEND_CONTROL.write(1);
        RECEIVE_CONTROL.write(1);
        Self(())
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while SEND.read() & NOT_NOW != 0 {}
            SEND.write(byte.into());
        }
    }

    /// Waits for bytes, then receives as many as follow closely, as far as there is room; returns their number.
    pub fn receive(&mut self, room: &mut [u8]) -> usize {
        crate::serial::receive(room, || {
            let received = RECEIVE.read();
            (received & NOT_NOW == 0).then_some(received as u8)
        })
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}
