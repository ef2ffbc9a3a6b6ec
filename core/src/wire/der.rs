//! DER (X.690 10), as much as a public key and a signature need: elements with tags of one byte and less than 64 kB.

use super::{Malformed, Reader};
use crate::error::Result;
use crate::limits::MAX_DER_ELEMENT_LEN;

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// `[0] IMPLICIT`, of what is no structure.
pub const IMPLICIT_0: u8 = 0x80;
/// `[1] IMPLICIT`, of what is no structure.
pub const IMPLICIT_1: u8 = 0x81;
/// `[2] IMPLICIT`, of what is no structure.
pub const IMPLICIT_2: u8 = 0x82;
/// `[0] EXPLICIT`.
pub const EXPLICIT_0: u8 = 0xa0;
/// `[3] EXPLICIT`.
pub const EXPLICIT_3: u8 = 0xa3;

/// An element.
///
/// ```
/// use saitls_core::wire::{Reader, der};
///
/// let element = der::Element::all(&[0x30, 3, 0x02, 1, 5], der::SEQUENCE)?;
/// let integer = der::Element::read(&mut element.content())?;
/// assert_eq!((integer.tag, integer.value), (der::INTEGER, &[5][..]));
/// # Ok::<(), saitls_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// Class, form and number.
    pub tag: u8,
    /// The content.
    pub value: &'a [u8],
    /// Tag, length and content.
    pub bytes: &'a [u8],
}

impl<'a> Element<'a> {
    /// The next element.
    ///
    /// # Errors
    /// [`Malformed`], here and below, if there is none, if its tag has several bytes, or if its length is not
    /// in the shortest form, or is more than [`MAX_DER_ELEMENT_LEN`].
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let whole = reader.rest();
        let &[tag, len] = reader.array()?;
        let (len, shortest) = match len {
            short @ 0..=0x7f => (short.into(), 0),
            0x81 => (reader.u8()?.into(), 0x80),
            0x82 => (reader.u16()?.into(), 0x100),
            _ => return Err(Malformed),
        };
        if tag & 0x1f == 0x1f || len < shortest || len > MAX_DER_ELEMENT_LEN {
            return Err(Malformed);
        }
        let value = reader.bytes(len)?;
        let bytes = whole.get(..whole.len().saturating_sub(reader.rest().len())).ok_or(Malformed)?;
        Ok(Self { tag, value, bytes })
    }

    /// The one element that all of `bytes` are.
    ///
    /// # Errors
    /// Also for bytes left over, and for another tag.
    pub fn all(bytes: &'a [u8], tag: u8) -> Result<Self, Malformed> {
        Reader::all(bytes, Self::read)?.expect_tag(tag)
    }

    /// The element, if it has this tag.
    ///
    /// # Errors
    /// For another tag.
    pub const fn expect_tag(self, tag: u8) -> Result<Self, Malformed> {
        if self.tag == tag { Ok(self) } else { Err(Malformed) }
    }

    /// The elements inside.
    #[must_use]
    pub const fn content(&self) -> Reader<'a> {
        Reader::new(self.value)
    }
}

/// The value of a BOOLEAN, from its content.
///
/// # Errors
/// [`Malformed`] if it is neither of the two values (X.690 11.1).
pub const fn boolean(content: &[u8]) -> Result<bool, Malformed> {
    match content {
        [0] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(Malformed),
    }
}

/// The bytes of a BIT STRING that has whole bytes, from its content.
///
/// # Errors
/// [`Malformed`] if some bits of the last byte are unused.
pub const fn whole_bytes(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(Malformed),
    }
}
