//! certificate_authorities (RFC 9846 4.3.4).

use crate::codes::ExtensionType;
use crate::error::Result;
use crate::wire::{Malformed, Reader, Writer};

/// The certification authorities that the sender trusts, by their distinguished names.
#[derive(Clone, Copy)]
pub struct CertificateAuthorities<'a> {
    names: &'a [u8],
}

impl<'a> CertificateAuthorities<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`], also for an empty list or name.
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let names = Reader::all(data, Reader::vector16)?;
        let mut reader = Reader::new(names);
        loop {
            if reader.vector16()?.is_empty() {
                return Err(Malformed);
            }
            if reader.is_empty() {
                return Ok(Self { names });
            }
        }
    }

    /// The names, each the DER of an X.501 `Name`.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut reader = Reader::new(self.names);
        core::iter::from_fn(move || reader.vector16().ok())
    }

    /// Writes the extension.
    pub fn write(writer: &mut Writer<'_>, names: &[&[u8]]) {
        writer.extension(ExtensionType::CERTIFICATE_AUTHORITIES, |writer| {
            writer.vector16(|writer| {
                for name in names {
                    writer.vector16(|writer| writer.bytes(name));
                }
            });
        });
    }
}
