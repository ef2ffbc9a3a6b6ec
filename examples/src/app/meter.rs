//! How far a long transfer has come, for whoever looks at a terminal.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::time::{Duration, Instant};

/// Nothing is said of transfers that take less, and then so often.
const INTERVAL: Duration = Duration::from_secs(1);

/// Counts bytes and says how many there were: where standard error is a terminal, and standard output is not, which
/// shows it itself.
pub(super) struct Meter {
    is_watched: bool,
    bytes: u64,
    begin: Instant,
    said: Option<Instant>,
}

impl Default for Meter {
    fn default() -> Self {
        let is_watched = stderr().is_terminal() && !stdout().is_terminal();
        Self { is_watched, bytes: 0, begin: Instant::now(), said: None }
    }
}

impl Meter {
    /// So many bytes more.
    pub(super) fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        let now = Instant::now();
        if self.is_watched && now - self.said.unwrap_or(self.begin) >= INTERVAL {
            self.said = Some(now);
            let _ = write!(stderr(), "\r{}\x1b[K", line(self.bytes, now - self.begin));
        }
    }
}

/// Clears the line, for what is said next.
impl Drop for Meter {
    fn drop(&mut self) {
        if self.said.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(bytes: u64, time: Duration) -> String {
    let megabytes = bytes as f64 / 1e6;
    let seconds = time.as_secs_f64();
    format!("{megabytes:.1} MB in {seconds:.0} s, {:.1} MB a second", megabytes / seconds.max(0.001))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_in_megabytes() {
        assert_eq!(line(12_345_678, Duration::from_millis(2_000)), "12.3 MB in 2 s, 6.2 MB a second");
        assert_eq!(line(0, Duration::ZERO), "0.0 MB in 0 s, 0.0 MB a second");
    }
}
