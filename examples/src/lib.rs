//! What the programs `quickstart`, `client` and `server` share. An application needs none of it: it is here so that the
//! examples can run anywhere, without rights, and be driven by scripts.
//!
//! * [`net`]: where smoltcp's packets go: a cable inside the process with a [gateway](net::gateway) to the host's TCP.

pub mod net;
