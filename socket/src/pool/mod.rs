//! Network stacks with TLS inside, by the traits of the embedded ecosystem, with buffers out of a pool and without a
//! heap.
//!
//! | code written against | feature | takes a |
//! |---|---|---|
//! | `embedded_nal_async::TcpConnect`, such as `reqwless` | `embedded-nal-async` | [`TlsConnector`] |
//! | `edge_nal::TcpConnect`, such as `edge-http`'s client | `edge-nal` | [`TlsConnector`] |
//! | `edge_nal::{TcpBind, TcpAccept}`, such as `edge-http`'s server | `edge-nal` | [`TlsAcceptor`] |
//!
//! Each wraps a network that implements the same trait, and makes [`PooledStream`]s over its connections. A stream
//! takes its buffers out of a [`BufferPool`], which is [shared](crate::stream::Share), and gives them back, wiped, when
//! it is dropped.
//!
//! ```
//! # use saitls::protocol::crypto::CryptoProvider;
//! # async fn f<P: CryptoProvider, N>(network: N, config: &saitls::ClientConfig<'_, P>, provider: P)
//! # -> Option<()> {
//! use core::cell::RefCell;
//! use saitls::pool::{BufferPool, TlsConnector};
//! use saitls::{Buffers, ServerName, Shared};
//!
//! // For two connections at a time.
//! let mut memory = [([0; 4_118], [0; 1_024]), ([0; 4_118], [0; 1_024])];
//! let pool = RefCell::new(BufferPool::new(memory.each_mut().map(|(rx, tx)| Buffers::new(rx, tx))));
//! let provider = RefCell::new(provider);
//! let https = TlsConnector::new(&network, config, Shared(&provider), &pool)
//!     .with_name(ServerName::try_from("example.org").ok()?);
//! // `HttpClient::new(&https, &dns)` of reqwless, then `request(Method::GET, "http://example.org:443/")`: what the
//! // connector makes is TLS already.
//! # let _ = https;
//! # Some(()) }
//! ```

mod buffers;
mod connector;
#[cfg(feature = "edge-nal")]
mod edge;
#[cfg(feature = "embedded-nal-async")]
mod nal_async;
mod stream;

pub use buffers::{BufferPool, Pool};
#[cfg(feature = "edge-nal")]
pub use connector::TlsAcceptor;
pub use connector::TlsConnector;
pub use stream::PooledStream;
