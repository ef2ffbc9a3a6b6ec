//! Why a connection did not begin.

use super::Buffers;
use crate::error::Error;
use core::fmt;

/// A connection did not begin, and its buffers come back for another try, untouched.
///
/// It becomes its [`Error`] with `?` in functions that return one and, with the feature `alloc`, in functions that
/// return a `Box<dyn core::error::Error>`. It is no such error itself: it holds what was lent, which such a box may
/// not.
///
/// ```
/// # use saitls_core::{Buffers, Connection, config::ServerConfig, crypto::CryptoProvider};
/// # fn f<'a, P: CryptoProvider>(broken: &'a ServerConfig<'a, P>, good: &'a ServerConfig<'a, P>, buffers: Buffers<'a>)
/// #     -> Result<Connection<'a, P>, saitls_core::Error> {
/// let connection = match Connection::server(broken, buffers) {
///     Ok(connection) => connection,
///     Err(refused) => Connection::server(good, refused.buffers)?,
/// };
/// # Ok(connection) }
/// ```
pub struct SetupError<'a> {
    /// What is wrong with the configuration, the name or the buffers.
    pub error: Error,
    /// What was lent to the connection.
    pub buffers: Buffers<'a>,
}

impl From<SetupError<'_>> for Error {
    fn from(refused: SetupError<'_>) -> Self {
        refused.error
    }
}

impl fmt::Debug for SetupError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl fmt::Display for SetupError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl From<SetupError<'_>> for alloc::boxed::Box<dyn core::error::Error> {
    fn from(refused: SetupError<'_>) -> Self {
        refused.error.into()
    }
}

#[cfg(feature = "alloc")]
impl From<SetupError<'_>> for alloc::boxed::Box<dyn core::error::Error + Send + Sync> {
    fn from(refused: SetupError<'_>) -> Self {
        refused.error.into()
    }
}
