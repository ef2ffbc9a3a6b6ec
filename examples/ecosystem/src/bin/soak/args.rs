//! The command line.

use lexopt::prelude::*;
use std::time::Duration;

pub const HELP: &str = "\
soak: moves bytes both ways at once over TLS streams of every kind, while everything fails that may fail, and checks
each byte. A failure names the seed that repeats its choices.

  --bytes N      bytes each way over each kind of stream, such as 20M or 1G (20M); over embassy-net a tenth of them
  --seed N       where its random choices begin (drawn)
  --only NAME    one kind of stream: part of its name, as it is printed
  --limit SECS   gives up after so many seconds (0: never)
";

pub struct Args {
    pub bytes: u64,
    pub seed: u64,
    pub only: Option<String>,
    pub limit: Option<Duration>,
}

impl Args {
    /// `None`: help was asked for.
    pub fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut args = Self { bytes: 20_000_000, seed: fastrand::u64(..1 << 32), only: None, limit: None };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("bytes") => args.bytes = parser.value()?.parse_with(parse_len)?,
                Long("seed") => args.seed = parser.value()?.parse()?,
                Long("only") => args.only = Some(parser.value()?.string()?),
                Long("limit") => {
                    let seconds = parser.value()?.parse()?;
                    args.limit = Some(Duration::from_secs(seconds)).filter(|limit| !limit.is_zero());
                }
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(args))
    }
}

/// A number of bytes: digits, and `k`, `M` or `G` for thousands, millions and milliards of them.
fn parse_len(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'M', 'G']) {
        Some(digits) if text.ends_with('k') => (digits, 1_000),
        Some(digits) if text.ends_with('M') => (digits, 1_000_000),
        Some(digits) => (digits, 1_000_000_000),
        None => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|error| format!("{text}: {error}"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{text}: too large"))
}
