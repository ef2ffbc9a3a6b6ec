//! Early data in front of what comes after the handshake.

use saitls::SocketError;
use saitls_core::Negotiated;
use saitls_core::codes::AlertDescription;

use super::Stream;

/// A stream in front of whose data stands what came before. What the applications here do may be done twice: they read
/// files, or send back what they got.
pub(crate) struct WithEarlyData<'s> {
    pub(crate) stream: &'s mut dyn Stream,
    pub(crate) early: &'s mut Vec<u8>,
}

impl Stream for WithEarlyData<'_> {
    fn is_connected(&self) -> bool {
        self.stream.is_connected()
    }

    fn error(&self) -> Option<SocketError> {
        self.stream.error()
    }

    fn alert_sent(&self) -> Option<AlertDescription> {
        self.stream.alert_sent()
    }

    fn negotiated(&self) -> Option<Negotiated<'_>> {
        self.stream.negotiated()
    }

    fn read(&mut self, out: &mut [u8]) -> usize {
        if self.early.is_empty() {
            return self.stream.read(out);
        }
        let len = out.len().min(self.early.len());
        out[..len].copy_from_slice(&self.early[..len]);
        self.early.drain(..len);
        len
    }

    fn take_replayable(&mut self, data: &mut Vec<u8>) {
        self.stream.take_replayable(data);
    }

    fn may_read(&self) -> bool {
        !self.early.is_empty() || self.stream.may_read()
    }

    fn write(&mut self, data: &[u8]) -> usize {
        self.stream.write(data)
    }

    fn close(&mut self) {
        self.stream.close();
    }

    fn update_keys(&mut self) {
        self.stream.update_keys();
    }

    fn is_closed(&self) -> bool {
        self.early.is_empty() && self.stream.is_closed()
    }

    fn is_over(&self) -> bool {
        self.stream.is_over()
    }
}
