//! How a program ends: its exit status and the one line that says why.

use std::fmt;
use std::process::ExitCode;

use saitls::SocketError;
use saitls_core::Error;
use saitls_core::codes::AlertDescription;

/// The exit statuses. 0 is a clean end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The peer closed without close_notify: data may be missing.
    Truncated = 1,
    /// The command line, or a file it names, makes no sense.
    Usage = 2,
    /// The handshake failed, or TLS did later.
    Handshake = 3,
    /// There was no connection, or it was reset after the handshake.
    Connection = 4,
}

/// Why a program, or one connection of a server, ends badly.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub status: Status,
    what: String,
}

impl Failure {
    /// A failure with this status.
    pub fn new(status: Status, what: impl fmt::Display) -> Self {
        // One line, whatever the parts say.
        Self { status, what: what.to_string().replace(['\n', '\r'], " ") }
    }

    /// A wrong command line.
    pub fn usage(what: impl fmt::Display) -> Self {
        Self::new(Status::Usage, what)
    }

    /// A file that cannot be used.
    pub fn file(path: &std::path::Path, what: impl fmt::Display) -> Self {
        Self::usage(format_args!("{}: {what}", path.display()))
    }

    /// A configuration or buffers that cannot work.
    pub fn configuration(error: impl Into<Error>) -> Self {
        Self::usage(describe(error.into()))
    }

    /// No connection.
    pub fn connection(what: impl fmt::Display) -> Self {
        Self::new(Status::Connection, what)
    }

    /// The end of TLS. `connected`: the handshake was complete; `alert`: the alert we sent.
    #[must_use]
    pub fn tls(error: SocketError, connected: bool, alert: Option<AlertDescription>) -> Self {
        let status = match error {
            SocketError::Tls(Error::Truncated) if connected => Status::Truncated,
            SocketError::Reset if connected => Status::Connection,
            _ => Status::Handshake,
        };
        let what = match error {
            SocketError::Tls(Error::Truncated) if !connected => {
                "the peer closed the connection during the handshake".into()
            }
            SocketError::Reset if connected => "the connection was reset: data may be missing".into(),
            SocketError::Reset => "the connection was reset during the handshake".into(),
            SocketError::Tls(Error::AlertReceived(alert)) => format!("the peer gave up (alert received: {alert})"),
            error => describe(error),
        };
        match alert {
            Some(alert) => Self::new(status, format_args!("{what} (alert sent: {alert})")),
            None => Self::new(status, what),
        }
    }

    /// Writes the line to standard error.
    pub fn report(&self) {
        crate::facts::write_whole(&format!("{self}\n"));
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)
    }
}

/// Ends a program.
#[must_use]
pub fn exit(outcome: Result<(), Failure>) -> ExitCode {
    let status = match &outcome {
        Ok(()) => 0,
        Err(failure) => {
            failure.report();
            failure.status as u8
        }
    };
    #[cfg(feature = "pkcs11")]
    if saitls_pkcs11::threads_left_behind() > 0 {
        // A module that hangs would hold the process at its end.
        let _ = std::io::Write::flush(&mut std::io::stdout());
        signal_hook::low_level::exit(status.into());
    }
    ExitCode::from(status)
}

/// An error in words; where the library names a type, the option for it.
fn describe(error: impl fmt::Display) -> String {
    error.to_string().replace("with PinnedKey", "with --pin")
}
