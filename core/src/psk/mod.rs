//! Pre-shared keys that both sides were given by other means (RFC 9846 2.2): what an application says of them. With the
//! feature `psk`; without it there is nothing here.

#[cfg(not(feature = "psk"))]
mod absent;
#[cfg(feature = "psk")]
mod held;
#[cfg(feature = "psk")]
mod import;
#[cfg(feature = "psk")]
mod key;
#[cfg(feature = "psk")]
mod kind;
#[cfg(feature = "psk")]
mod modes;
#[cfg(feature = "psk")]
mod store;

#[cfg(not(feature = "psk"))]
pub(crate) use absent::{ClientPsks, ServerPsks};
#[cfg(feature = "psk")]
pub use {
    held::HeldSecret,
    import::ImportedKey,
    key::PreSharedKey,
    kind::PskKind,
    modes::PskModes,
    store::{FoundPsk, PskStore},
};
#[cfg(feature = "psk")]
pub(crate) use {
    key::{ClientPsks, NoCertificate},
    store::ServerPsks,
};
