//! The network card of the board: SMSC LAN9118, one packet at a time, without interrupts.

use crate::Register;
use crate::network::{self, FCS_LEN, FRAME_LEN, NoCard};
use smoltcp::phy::{Device, DeviceCapabilities, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

const RX_DATA_FIFO: Register = Register(0x4020_0000);
const TX_DATA_FIFO: Register = Register(0x4020_0020);
const RX_STATUS_FIFO: Register = Register(0x4020_0040);
const BYTE_TEST: Register = Register(0x4020_0064);
const TX_CFG: Register = Register(0x4020_0070);
const HW_CFG: Register = Register(0x4020_0074);
const RX_FIFO_INF: Register = Register(0x4020_007c);
const TX_FIFO_INF: Register = Register(0x4020_0080);
const MAC_CSR_CMD: Register = Register(0x4020_00a4);
const MAC_CSR_DATA: Register = Register(0x4020_00a8);

/// Registers of the MAC, behind MAC_CSR_CMD.
const MAC_CR: u32 = 1;
const ADDRH: u32 = 2;
const ADDRL: u32 = 3;

const WORDS: usize = (FRAME_LEN + FCS_LEN).div_ceil(4);

/// The card.
pub struct Lan9118 {
    received: [u32; WORDS],
    sent: [u32; WORDS],
}

impl Lan9118 {
    /// Starts the card with this address.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn new(address: EthernetAddress) -> Result<Self, NoCard> {
        const TEST_PATTERN: u32 = 0x8765_4321;
        const SOFT_RESET: u32 = 1;
        const TX_ON: u32 = 1 << 1;
        /// Nobody reads what became of frames that were sent: the card need not stop when it has no more room for that.
        const STATUS_MAY_OVERRUN: u32 = 1 << 2;
        const RECEIVE: u32 = 1 << 2;
        const TRANSMIT: u32 = 1 << 3;
        if BYTE_TEST.read() != TEST_PATTERN {
            return Err(NoCard);
        }
        HW_CFG.write(SOFT_RESET);
        while HW_CFG.read() & SOFT_RESET != 0 {}
        let [a, b, c, d, e, f] = address.0;
        write_mac(ADDRL, u32::from_le_bytes([a, b, c, d]));
        write_mac(ADDRH, u32::from_le_bytes([e, f, 0, 0]));
        write_mac(MAC_CR, RECEIVE | TRANSMIT);
        TX_CFG.write(TX_ON | STATUS_MAY_OVERRUN);
        Ok(Self { received: [0; WORDS], sent: [0; WORDS] })
    }

    /// Takes the next packet from the card into `received`: its length. Bad ones are dropped.
    fn next_packet(&mut self) -> Option<usize> {
        const ERROR: u32 = 1 << 15;
        while (RX_FIFO_INF.read() >> 16) & 0xff > 0 {
            let status = RX_STATUS_FIFO.read();
            let len = (status >> 16) as usize & 0x3fff;
            let words = len.div_ceil(4);
            for index in 0..words {
                let word = RX_DATA_FIFO.read();
                if let Some(slot) = self.received.get_mut(index) {
                    *slot = word;
                }
            }
            if status & ERROR == 0 && words <= WORDS && len > FCS_LEN {
                return Some(len - FCS_LEN);
            }
        }
        None
    }
}

fn write_mac(register: u32, value: u32) {
    const BUSY: u32 = 1 << 31;
    MAC_CSR_DATA.write(value);
    MAC_CSR_CMD.write(BUSY | register);
    while MAC_CSR_CMD.read() & BUSY != 0 {}
}

/// Whether the card has room for another frame.
fn has_room() -> bool {
    (TX_FIFO_INF.read() & 0xffff) as usize >= FRAME_LEN + 16
}

/// The bytes of words, which are in the order of the wire: the processor is little-endian, and so is the card.
fn bytes_of(words: &mut [u32; WORDS]) -> &mut [u8] {
    // SAFETY: the bytes are those of the words, four each, borrowed as long; any bytes are bytes, any four of them a
    // word, and bytes may stand anywhere.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), WORDS * 4) }
}

impl Device for Lan9118 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sent<'_>)> {
        if !has_room() {
            return None;
        }
        let len = self.next_packet()?;
        Some((Received(&bytes_of(&mut self.received)[..len]), Sent(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        has_room().then_some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        network::capabilities()
    }
}

/// A packet from the card.
pub struct Received<'a>(&'a [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a packet to the card.
pub struct Sent<'a>(&'a mut [u32; WORDS]);

impl TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        const FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;
        let result = f(&mut bytes_of(self.0)[..len]);
        TX_DATA_FIFO.write(FIRST_AND_LAST | len as u32);
        TX_DATA_FIFO.write(len as u32);
        for &word in &self.0[..len.div_ceil(4)] {
            TX_DATA_FIFO.write(word);
        }
        result
    }
}
