//! The heap, which RSA needs, and how much of it was ever in use.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU32, Ordering};
use embedded_alloc::LlffHeap;

const LEN: usize = 24 * 1024;

struct Counting(LlffHeap);

static PEAK: AtomicU32 = AtomicU32::new(0);

#[global_allocator]
static HEAP: Counting = Counting(LlffHeap::empty());

// SAFETY: it is the allocator below, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.0.used() + self.0.free() == 0 {
            start(&self.0);
        }
        // SAFETY: as of the caller.
        let pointer = unsafe { self.0.alloc(layout) };
        let used = self.0.used() as u32;
        if used > PEAK.load(Ordering::Relaxed) {
            PEAK.store(used, Ordering::Relaxed);
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as of the caller.
        unsafe { self.0.dealloc(pointer, layout) }
    }
}

fn start(heap: &LlffHeap) {
    if let Some(memory) = cortex_m::singleton!(: [u8; LEN] = [0; LEN]) {
        // SAFETY: the memory is nobody else's, and there is no second time.
        unsafe { heap.init(memory.as_mut_ptr() as usize, LEN) };
    }
}

/// The most bytes that were ever in use.
pub fn peak() -> u32 {
    PEAK.load(Ordering::Relaxed)
}
