//! The handshake (RFC 9846 4) as the state machines of Appendix A: one file per state.
//!
//! A state is a value with the evidence it needs; what else it works with it reaches through the verbs of a [`Step`].
//! Some states wait for a message, others work or send on their own. Every step obeys one law:
//!
//! **A step may be repeated.** One that is pending is taken again, with the same message still in the receive buffer,
//! until it is done. What it did before must do no harm when it is done again: it may choose an identity that is chosen
//! already, or write a draft over the same draft. What cannot be done twice, such as adding to the transcript, sending,
//! or changing keys, comes behind everything that may be pending, or counts how far it came.

mod agreement;
mod authentication;
pub(crate) mod client;
mod evidence;
mod facts;
mod peer_notes;
mod psk;
mod received;
pub(crate) mod server;
mod step;
#[cfg(test)]
mod tests;

pub(crate) use agreement::Agreements;
pub use evidence::PeerAuthentication;
pub(crate) use facts::Facts;
pub(crate) use peer_notes::PeerNotes;
pub(crate) use received::{Expected, Received};
#[cfg(feature = "early-data")]
pub use step::EarlyDataStatus;
pub(crate) use step::{Memory, SessionMemory, Step};
