//! application_layer_protocol_negotiation (RFC 7301 3.1).

use crate::codes::ExtensionType;
use crate::error::Result;
use crate::wire::{Malformed, Reader, Writer};

/// What a client can speak, in order of preference.
#[derive(Clone, Copy)]
pub struct ProtocolNameList<'a> {
    names: &'a [u8],
}

impl<'a> ProtocolNameList<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`], also for an empty list or name.
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let names = Reader::all(data, Reader::vector16)?;
        let mut reader = Reader::new(names);
        loop {
            if reader.vector8()?.is_empty() {
                return Err(Malformed);
            }
            if reader.is_empty() {
                return Ok(Self { names });
            }
        }
    }

    /// The names in their order.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut reader = Reader::new(self.names);
        core::iter::from_fn(move || reader.vector8().ok())
    }

    /// Writes the extension with the client's own names.
    pub fn write(writer: &mut Writer<'_>, names: &[&[u8]]) {
        writer.extension(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, |writer| {
            writer.vector16(|writer| {
                for name in names {
                    writer.vector8(|writer| writer.bytes(name));
                }
            });
        });
    }
}

/// What a server chose.
#[derive(Clone, Copy)]
pub struct SelectedProtocol<'a> {
    /// The name.
    pub name: &'a [u8],
}

impl<'a> SelectedProtocol<'a> {
    /// Reads the data of the extension: a list of exactly one name.
    ///
    /// # Errors
    /// [`Malformed`] if it is anything else.
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let name = Reader::all(Reader::all(data, Reader::vector16)?, Reader::vector8)?;
        if name.is_empty() { Err(Malformed) } else { Ok(Self { name }) }
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        ProtocolNameList::write(writer, &[self.name]);
    }
}
