//! What a ticket says of early data.

use crate::codes::CipherSuite;
use crate::limits::EARLY_DATA_WINDOW;
use crate::tickets::{Arrival, MAX_PROTOCOL_LEN, SessionState};

/// What a ticket says of early data.
pub(super) struct EarlyOffer {
    pub(super) suite: CipherSuite,
    pub(super) most: u32,
    protocol: [u8; MAX_PROTOCOL_LEN],
    protocol_len: usize,
    /// When the ClientHello should have come, if there is a clock.
    pub(super) arrival: Option<Arrival>,
}

impl EarlyOffer {
    /// Nothing, if the ticket allows none, or the ClientHello comes much earlier or later than it was sent.
    pub(super) fn new(state: &SessionState<'_>, obfuscated_age: u32, now: Option<u64>) -> Option<Self> {
        let arrival = match (state.issued, now) {
            (Some(issued), Some(now)) => {
                let age = u64::from(obfuscated_age.wrapping_sub(state.age_add)) / 1000;
                let expected = issued.saturating_add(age);
                if now.abs_diff(expected) > EARLY_DATA_WINDOW {
                    return None;
                }
                // A second more: neither the clock nor the age has fractions.
                let margin = EARLY_DATA_WINDOW.saturating_add(1);
                let (earliest, latest) = (expected.saturating_sub(margin), expected.saturating_add(margin));
                Some(Arrival { now, earliest, latest })
            }
            _ => None,
        };
        let mut protocol = [0; MAX_PROTOCOL_LEN];
        let name = state.protocol.unwrap_or_default();
        protocol.get_mut(..name.len())?.copy_from_slice(name);
        let (suite, most) = (state.cipher_suite, state.max_early_data);
        (most > 0).then_some(Self { suite, most, protocol, protocol_len: name.len(), arrival })
    }

    /// The application protocol; empty if there was none.
    pub(super) fn protocol(&self) -> &[u8] {
        self.protocol.get(..self.protocol_len).unwrap_or_default()
    }
}
