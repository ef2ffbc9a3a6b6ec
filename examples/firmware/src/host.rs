//! What the debugger gives (semihosting, of Arm and RISC-V): a console, a command line, a clock, and the end.

use core::ffi::CStr;

#[cfg(feature = "ast2600")]
pub(crate) use crate::ast2600::semihosting;
#[cfg(feature = "riscv")]
pub(crate) use crate::riscv::semihosting;

/// Numbers of calls.
const OPEN: usize = 0x01;
const WRITEC: usize = 0x03;
const READ: usize = 0x06;
const TIME: usize = 0x11;
const GET_CMDLINE: usize = 0x15;
const EXIT: usize = 0x18;

/// Asks the debugger.
///
/// # Safety
/// `argument` is what the call of this number wants: where it is an address, of memory that the call may use so.
#[cfg(feature = "cortex-m")]
pub(crate) unsafe fn semihosting(number: usize, argument: usize) -> usize {
    // SAFETY: as of the caller.
    unsafe { cortex_m_semihosting::syscall1(number, argument) }
}

/// Prints to the console of the debugger, without the machinery of `core::fmt`.
pub fn print(text: &str) {
    text.bytes().for_each(print_byte);
}

/// Prints one character.
#[inline(never)]
pub fn print_byte(byte: u8) {
    // SAFETY: WRITEC reads one byte.
    unsafe { semihosting(WRITEC, (&raw const byte).expose_provenance()) };
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
        let mut block = [line.bytes.as_mut_ptr().expose_provenance(), line.bytes.len()];
        // SAFETY: GET_CMDLINE writes at most the length given to the address given, and the length to the block.
        if unsafe { semihosting(GET_CMDLINE, block.as_mut_ptr().expose_provenance()) } == 0 {
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

/// A file of the host.
pub struct File(usize);

impl File {
    /// Opens it; `None` if there is none.
    pub fn open(path: &CStr) -> Option<Self> {
        const READ_BINARY: usize = 1;
        let block = [path.as_ptr().expose_provenance(), READ_BINARY, path.to_bytes().len()];
        // SAFETY: OPEN reads the block, and the path, of the length given and with a zero behind it.
        let handle = unsafe { semihosting(OPEN, block.as_ptr().expose_provenance()) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Reads as many bytes as there is room for; whether there were so many.
    pub fn read(&mut self, out: &mut [u8]) -> bool {
        let block = [self.0, out.as_mut_ptr().expose_provenance(), out.len()];
        // SAFETY: READ reads the block, and writes at most the length given to the address given.
        unsafe { semihosting(READ, block.as_ptr().expose_provenance()) == 0 }
    }
}

/// The time in seconds since the first of January 1970, as a board would have it from a battery or the network.
pub fn unix_time() -> u32 {
    // SAFETY: TIME reads and writes no memory.
    unsafe { semihosting(TIME, 0) as u32 }
}

/// Ends the emulation.
pub fn exit(success: bool) -> ! {
    const APPLICATION_EXIT: usize = 0x2_0026;
    const RUN_TIME_ERROR: usize = 0x2_0023;
    // SAFETY: EXIT takes no address here.
    unsafe { semihosting(EXIT, if success { APPLICATION_EXIT } else { RUN_TIME_ERROR }) };
    loop {
        core::hint::spin_loop();
    }
}
