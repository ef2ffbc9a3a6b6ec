//! P-256 by the version of the crate `p256` that suits the processor: both have the same four names.

#[cfg(target_pointer_width = "32")]
mod narrow;
#[cfg(not(target_pointer_width = "32"))]
mod wide;

#[cfg(target_pointer_width = "32")]
pub(crate) use narrow::{Exchange, Key, verify};
#[cfg(not(target_pointer_width = "32"))]
pub(crate) use wide::{Exchange, Key, verify};
