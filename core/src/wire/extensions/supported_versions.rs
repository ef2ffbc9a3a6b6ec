//! supported_versions (RFC 9846 4.3.1), which has one form per role.

use crate::codes::{ExtensionType, ProtocolVersion};
use crate::error::Result;
use crate::wire::{List, Malformed, Reader, Writer};

/// What a client can speak.
#[derive(Clone, Copy)]
pub struct SupportedVersions<'a> {
    /// In order of preference.
    pub versions: List<'a, ProtocolVersion>,
}

impl<'a> SupportedVersions<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self { versions: List::new(Reader::all(data, Reader::vector8)?)? })
    }

    /// Writes the extension with TLS 1.3 alone.
    pub fn write(writer: &mut Writer<'_>) {
        let [high, low] = ProtocolVersion::TLS_1_3.0.to_be_bytes();
        writer.plain_extension(ExtensionType::SUPPORTED_VERSIONS, &[2, high, low]);
    }
}

/// What a server chose.
#[derive(Clone, Copy)]
pub struct SelectedVersion {
    /// The version.
    pub selected_version: ProtocolVersion,
}

impl SelectedVersion {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { selected_version: ProtocolVersion(Reader::all(data, Reader::u16)?) })
    }

    /// Writes the extension with TLS 1.3.
    pub fn write(writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::SUPPORTED_VERSIONS, &ProtocolVersion::TLS_1_3.0.to_be_bytes());
    }
}
