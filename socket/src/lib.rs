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
#[cfg(any(feature = "embedded-nal-async", feature = "edge-nal"))]
pub mod pool;
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
/// Keys that both sides were given by other means, in place of certificates or beside them.
///
/// ```
/// # #[cfg(feature = "os-rng")] {
/// use saitls::{Buffers, ClientConfig, Connection, ServerConfig};
/// use saitls::protocol::{PeerAuthentication, crypto::CryptoProvider};
/// use saitls::psk::PreSharedKey;
/// use saitls::rustcrypto::RustCrypto;
///
/// // From where only the two of them can read it; as hard to guess as any key.
/// let key = [0x5a; 32];
/// let psks = [PreSharedKey::new(b"pump-17", &key)];
/// let (config, peer_config) = (ClientConfig::psk_only(&psks), ServerConfig::psk_only(&psks));
///
/// // Sockets and streams take these configurations as any other. Here the two are beside each other.
/// let (mut memory, mut provider) = ([[0; 4096]; 4], RustCrypto::os());
/// let [a, b, c, d] = memory.each_mut().map(|memory| &mut memory[..]);
/// let mut pump = Connection::client(&config, None, Buffers::new(a, b)).unwrap();
/// let mut gateway = Connection::server(&peer_config, Buffers::new(c, d)).unwrap();
/// while pump.is_handshaking() || gateway.is_handshaking() {
///     pump.process(&mut provider).unwrap();
///     gateway.process(&mut provider).unwrap();
///     carry(&mut pump, &mut gateway);
///     carry(&mut gateway, &mut pump);
/// }
/// assert_eq!(gateway.negotiated().unwrap().peer_authentication, PeerAuthentication::PreSharedKey);
///
/// fn carry<P: CryptoProvider>(from: &mut Connection<'_, P>, to: &mut Connection<'_, P>) {
///     let len = from.records().len();
///     to.records_room()[..len].copy_from_slice(from.records());
///     to.records_filled(len);
///     from.records_sent(len);
/// }
/// # }
/// ```
#[cfg(feature = "psk")]
pub use saitls_core::psk;
#[cfg(feature = "tickets")]
pub use saitls_core::session;
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

/// What stands in the cookbook compiles.
#[cfg(all(doctest, feature = "std", feature = "webpki", feature = "rustcrypto", feature = "early-data"))]
#[doc = include_str!("../../docs/COOKBOOK.md")]
struct Cookbook;
