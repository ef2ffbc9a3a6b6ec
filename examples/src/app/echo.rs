//! Sends back what comes.

use super::{Application, Outbox, Progress};
use crate::failure::Failure;
use crate::transport::Stream;

/// Sends back what comes, and closes when the peer has closed and all of it has been sent back.
#[derive(Default)]
pub struct Echo {
    outbox: Outbox,
}

impl Application for Echo {
    fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        let mut progress = Progress::Idle;
        loop {
            if self.outbox.is_empty() {
                self.outbox.fill(|bytes| {
                    bytes.resize(1 << 14, 0);
                    let count = stream.read(bytes);
                    bytes.truncate(count);
                });
            }
            if self.outbox.is_empty() {
                if stream.may_read() {
                    return Ok(progress);
                }
                stream.close();
                return Ok(Progress::Done);
            }
            if !self.outbox.flush(stream) {
                return Ok(progress);
            }
            progress = Progress::Moved;
        }
    }
}
