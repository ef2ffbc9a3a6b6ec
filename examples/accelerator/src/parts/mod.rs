//! One file for each primitive that a device takes over: this is all that has to be written.
//!
//! Each part serves every provider that can lend the devices, so that the boards in [`boards`](crate::boards) may
//! combine them freely.

mod aead;
mod hash;
mod key_exchange;
mod random;
mod shared_pka;
mod signer;
mod verifier;

pub use aead::AesEngine;
pub use hash::ShaEngine;
pub use key_exchange::PkaKeyExchange;
pub use random::fill_random;
pub use shared_pka::{SharedPka, Ticket};
pub use signer::{ElementKey, Signing};
pub use verifier::PkaVerifier;
