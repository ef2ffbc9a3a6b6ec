//! The random number generator of the board: a virtio device (virtio 1.1, 4.2 and 5.4), behind one of eight slots.

use crate::Register;
use crate::timer::uncounted;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering, fence};

/// The slots, and what the registers of one are (4.2.2).
const SLOTS: [usize; 8] =
    [0x1000_1000, 0x1000_2000, 0x1000_3000, 0x1000_4000, 0x1000_5000, 0x1000_6000, 0x1000_7000, 0x1000_8000];
const VERSION: usize = 0x04;
const DEVICE_ID: usize = 0x08;
const DRIVER_FEATURES: usize = 0x20;
const DRIVER_FEATURES_SEL: usize = 0x24;
const QUEUE_SEL: usize = 0x30;
const QUEUE_NUM: usize = 0x38;
const QUEUE_READY: usize = 0x44;
const QUEUE_NOTIFY: usize = 0x50;
const STATUS: usize = 0x70;
const QUEUE_DESC: usize = 0x80;
const QUEUE_DRIVER: usize = 0x90;
const QUEUE_DEVICE: usize = 0xa0;

const ENTROPY_SOURCE: u32 = 4;
/// Status: acknowledged, a driver is there, features agreed on, the driver is ready (2.1).
const STEPS: [u32; 4] = [1, 3, 11, 15];

/// How long an answer may take, in looks.
const PATIENCE: u32 = 1_000_000_000;

/// What the device reads and writes: a queue with room for one request (2.6), and the bytes of the answer.
#[repr(C, align(16))]
struct Shared {
    /// Where the answer goes: address in two words, length, flags and what comes next.
    descriptor: [u32; 4],
    /// Flags, the number of requests so far, the descriptor of the one there is room for; and unused.
    available: [u16; 4],
    /// Flags and the number of answers so far; the descriptor and the length of the last; and unused.
    used: [u32; 4],
    answer: [u8; 32],
}

struct Place(UnsafeCell<Shared>);

// SAFETY: the one `Generator` that there is gets at it, by volatile accesses.
unsafe impl Sync for Place {}

static PLACE: Place =
    Place(UnsafeCell::new(Shared { descriptor: [0; 4], available: [0; 4], used: [0; 4], answer: [0; 32] }));
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The generator.
pub(crate) struct Generator {
    base: usize,
    requests: u16,
}

impl Generator {
    /// Finds and starts it; `None` if the board has none, or was asked for it before.
    pub(crate) fn start() -> Option<Self> {
        // One processor, no interrupts: nothing comes in between.
        if TAKEN.load(Ordering::Relaxed) {
            return None;
        }
        TAKEN.store(true, Ordering::Relaxed);
        let is_it = |base: &&usize| Register(**base + DEVICE_ID).read() == ENTROPY_SOURCE;
        let base = *SLOTS.iter().find(is_it)?;
        let register = |offset| Register(base + offset);
        if register(VERSION).read() != 2 {
            return None;
        }
        register(STATUS).write(0);
        register(STATUS).write(STEPS[0]);
        register(STATUS).write(STEPS[1]);
        // The one feature: version 1 of the standard, bit 32.
        register(DRIVER_FEATURES_SEL).write(1);
        register(DRIVER_FEATURES).write(1);
        register(STATUS).write(STEPS[2]);
        register(QUEUE_SEL).write(0);
        register(QUEUE_NUM).write(1);
        let shared = PLACE.0.get();
        // SAFETY: the fields of a static; nothing is read.
        let places = unsafe {
            [
                (QUEUE_DESC, (&raw mut (*shared).descriptor).expose_provenance()),
                (QUEUE_DRIVER, (&raw mut (*shared).available).expose_provenance()),
                (QUEUE_DEVICE, (&raw mut (*shared).used).expose_provenance()),
            ]
        };
        for (offset, place) in places {
            register(offset).write(place as u32);
            register(offset + 4).write(0);
        }
        register(QUEUE_READY).write(1);
        register(STATUS).write(STEPS[3]);
        Some(Self { base, requests: 0 })
    }

    /// Fills all of `out`, or fails.
    pub(crate) fn fill(&mut self, mut out: &mut [u8]) -> bool {
        while !out.is_empty() {
            let len = out.len().min(32);
            // The device may answer with fewer bytes than it was asked for (virtio 1.1, 5.4.6).
            let len = uncounted(|| self.ask(&mut out[..len]));
            if len == 0 {
                return false;
            }
            out = &mut out[len..];
        }
        true
    }

    /// One request, for all of `out`, up to 32 bytes. Returns how many of them came, 0 if the device does not answer.
    fn ask(&mut self, out: &mut [u8]) -> usize {
        const DEVICE_WRITES: u32 = 2;
        let shared = PLACE.0.get();
        // SAFETY: between requests the device leaves this memory alone.
        unsafe {
            let answer = (&raw mut (*shared).answer).expose_provenance() as u32;
            (&raw mut (*shared).descriptor).write_volatile([answer, 0, out.len() as u32, DEVICE_WRITES]);
            self.requests = self.requests.wrapping_add(1);
            fence(Ordering::SeqCst);
            (&raw mut (*shared).available).write_volatile([0, self.requests, 0, 0]);
        }
        fence(Ordering::SeqCst);
        Register(self.base + QUEUE_NOTIFY).write(0);
        for _ in 0..PATIENCE {
            // SAFETY: the device may write there meanwhile: hence volatile.
            let used = unsafe { (&raw const (*shared).used).read_volatile() };
            if (used[0] >> 16) as u16 == self.requests {
                fence(Ordering::SeqCst);
                let len = out.len().min(used[2] as usize);
                // SAFETY: the device is done with it.
                let answer = unsafe { (&raw const (*shared).answer).read_volatile() };
                out.iter_mut().zip(answer).take(len).for_each(|(to, from)| *to = from);
                // SAFETY: as above. What was given away is not kept.
                unsafe { (&raw mut (*shared).answer).write_volatile([0; 32]) };
                return len;
            }
        }
        0
    }
}
