//! What the debugger gives (Arm semihosting): a console, a command line, a clock, and the end.

use cortex_m_semihosting::{debug, syscall1};

/// Prints to the console of the debugger, without the machinery of `core::fmt`.
pub fn print(text: &str) {
    let mut bytes = [0; 65];
    for chunk in text.as_bytes().chunks(64) {
        bytes.fill(0);
        bytes[..chunk.len()].copy_from_slice(chunk);
        // SAFETY: WRITE0 reads up to the zero, which is there.
        unsafe { syscall1!(WRITE0, bytes.as_ptr()) };
    }
}

/// Ends the emulation.
pub fn exit(success: bool) -> ! {
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::bkpt();
    }
}
