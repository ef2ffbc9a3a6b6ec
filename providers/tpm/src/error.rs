//! Why a TPM cannot be used.

use std::fmt;
use tss_esapi::constants::response_code::{Tss2ResponseCode, Tss2ResponseCodeKind as Kind};

/// Why a TPM, or a key in it, cannot be used. What the TPM said is told in the words of the crate `tss-esapi`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TpmError {
    /// The TPM cannot be reached: no device, another process that has it, no simulator at that address.
    Unreachable(String),
    /// There is no key at this persistent handle.
    NoKey(u32),
    /// The key is of a kind that does not sign handshakes, or whose signatures TLS does not take.
    UnsupportedKey(String),
    /// The authorisation of the key is wrong. The TPM counts these and locks itself: it is not tried again.
    WrongAuth,
    /// After too many wrong ones the TPM takes no authorisation for a while.
    Locked,
    /// The TPM said for so long that it is busy that it was given up.
    Busy,
    /// The TPM refused what it was asked for.
    Failed(String),
    /// The thread of the TPM has ended, or does not answer.
    Stopped,
}

impl TpmError {
    pub(crate) fn of(error: tss_esapi::Error) -> Self {
        match kind(error) {
            Some(Kind::AuthFail | Kind::BadAuth) => Self::WrongAuth,
            Some(Kind::Lockout) => Self::Locked,
            Some(kind) if is_busy(kind) => Self::Busy,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// What the TPM said, as far as it is known.
pub(crate) fn kind(error: tss_esapi::Error) -> Option<Kind> {
    match error {
        tss_esapi::Error::Tss2Error(code) => Tss2ResponseCode::kind(code),
        tss_esapi::Error::WrapperError(_) => None,
    }
}

/// Whether the same question may be answered later.
pub(crate) const fn is_busy(kind: Kind) -> bool {
    matches!(kind, Kind::Retry | Kind::Testing | Kind::Yielded | Kind::NvRate | Kind::NvUnavailable)
}

impl fmt::Display for TpmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(said) => write!(f, "the TPM cannot be reached: {said}"),
            Self::NoKey(handle) => write!(f, "the TPM has no key at {handle:#010x}"),
            Self::UnsupportedKey(what) => write!(f, "this key cannot sign handshakes: {what}"),
            Self::WrongAuth => f.write_str("the authorisation of the key is wrong"),
            Self::Locked => f.write_str("the TPM is locked after too many wrong authorisations"),
            Self::Busy => f.write_str("the TPM is busy"),
            Self::Failed(said) => write!(f, "the TPM failed: {said}"),
            Self::Stopped => f.write_str("the thread of the TPM does not answer"),
        }
    }
}

impl std::error::Error for TpmError {}
