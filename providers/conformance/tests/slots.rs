//! Chips that hold few ephemeral keys at a time.

use saitls_conformance::{Conformance, Outcome, Random};
use saitls_core::codes::NamedGroup;
use saitls_core::crypto::{self, CryptoProvider};
use saitls_core::{ProviderFault, Result};
use saitls_rustcrypto as real;
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

/// What the chip does with an exchange that it has no slot for.
#[derive(Clone, Copy, PartialEq)]
enum Full {
    Waits,
    Fails,
}

struct Chip {
    random: Random,
    free: Rc<Cell<usize>>,
    full: Full,
}

struct Exchange {
    inner: real::KeyExchange,
    /// Whose slot it has.
    slot: Option<Rc<Cell<usize>>>,
}

impl CryptoProvider for Chip {
    type Aead = real::Aead;
    type Hash = real::Hash;
    type Secret = real::Secret;
    type KeyExchange = Exchange;
    type SignatureVerifier = real::SignatureVerifier;

    fn fill_random(&mut self, out: &mut [u8]) -> Result<()> {
        use rand_core::TryRng;
        self.random.try_fill_bytes(out).map_err(|_| ProviderFault::RandomFailed.into())
    }
}

impl Exchange {
    fn poll_slot(&mut self, chip: &Chip) -> Poll<Result<()>> {
        if self.slot.is_some() {
            return Poll::Ready(Ok(()));
        }
        match chip.free.get() {
            0 if chip.full == Full::Fails => Poll::Ready(Err(ProviderFault::CryptoFailed.into())),
            0 => Poll::Pending,
            free => {
                chip.free.set(free - 1);
                self.slot = Some(chip.free.clone());
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(free) = &self.slot {
            free.set(free.get() + 1);
        }
    }
}

impl crypto::KeyExchange<Chip> for Exchange {
    fn supports(group: NamedGroup) -> bool {
        group == NamedGroup::SECP256R1
    }

    fn start(chip: &mut Chip, group: NamedGroup) -> Result<Self> {
        if !<Self as crypto::KeyExchange<Chip>>::supports(group) {
            return Err(ProviderFault::Unsupported.into());
        }
        Ok(Self { inner: real::KeyExchange::start(chip, group)?, slot: None })
    }

    fn poll_generate(&mut self, chip: &mut Chip, share: &mut [u8]) -> Poll<Result<usize>> {
        std::task::ready!(self.poll_slot(chip))?;
        self.inner.poll_generate(chip, share)
    }

    fn poll_encapsulate(
        &mut self,
        chip: &mut Chip,
        peer_share: &[u8],
        share: &mut [u8],
    ) -> Poll<Result<(usize, real::Secret)>> {
        std::task::ready!(self.poll_slot(chip))?;
        self.inner.poll_encapsulate(chip, peer_share, share)
    }

    fn poll_decapsulate(&mut self, chip: &mut Chip, peer_share: &[u8]) -> Poll<Result<real::Secret>> {
        self.inner.poll_decapsulate(chip, peer_share)
    }
}

fn conformance(slots: usize, full: Full) -> Conformance<'static, Chip> {
    let free = Rc::new(Cell::new(slots));
    let chip = move |random| Chip { random, free: free.clone(), full };
    let again = chip.clone();
    Conformance::new(move || chip(Random::system()))
        .with_random(again)
        .with_private_keys_as_drawn()
        .with_concurrency(slots)
}

#[test]
fn chips_with_one_or_two_slots_pass() {
    for slots in [1, 2] {
        for prefix in ["offers/", "key_exchange/", "wiping/key_exchange", "handshake/completes", "handshake/abandoned"]
        {
            conformance(slots, Full::Waits).run_only(prefix).assert();
        }
    }
}

#[test]
fn a_chip_that_fails_where_it_should_wait_is_found() {
    let report = conformance(1, Full::Fails).run_only("key_exchange/interleaved");
    let [(_, Outcome::Failed(why))] = report.outcomes() else { panic!("{report}") };
    assert!(why.contains("must wait"), "{why}");
}
