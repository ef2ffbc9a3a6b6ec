//! What is done with a connection once the handshake is complete.

mod echo;
mod get;
mod meter;
mod pipe;
mod resend;
mod www;

pub use echo::Echo;
pub use get::Get;
pub use pipe::Pipe;
pub use resend::Resend;
pub use www::Www;

use crate::failure::Failure;
use crate::transport::Stream;

/// How far an application has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing moved.
    Idle,
    /// Something did.
    Moved,
    /// It needs the connection no more; it has closed it as far as there was something to close.
    Done,
}

/// An application on one connection.
pub trait Application {
    /// Does what can be done now.
    ///
    /// # Errors
    /// Why the application cannot go on.
    fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure>;

    /// Whether the peer may go without close_notify from here on, as nothing more is expected of it.
    fn is_satisfied(&self) -> bool {
        false
    }
}

/// Bytes on their way to a stream.
#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    /// Replaces what is in it, which must have been sent.
    fn fill(&mut self, with: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.clear();
        self.sent = 0;
        with(&mut self.bytes);
    }

    fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// Sends what there is room for.
    fn flush(&mut self, stream: &mut dyn Stream) -> bool {
        let sent = self.bytes.get(self.sent..).map_or(0, |rest| stream.write(rest));
        self.sent += sent;
        sent > 0
    }
}
