//! What the debugger gives (Arm semihosting): a console, a command line, a clock, and the end.

use cortex_m_semihosting::{debug, syscall1};

/// Prints to the console of the debugger, without the machinery of `core::fmt`.
pub fn print(text: &str) {
    text.bytes().for_each(print_byte);
}

/// Prints one character.
#[inline(never)]
pub fn print_byte(byte: u8) {
    // SAFETY: WRITEC reads one byte.
    unsafe { syscall1!(WRITEC, &raw const byte) };
}

/// The words that the program was started with, `name=value` each.
pub struct CommandLine {
    bytes: [u8; 128],
    len: usize,
}

impl CommandLine {
    /// Asks for it; it is empty if it is longer than there is room.
    pub fn read() -> Self {
        let mut line = Self { bytes: [0; 128], len: 0 };
        let mut block = [line.bytes.as_mut_ptr() as usize, line.bytes.len()];
        // SAFETY: GET_CMDLINE writes at most the length given to the address given, and the length to the block.
        if unsafe { syscall1!(GET_CMDLINE, block.as_mut_ptr()) } == 0 {
            line.len = block[1];
        }
        line
    }

    /// The value of a name.
    pub fn value(&self, name: &str) -> Option<&str> {
        let line = core::str::from_utf8(self.bytes.get(..self.len)?).ok()?;
        line.split([' ', '\0']).find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    /// The value of a name that is a number.
    pub fn number<T: core::str::FromStr>(&self, name: &str) -> Option<T> {
        self.value(name)?.parse().ok()
    }
}

/// The time in seconds since the first of January 1970, as a board would have it from a battery or the network.
pub fn unix_time() -> u32 {
    // SAFETY: TIME reads and writes no memory.
    unsafe { syscall1!(TIME, 0) as u32 }
}

/// Ends the emulation.
pub fn exit(success: bool) -> ! {
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::bkpt();
    }
}
