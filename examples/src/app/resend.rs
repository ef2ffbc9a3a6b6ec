//! What early data was to say, said once more.

use super::{Application, Outbox, Progress};
use crate::failure::Failure;
use crate::transport::Stream;

/// Says what the server did not take as early data, then goes on with another application.
pub struct Resend {
    rest: Outbox,
    inner: Box<dyn Application>,
}

impl Resend {
    /// Says `rest` in front of `inner`.
    #[must_use]
    pub fn new(rest: &[u8], inner: Box<dyn Application>) -> Self {
        let mut outbox = Outbox::default();
        outbox.fill(|bytes| bytes.extend_from_slice(rest));
        Self { rest: outbox, inner }
    }
}

impl Application for Resend {
    fn poll(&mut self, stream: &mut dyn Stream) -> Result<Progress, Failure> {
        if self.rest.is_empty() {
            return self.inner.poll(stream);
        }
        let moved = self.rest.flush(stream);
        Ok(if moved { Progress::Moved } else { Progress::Idle })
    }

    fn is_satisfied(&self) -> bool {
        self.rest.is_empty() && self.inner.is_satisfied()
    }
}
