//! Board support for boards that QEMU emulates: the MPS2 boards `mps2-an385` (Cortex-M3) and `mps2-an386` (Cortex-M4), with
//! the feature `mps2`; and in [`ast2600`] the evaluation board of the ASPEED AST2600 (Cortex-A7), with the feature
//! `ast2600`. Without either, what is for no board alone: the providers [`accelerated`] and [`sliced`].
//!
//! One file per device. What measures is apart from what a product would have: [`report`] and [`stack`].

#![cfg_attr(target_os = "none", no_std)]

pub mod accelerated;
#[cfg(feature = "asm-p256")]
pub mod assembly;
#[cfg(feature = "ast2600")]
pub mod ast2600;
#[cfg(feature = "rsa")]
pub mod heap;
#[cfg(any(feature = "mps2", feature = "ast2600"))]
pub mod host;
#[cfg(all(feature = "net", feature = "mps2"))]
pub mod lan9118;
#[cfg(feature = "asm-p256")]
pub mod ldm;
#[cfg(feature = "mps2")]
mod memory;
#[cfg(feature = "net")]
pub mod network;
#[cfg(feature = "net")]
pub mod provider;
#[cfg(any(feature = "mps2", feature = "ast2600"))]
pub mod report;
#[cfg(feature = "mps2")]
pub mod serial;
#[cfg(feature = "sliced")]
pub mod sliced;
#[cfg(any(feature = "mps2", feature = "ast2600"))]
pub mod stack;
#[cfg(feature = "mps2")]
pub mod timer;
#[cfg(any(feature = "mps2", feature = "ast2600"))]
pub mod trng;
#[cfg(feature = "mps2")]
pub mod uart;
#[cfg(feature = "mps2")]
mod vectors;

#[cfg(feature = "ast2600")]
pub use ast2600::timer;

/// A register of a device.
#[cfg(any(feature = "mps2", feature = "ast2600"))]
#[derive(Clone, Copy)]
struct Register(usize);

#[cfg(any(feature = "mps2", feature = "ast2600"))]
impl Register {
    fn read(self) -> u32 {
        // SAFETY: the addresses in this crate are those of registers of the board, multiples of four, which may be read at
        // any time: what else that does, it does to the device.
        unsafe { core::ptr::read_volatile(self.0 as *const u32) }
    }

    fn write(self, value: u32) {
        // SAFETY: as above. A register by which a device gets at memory is written by its driver alone, with the address of
        // memory that the driver has for ever and keeps no reference to while the device may write there.
        unsafe { core::ptr::write_volatile(self.0 as *mut u32, value) }
    }
}

/// Names the function that runs after reset: `entry!(main);`.
#[cfg(feature = "mps2")]
#[macro_export]
macro_rules! entry {
    ($main:ident) => {
        #[cortex_m_rt::entry]
        fn start() -> ! {
            $main()
        }
    };
}

/// Names the function that runs after reset: `entry!(main);`.
#[cfg(feature = "ast2600")]
#[macro_export]
macro_rules! entry {
    ($main:ident) => {
        // SAFETY: nothing else has this name.
        #[unsafe(export_name = "main")]
        extern "C" fn start() -> ! {
            $main()
        }
    };
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    host::print("panic\n");
    host::exit(false)
}
