//! Polling to the end, with patience but not for ever.

use crate::report::Stop;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Longer than any key share of TLS 1.3: the largest registered ones are those of ML-KEM-1024 with P-384.
pub(crate) const MAX_SHARE_LEN: usize = 2048;

/// How long a single operation may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// When a loop of polls has gone on for too long; yields to other threads now and then.
pub(crate) struct Patience {
    since: Instant,
    polls: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), polls: 0 }
    }

    pub(crate) fn wait(&mut self) -> Result<(), Stop> {
        self.polls = self.polls.saturating_add(1);
        if self.polls > 100 {
            std::thread::sleep(Duration::from_micros(100));
        }
        if self.since.elapsed() > PATIENCE {
            return Err(Stop::Failed(format!("an operation was still pending after {} polls", self.polls)));
        }
        Ok(())
    }
}

/// Polls until ready.
pub(crate) fn ready<T>(mut poll: impl FnMut() -> Poll<T>) -> Result<T, Stop> {
    let mut patience = Patience::new();
    loop {
        match poll() {
            Poll::Ready(value) => return Ok(value),
            Poll::Pending => patience.wait()?,
        }
    }
}

/// Polls several operations in turn, until all are ready.
pub(crate) fn all_ready<O, T>(
    operations: &mut [O],
    mut poll: impl FnMut(usize, &mut O) -> Poll<T>,
) -> Result<Vec<T>, Stop> {
    let mut results: Vec<Option<T>> = operations.iter().map(|_| None).collect();
    let mut patience = Patience::new();
    while results.iter().any(Option::is_none) {
        for (at, (operation, result)) in operations.iter_mut().zip(&mut results).enumerate() {
            if result.is_none()
                && let Poll::Ready(value) = poll(at, operation)
            {
                *result = Some(value);
            }
        }
        patience.wait()?;
    }
    Ok(results.into_iter().flatten().collect())
}
