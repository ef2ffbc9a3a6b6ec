//! What the benchmarks share: identities, and the implementations that are compared.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub(crate) mod peer;
pub(crate) mod saitls;

use saitls_core::codes::NamedGroup;
use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A self-signed certificate and its PKCS#8 key.
#[derive(Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) certificate: &'static [u8],
    pub(crate) key: &'static [u8],
}

macro_rules! identity {
    ($name:literal, $file:literal) => {
        Identity {
            name: $name,
            certificate: include_bytes!(concat!("../../../core/tests/data/", $file, ".cert.der")),
            key: include_bytes!(concat!("../../../core/tests/data/", $file, ".key.der")),
        }
    };
}

pub(crate) const IDENTITIES: [Identity; 3] =
    [identity!("P-256", "p256"), identity!("Ed25519", "ed25519"), identity!("RSA-2048", "rsa2048")];

pub(crate) const GROUPS: [NamedGroup; 2] = [NamedGroup::X25519, NamedGroup::X25519MLKEM768];

/// What each end of something took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) client: Duration,
    pub(crate) server: Duration,
}

impl Times {
    pub(crate) fn of(self, role: &str) -> Duration {
        if role == "client" { self.client } else { self.server }
    }

    /// Adds what `work` takes to the client's time.
    pub(crate) fn in_client<T>(&mut self, work: impl FnOnce() -> T) -> T {
        time(&mut self.client, || if COUNTED.load(Ordering::Relaxed) { counted_client(work) } else { work() })
    }

    /// Adds what `work` takes to the server's time.
    pub(crate) fn in_server<T>(&mut self, work: impl FnOnce() -> T) -> T {
        time(&mut self.server, || if COUNTED.load(Ordering::Relaxed) { counted_server(work) } else { work() })
    }
}

/// Whether what is done goes through the functions that are counted: not while caches, tables and random generators
/// fill.
pub(crate) static COUNTED: AtomicBool = AtomicBool::new(false);

/// callgrind counts the instructions of whatever is called from here: `cargo xtask instructions` names this function.
#[inline(never)]
fn counted_client<T>(work: impl FnOnce() -> T) -> T {
    let result = work();
    // Whatever `work` is, this function is no other, and is not left before `work` is.
    black_box("client");
    result
}

/// The same for the server.
#[inline(never)]
fn counted_server<T>(work: impl FnOnce() -> T) -> T {
    let result = work();
    black_box("server");
    result
}

/// Runs `once` a number of times. What the fastest tenth of them took at most stands for all: what other programs take
/// from this one does not count.
pub(crate) fn undisturbed(times: u64, mut once: impl FnMut() -> Times) -> Times {
    let all: Vec<Times> = (0..times).map(|_| once()).collect();
    let tenth = |of: fn(&Times) -> Duration| {
        let mut sorted: Vec<Duration> = all.iter().map(of).collect();
        sorted.sort_unstable();
        sorted[sorted.len() / 10] * u32::try_from(times).unwrap_or(u32::MAX)
    };
    Times { client: tenth(|times| times.client), server: tenth(|times| times.server) }
}

/// Adds what `work` takes to `sum`, without what it takes to look at the clock.
fn time<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *sum += start.elapsed().saturating_sub(clock());
    result
}

/// What it takes to look at the clock twice.
fn clock() -> Duration {
    static CLOCK: OnceLock<Duration> = OnceLock::new();
    *CLOCK.get_or_init(|| {
        let mut all: Vec<Duration> = (0..100_001).map(|_| Instant::now().elapsed()).collect();
        all.sort_unstable();
        all[all.len() / 2]
    })
}
