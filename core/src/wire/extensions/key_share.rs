//! key_share (RFC 9846 4.3.8), which has one form per message.

use crate::codes::{ExtensionType, NamedGroup};
use crate::error::{PeerFault, Result};
use crate::wire::{Malformed, Reader, Writer};

/// A share for one group.
#[derive(Clone, Copy)]
pub struct KeyShareEntry<'a> {
    /// The group.
    pub group: NamedGroup,
    /// A public value, or the ciphertext of a KEM.
    pub key_exchange: &'a [u8],
}

impl<'a> KeyShareEntry<'a> {
    /// Reads an entry. One without a single byte of key is malformed: the syntax asks for at least one.
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let group = NamedGroup(reader.u16()?);
        let key_exchange = reader.vector16()?;
        if key_exchange.is_empty() {
            return Err(Malformed);
        }
        Ok(Self { group, key_exchange })
    }

    /// Bytes in front of the key: group, length.
    pub(crate) const FRONT_LEN: usize = 2 + 2;

    /// Writes an entry.
    pub fn write(self, writer: &mut Writer<'_>) {
        Self::write_front(writer, self.group, self.key_exchange.len());
        writer.bytes(self.key_exchange);
    }

    /// Writes an entry up to the key, which has `len` bytes.
    pub(crate) fn write_front(writer: &mut Writer<'_>, group: NamedGroup, len: usize) {
        writer.u16(group.0);
        writer.u16(u16::try_from(len).unwrap_or(u16::MAX));
    }
}

/// The shares of a client, possibly none.
#[derive(Clone, Copy)]
pub struct KeyShareClientHello<'a> {
    entries: &'a [u8],
}

impl<'a> KeyShareClientHello<'a> {
    /// Reads the data of the extension. Which groups the shares are for is not looked at.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let entries = Reader::all(data, Reader::vector16)?;
        let mut reader = Reader::new(entries);
        while !reader.is_empty() {
            KeyShareEntry::read(&mut reader)?;
        }
        Ok(Self { entries })
    }

    /// Writes the extension with the entries that `shares` writes.
    pub fn write(writer: &mut Writer<'_>, shares: impl FnOnce(&mut Writer<'_>)) {
        writer.extension(ExtensionType::KEY_SHARE, |writer| writer.vector16(shares));
    }

    /// The shares in their order.
    pub fn iter(self) -> impl Iterator<Item = KeyShareEntry<'a>> {
        let mut reader = Reader::new(self.entries);
        core::iter::from_fn(move || KeyShareEntry::read(&mut reader).ok())
    }

    /// The share for a group, if there is one.
    ///
    /// # Errors
    /// [`PeerFault::IllegalKeyShare`] if there are two (RFC 9846 4.3.8).
    pub fn find(self, group: NamedGroup) -> Result<Option<&'a [u8]>> {
        let mut shares = self.iter().filter(|entry| entry.group == group);
        match (shares.next(), shares.next()) {
            (_, Some(_)) => Err(PeerFault::IllegalKeyShare.into()),
            (share, None) => Ok(share.map(|entry| entry.key_exchange)),
        }
    }
}

/// The group a server wants a share for.
#[derive(Clone, Copy)]
pub struct KeyShareHelloRetryRequest {
    /// The group.
    pub selected_group: NamedGroup,
}

impl KeyShareHelloRetryRequest {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Reader::all(data, |reader| Ok(Self { selected_group: NamedGroup(reader.u16()?) }))
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::KEY_SHARE, &self.selected_group.0.to_be_bytes());
    }
}

/// The share of a server.
#[derive(Clone, Copy)]
pub struct KeyShareServerHello<'a> {
    /// The share.
    pub server_share: KeyShareEntry<'a>,
}

impl<'a> KeyShareServerHello<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        Reader::all(data, |reader| Ok(Self { server_share: KeyShareEntry::read(reader)? }))
    }

    /// Writes the extension with the entry that `share` writes.
    pub fn write(writer: &mut Writer<'_>, share: impl FnOnce(&mut Writer<'_>)) {
        writer.extension(ExtensionType::KEY_SHARE, share);
    }
}
