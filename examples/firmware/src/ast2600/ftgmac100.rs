//! The first network card of the board: Faraday FTGMAC100. It takes frames from memory and puts them there by itself,
//! by two rings of descriptors.

use super::barrier;
use crate::Register;
use crate::network::{self, FCS_LEN, NoCard};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};
use smoltcp::phy::{Device, DeviceCapabilities, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

const ADDRESS_HIGH: Register = Register(0x1e66_0008);
const ADDRESS_LOW: Register = Register(0x1e66_000c);
const TRANSMIT_POLL: Register = Register(0x1e66_0018);
const RECEIVE_POLL: Register = Register(0x1e66_001c);
const TRANSMIT_RING: Register = Register(0x1e66_0020);
const RECEIVE_RING: Register = Register(0x1e66_0024);
const RECEIVE_BUFFER_LEN: Register = Register(0x1e66_004c);
const MACCR: Register = Register(0x1e66_0050);

/// Room for a frame; the card wants a multiple of eight.
const BUFFER_LEN: usize = 1_536;
const RECEIVE_BUFFERS: usize = 4;

/// In the first word of a descriptor: the last one of the ring; the frame begins, and ends, here; and, of a frame that
/// is received, how long it is, what may be wrong with it, and that it is there.
const END_OF_RING: u32 = 1 << 30;
const FIRST_AND_LAST: u32 = 1 << 29 | 1 << 28;
const LEN_MASK: u32 = 0x3fff;
const ERRORS: u32 = 1 << 23 | 1 << 22 | 1 << 21 | 1 << 20 | 1 << 19 | 1 << 18;
const IS_THERE: u32 = 1 << 31;
/// Of a frame to be sent: the card has not sent it yet.
const IS_TO_BE_SENT: u32 = 1 << 31;

type Buffer = [u8; BUFFER_LEN];

/// Flags and length, two words that are not used here, the address of the buffer.
#[repr(C, align(16))]
struct Descriptor([u32; 4]);

/// What the card and the program share.
#[repr(C, align(16))]
struct Shared {
    receive: [Descriptor; RECEIVE_BUFFERS],
    transmit: Descriptor,
    received: [Buffer; RECEIVE_BUFFERS],
    sent: Buffer,
}

struct Memory(UnsafeCell<Shared>);

// SAFETY: `Ftgmac100::new` gives it to one card, once; which keeps pointers, no references, to what the device writes.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new(Shared {
    receive: [const { Descriptor([0; 4]) }; RECEIVE_BUFFERS],
    transmit: Descriptor([0; 4]),
    received: [[0; BUFFER_LEN]; RECEIVE_BUFFERS],
    sent: [0; BUFFER_LEN],
}));

/// A descriptor and its buffer, which are the card's or ours.
struct Slot {
    descriptor: NonNull<u32>,
    buffer: NonNull<Buffer>,
}

impl Slot {
    /// # Safety
    /// Both are in memory for ever (and not null), and nobody else's but the card's.
    unsafe fn new(descriptor: *mut Descriptor, buffer: *mut Buffer) -> Self {
        // SAFETY: they are not null, and of the descriptor's four words the last is the address of the buffer.
        unsafe {
            let slot =
                Self { descriptor: NonNull::new_unchecked(descriptor.cast()), buffer: NonNull::new_unchecked(buffer) };
            slot.descriptor.add(3).write_volatile(bus_address(slot.buffer));
            slot
        }
    }

    fn flags(&self) -> u32 {
        // SAFETY: it points to the descriptor. Volatile: the card writes there.
        let flags = unsafe { self.descriptor.read_volatile() };
        barrier();
        flags
    }

    /// Writes the flags, which may make the buffer the card's.
    fn set_flags(&mut self, flags: u32) {
        barrier();
        // SAFETY: as above.
        unsafe { self.descriptor.write_volatile(flags) };
        barrier();
    }

    /// The buffer, while it is ours.
    ///
    /// # Safety
    /// The flags say that it is, and stay so as long as the slice is used.
    unsafe fn buffer(&mut self) -> &mut Buffer {
        // SAFETY: nobody else has it: not the card, says the caller; and there is one slot for each buffer.
        unsafe { self.buffer.as_mut() }
    }
}

/// The card.
pub struct Ftgmac100 {
    receiver: Receiver,
    transmit: Slot,
}

struct Receiver {
    slots: [Slot; RECEIVE_BUFFERS],
    /// Which of them is next.
    next: usize,
}

