//! server_name (RFC 6066 3).

use super::Extensions;
use crate::codes::ExtensionType;
use crate::error::{Error, PeerFault, Result};
use crate::wire::{Reader, Writer};

/// The `name_type` of a host name, the only one there is.
const HOST_NAME: u8 = 0;

/// Whom a client wants to talk to.
#[derive(Clone, Copy)]
pub struct ServerNameList<'a> {
    /// The host name as it came, not checked for being one; `None` if there are only names of unknown types.
    pub host_name: Option<&'a [u8]>,
}

impl<'a> ServerNameList<'a> {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`] for an empty list or name; [`PeerFault::IllegalParameter`] for two names of one type.
    pub fn read(data: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(Reader::all(data, Reader::vector16)?);
        if reader.is_empty() {
            return Err(PeerFault::Malformed.into());
        }
        let mut host_name = None;
        while !reader.is_empty() {
            let name_type = reader.u8()?;
            let name = reader.vector16()?;
            if name.is_empty() {
                return Err(PeerFault::Malformed.into());
            }
            if name_type == HOST_NAME && host_name.replace(name).is_some() {
                return Err(PeerFault::IllegalParameter.into());
            }
        }
        Ok(Self { host_name })
    }

    /// The host name that a client asks for, if it is one. Some clients send an address, which is no name.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn dns_name(extensions: Extensions<'a>) -> Result<Option<&'a str>> {
        let list = extensions.get(ExtensionType::SERVER_NAME, Self::read)?;
        let name = list.and_then(|list| core::str::from_utf8(list.host_name?).ok());
        Ok(name.map(without_trailing_dot).filter(|name| rustls_pki_types::DnsName::try_from(*name).is_ok()))
    }

    /// Writes the extension with one host name.
    pub fn write(writer: &mut Writer<'_>, host_name: &[u8]) {
        writer.extension(ExtensionType::SERVER_NAME, |writer| {
            writer.vector16(|writer| {
                writer.u8(HOST_NAME);
                writer.vector16(|writer| writer.bytes(host_name));
            });
        });
    }
}

/// The server's word that it used the name: no data.
pub struct ServerNameAcknowledgement;

impl ServerNameAcknowledgement {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`] if there is any.
    pub const fn read(data: &[u8]) -> Result<Self> {
        if data.is_empty() { Ok(Self) } else { Err(Error::Peer(PeerFault::Malformed)) }
    }

    /// Writes the extension.
    pub fn write(writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::SERVER_NAME, &[]);
    }
}

/// An absolute name as it stands in the extension: without the dot at its end (RFC 6066 3).
pub(crate) fn without_trailing_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}
