//! max_fragment_length (RFC 6066 4).

use crate::codes::{ExtensionType, MaxFragmentLength};
use crate::error::{PeerFault, Result};
use crate::wire::{Reader, Writer};

/// A limit for the fragments of both directions, which a server must echo.
#[derive(Clone, Copy)]
pub struct MaxFragmentLengthExtension {
    /// The limit.
    pub max_fragment_length: MaxFragmentLength,
}

impl MaxFragmentLengthExtension {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`]; [`PeerFault::IllegalMaxFragmentLength`] for a value that RFC 6066 does not define.
    pub fn read(data: &[u8]) -> Result<Self> {
        let max_fragment_length = MaxFragmentLength(Reader::all(data, Reader::u8)?);
        match max_fragment_length.bytes() {
            Some(_) => Ok(Self { max_fragment_length }),
            None => Err(PeerFault::IllegalMaxFragmentLength.into()),
        }
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::MAX_FRAGMENT_LENGTH, &[self.max_fragment_length.0]);
    }
}
