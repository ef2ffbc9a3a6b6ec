//! How streams work, over any transport.
//!
//! The rules that make every call repeatable:
//! * **Writing** sends first what is in its way, and may fail or be dropped there: nothing was taken yet. Then it takes
//!   data, and returns at once. An error that shows up behind that is kept for the next call.
//! * **Reading** moves bytes into the connection, from which nothing is lost; data leaves it in the last step. It sends
//!   while it waits, and reads though sending fails.
//!
//! All waiting is in [`Stream::reach`], a loop around [`Stream::next`], which decides and never waits. One loop for all
//! calls keeps their futures small.

use super::error::StreamError;
use super::session::{FlushPolicy, Session};
use super::share::LendProvider;
use super::transport::{Moved, Sending, Transport, keep};
use saitls_core::{Error, WaitingFor};

/// A stream over the transport `T`, whose error is `E`.
pub(super) struct Stream<'a, L: LendProvider, T, E> {
    pub(super) session: Session<'a, L>,
    pub(super) transport: T,
    sending: Sending<E>,
    /// Whether a write must not be dropped once it began.
    pub(super) half_duplex: bool,
}

impl<'a, L: LendProvider, T, E> Stream<'a, L, T, E> {
    pub(super) const fn new(session: Session<'a, L>, transport: T) -> Self {
        Self { session, transport, sending: Sending::new(), half_duplex: false }
    }
}

type Outcome<O, E> = Result<O, StreamError<E>>;

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The handshake is complete. Its last flight may still be there to be sent.
    Connected,
    /// Data, or the end.
    Readable,
    /// Something was sent, if there was something to be sent.
    Room,
    /// All that is sealed was sent.
    Sent,
    /// All that was written was sealed and sent, and close_notify if it was wished for.
    Delivered,
}

/// What to wait for next.
enum Step {
    Done,
    /// Until the transport takes bytes.
    Send,
    /// Until the transport has sent what it took.
    Flush,
    /// Until it brings bytes, or takes some.
    Exchange,
    /// Until the provider is done.
    Pause,
}

