//! What a program tells the host: lines of a name and a number.

use crate::host;

/// Prints `name` and `value`.
pub fn line(name: &str, value: u32) {
    host::print(name);
    let mut digits = [b' '; 12];
    digits[11] = b'\n';
    let mut rest = value;
    for digit in digits[1..11].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    host::print(core::str::from_utf8(&digits).unwrap_or("?\n"));
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
