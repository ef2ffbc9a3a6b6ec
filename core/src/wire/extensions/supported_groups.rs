//! supported_groups (RFC 9846 4.3.7).

use crate::codes::{ExtensionType, NamedGroup};
use crate::error::Result;
use crate::wire::{List, Malformed, Writer, list::write_codes};

/// The groups the sender can use, in order of preference.
#[derive(Clone, Copy)]
pub struct NamedGroupList<'a> {
    /// The groups.
    pub named_group_list: List<'a, NamedGroup>,
}

impl<'a> NamedGroupList<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self { named_group_list: List::read(data)? })
    }

    /// Writes the extension.
    pub fn write(writer: &mut Writer<'_>, groups: impl Iterator<Item = NamedGroup>) {
        writer.extension(ExtensionType::SUPPORTED_GROUPS, |writer| write_codes(writer, groups));
    }
}
