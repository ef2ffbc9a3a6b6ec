//! Handshakes with a PSK: what a client offers and a server selects, bound to the ClientHello (RFC 9846 4.3.11).
//!
//! A build without the feature `psk` has the same names in `absent`, whose types have no values.

#[cfg(not(feature = "psk"))]
mod absent;
#[cfg(feature = "psk")]
mod agreed;
#[cfg(feature = "psk")]
mod client;
#[cfg(feature = "early-data")]
mod early_data;
#[cfg(feature = "early-data")]
mod early_offer;
#[cfg(not(feature = "early-data"))]
mod no_early_data;
#[cfg(feature = "tickets")]
mod resumed;
#[cfg(feature = "psk")]
mod said;
#[cfg(feature = "psk")]
mod server;

#[cfg(not(feature = "psk"))]
pub(super) use absent::{Agreed, Binders, Choice, Hello, Picked, extract, fits, select, write_identities, write_modes};
#[cfg(feature = "psk")]
pub(super) use {
    agreed::{Agreed, extract},
    client::{Binders, Hello, select, write_identities, write_modes},
    server::{Choice, Picked, fits},
};

#[cfg(feature = "tickets")]
pub(super) use server::MAX_FIRST_LEN;

#[cfg(feature = "early-data")]
pub(super) use early_data::take_early_data;
#[cfg(not(feature = "early-data"))]
pub(super) use no_early_data::take_early_data;
