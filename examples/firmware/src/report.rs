//! What a program tells the host: lines of a name and a number.

use crate::host;

/// Prints `name` and `value`.
#[inline(never)]
pub fn line(name: &str, value: u32) {
    host::print(name);
    host::print_byte(b' ');
    digits(value);
    host::print_byte(b'\n');
}

fn digits(value: u32) {
    if value >= 10 {
        digits(value / 10);
    }
    host::print_byte(b'0' + (value % 10) as u8);
}

/// Prints the alert that goes with an error: the text of errors would be in the image.
pub fn error(error: saitls_core::Error) {
    use saitls_core::Error;
    match (error, error.alert()) {
        (Error::AlertReceived(alert), _) => line("alert received", alert.0.into()),
        (_, Some(alert)) => line("alert sent", alert.0.into()),
        _ => host::print("failed without an alert\n"),
    }
}

/// As [`error`], for what ended a socket's connection.
#[cfg(feature = "net")]
pub fn socket_error(error: saitls::SocketError) {
    match error {
        saitls::SocketError::Tls(why) => self::error(why),
        _ => host::print("failed without an alert\n"),
    }
}