impl Ftgmac100 {
    /// Starts the card with this address.
    ///
    /// # Errors
    /// The second time.
    pub fn new(address: EthernetAddress) -> Result<Self, NoCard> {
        const RESET: u32 = 1 << 31;
        const ON: u32 = 0b1111;
        const FULL_DUPLEX: u32 = 1 << 8;
        const APPEND_FCS: u32 = 1 << 10;
        const BROADCAST: u32 = 1 << 17;
        const HUNDRED_MEGABIT: u32 = 1 << 19;
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Err(NoCard);
        }
        MACCR.write(RESET);
        while MACCR.read() & RESET != 0 {}
        let memory = MEMORY.0.get();
        // SAFETY: it is ours, since nobody was here before, as long as the program runs; and it is not null. No
        // reference is made to all of it, only pointers to its parts, each of them once.
        let (receiver, transmit) = unsafe {
            let descriptors = (&raw mut (*memory).receive).cast::<Descriptor>();
            let buffers = (&raw mut (*memory).received).cast::<Buffer>();
            let slots = core::array::from_fn(|index| Slot::new(descriptors.add(index), buffers.add(index)));
            (Receiver { slots, next: 0 }, Slot::new(&raw mut (*memory).transmit, &raw mut (*memory).sent))
        };
        let mut card = Self { receiver, transmit };
        (0..RECEIVE_BUFFERS).for_each(|index| card.receiver.give_back(index));
        card.transmit.set_flags(END_OF_RING);
        let [a, b, c, d, e, f] = address.0;
        ADDRESS_HIGH.write(u32::from_be_bytes([0, 0, a, b]));
        ADDRESS_LOW.write(u32::from_be_bytes([c, d, e, f]));
        RECEIVE_RING.write(bus_address(card.receiver.slots[0].descriptor));
        TRANSMIT_RING.write(bus_address(card.transmit.descriptor));
        RECEIVE_BUFFER_LEN.write(BUFFER_LEN as u32);
        MACCR.write(ON | FULL_DUPLEX | APPEND_FCS | BROADCAST | HUNDRED_MEGABIT);
        Ok(card)
    }

    fn can_send(&self) -> bool {
        self.transmit.flags() & IS_TO_BE_SENT == 0
    }
}

/// An address as the card wants it: memory is where the processor sees it.
fn bus_address<T>(pointer: NonNull<T>) -> u32 {
    pointer.as_ptr().expose_provenance() as u32
}

impl Receiver {
    /// The next frame. Bad ones are dropped.
    fn next_frame(&mut self) -> Option<Received<'_>> {
        for _ in 0..RECEIVE_BUFFERS {
            let flags = self.slots[self.next].flags();
            if flags & IS_THERE == 0 {
                break;
            }
            let len = (flags & LEN_MASK) as usize;
            let is_whole = flags & FIRST_AND_LAST == FIRST_AND_LAST;
            if flags & ERRORS == 0 && is_whole && (FCS_LEN..=BUFFER_LEN).contains(&len) {
                return Some(Received { receiver: self, len: len - FCS_LEN });
            }
            self.done();
        }
        None
    }

    /// The next frame has been read, and the one behind it becomes the next.
    fn done(&mut self) {
        self.give_back(self.next);
        self.next = (self.next + 1) % RECEIVE_BUFFERS;
        // There may be frames that found no buffer.
        RECEIVE_POLL.write(1);
    }

    /// Gives a buffer to the card.
    fn give_back(&mut self, index: usize) {
        self.slots[index].set_flags(if index + 1 == RECEIVE_BUFFERS { END_OF_RING } else { 0 });
    }
}

impl Device for Ftgmac100 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sent<'_>)> {
        if !self.can_send() {
            return None;
        }
        Some((self.receiver.next_frame()?, Sent(&mut self.transmit)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        self.can_send().then_some(Sent(&mut self.transmit))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        network::capabilities()
    }
}

/// A frame from the card, which is the receiver's next one.
pub struct Received<'a> {
    receiver: &'a mut Receiver,
    len: usize,
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let Self { receiver, len } = self;
        // SAFETY: the frame is there, as `next_frame` saw, so that the buffer is ours until `done`.
        let result = f(unsafe { &receiver.slots[receiver.next].buffer()[..len] });
        receiver.done();
        result
    }
}

/// Room for a frame to the card.
pub struct Sent<'a>(&'a mut Slot);

impl TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        // SAFETY: a token is only made if the card has sent what was in the buffer before.
        let result = f(unsafe { &mut self.0.buffer()[..len] });
        self.0.set_flags(IS_TO_BE_SENT | FIRST_AND_LAST | END_OF_RING | len as u32);
        TRANSMIT_POLL.write(1);
        result
    }
}
