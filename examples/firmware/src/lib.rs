//! Board support for boards that QEMU emulates, each by the feature of its name: the MPS2 boards `mps2-an385`
//! (Cortex-M3) and `mps2-an386` (Cortex-M4), with the feature `mps2`, and their sister `mps2-an505` (Cortex-M33), with
//! `an505`; in [`microbit`] the BBC micro:bit (Cortex-M0); in [`virt`] and [`sifive_e`] RISC-V boards; and in
//! [`ast2600`] the evaluation board of the ASPEED AST2600 (Cortex-A7). Without any, what is for no board alone: the
//! providers [`accelerated`] and [`sliced`].
//!
//! One file per device. What measures is apart from what a product would have: [`report`] and [`stack`].

#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_has_atomic = "32")]
pub mod accelerated;
#[cfg(feature = "asm-p256")]
pub mod assembly;
#[cfg(feature = "ast2600")]
pub mod ast2600;
#[cfg(any(feature = "cmsdk", feature = "ast2600", feature = "sifive_e"))]
mod generator;
#[cfg(feature = "rsa")]
pub mod heap;
#[cfg(feature = "board")]
pub mod host;
#[cfg(all(feature = "net", feature = "mps2"))]
pub mod lan9118;
#[cfg(feature = "asm-p256")]
pub mod ldm;
#[cfg(feature = "thumb2")]
mod memory;
#[cfg(feature = "microbit")]
pub mod microbit;
#[cfg(feature = "net")]
pub mod network;
#[cfg(feature = "net")]
pub mod provider;
#[cfg(feature = "board")]
pub mod report;
#[cfg(feature = "riscv")]
pub mod riscv;
#[cfg(feature = "serial")]
pub mod serial;
#[cfg(feature = "sifive_e")]
pub mod sifive_e;
#[cfg(feature = "sliced")]
pub mod sliced;
#[cfg(feature = "board")]
pub mod stack;
#[cfg(feature = "cmsdk")]
pub mod timer;
#[cfg(feature = "board")]
pub mod trng;
#[cfg(feature = "cmsdk")]
pub mod uart;
#[cfg(feature = "cortex-m")]
mod vectors;
#[cfg(feature = "virt")]
pub mod virt;

#[cfg(feature = "ast2600")]
pub use ast2600::timer;
#[cfg(feature = "microbit")]
use microbit::generator;
#[cfg(feature = "microbit")]
pub use microbit::{timer, uart};
#[cfg(feature = "riscv")]
pub use riscv::timer;
#[cfg(feature = "sifive_e")]
pub use sifive_e::uart;
#[cfg(feature = "virt")]
use virt::generator;
#[cfg(feature = "virt")]
pub use virt::uart;

/// Lends static memory for ever, with a value in it: `None` the second time.
#[cfg(feature = "cortex-m")]
pub use cortex_m::singleton;

/// Lends static memory for ever, with a value in it: `None` the second time.
#[cfg(feature = "riscv")]
#[macro_export]
macro_rules! singleton {
    (: $type:ty = $value:expr) => {{
        use core::sync::atomic::{AtomicBool, Ordering};
        static TAKEN: AtomicBool = AtomicBool::new(false);
        static mut PLACE: core::mem::MaybeUninit<$type> = core::mem::MaybeUninit::uninit();
        // One processor without interrupts: nothing comes between these two.
        if TAKEN.load(Ordering::Relaxed) {
            None
        } else {
            TAKEN.store(true, Ordering::Relaxed);
            // SAFETY: this happens once, so there is no other reference.
            Some(unsafe { (*(&raw mut PLACE)).write($value) })
        }
    }};
}

/// A register of a device.
#[cfg(feature = "board")]
#[derive(Clone, Copy)]
struct Register(usize);

#[cfg(feature = "board")]
impl Register {
    fn read(self) -> u32 {
        // SAFETY: the addresses in this crate are those of registers of the board, multiples of four, which may be read
        // at any time: what else that does, it does to the device.
        unsafe { core::ptr::read_volatile(self.0 as *const u32) }
    }

    fn write(self, value: u32) {
        // SAFETY: as above. A register by which a device gets at memory is written by its driver alone, with the
        // address of memory that the driver has for ever and keeps no reference to while the device may write there.
        unsafe { core::ptr::write_volatile(self.0 as *mut u32, value) }
    }
}

/// Names the function that runs after reset: `entry!(main);`.
#[cfg(feature = "cortex-m")]
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
#[cfg(any(feature = "ast2600", feature = "riscv"))]
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
