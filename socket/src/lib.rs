#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "alloc", any(feature = "std", feature = "embedded-io")))]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "smoltcp")]
mod drive;
#[cfg(feature = "smoltcp")]
mod error;
#[cfg(feature = "smoltcp")]
mod life;
#[cfg(feature = "embedded-nal")]
pub mod nal;
#[cfg(feature = "smoltcp")]
mod poll;
#[cfg(feature = "smoltcp")]
mod set;
#[cfg(feature = "smoltcp")]
mod socket;
#[cfg(any(feature = "std", feature = "embedded-io"))]
pub mod stream;
#[cfg(feature = "smoltcp")]
mod tls;
#[cfg(feature = "async")]
mod waker;

#[cfg(feature = "smoltcp")]
pub use error::{ConnectError, ListenError, RecvError, SendError, SocketError};
#[cfg(feature = "smoltcp")]
pub use poll::{poll, poll_at, poll_delay};
#[cfg(all(feature = "smoltcp", feature = "async"))]
pub use set::WaitingSockets;
#[cfg(feature = "smoltcp")]
pub use set::{TlsSocketHandle, TlsSocketSet, TlsSocketStorage};
#[cfg(feature = "smoltcp")]
pub use socket::{DEFAULT_HANDSHAKE_TIMEOUT, TlsSocket};
#[cfg(feature = "std")]
pub use stream::TlsStream;
#[cfg(feature = "embedded-io-async")]
pub use stream::asynch;
#[cfg(feature = "embedded-io")]
pub use stream::blocking;
#[cfg(any(feature = "std", feature = "embedded-io"))]
pub use stream::{FlushPolicy, Shared, StreamError};

#[cfg(feature = "chain")]
pub use saitls_chain as chain;
pub use saitls_core as protocol;
#[cfg(feature = "rustcrypto")]
pub use saitls_rustcrypto as rustcrypto;
#[cfg(feature = "webpki")]
pub use saitls_webpki as webpki;
#[cfg(feature = "smoltcp")]
pub use smoltcp;

#[doc(no_inline)]
pub use saitls_core::{
    Buffers, CertificateFault, Connection, Error, Incompatibility, PeerFault, ProviderFault, ServerName, Storage,
    config::{ClientConfig, Identity, ServerConfig},
    crypto::PinnedKey,
};
