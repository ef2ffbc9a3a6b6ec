//! What a server does about tickets.

#[cfg(feature = "early-data")]
use super::{AntiReplay, Arrival};
use super::{TicketKeys, Ticketer};
use crate::crypto::CryptoProvider;
use crate::error::Result;
#[cfg(feature = "early-data")]
use crate::error::{Error, Misconfiguration};

/// How many tickets a client gets after a handshake that resumed nothing; our choice, as most servers'.
const DEFAULT_COUNT: u8 = 2;

/// What a server does about tickets.
pub(crate) struct ServerTickets<'a, P: CryptoProvider> {
    pub(crate) ticketer: Option<&'a dyn Ticketer<P>>,
    /// How many a client gets by itself.
    pub(crate) count: u8,
    /// What cookies are sealed with, if a HelloRetryRequest is to leave nothing behind.
    pub(crate) cookies: Option<&'a TicketKeys<'a>>,
    /// How many bytes of early data a ticket allows.
    #[cfg(feature = "early-data")]
    pub(crate) max_early_data: u32,
    #[cfg(feature = "early-data")]
    pub(crate) anti_replay: Option<&'a dyn AntiReplay>,
}

impl<P: CryptoProvider> ServerTickets<'_, P> {
    pub(crate) const fn none() -> Self {
        Self {
            ticketer: None,
            count: DEFAULT_COUNT,
            cookies: None,
            #[cfg(feature = "early-data")]
            max_early_data: 0,
            #[cfg(feature = "early-data")]
            anti_replay: None,
        }
    }

    /// How many bytes of early data the next ticket is to allow.
    #[cfg_attr(not(feature = "early-data"), expect(clippy::unused_self, reason = "none"))]
    pub(crate) const fn max_early_data(&self) -> u32 {
        #[cfg(feature = "early-data")]
        return self.max_early_data;
        #[cfg(not(feature = "early-data"))]
        0
    }

    #[cfg_attr(not(feature = "early-data"), expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "nothing"))]
    pub(crate) fn check(&self) -> Result<()> {
        #[cfg(feature = "early-data")]
        if self.max_early_data > 0 {
            let is_single_use = self.ticketer.is_some_and(Ticketer::is_single_use);
            if self.ticketer.is_none() || !is_single_use && self.anti_replay.is_none() {
                return Err(Error::InvalidConfiguration(Misconfiguration::EarlyDataReplay));
            }
        }
        Ok(())
    }
}

#[cfg(feature = "early-data")]
impl<P: CryptoProvider> ServerTickets<'_, P> {
    /// Whether it is certain that this ClientHello is no replay. Its ticket, if it was for one connection, is spent.
    pub(crate) fn is_new(&self, binder: &[u8; 16], arrival: Option<Arrival>) -> bool {
        let is_single_use = self.ticketer.is_some_and(Ticketer::is_single_use);
        match (self.anti_replay, arrival) {
            (Some(anti_replay), Some(arrival)) => {
                // What is between the ticket and its verdict may have been pending for long.
                let Some(now) = self.ticketer.and_then(Ticketer::now) else { return false };
                let is_in_time = arrival.earliest < now && now < arrival.latest;
                is_in_time && anti_replay.is_new(binder, &Arrival { now, ..arrival })
            }
            (Some(_), None) => false,
            (None, _) => is_single_use,
        }
    }
}
