//! Sending handshake messages: each becomes part of the transcript, and goes out with the flight.

use crate::crypto::CryptoProvider;
use crate::error::{ByteCount, Error, Result};
use crate::key_schedule::Transcript;
use crate::limits::MIN_TRANSMIT_BUFFER_LEN;
use crate::record::Flight;
use crate::waiting::{Operation, WaitingFor};
use crate::wire::Writer;
use core::task::{Poll, ready};

/// What it takes to send messages. What is pending here says so in `waiting_for`.
pub(crate) struct Sender<'s, P: CryptoProvider> {
    pub(crate) provider: &'s mut P,
    pub(crate) flight: &'s mut (dyn Flight<P> + 's),
    pub(crate) transcript: &'s mut Transcript<P>,
    pub(crate) waiting_for: &'s mut WaitingFor,
}

impl<P: CryptoProvider> Sender<'_, P> {
    /// Says why a step is pending.
    pub(crate) fn pending<T>(&mut self, operation: Operation) -> Poll<Result<T>> {
        *self.waiting_for = WaitingFor::Operation(operation);
        Poll::Pending
    }

    /// Says that a step is pending until something has been sent.
    pub(crate) fn pending_transmit<T>(&mut self) -> Poll<Result<T>> {
        *self.waiting_for = WaitingFor::Transmit;
        Poll::Pending
    }

    /// Pending until a message of `len` bytes has room, or nothing is in front of it.
    pub(crate) fn poll_room(&mut self, len: usize) -> Poll<Result<()>> {
        match self.flight.poll_room(self.provider, len) {
            Poll::Pending => self.pending_transmit(),
            ready => ready,
        }
    }

    /// Sends the message that `write` writes: once to learn its length, and once where there is room for it.
    #[inline(never)]
    pub(crate) fn poll_send(&mut self, write: &mut dyn FnMut(&mut Writer<'_>, &P)) -> Poll<Result<()>> {
        let mut writer = Writer::new(&mut []);
        write(&mut writer, self.provider);
        ready!(self.poll_room(writer.len()))?;
        let mut writer = Writer::new(self.flight.draft());
        write(&mut writer, self.provider);
        let len = writer.finish().map_err(|error| self.explain(error))?;
        Poll::Ready(self.commit(len))
    }

    /// Where a draft was too long for its room, the length of the buffer that it needs.
    pub(crate) fn explain(&self, error: Error) -> Error {
        match error {
            Error::TransmitBufferTooSmall(len) => self.flight.too_small(len.get()),
            other => other,
        }
    }

    /// Sends the message of `len` bytes that was drafted.
    #[inline(never)]
    pub(crate) fn commit(&mut self, len: usize) -> Result<()> {
        self.transcript.add(self.provider, self.flight.draft().get(..len).unwrap_or(&[]))?;
        self.flight.commit(self.provider, len)
    }

    /// Sends a piece of a message; pending when there is no room for all of it. `done` counts what has been sent.
    pub(crate) fn poll_send_piece(&mut self, piece: &[u8], done: &mut usize) -> Poll<Result<()>> {
        while let Some(rest) = piece.get(*done..).filter(|rest| !rest.is_empty()) {
            ready!(self.poll_room(1))?;
            let room = self.flight.draft();
            let len = room.len().min(rest.len());
            if let (Some(room), Some(rest)) = (room.get_mut(..len), rest.get(..len)) {
                room.copy_from_slice(rest);
            }
            if len == 0 {
                return Poll::Ready(Err(Error::TransmitBufferTooSmall(ByteCount::new(MIN_TRANSMIT_BUFFER_LEN))));
            }
            self.commit(len)?;
            *done = done.saturating_add(len);
        }
        Poll::Ready(Ok(()))
    }
}
