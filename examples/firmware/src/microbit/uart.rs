//! The UART of the nRF51, polled.

use crate::Register;

const START_RECEIVER: Register = Register(0x4000_2000);
const START_TRANSMITTER: Register = Register(0x4000_2008);
const RECEIVED: Register = Register(0x4000_2108);
const SENT: Register = Register(0x4000_211c);
const ENABLE: Register = Register(0x4000_2500);
const RECEIVE: Register = Register(0x4000_2518);
const SEND: Register = Register(0x4000_251c);

/// The serial line.
pub struct Uart(());

impl Uart {
    /// Turns it on. The emulator does not care about the rate.
    pub fn new() -> Self {
        const ENABLED: u32 = 4;
        ENABLE.write(ENABLED);
        START_RECEIVER.write(1);
        START_TRANSMITTER.write(1);
        Self(())
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            SENT.write(0);
            SEND.write(byte.into());
            while SENT.read() == 0 {}
        }
    }

    /// Waits for bytes, then receives as many as follow closely, as far as there is room; returns their number.
    pub fn receive(&mut self, room: &mut [u8]) -> usize {
        crate::serial::receive(room, || {
            (RECEIVED.read() != 0).then(|| {
                RECEIVED.write(0);
                RECEIVE.read() as u8
            })
        })
    }
}

impl Default for Uart {
    fn default() -> Self {
        Self::new()
    }
}
