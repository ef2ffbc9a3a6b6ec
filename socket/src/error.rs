//! What ended the connection of a socket, and why a call on one was refused.

use core::fmt;
use saitls_core::Error;
use smoltcp::socket::tcp;

/// What ended the connection of a [`TlsSocket`](crate::TlsSocket): TLS failed, or TCP did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SocketError {
    /// TLS failed. [`Error::Truncated`]: the peer's FIN came without close_notify, so bytes may be missing (RFC 9846
    /// 6.1).
    Tls(Error),
    /// The peer, or the way to it, refused the TCP connection.
    Refused,
    /// TCP was reset before close_notify, so bytes may be missing (RFC 9846 6.1).
    Reset,
    /// The handshake took longer than
    /// [`set_handshake_timeout`](crate::TlsSocket::set_handshake_timeout) allows.
    TimedOut,
}

/// Why [`TlsSocket::connect`](crate::TlsSocket::connect) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConnectError {
    /// The socket is open; see [`is_open`](crate::TlsSocket::is_open). What it does goes on.
    InvalidState,
    /// An address or port is missing, or there is no way from the local address to the remote one. The socket stays
    /// closed, and what was left of an earlier connection is gone.
    Unaddressable,
    /// The configuration, the name or the buffers cannot work. The socket stays closed, and what was left of an earlier
    /// connection is gone.
    Tls(Error),
}

/// Why [`TlsSocket::listen`](crate::TlsSocket::listen) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ListenError {
    /// The socket is open, and not listening; see [`is_open`](crate::TlsSocket::is_open). What it does goes on.
    InvalidState,
    /// The port is zero. The socket is as it was.
    Unaddressable,
    /// The configuration or the buffers cannot work: no identity, for example. The socket is closed, also if it was
    /// listening, and what was left of an earlier connection is gone.
    Tls(Error),
}

/// Why nothing can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SendError {
    /// The handshake is not complete, or [`close`](crate::TlsSocket::close) was called; see
    /// [`may_send`](crate::TlsSocket::may_send).
    InvalidState,
    /// The connection failed.
    Failed(SocketError),
}

/// Why nothing can be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RecvError {
    /// The handshake is not complete; see [`may_recv`](crate::TlsSocket::may_recv).
    InvalidState,
    /// The peer said that this is all, and all of it was read.
    Finished,
    /// The connection failed, and all that came before was read.
    Failed(SocketError),
}

impl From<tcp::ConnectError> for ConnectError {
    fn from(error: tcp::ConnectError) -> Self {
        match error {
            tcp::ConnectError::InvalidState => Self::InvalidState,
            tcp::ConnectError::Unaddressable => Self::Unaddressable,
        }
    }
}

impl From<tcp::ListenError> for ListenError {
    fn from(error: tcp::ListenError) -> Self {
        match error {
            tcp::ListenError::InvalidState => Self::InvalidState,
            tcp::ListenError::Unaddressable => Self::Unaddressable,
        }
    }
}

impl From<Error> for SocketError {
    #[inline]
    fn from(error: Error) -> Self {
        Self::Tls(error)
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Refused => f.write_str("the connection was refused"),
            Self::Reset => f.write_str("the connection was reset"),
            Self::TimedOut => f.write_str("the handshake took too long"),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState => f.write_str("the socket is open"),
            Self::Unaddressable => f.write_str("no way to this address"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState => f.write_str("the socket is open"),
            Self::Unaddressable => f.write_str("cannot listen on port 0"),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState => f.write_str("the sending half is not open"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidState => f.write_str("the receiving half is not open"),
            Self::Finished => f.write_str("the peer has sent all it had"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SocketError {}
impl core::error::Error for ConnectError {}
impl core::error::Error for ListenError {}
impl core::error::Error for SendError {}
impl core::error::Error for RecvError {}
