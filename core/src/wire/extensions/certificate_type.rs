//! client_certificate_type and server_certificate_type (RFC 7250 3).

use crate::codes::{CertificateType, ExtensionType};
use crate::error::Result;
use crate::wire::{Malformed, Reader, Writer};

/// What a client can present, or verify, in order of preference.
#[derive(Clone, Copy)]
pub struct CertificateTypeList<'a> {
    types: &'a [u8],
}

impl<'a> CertificateTypeList<'a> {
    /// What holds where the extension is absent: X.509 alone.
    pub const X509: Self = Self { types: &[CertificateType::X509.0] };

    /// A list by its values.
    #[must_use]
    pub const fn of(types: &'a [u8]) -> Self {
        Self { types }
    }

    /// Reads the data of either extension.
    ///
    /// # Errors
    /// [`Malformed`], also for an empty list.
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let types = Reader::all(data, Reader::vector8)?;
        if types.is_empty() { Err(Malformed) } else { Ok(Self { types }) }
    }

    /// The types.
    pub fn iter(self) -> impl Iterator<Item = CertificateType> + 'a {
        self.types.iter().map(|&value| CertificateType(value))
    }

    /// Whether `wanted` is among them.
    #[must_use]
    pub fn contains(self, wanted: CertificateType) -> bool {
        // Shorter than `contains`, which is made for long slices.
        self.iter().any(|one| one == wanted)
    }

    /// Writes an extension, `kind` being one of the two.
    pub fn write(writer: &mut Writer<'_>, kind: ExtensionType, types: &[CertificateType]) {
        writer.extension(kind, |writer| {
            writer.vector8(|writer| types.iter().for_each(|value| writer.u8(value.0)));
        });
    }
}

/// What a server chose.
#[derive(Clone, Copy)]
pub struct SelectedCertificateType {
    /// The type.
    pub certificate_type: CertificateType,
}

impl SelectedCertificateType {
    /// Reads the data of either extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { certificate_type: CertificateType(Reader::all(data, Reader::u8)?) })
    }

    /// Writes an extension, `kind` being one of the two.
    pub fn write(self, writer: &mut Writer<'_>, kind: ExtensionType) {
        writer.plain_extension(kind, &[self.certificate_type.0]);
    }
}
