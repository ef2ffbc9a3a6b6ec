//! Where smoltcp's packets go.

pub mod cable;
pub mod event_loop;
pub mod gateway;
mod link;
pub mod network;
mod segment;

use smoltcp::time::{Duration, Instant};

/// A clock that starts a little after zero and never goes back.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    /// The time. smoltcp takes time zero for "at once", so it is never that.
    #[must_use]
    pub fn now(self) -> Instant {
        Instant::from(std::time::SystemTime::UNIX_EPOCH + self.start.elapsed()) + Duration::from_secs(1)
    }
}

/// The sooner of two waits, where `None` is for ever.
#[must_use]
pub fn sooner(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
