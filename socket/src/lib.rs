#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "std")]
extern crate std;

mod drive;
mod error;
#[cfg(feature = "embedded-nal")]
pub mod nal;
mod poll;
mod set;
mod socket;
#[cfg(any(feature = "std", feature = "embedded-io"))]
pub mod stream;
mod tls;
#[cfg(feature = "async")]
mod waker;

pub use error::{ConnectError, ListenError, RecvError, SendError};
pub use poll::{poll, poll_at, poll_delay};
pub use set::{TlsSocketHandle, TlsSocketSet, TlsSocketStorage};
pub use socket::{DEFAULT_HANDSHAKE_TIMEOUT, TlsSocket};
#[cfg(any(feature = "std", feature = "embedded-io"))]
pub use stream::{StreamError, TlsStream};

pub use saitls_core as core;
#[cfg(feature = "rustcrypto")]
pub use saitls_rustcrypto as rustcrypto;
#[cfg(feature = "webpki")]
pub use saitls_webpki as webpki;
pub use smoltcp;

#[doc(no_inline)]
pub use saitls_core::{
    Buffers, Connection, Error, ServerName, Storage,
    config::{ClientConfig, Identity, ServerConfig},
    crypto::PinnedKey,
};
