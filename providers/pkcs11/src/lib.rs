#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod error;
mod find;
mod key;
mod lock;
mod mechanism;
mod module;
mod name;
mod provider;
mod refused;
mod requests;
mod retry;
mod session;
mod shared;
mod token;
mod uri;
mod worker;

pub use error::TokenError;
pub use key::TokenKey;
pub use provider::{TokenAead, TokenHash, TokenKeyExchange, TokenProvider, TokenSecret, TokenVerifier};
pub use requests::threads_left_behind;
pub use shared::Listed;
pub use token::{Token, list_keys, list_tokens};
pub use uri::{ObjectType, Pin, Uri};
