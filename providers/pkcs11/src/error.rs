//! Why a token cannot be used.

use cryptoki::error::{Error, RvError};
use std::fmt;

/// Why a token, or a key in it, cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The PKCS#11 module cannot be loaded or started.
    Module(Error),
    /// No token has this label.
    NoToken(String),
    /// The PIN is wrong. Tokens lock themselves after a few of these.
    WrongPin,
    /// Too many wrong PINs: the token is locked.
    PinLocked,
    /// No private key has this label.
    NoKey(String),
    /// Several private keys have this label.
    AmbiguousKey(String),
    /// No certificate has this label.
    NoCertificate(String),
    /// The key is of a kind, a curve or a length that this crate does not sign with.
    UnsupportedKey(String),
    /// The token was removed, or its session was ended from elsewhere.
    Gone(Error),
    /// The token failed.
    Failed(Error),
    /// The thread of the token ended.
    Stopped,
}

impl TokenError {
    /// Of an error of the token, after it was opened.
    pub(crate) fn of(error: Error) -> Self {
        match &error {
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
                _,
            ) => Self::Gone(error),
            _ => Self::Failed(error),
        }
    }

    /// Of an error of a login.
    pub(crate) fn of_login(error: Error) -> Self {
        match &error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => Self::WrongPin,
            Error::Pkcs11(RvError::PinLocked, _) => Self::PinLocked,
            _ => Self::of(error),
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(error) => write!(f, "the PKCS#11 module does not start: {error}"),
            Self::NoToken(label) => write!(f, "there is no token with the label {label:?}"),
            Self::WrongPin => f.write_str("the PIN is wrong"),
            Self::PinLocked => f.write_str("the PIN is locked after too many wrong ones"),
            Self::NoKey(label) => write!(f, "the token has no private key with the label {label:?}"),
            Self::AmbiguousKey(label) => write!(f, "the token has several private keys with the label {label:?}"),
            Self::NoCertificate(label) => write!(f, "the token has no certificate with the label {label:?}"),
            Self::UnsupportedKey(what) => write!(f, "this key cannot sign handshakes: {what}"),
            Self::Gone(error) => write!(f, "the token is gone: {error}"),
            Self::Failed(error) => write!(f, "the token failed: {error}"),
            Self::Stopped => f.write_str("the thread of the token has ended"),
        }
    }
}

impl std::error::Error for TokenError {}
