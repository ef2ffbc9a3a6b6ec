//! Against early data that somebody sends again (RFC 9846 8).

#[cfg(target_has_atomic = "ptr")]
use super::shared::Shared;

/// When a ClientHello with early data came, and when it might have come otherwise, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Now.
    pub now: u64,
    /// Before this time, nobody took its early data: it said that it was not sent yet.
    pub earliest: u64,
    /// After this time, nobody will: it is too old.
    pub latest: u64,
}

/// Remembers ClientHellos with early data, so that none is taken twice. All servers that open the same tickets must ask
/// the same one.
pub trait AntiReplay: Sync {
    /// Whether it is certain that this ClientHello was not taken before; remembers it until it is too old to be taken.
    /// If nothing is certain, as when there is no more room, `false`: then the early data is not taken, and the client
    /// sends it again after the handshake, in which it cannot be replayed.
    ///
    /// `hello` is of its binder: nobody else can make one like it.
    fn is_new(&self, hello: &[u8; 16], arrival: &Arrival) -> bool;
}

#[cfg(target_has_atomic = "ptr")]
struct Strikes<const N: usize> {
    /// The first time that is certain to be in the memory of this one.
    since: Option<u64>,
    /// The greatest of the last times of those that others took the places of: should a clock be set back, nothing that
    /// ends by then is certain any more.
    forgotten: u64,
    /// Each with the last time at which it matters.
    strikes: [([u8; 16], u64); N],
}

/// Remembers `N` ClientHellos, in 24 bytes each, for as long as they could be taken: up to 22 seconds. It forgets
/// nothing within that time; when it is full, no more early data is taken until it is not. What may have come before it
/// began to remember is not taken either, so that after a restart there is no early data for as long.
///
/// A spin lock is held while it is looked through: not for interrupt handlers. It needs a processor with atomic
/// compare-and-swap.
#[cfg(target_has_atomic = "ptr")]
pub struct StrikeRegister<const N: usize> {
    strikes: Shared<Strikes<N>>,
}

#[cfg(target_has_atomic = "ptr")]
impl<const N: usize> StrikeRegister<N> {
    /// Empty; it begins to remember when it is asked first.
    #[must_use]
    pub const fn new() -> Self {
        Self { strikes: Shared::new(Strikes { since: None, forgotten: 0, strikes: [([0; 16], 0); N] }) }
    }

    /// Begins to remember now, which is so many seconds after the first of January 1970 (UTC): it takes no early data
    /// that may have been taken before that time. 0 if there is none: if the tickets are under keys that are drawn when
    /// the process begins, as those of [`TicketKeys::new`](super::TicketKeys::new), nothing of before can be meant.
    #[must_use]
    pub const fn since(seconds: u64) -> Self {
        Self { strikes: Shared::new(Strikes { since: Some(seconds), forgotten: 0, strikes: [([0; 16], 0); N] }) }
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<const N: usize> Default for StrikeRegister<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<const N: usize> AntiReplay for StrikeRegister<N> {
    fn is_new(&self, hello: &[u8; 16], arrival: &Arrival) -> bool {
        self.strikes.change(|register| {
            let since = *register.since.get_or_insert(arrival.now);
            if arrival.earliest <= since || arrival.now < since || arrival.latest <= register.forgotten {
                return false;
            }
            let mut place = None;
            for strike in &mut register.strikes {
                if strike.0 == *hello && strike.1 == arrival.latest {
                    return false;
                }
                if strike.1 < arrival.now {
                    place = Some(strike);
                }
            }
            let Some(place) = place else { return false };
            register.forgotten = register.forgotten.max(place.1);
            *place = (*hello, arrival.latest);
            true
        })
    }
}

#[cfg(all(test, target_has_atomic = "ptr"))]
#[allow(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn hello(number: u8) -> [u8; 16] {
        [number; 16]
    }

    const fn at(now: u64) -> Arrival {
        Arrival { now, earliest: now - 11, latest: now + 11 }
    }

    #[test]
    fn nothing_is_new_twice_within_its_window() {
        let register = StrikeRegister::<4>::since(1_000);
        assert!(!register.is_new(&hello(1), &at(1_005)), "it may have come before the restart");
        assert!(register.is_new(&hello(1), &at(1_012)));
        for now in 1_012..=1_023 {
            assert!(!register.is_new(&hello(1), &Arrival { now, ..at(1_012) }), "{now}");
        }
        // Then nobody asks any more: it is too old. Its place is free.
        for number in 2..6 {
            assert!(register.is_new(&hello(number), &at(1_024)), "{number}");
        }
    }

    #[test]
    fn nothing_is_forgotten_when_it_is_full() {
        let register = StrikeRegister::<4>::since(1_000);
        for number in 0..4 {
            assert!(register.is_new(&hello(number), &at(2_000)));
        }
        assert!(!register.is_new(&hello(9), &at(2_000)));
        for number in 0..4 {
            assert!(!register.is_new(&hello(number), &at(2_000)));
        }
        assert!(register.is_new(&hello(9), &at(2_012)));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_new() {
        let register = StrikeRegister::<1>::since(900);
        assert!(register.is_new(&hello(1), &at(1_000)));
        // Another one takes its place, as it is over.
        assert!(register.is_new(&hello(2), &at(1_012)));
        assert!(!register.is_new(&hello(1), &Arrival { now: 1_002, ..at(1_000) }));
        assert!(!register.is_new(&hello(2), &Arrival { now: 1_030, ..at(1_012) }), "remembered, if over");
        assert!(register.is_new(&hello(3), &at(1_030)));
    }

    #[test]
    fn it_begins_when_it_is_asked_first_or_told() {
        let register = StrikeRegister::<4>::new();
        assert!(!register.is_new(&hello(1), &at(5_000)));
        assert!(!register.is_new(&hello(1), &at(5_011)));
        assert!(register.is_new(&hello(1), &at(5_012)));
        // A clock that was set back.
        assert!(!register.is_new(&hello(2), &at(4_000)));
        assert!(!StrikeRegister::<0>::since(0).is_new(&hello(1), &at(5_000)));
    }
}
