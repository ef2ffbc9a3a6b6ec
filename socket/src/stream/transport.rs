//! What a stream asks of the bytes below it, whatever crate's traits they come by.

use super::session::Session;
use super::share::LendProvider;

/// What moved while a stream waited for both directions.
pub(super) enum Moved<E> {
    /// So many bytes were sent. None: the transport was flushed, or an error was kept and there is nothing to read yet.
    Out(usize),
    /// Bytes came, or could not.
    In(Result<usize, E>),
}

/// What a stream knows of its transport's sending.
pub(super) struct Sending<E> {
    /// Why it failed after data had been taken, or while something was read: the first error that is not transient.
    pub(super) kept: Option<E>,
    /// Whether the transport may hold back what it took.
    pub(super) is_unflushed: bool,
}

impl<E> Sending<E> {
    pub(super) const fn new() -> Self {
        Self { kept: None, is_unflushed: false }
    }
}

/// A transport. Those that block have futures that are ready at once.
pub(super) trait Transport {
    type Error;

    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error>;

    async fn write(&mut self, data: &[u8]) -> Result<usize, Self::Error>;

    async fn flush(&mut self) -> Result<(), Self::Error>;

    /// Reads, and sends while it waits. An error of sending does not stop it from reading, but is kept unless it is
    /// transient. When there is no data to be sent, what the transport holds back is flushed.
    async fn exchange(
        &mut self,
        room: &mut [u8],
        data: &[u8],
        sending: &mut Sending<Self::Error>,
    ) -> Moved<Self::Error>;

    /// Writes what can be written without waiting; `None` if that is nothing.
    fn try_write(&mut self, data: &[u8]) -> Option<Result<usize, Self::Error>>;

    /// Whether the same call may work a moment later, so that its error says nothing of the transport.
    fn is_transient(error: &Self::Error) -> bool;

    /// Whether the same call may work at once: a signal came between.
    fn is_interrupted(error: &Self::Error) -> bool;

    /// Waits until the operation of the provider may go on, or others had their turn.
    async fn pause<L: LendProvider>(&mut self, session: &mut Session<'_, L>);
}

/// Keeps the first error for whoever writes next, unless it is transient.
pub(super) fn keep<T: Transport>(kept: &mut Option<T::Error>, error: T::Error) {
    if kept.is_none() && !T::is_transient(&error) {
        *kept = Some(error);
    }
}

/// What a transport that blocks does for [`Transport::exchange`]: it sends, and if that does not work, reads.
///
/// A signal does not keep it from sending: the peer would be waited for that waits for us.
pub(super) async fn take_turns<T: Transport>(
    transport: &mut T,
    room: &mut [u8],
    data: &[u8],
    sending: &mut Sending<T::Error>,
) -> Moved<T::Error> {
    while !data.is_empty() || sending.is_unflushed {
        let sent = if data.is_empty() { transport.flush().await.map(|()| 0) } else { transport.write(data).await };
        match sent {
            Ok(len @ 1..) => return Moved::Out(len),
            Ok(0) if data.is_empty() => sending.is_unflushed = false,
            Err(error) if T::is_interrupted(&error) => continue,
            Ok(0) => {}
            Err(error) => keep::<T>(&mut sending.kept, error),
        }
        break;
    }
    Moved::In(transport.read(room).await)
}

/// Runs a future of a transport that blocks: it is ready at once.
pub(super) fn now<O>(future: impl Future<Output = O>) -> O {
    let mut future = core::pin::pin!(future);
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    loop {
        if let core::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
