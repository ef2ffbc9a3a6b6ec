//! Sessions that come back (RFC 9846 2.2): what a client keeps of one, and where. With the feature `tickets`; without
//! it there is nothing here.
//!
//! A server sends tickets after the handshake. With one of them the next connection to it needs no certificate, and no
//! signature: what it says is bound to a key that both have since. Whoever the server was then, it is now.
//!
//! * An application lends a `SessionStore` to its configuration (`ClientConfig::with_sessions`) and, to each
//!   connection, room for one session (`Buffers::with_session_buffer`).
//! * Each ticket is used once: who sees the same one twice knows that it is the same client (RFC 9846 C.4).
//! * A session is resumed with the server name it was made with, and only where the same is trusted as then
//!   (`PeerVerifier::fingerprint`); one that an external key vouched for is never kept.

#[cfg(not(feature = "tickets"))]
mod absent;
#[cfg(feature = "tickets")]
mod bytes;
#[cfg(feature = "tickets")]
mod config;
#[cfg(all(feature = "tickets", target_has_atomic = "ptr"))]
mod memory;
#[cfg(feature = "tickets")]
mod store;

#[cfg(not(feature = "tickets"))]
pub(crate) use absent::ClientSessions;
#[cfg(all(feature = "tickets", target_has_atomic = "ptr"))]
pub use memory::{MemorySessions, StoredSession};
#[cfg(feature = "tickets")]
pub use {
    bytes::{MalformedSession, Session},
    store::SessionStore,
};
#[cfg(feature = "tickets")]
pub(crate) use {
    bytes::{Name, wipe_secret},
    config::{Age, ClientSessions, fingerprint},
};
