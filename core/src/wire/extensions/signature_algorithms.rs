//! signature_algorithms and signature_algorithms_cert (RFC 9846 4.3.3).

use crate::codes::{ExtensionType, SignatureScheme};
use crate::error::Result;
use crate::wire::{List, Malformed, Writer, list::write_codes};

/// What the sender can verify, in order of preference.
#[derive(Clone, Copy)]
pub struct SignatureSchemeList<'a> {
    /// The schemes.
    pub supported_signature_algorithms: List<'a, SignatureScheme>,
}

impl<'a> SignatureSchemeList<'a> {
    /// Reads the data of either extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self { supported_signature_algorithms: List::read(data)? })
    }

    /// Writes an extension, `kind` being one of the two.
    pub fn write(writer: &mut Writer<'_>, kind: ExtensionType, schemes: impl Iterator<Item = SignatureScheme>) {
        writer.extension(kind, |writer| write_codes(writer, schemes));
    }
}
