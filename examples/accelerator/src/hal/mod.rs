//! A mock of a vendor's hardware abstraction layer: what the parts of this example have to live with. It knows nothing
//! of TLS, and TLS is no business of its own: on a real board this is the vendor's crate.

mod aes;
mod element;
mod pka;
mod sha;
mod trng;

pub use aes::Aes;
pub use element::Element;
pub use pka::{Answer, Pka, Request};
pub use sha::{Sha, ShaContext};
pub use trng::Trng;
