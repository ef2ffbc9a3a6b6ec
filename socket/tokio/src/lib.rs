#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod client;
mod config;
mod connection;
mod either;
mod engine;
mod handshake;
mod identity;
mod lazy;
mod pool;
mod provided;
pub mod server;
mod stream;
mod transport;
mod trust;

pub use client::{Connect, FallibleConnect, TlsConnector};
pub use config::{ClientConfig, ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
pub use connection::Connection;
pub use either::TlsStream;
pub use identity::Identity;
pub use lazy::{LazyConfigAcceptor, StartHandshake};
pub use provided::Provides;
pub use server::{Accept, FallibleAccept, TlsAcceptor};
pub use trust::Trust;

pub use saitls;
#[doc(no_inline)]
pub use saitls::protocol::config::ClientHello;
#[doc(no_inline)]
pub use saitls::{Error, ServerName};
#[cfg(feature = "aws-lc")]
#[doc(no_inline)]
pub use saitls_aws_lc::{AwsLc, SigningKey};
