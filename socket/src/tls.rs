//! Where a socket's buffers are: at rest, or in a connection.

use saitls_core::crypto::CryptoProvider;
use saitls_core::{Buffers, Connection, Error, SetupError};

/// The buffers are in here all the time.
#[allow(
    clippy::large_enum_variant,
    reason = "the room for a connection is needed sooner or later, and there is no heap"
)]
pub(crate) enum Tls<'a, P: CryptoProvider> {
    Vacant(Buffers<'a>),
    Connection(Connection<'a, P>),
    /// While a call moves the connection; never seen between calls.
    Moving,
}

impl<'a, P: CryptoProvider> Tls<'a, P> {
    pub(crate) fn connection(&self) -> Option<&Connection<'a, P>> {
        match self {
            Self::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    pub(crate) fn connection_mut(&mut self) -> Option<&mut Connection<'a, P>> {
        match self {
            Self::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    /// Ends the connection and wipes the buffers.
    pub(crate) fn vacate(&mut self) {
        *self = match core::mem::replace(self, Self::Moving) {
            Self::Connection(connection) => Self::Vacant(connection.into_buffers()),
            other => other,
        };
    }

    /// Begins a connection in the buffers of the one before. If it does not begin, the buffers stay.
    pub(crate) fn occupy(
        &mut self,
        begin: impl FnOnce(Buffers<'a>) -> Result<Connection<'a, P>, SetupError<'a>>,
    ) -> Result<(), Error> {
        self.vacate();
        let Self::Vacant(buffers) = core::mem::replace(self, Self::Moving) else { return Err(Error::Internal) };
        match begin(buffers) {
            Ok(connection) => {
                *self = Self::Connection(connection);
                Ok(())
            }
            Err(SetupError { error, buffers }) => {
                *self = Self::Vacant(buffers);
                Err(error)
            }
        }
    }
}
