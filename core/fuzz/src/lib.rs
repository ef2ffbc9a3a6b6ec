//! What the fuzz targets do with their bytes. All of it runs over a cryptography that costs next to nothing, so that
//! what is fuzzed is the protocol; see `core/tests/support/toy.rs`.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../tests/support/toy.rs"]
pub mod cryptography;
#[path = "../../tests/support/mod.rs"]
pub mod support;

mod bytes;
mod certificates;
mod choice;
mod input;
mod records;
mod sessions;
mod sockets;
mod tickets;
mod wire;

pub use bytes::{client_bytes, server_bytes};
pub use certificates::certificates;
pub use choice::Choice;
pub use records::{client_records, server_records};
pub use sessions::sessions;
pub use sockets::sockets;
pub use tickets::tickets;
pub use wire::wire;
