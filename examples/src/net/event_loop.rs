//! Sleeps until a host socket is ready, a signal comes, another thread calls, or the time is up.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;

use mio::net::UnixStream;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use signal_hook::consts::{SIGINT, SIGTERM};
use smoltcp::time::Duration;

/// The token of [`EventLoop::waker`].
const WAKE: Token = Token(0);
const SIGNAL: Token = Token(1);

/// The lowest token for other sources.
pub const FIRST_FREE_TOKEN: usize = 16;

/// What the process waits on.
pub struct EventLoop {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    signals: Option<UnixStream>,
    terminated: bool,
}

impl EventLoop {
    /// A new one. A process needs one only.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        Ok(Self { poll, events: Events::with_capacity(256), waker, signals: None, terminated: false })
    }

    /// Where sources are registered, with tokens from [`FIRST_FREE_TOKEN`].
    ///
    /// # Errors
    /// What the operating system says.
    pub fn registry(&self) -> io::Result<Registry> {
        self.poll.registry().try_clone()
    }

    /// Ends a [`wait`](Self::wait) from another thread.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// From now on SIGINT and SIGTERM do not kill the process but show in [`is_terminated`](Self::is_terminated).
    ///
    /// # Errors
    /// What the operating system says.
    pub fn catch_signals(&mut self) -> io::Result<()> {
        let (receiver, sender) = StdUnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGINT, sender.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGTERM, sender)?;
        let mut receiver = UnixStream::from_std(receiver);
        self.poll.registry().register(&mut receiver, SIGNAL, Interest::READABLE)?;
        self.signals = Some(receiver);
        Ok(())
    }

    /// Whether the process was asked to end.
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        self.terminated
    }

    /// Waits for an event, for `timeout` at most. Returns the tokens of sources that are ready.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<impl Iterator<Item = Token> + '_> {
        let timeout = timeout.map(|timeout| std::time::Duration::from_micros(timeout.total_micros()));
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            result => result?,
        }
        if let Some(signals) = &mut self.signals
            && self.events.iter().any(|event| event.token() == SIGNAL)
        {
            while matches!(signals.read(&mut [0; 16]), Ok(1..)) {
                self.terminated = true;
            }
        }
        Ok(self.events.iter().map(mio::event::Event::token).filter(|token| token.0 >= FIRST_FREE_TOKEN))
    }
}
