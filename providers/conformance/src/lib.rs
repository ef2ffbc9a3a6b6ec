#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod checks;
pub mod instrumented;
mod poll;
mod random;
mod reference;
mod report;

pub use crate::instrumented::Instrumented;
pub use crate::random::Random;
pub use crate::report::{Outcome, Report};

use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{CryptoProvider, KeyExchange, Signer};

type WithRandom<'a, P> = Box<dyn Fn(Random) -> P + 'a>;
type Slow<'a, P> = Box<dyn Fn(Random, u32) -> P + 'a>;
type Agreement<P> = (P, <P as CryptoProvider>::KeyExchange);
type PrivateKeys<'a, P> = Box<dyn Fn(NamedGroup, &[u8]) -> Option<Agreement<P>> + 'a>;

/// A private key to be checked, and what its signatures verify with.
struct Key<'a, P> {
    name: &'a str,
    signer: &'a dyn Signer<P>,
    subject_public_key_info: &'a [u8],
}

/// A provider, and how to make what the checks need. [`run`](Self::run) runs them.
///
/// Only a way to make a provider is required. Each `with_` gives more to check; what cannot be checked without is
/// reported as skipped, with the reason.
pub struct Conformance<'a, P: CryptoProvider> {
    provider: Box<dyn Fn() -> P + 'a>,
    with_random: Option<WithRandom<'a, P>>,
    private_keys: Option<PrivateKeys<'a, P>>,
    private_keys_are_random: bool,
    slow: Option<Slow<'a, P>>,
    concurrency: usize,
    keys: Vec<Key<'a, P>>,
}

impl<'a, P: CryptoProvider> Conformance<'a, P> {
    /// Checks the providers that `provider` makes. Most checks make one of their own.
    pub fn new(provider: impl Fn() -> P + 'a) -> Self {
        Self {
            provider: Box::new(provider),
            with_random: None,
            private_keys: None,
            private_keys_are_random: false,
            slow: None,
            concurrency: usize::MAX,
            keys: Vec::new(),
        }
    }

    /// How to make a provider that draws its random numbers from a given source: what happens when the source fails
    /// can then be checked.
    #[must_use]
    pub fn with_random(mut self, provider: impl Fn(Random) -> P + 'a) -> Self {
        self.with_random = Some(Box::new(provider));
        self
    }

    /// The provider of [`with_random`](Self::with_random) draws the private keys of key exchanges from that source as
    /// they are: 32 bytes for X25519, the scalar in big-endian order for the NIST curves. The vectors of key
    /// exchange, which name private keys, can then be checked.
    #[must_use]
    pub const fn with_private_keys_as_drawn(mut self) -> Self {
        self.private_keys_are_random = true;
        self
    }

    /// How to make a key exchange with a given private key (as
    /// [`with_private_keys_as_drawn`](Self::with_private_keys_as_drawn) describes it) for providers that draw
    /// theirs otherwise; ready to decapsulate. `None` where it cannot.
    #[must_use]
    pub fn with_private_keys(
        mut self,
        exchange: impl Fn(NamedGroup, &[u8]) -> Option<(P, P::KeyExchange)> + 'a,
    ) -> Self {
        self.private_keys = Some(Box::new(exchange));
        self
    }

    /// How to make a provider with a given source of random numbers whose slow operations each say
    /// [`Poll::Pending`](std::task::Poll::Pending) a given number of times. The bytes on the wire must be the same
    /// however often they do.
    #[must_use]
    pub fn with_slow(mut self, provider: impl Fn(Random, u32) -> P + 'a) -> Self {
        self.slow = Some(Box::new(provider));
        self
    }

    /// The device holds this many ephemeral private keys at a time, for all providers together: one or more. Of key
    /// exchanges beyond that, the next one waits in `poll_generate` or `poll_encapsulate`, and goes on when another is
    /// dropped; an error in its place is found. Without this, the checks have up to ten at a time.
    ///
    /// A client offers a share each for as many groups as [`ClientConfig::with_key_shares`] says: with one slot it must
    /// name one, or the default must be one, which it is where the provider has no hybrid group.
    ///
    /// [`ClientConfig::with_key_shares`]: saitls_core::config::ClientConfig::with_key_shares
    #[must_use]
    pub const fn with_concurrency(mut self, exchanges: usize) -> Self {
        self.concurrency = if exchanges == 0 { 1 } else { exchanges };
        self
    }

    /// A private key to check, with the SubjectPublicKeyInfo (DER) that its signatures verify with. Its name is for
    /// the report.
    #[must_use]
    pub fn with_signer(mut self, name: &'a str, signer: &'a dyn Signer<P>, subject_public_key_info: &'a [u8]) -> Self {
        self.keys.push(Key { name, signer, subject_public_key_info });
        self
    }

    /// Runs all checks, whatever they find.
    #[must_use]
    pub fn run(&self) -> Report {
        self.run_only("")
    }

    /// Runs the checks whose names begin with `prefix`, such as `aead/`: while a part is being written.
    #[must_use]
    pub fn run_only(&self, prefix: &str) -> Report {
        let checks = checks::all::<P>();
        Report::of(checks.into_iter().filter(|check| check.name.starts_with(prefix)).map(|check| check.run(self)))
    }

    /// The names of all checks.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        checks::all::<P>().into_iter().map(|check| check.name).collect()
    }

    fn provider(&self) -> P {
        (self.provider)()
    }

    /// A key exchange with this private key, if one can be made.
    fn exchange(&self, group: NamedGroup, private_key: &[u8]) -> Option<Agreement<P>> {
        if let Some(exchange) = &self.private_keys {
            return exchange(group, private_key);
        }
        let with_random = self.with_random.as_ref().filter(|_| self.private_keys_are_random)?;
        let mut provider = with_random(Random::script(private_key));
        let mut exchange = P::KeyExchange::start(&mut provider, group).ok()?;
        match poll::ready(|| exchange.poll_generate(&mut provider, &mut [0; poll::MAX_SHARE_LEN])) {
            Ok(Ok(_)) => Some((provider, exchange)),
            _ => None,
        }
    }
}