impl<L: LendProvider, T: Transport<Error = E>, E> Stream<'_, L, T, E> {
    /// Waits until `goal` is reached.
    async fn reach(&mut self, goal: Goal) -> Outcome<(), E> {
        // With half duplex, sending comes before reading, unless it fails.
        let mut sends_first = self.half_duplex;
        loop {
            let step = match self.next(goal, sends_first) {
                // Elsewhere `process` has tried to send the alert.
                Err(StreamError::Tls(_)) if sends_first && self.has_sealed() => Step::Send,
                step => step?,
            };
            match step {
                Step::Done => return Ok(()),
                Step::Send => {
                    let sent = self.transport.write(self.session.connection.records()).await;
                    match self.count_sent(sent) {
                        Ok(()) if goal == Goal::Room => return Ok(()),
                        Err(error) if sends_first && (goal == Goal::Readable || self.has_failed()) => {
                            if let StreamError::Transport(error) = error {
                                keep::<T>(&mut self.sending.kept, error);
                            }
                            (sends_first, self.sending.is_unflushed) = (false, false);
                        }
                        sent => sent?,
                    }
                }
                Step::Flush => match self.transport.flush().await {
                    Ok(()) => self.sending.is_unflushed = false,
                    Err(error) => return Err(StreamError::Transport(error)),
                },
                Step::Exchange => {
                    let (room, data) = self.session.connection.records_ports();
                    let data = if self.half_duplex { &[] } else { data };
                    match self.transport.exchange(room, data, &mut self.sending).await {
                        Moved::In(received) => self.count_received(received)?,
                        Moved::Out(len) => self.count_out(len),
                    }
                }
                Step::Pause => self.transport.pause(&mut self.session).await,
            }
        }
    }

    /// Does what can be done at once, and says what to wait for.
    fn next(&mut self, goal: Goal, sends_first: bool) -> Outcome<Step, E> {
        if goal == Goal::Readable && self.session.is_readable() {
            return Ok(Step::Done);
        }
        if self.session.connection.is_handshaking() {
            // What the peer says explains more than that it takes nothing.
            self.process()?;
        }
        // Who reads an open connection is not told that sending fails.
        if (goal != Goal::Readable || self.session.connection.is_handshaking())
            && let Some(error) = self.sending.kept.take()
        {
            return Err(StreamError::Transport(error));
        }
        if self.session.connection.is_handshaking() {
            return self.next_wait(sends_first);
        }
        match goal {
            Goal::Connected => match self.session.connection.error() {
                None => Ok(Step::Done),
                Some(error) => Err(StreamError::Tls(error)),
            },
            Goal::Sent => Ok(if self.has_sealed() { Step::Send } else { Step::Done }),
            Goal::Readable => {
                let processed = self.process();
                if self.session.is_readable() {
                    return Ok(Step::Done);
                }
                processed?;
                self.next_wait(sends_first)
            }
            Goal::Room => {
                self.process()?;
                Ok(if self.has_sealed() { Step::Send } else { Step::Done })
            }
            Goal::Delivered => {
                self.process()?;
                if self.has_sealed() {
                    return Ok(Step::Send);
                }
                let is_done = self.session.connection.unsent_len() == 0 && !self.session.is_closing();
                if is_done { Ok(Step::Done) } else { Err(StreamError::Tls(Error::Internal)) }
            }
        }
    }

    /// How to get on with what the connection waits for.
    fn next_wait(&self, sends_first: bool) -> Outcome<Step, E> {
        let has_sealed = self.has_sealed();
        match self.session.connection.waiting_for() {
            WaitingFor::Peer if has_sealed && sends_first => Ok(Step::Send),
            WaitingFor::Peer if self.sending.is_unflushed && sends_first => Ok(Step::Flush),
            WaitingFor::Peer => Ok(Step::Exchange),
            WaitingFor::Operation(_) if has_sealed => Ok(Step::Send),
            WaitingFor::Operation(_) => Ok(Step::Pause),
            WaitingFor::Transmit if has_sealed => Ok(Step::Send),
            // The connection is over: nothing will come from the peer.
            _ => Err(StreamError::Tls(Error::InvalidState)),
        }
    }

    fn has_sealed(&self) -> bool {
        !self.session.connection.records().is_empty()
    }

    fn has_failed(&self) -> bool {
        self.session.connection.error().is_some()
    }

    fn count_out(&mut self, len: usize) {
        self.session.connection.records_sent(len);
        self.sending.is_unflushed |= len > 0;
    }

    fn count_sent(&mut self, sent: Result<usize, E>) -> Outcome<(), E> {
        match sent {
            Ok(0) => Err(StreamError::WriteZero),
            Ok(len) => {
                self.count_out(len);
                Ok(())
            }
            Err(error) => Err(StreamError::Transport(error)),
        }
    }

    fn count_received(&mut self, received: Result<usize, E>) -> Outcome<(), E> {
        match received {
            Ok(0) => self.session.connection.records_ended(),
            Ok(len) => self.session.connection.records_filled(len),
            Err(error) => return Err(StreamError::Transport(error)),
        }
        Ok(())
    }

    /// Sends what can be sent without waiting. What goes wrong is kept for the next call.
    fn try_send(&mut self) {
        while !self.session.connection.records().is_empty() {
            match self.transport.try_write(self.session.connection.records()) {
                None | Some(Ok(0)) => return,
                Some(Ok(len)) => self.count_out(len),
                Some(Err(error)) if T::is_interrupted(&error) => {}
                Some(Err(error)) => return keep::<T>(&mut self.sending.kept, error),
            }
        }
    }

    /// Computes. A connection that fails tells the peer, as far as the transport takes that without waiting.
    fn process(&mut self) -> Outcome<(), E> {
        self.session.process().map_err(|error| {
            if !self.half_duplex {
                self.try_send();
            }
            StreamError::Tls(error)
        })
    }

    // ---- the calls

    pub(super) async fn handshake(&mut self) -> Outcome<(), E> {
        self.reach(Goal::Sent).await?;
        let connection = &self.session.connection;
        match connection.error() {
            Some(error) => Err(StreamError::Tls(error)),
            // It was given up.
            None if connection.negotiated().is_none() => Err(StreamError::Tls(Error::InvalidState)),
            None => Ok(()),
        }
    }

    pub(super) fn fill(&mut self) -> impl Future<Output = Outcome<(), E>> {
        self.reach(Goal::Readable)
    }

    pub(super) async fn read(&mut self, out: &mut [u8]) -> Outcome<usize, E> {
        if out.is_empty() {
            return Ok(0);
        }
        self.reach(Goal::Readable).await?;
        Ok(self.session.take(out))
    }

    pub(super) async fn write(&mut self, data: &[u8]) -> Outcome<usize, E> {
        if data.is_empty() {
            return Ok(0);
        }
        let mut goal = if self.session.policy == FlushPolicy::EachWrite { Goal::Sent } else { Goal::Connected };
        loop {
            self.reach(goal).await?;
            // From here on nothing waits.
            let mut taken = self.session.give(data).map_err(StreamError::Tls)?;
            let has_sent_everything = self.session.connection.records().is_empty();
            if taken == 0 && goal == Goal::Room && has_sent_everything {
                // A key update that waited for room has it now.
                self.process()?;
                taken = self.session.give(data).map_err(StreamError::Tls)?;
            }
            if taken > 0 {
                if self.session.policy == FlushPolicy::EachWrite && !self.half_duplex {
                    self.try_send();
                }
                return Ok(taken);
            }
            if goal == Goal::Room && self.session.connection.records().is_empty() {
                return Err(StreamError::Tls(Error::Internal));
            }
            // For a key update, a record that is full, or until something was sent.
            goal = Goal::Room;
        }
    }

    pub(super) async fn flush(&mut self) -> Outcome<(), E> {
        self.reach(Goal::Delivered).await?;
        if self.session.policy == FlushPolicy::Relaxed {
            return Ok(());
        }
        self.flush_transport().await
    }

    pub(super) async fn flush_transport(&mut self) -> Outcome<(), E> {
        self.transport.flush().await.map_err(StreamError::Transport)?;
        self.sending.is_unflushed = false;
        Ok(())
    }

    pub(super) async fn shutdown(&mut self) -> Outcome<(), E> {
        self.session.connection.close();
        self.reach(Goal::Delivered).await?;
        self.flush_transport().await
    }
}

