//! Most of the emulated boards have no random number generator: the debugger lends the one of the host. On a board of
//! yours this file is the driver of its own.

use crate::host::File;

/// The generator.
pub(crate) struct Generator(File);

impl Generator {
    /// Opens it; `None` if the debugger has none.
    pub(crate) fn start() -> Option<Self> {
        File::open(c"/dev/urandom").map(Self)
    }

    /// Fills all of `out`, or fails.
    pub(crate) fn fill(&mut self, out: &mut [u8]) -> bool {
        self.0.read(out)
    }
}
