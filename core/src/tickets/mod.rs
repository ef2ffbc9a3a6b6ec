//! Tickets of a server (RFC 9846 2.2, 4.7.1): who makes them, and what they stand for. With the feature `tickets`.
//!
//! A [`Ticketer`] makes of what a server must know of a session a ticket, which its client keeps and shows when it
//! comes back. There are two: [`TicketKeys`] seals it into the ticket, so that the server remembers nothing;
//! [`SessionCache`] remembers it, and each ticket is good for one connection.

#[cfg(feature = "early-data")]
mod anti_replay;
#[cfg(target_has_atomic = "ptr")]
mod cache;
mod keys;
mod server;
mod shared;
mod state;
mod ticketer;

#[cfg(all(feature = "early-data", target_has_atomic = "ptr"))]
pub use anti_replay::StrikeRegister;
#[cfg(feature = "early-data")]
pub use anti_replay::{AntiReplay, Arrival};
#[cfg(target_has_atomic = "ptr")]
pub use cache::SessionCache;
pub use keys::TicketKeys;
pub(crate) use server::ServerTickets;
pub(crate) use state::{MAX_PROTOCOL_LEN, MAX_STATE_LEN, SessionOwner, SessionState};
pub use ticketer::Ticketer;