#[cfg(feature = "embedded-io")]
impl<L: LendProvider, T: Transport<Error = E>, E> Stream<'_, L, T, E> {
    /// Whether a read would have an answer at once. It reads what `is_ready` says is there.
    pub(super) async fn is_read_ready(
        &mut self,
        mut is_ready: impl FnMut(&mut T) -> Result<bool, E>,
    ) -> Outcome<bool, E> {
        while !self.session.is_readable() {
            if self.process().is_err() || self.session.is_readable() {
                return Ok(true);
            }
            let connection = &self.session.connection;
            if connection.waiting_for() != WaitingFor::Peer
                || !is_ready(&mut self.transport).map_err(StreamError::Transport)?
            {
                return Ok(false);
            }
            let received = self.transport.read(self.session.connection.records_room()).await;
            self.count_received(received)?;
        }
        Ok(true)
    }

    /// Whether a write would take something at once. It sends what `is_ready` says there is room for.
    pub(super) async fn is_write_ready(
        &mut self,
        mut is_ready: impl FnMut(&mut T) -> Result<bool, E>,
    ) -> Outcome<bool, E> {
        loop {
            if self.sending.kept.is_some() || self.session.has_room() {
                return Ok(true);
            }
            if self.process().is_err() || self.session.connection.is_closed() {
                return Ok(true);
            }
            let connection = &self.session.connection;
            if connection.records().is_empty() || !is_ready(&mut self.transport).map_err(StreamError::Transport)? {
                return Ok(false);
            }
            let sent = self.transport.write(self.session.connection.records()).await;
            self.count_sent(sent)?;
        }
    }
}
