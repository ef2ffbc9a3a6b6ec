//! Board support for the MPS2 boards that QEMU emulates: `mps2-an385` (Cortex-M3) and `mps2-an386` (Cortex-M4).
//!
//! One file per device. What measures is apart from what a product would have: [`report`] and [`stack`].

#![no_std]

#[cfg(feature = "asm-p256")]
pub mod assembly;
#[cfg(feature = "rsa")]
pub mod heap;
pub mod host;
#[cfg(feature = "net")]
pub mod lan9118;
#[cfg(feature = "asm-p256")]
pub mod ldm;
#[cfg(feature = "net")]
pub mod network;
pub mod report;
#[cfg(feature = "sliced")]
pub mod sliced;
pub mod stack;
pub mod timer;
pub mod trng;
pub mod uart;
mod vectors;

/// A register of a device.
#[derive(Clone, Copy)]
struct Register(usize);

impl Register {
    fn read(self) -> u32 {
        // SAFETY: the addresses in this crate are those of registers of the board, which may be read at any time.
        unsafe { core::ptr::read_volatile(self.0 as *const u32) }
    }

    fn write(self, value: u32) {
        // SAFETY: as above, and what is written has no effect on memory.
        unsafe { core::ptr::write_volatile(self.0 as *mut u32, value) }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    host::print("panic\n");
    host::exit(false)
}
