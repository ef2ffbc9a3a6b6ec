//! The heap, which RSA needs, and how much of it was ever in use.

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicU32, Ordering};
use embedded_alloc::LlffHeap;

const LEN: usize = 24 * 1024;

struct Counting(LlffHeap);

static PEAK: AtomicU32 = AtomicU32::new(0);

#[global_allocator]
static HEAP: Counting = Counting(LlffHeap::empty());

// SAFETY: all memory is the inner allocator's, handed on as it came, for the same layouts; what is counted changes
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.0.used() + self.0.free() == 0 {
            start(&self.0);
        }
        // SAFETY: the caller's promises are those that the inner allocator wants.
        let pointer = unsafe { self.0.alloc(layout) };
        PEAK.fetch_max(self.0.used() as u32, Ordering::Relaxed);
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`; the pointer came from there.
        unsafe { self.0.dealloc(pointer, layout) }
    }
}

fn start(heap: &LlffHeap) {
    if let Some(memory) = cortex_m::singleton!(: [u8; LEN] = [0; LEN]) {
        // SAFETY: `singleton` gives the memory once, to us, for ever: this is the first time and the last; LEN is
        // not 0.
        unsafe { heap.init(memory.as_mut_ptr().expose_provenance(), LEN) };
    }
}

/// The most bytes that were ever in use.
pub fn peak() -> u32 {
    PEAK.load(Ordering::Relaxed)
}
