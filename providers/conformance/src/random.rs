//! Random numbers that are real, that repeat, that are written down, or that fail.

use rand_core::{TryCryptoRng, TryRng};
use saitls_core::{Error, ProviderFault};
use std::collections::VecDeque;

/// A source of random numbers for a provider under test: a [`TryCryptoRng`].
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded { state: u64, draws_left: Option<u64> },
    Script(VecDeque<u8>),
}

impl Random {
    /// The random numbers of the operating system.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// Numbers that look random and are the same in each run (SplitMix64).
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(Source::Seeded { state: seed, draws_left: None })
    }

    /// As [`seeded`](Self::seeded) for so many draws; then every draw fails.
    #[must_use]
    pub const fn failing_after(seed: u64, draws: u64) -> Self {
        Self(Source::Seeded { state: seed, draws_left: Some(draws) })
    }

    /// These bytes; then every draw fails.
    #[must_use]
    pub fn script(bytes: &[u8]) -> Self {
        Self(Source::Script(bytes.iter().copied().collect()))
    }
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl TryRng for Random {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        match &mut self.0 {
            Source::System => getrandom::fill(out).map_err(|_| Error::Provider(ProviderFault::RandomFailed)),
            Source::Seeded { state, draws_left } => {
                if let Some(left) = draws_left {
                    *left = left.checked_sub(1).ok_or(ProviderFault::RandomFailed)?;
                }
                for chunk in out.chunks_mut(8) {
                    chunk.copy_from_slice(&next(state).to_le_bytes()[..chunk.len()]);
                }
                Ok(())
            }
            Source::Script(bytes) if bytes.len() < out.len() => Err(ProviderFault::RandomFailed.into()),
            Source::Script(bytes) => {
                let drawn: Vec<u8> = bytes.drain(..out.len()).collect();
                out.copy_from_slice(&drawn);
                Ok(())
            }
        }
    }
}

impl TryCryptoRng for Random {}

/// `len` bytes that look random and are the same in each run.
pub(crate) fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    (0..len.div_ceil(8)).flat_map(|_| next(&mut state).to_le_bytes()).take(len).collect()
}
