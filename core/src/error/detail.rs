//! Numbers in errors, as bytes.

use crate::codes::{ExtensionType, SignatureScheme};
use core::marker::PhantomData;

/// How long a buffer must be. What is beyond 2^24 - 1 bytes, the longest handshake message, counts as that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ByteCount([u8; 3]);

impl ByteCount {
    /// This many bytes.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        // The number is in the first four bytes, least significant first, if it is no longer than three.
        match bytes.to_le_bytes() {
            [a, b, c, rest @ ..] => {
                let mut rest: &[u8] = &rest;
                while let [0, shorter @ ..] = rest {
                    rest = shorter;
                }
                if rest.is_empty() { Self([a, b, c]) } else { Self([0xff; 3]) }
            }
        }
    }

    /// The number of bytes.
    #[must_use]
    pub fn get(self) -> usize {
        let [a, b, c] = self.0;
        usize::try_from(u32::from_le_bytes([a, b, c, 0])).unwrap_or(usize::MAX)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for ByteCount {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=usize}", self.get());
    }
}

impl core::fmt::Debug for ByteCount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}

impl core::fmt::Display for ByteCount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.get(), f)
    }
}

/// A number of 16 bits as two bytes. An [`Error`](super::Error) that held it as it is would have to stand at an even
/// address, which costs code wherever errors are returned. It is made by `From`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InBytes<T>([u8; 2], PhantomData<T>);

impl From<u16> for InBytes<u16> {
    fn from(number: u16) -> Self {
        Self(number.to_be_bytes(), PhantomData)
    }
}

impl InBytes<u16> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        u16::from_be_bytes(self.0)
    }
}

impl From<SignatureScheme> for InBytes<SignatureScheme> {
    fn from(scheme: SignatureScheme) -> Self {
        Self(scheme.0.to_be_bytes(), PhantomData)
    }
}

impl InBytes<SignatureScheme> {
    /// The scheme.
    #[must_use]
    pub const fn get(self) -> SignatureScheme {
        SignatureScheme(u16::from_be_bytes(self.0))
    }
}

impl From<ExtensionType> for InBytes<ExtensionType> {
    fn from(kind: ExtensionType) -> Self {
        Self(kind.0.to_be_bytes(), PhantomData)
    }
}

impl InBytes<ExtensionType> {
    /// The type.
    #[must_use]
    pub const fn get(self) -> ExtensionType {
        ExtensionType(u16::from_be_bytes(self.0))
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for InBytes<u16> {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.get().format(f);
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for InBytes<SignatureScheme> {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.get().format(f);
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for InBytes<ExtensionType> {
    fn format(&self, f: defmt::Formatter<'_>) {
        self.get().format(f);
    }
}

impl core::fmt::Debug for InBytes<u16> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}

impl core::fmt::Debug for InBytes<SignatureScheme> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}

impl core::fmt::Debug for InBytes<ExtensionType> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(&self.get(), f)
    }
}
