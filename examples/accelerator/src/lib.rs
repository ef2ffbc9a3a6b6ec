//! A board with accelerators, as an example of how devices take over the primitives of TLS: one at a time, and all
//! together. [`parts`] is what has to be written, a file of at most 100 lines for each primitive; [`boards`] combines
//! them; [`hal`] stands for the vendor's drivers. The guide is `docs/PROVIDERS.md`.
//!
//! ```
//! use saitls_accelerator::boards::Board;
//! use saitls_core::crypto::CryptoProvider;
//!
//! let mut board = Board::default();
//! board.fill_random(&mut [0; 32])?;
//! assert_eq!(board.0.trng.words, 8);
//! # Ok::<(), saitls_core::Error>(())
//! ```

#![forbid(unsafe_code)]

/// The guide, whose examples are tested.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/PROVIDERS.md")]
struct Guide;

pub mod boards;
pub mod hal;
pub mod parts;
pub mod worker;

/// The devices of the board: what the provider owns, and lends to each part.
#[derive(Default)]
pub struct Devices {
    /// The AES peripheral.
    pub aes: hal::Aes,
    /// The SHA engine.
    pub sha: hal::Sha,
    /// The public-key accelerator.
    pub pka: parts::SharedPka,
    /// The secure element.
    pub element: hal::Element,
    /// What the element is signing.
    pub signing: parts::Signing,
    /// The true random number generator.
    pub trng: hal::Trng,
}
