//! Why a token cannot be used.

use cryptoki::context::Function;
use cryptoki::error::{Error, RvError};
use std::fmt;

/// Why a token, or a key in it, cannot be used.
///
/// What the module said is told by the names of PKCS#11: the function, and the value that it returned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// No URI of RFC 7512, or one that does not say what it must.
    Uri(String),
    /// The PKCS#11 module cannot be loaded or started.
    Module(String),
    /// There is no such token.
    NoToken(String),
    /// There are several such tokens; these are their URIs.
    AmbiguousToken(Vec<String>),
    /// The token wants a PIN, there is none, and it has no pad of its own for it.
    NoPin,
    /// The PIN cannot be had from where it is said to be.
    PinSource(String),
    /// The PIN is wrong. Tokens lock themselves after a few of these: it is not tried again.
    WrongPin,
    /// Too many wrong PINs: the token is locked.
    PinLocked,
    /// There is no such private key.
    NoKey(String),
    /// There are several such private keys.
    AmbiguousKey(String),
    /// No certificate has this label.
    NoCertificate(String),
    /// The key is of a kind, a curve or a length that this crate does not sign with, or not meant for it.
    UnsupportedKey(String),
    /// The token cannot keep the secrets of connections to itself: what it lacks.
    Unfit(String),
    /// The token was removed, or its session was ended from elsewhere, and it did not come back.
    Gone(String),
    /// The token failed.
    Failed(String),
    /// The token does not answer.
    Hangs,
    /// The thread of the token ended.
    Stopped,
}

impl TokenError {
    /// Of an error of the token, after it was opened.
    pub(crate) fn of(error: &Error) -> Self {
        if is_gone(error) { Self::Gone(in_words(error)) } else { Self::Failed(in_words(error)) }
    }

    /// Of an error of a login.
    pub(crate) fn of_login(error: &Error) -> Self {
        match error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => Self::WrongPin,
            Error::Pkcs11(RvError::PinLocked, _) => Self::PinLocked,
            _ => Self::of(error),
        }
    }

    /// Whether asking again could do harm: a token counts wrong PINs.
    pub(crate) const fn is_of_pin(&self) -> bool {
        matches!(self, Self::WrongPin | Self::PinLocked)
    }
}

/// What says that the session, or what it was had from, is no more.
const fn is_gone(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::SlotIdInvalid
                | RvError::CryptokiNotInitialized
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid,
            _
        )
    )
}

/// Whether a new session may help. Modules say in many ways that a token is not what it was.
pub(crate) const fn may_be_gone(error: &Error) -> bool {
    is_gone(error)
        || matches!(
            error,
            Error::Pkcs11(
                RvError::DeviceError
                    | RvError::GeneralError
                    | RvError::FunctionFailed
                    | RvError::TokenNotRecognized
                    | RvError::OperationActive
                    | RvError::OperationNotInitialized,
                _
            )
        )
}

/// What the module said, in one line: `C_Sign: CKR_DEVICE_REMOVED`.
pub(crate) fn in_words(error: &Error) -> String {
    match error {
        Error::Pkcs11(value, function) => format!("{}: {}", name_of_function(*function), name_of_value(*value)),
        other => other.to_string(),
    }
}

fn name_of_function(function: Function) -> String {
    format!("C_{function:?}")
}

/// The crate `cryptoki` has the names of PKCS#11 in the writing of Rust.
fn name_of_value(value: RvError) -> String {
    if let RvError::VendorDefined(code) = value {
        return format!("CKR_VENDOR_DEFINED ({code:#x})");
    }
    let mut name = "CKR".to_owned();
    for character in format!("{value:?}").chars() {
        if character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri(what) => write!(f, "the PKCS#11 URI cannot be used: {what}"),
            Self::Module(what) => write!(f, "the PKCS#11 module does not start: {what}"),
            Self::NoToken(name) => write!(f, "there is no token {name}"),
            Self::AmbiguousToken(uris) => write!(f, "several tokens are meant: {}", uris.join(" ")),
            Self::NoPin => f.write_str("the token wants a PIN"),
            Self::PinSource(what) => write!(f, "the PIN cannot be read: {what}"),
            Self::WrongPin => f.write_str("the PIN is wrong"),
            Self::PinLocked => f.write_str("the PIN is locked after too many wrong ones"),
            Self::NoKey(name) => write!(f, "the token has no private key {name}"),
            Self::AmbiguousKey(name) => write!(f, "the token has several private keys {name}"),
            Self::NoCertificate(label) => write!(f, "the token has no certificate with the label {label:?}"),
            Self::UnsupportedKey(what) => write!(f, "this key cannot sign handshakes: {what}"),
            Self::Unfit(what) => write!(f, "the token cannot keep the secrets of connections: {what}"),
            Self::Gone(said) => write!(f, "the token is gone: {said}"),
            Self::Failed(said) => write!(f, "the token failed: {said}"),
            Self::Hangs => f.write_str("the token does not answer"),
            Self::Stopped => f.write_str("the thread of the token has ended"),
        }
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_module_said_is_one_line_of_its_names() {
        let said = |value| in_words(&Error::Pkcs11(value, Function::Sign));
        assert_eq!(said(RvError::DeviceRemoved), "C_Sign: CKR_DEVICE_REMOVED");
        assert_eq!(said(RvError::GeneralError), "C_Sign: CKR_GENERAL_ERROR");
        assert_eq!(said(RvError::VendorDefined(0x8000_0001)), "C_Sign: CKR_VENDOR_DEFINED (0x80000001)");
    }

    #[test]
    fn gone_is_only_what_is() {
        let of = |value| TokenError::of(&Error::Pkcs11(value, Function::Sign));
        assert!(matches!(of(RvError::DeviceRemoved), TokenError::Gone(_)));
        for value in [RvError::KeyFunctionNotPermitted, RvError::MechanismInvalid, RvError::DeviceError] {
            assert!(matches!(of(value), TokenError::Failed(_)), "{value:?}");
        }
    }
}
