//! pre_shared_key (RFC 9846 4.3.11): what a client offers, and what a server selects.

use crate::codes::ExtensionType;
use crate::error::{PeerFault, Result};
use crate::wire::{Malformed, Reader, Writer};

/// The name of a key that the client has, and would like to use.
#[derive(Clone, Copy)]
pub struct PskIdentity<'a> {
    /// A ticket, or the name of an external PSK.
    pub identity: &'a [u8],
    /// The age of a ticket in milliseconds plus its `ticket_age_add`, modulo 2^32; 0 for an external PSK.
    pub obfuscated_ticket_age: u32,
}

impl<'a> PskIdentity<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (identity, obfuscated_ticket_age) = (reader.vector16()?, reader.u32()?);
        if identity.is_empty() { Err(Malformed) } else { Ok(Self { identity, obfuscated_ticket_age }) }
    }

    /// Writes an entry of the list.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.vector16(|writer| writer.bytes(self.identity));
        writer.u32(self.obfuscated_ticket_age);
    }
}

/// The keys that a client offers, each with a binder.
#[derive(Clone, Copy)]
pub struct OfferedPsks<'a> {
    identities: &'a [u8],
    binders: &'a [u8],
}

/// The shortest binder that the syntax allows, in bytes.
const MIN_BINDER_LEN: usize = 32;

impl<'a> OfferedPsks<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`], also for an empty list, an empty identity or a binder below 32 bytes;
    /// [`PeerFault::IllegalParameter`] if there are not as many binders as identities.
    pub fn read(data: &'a [u8]) -> Result<Self> {
        let offered = Reader::all(data, |reader| {
            Ok::<_, Malformed>(Self { identities: reader.vector16()?, binders: reader.vector16()? })
        })?;
        let (mut identities, mut binders) = (Reader::new(offered.identities), Reader::new(offered.binders));
        let mut count = 0usize;
        while !identities.is_empty() {
            PskIdentity::read(&mut identities)?;
            count = count.saturating_add(1);
        }
        let mut bound = 0usize;
        while !binders.is_empty() {
            read_binder(&mut binders)?;
            bound = bound.saturating_add(1);
        }
        match (count, bound) {
            (0, _) | (_, 0) => Err(Malformed.into()),
            _ if count == bound => Ok(offered),
            _ => Err(PeerFault::IllegalParameter.into()),
        }
    }

    /// The identities with their binders, in the client's order.
    pub fn iter(self) -> impl Iterator<Item = (PskIdentity<'a>, &'a [u8])> {
        let (mut identities, mut binders) = (Reader::new(self.identities), Reader::new(self.binders));
        core::iter::from_fn(move || Some((PskIdentity::read(&mut identities).ok()?, read_binder(&mut binders).ok()?)))
    }

    /// How many bytes at the end of the ClientHello are the list of binders: what Truncate() takes off (RFC
    /// 9846 4.3.11.2).
    #[must_use]
    pub const fn binders_len(self) -> usize {
        // With its length field.
        self.binders.len().saturating_add(2)
    }
}

fn read_binder<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let binder = reader.vector8()?;
    if binder.len() < MIN_BINDER_LEN { Err(Malformed) } else { Ok(binder) }
}

/// The key that a server selects.
#[derive(Clone, Copy)]
pub struct SelectedPsk {
    /// Its place in the client's list, from 0.
    pub selected_identity: u16,
}

impl SelectedPsk {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<Self, Malformed> {
        Ok(Self { selected_identity: Reader::all(data, Reader::u16)? })
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::PRE_SHARED_KEY, &self.selected_identity.to_be_bytes());
    }
}
