//! Bytes to values and back: one file per handshake message, one per extension, read and write side by side.
//!
//! Nothing here has state, does cryptography or knows what is allowed when. Reading borrows from the input and
//! never copies; every error is [`PeerFault::Malformed`](crate::PeerFault::Malformed) unless its method says otherwise.

mod certificate;
mod certificate_request;
mod certificate_verify;
mod client_hello;
pub mod der;
mod encrypted_extensions;
pub mod extensions;
mod finished;
mod key_update;
mod list;
mod message;
mod new_session_ticket;
mod reader;
mod server_hello;
mod writer;

pub use certificate::{Certificate, CertificateEntries, CertificateEntry};
pub use certificate_request::CertificateRequest;
pub use certificate_verify::CertificateVerify;
pub use client_hello::ClientHello;
pub use encrypted_extensions::EncryptedExtensions;
pub use finished::Finished;
pub use key_update::KeyUpdate;
pub use list::{Code, List};
pub use message::{MESSAGE_HEADER_LEN, Message};
pub use new_session_ticket::NewSessionTicket;
pub use reader::{Malformed, Reader};
pub use server_hello::{HELLO_RETRY_REQUEST_RANDOM, ServerHello};
pub use writer::Writer;

/// The `random` of a hello.
pub type Random = [u8; 32];
