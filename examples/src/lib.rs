//! What the programs `quickstart`, `client` and `server` share. An application needs none of it: it is here so that the
//! examples can run anywhere, without rights, and be driven by scripts.
//!
//! * [`net`]: where smoltcp's packets go: a cable inside the process with a [gateway](net::gateway) to the host's TCP.
//! * [`transport`]: a TLS connection as an application sees it, whatever carries it.
//! * [`app`]: what is done with a connection: echo, pipe, [HTTP](http) on either side.
//! * [`quickstart`], [`client`], [`server`]: the programs; [`session`]: one connection of theirs.
//! * [`backend`]: the crypto providers, for which all but `quickstart` is generic.
//! * [`args`], [`identity`], [`certificates`], [`trust`], [`key_log`], [`facts`], [`failure`]: what goes in and what
//!   comes out.

pub mod app;
pub mod args;
pub mod backend;
pub mod certificates;
pub mod client;
mod configure;
pub mod facts;
pub mod failure;
pub mod http;
pub mod identity;
pub mod key_log;
pub mod net;
#[cfg(feature = "pending")]
pub mod pending;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
pub mod quickstart;
pub mod server;
pub mod session;
pub mod session_file;
pub mod starttls;
pub mod transport;
pub mod trust;
