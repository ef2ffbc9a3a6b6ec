//! Vectors of 16-bit codes: suites, groups, schemes, versions.

use super::{Malformed, Reader, Writer};
use crate::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::error::Result;
use core::marker::PhantomData;

/// A registered number of 16 bits.
pub trait Code: Copy + PartialEq {
    /// From the number.
    fn from_u16(value: u16) -> Self;
    /// The number.
    fn to_u16(self) -> u16;
}

macro_rules! code {
    ($($name:ident)*) => {$(
        impl Code for $name {
            fn from_u16(value: u16) -> Self {
                Self(value)
            }

            fn to_u16(self) -> u16 {
                self.0
            }
        }
    )*};
}

code! { CipherSuite NamedGroup ProtocolVersion SignatureScheme }

/// A vector of codes as the peer sent it.
pub struct List<'a, T> {
    bytes: &'a [u8],
    code: PhantomData<T>,
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<'a, T: Code> List<'a, T> {
    /// No codes, which nobody can send.
    pub(crate) const NONE: Self = Self { bytes: &[], code: PhantomData };

    /// The content of a vector: at least one code, and whole ones.
    ///
    /// # Errors
    /// [`Malformed`] otherwise.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.is_empty() || !bytes.len().is_multiple_of(2) {
            return Err(Malformed);
        }
        Ok(Self { bytes, code: PhantomData })
    }

    /// Reads a vector of codes with a length of 16 bits that is all of `data`.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        Reader::all(data, |reader| Self::new(reader.vector16()?))
    }

    /// The codes in their order.
    pub fn iter(self) -> impl Iterator<Item = T> + 'a
    where
        T: 'a,
    {
        self.bytes
            .chunks_exact(2)
            .filter_map(|pair| pair.first_chunk().map(|&pair| T::from_u16(u16::from_be_bytes(pair))))
    }

    /// Whether `code` is among them.
    #[must_use]
    pub fn contains(self, code: T) -> bool
    where
        T: 'a,
    {
        self.iter().any(|entry| entry == code)
    }

    /// The bytes of the codes, without the length.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }
}

/// Writes codes as a vector with a length of 16 bits.
pub(crate) fn write_codes<T: Code>(writer: &mut Writer<'_>, codes: impl Iterator<Item = T>) {
    writer.vector16(|writer| codes.for_each(|code| writer.u16(code.to_u16())));
}
