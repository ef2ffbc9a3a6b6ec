//! What can go wrong in a stack.

use crate::error::{ConnectError, ListenError, RecvError, SendError, SocketError};
use core::fmt;
use embedded_nal::{TcpError, TcpErrorKind};

/// Why a call on a [`TlsStack`](super::TlsStack) failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NalError {
    /// All sockets of the set are in use.
    NoFreeSocket,
    /// The stack was not told how to connect ([`with_client`](super::TlsStack::with_client)) or how to serve
    /// ([`with_server`](super::TlsStack::with_server)).
    NoConfiguration,
    /// The call does not fit the socket: it is connected, not connected, a listener, or not.
    InvalidState,
    /// Another listener has this port, or no port is free.
    PortInUse,
    /// The connection cannot be made.
    Connect(ConnectError),
    /// The socket cannot listen.
    Listen(ListenError),
    /// Nothing can be sent any more.
    Send(SendError),
    /// Nothing can be received any more.
    Receive(RecvError),
    /// The connection failed before it was made.
    Failed(SocketError),
}

impl TcpError for NalError {
    fn kind(&self) -> TcpErrorKind {
        match self {
            Self::Send(SendError::InvalidState) | Self::Receive(RecvError::Finished | RecvError::InvalidState) => {
                TcpErrorKind::PipeClosed
            }
            _ => TcpErrorKind::Other,
        }
    }
}

impl fmt::Display for NalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFreeSocket => f.write_str("all sockets are in use"),
            Self::NoConfiguration => f.write_str("the stack has no configuration for this role"),
            Self::InvalidState => f.write_str("the call does not fit the state of the socket"),
            Self::PortInUse => f.write_str("the port is in use"),
            Self::Connect(error) => error.fmt(f),
            Self::Listen(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
            Self::Receive(error) => error.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for NalError {}
