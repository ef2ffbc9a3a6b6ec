//! Certificate (RFC 9846 4.5.1).

use super::extensions::{Extensions, MessageSet};
use super::{MESSAGE_HEADER_LEN, Reader, Writer};
use crate::codes::HandshakeType;
use crate::error::{PeerFault, Result};

/// Who the sender says it is: a chain, or nothing.
#[derive(Clone, Copy)]
pub struct Certificate<'a> {
    /// The context of the CertificateRequest; empty in the main handshake.
    pub certificate_request_context: &'a [u8],
    /// The chain, end entity first.
    pub entries: CertificateEntries<'a>,
}

/// One certificate, or raw public key, with what belongs to it.
#[derive(Clone, Copy)]
pub struct CertificateEntry<'a> {
    /// DER of an X.509 certificate, or of a SubjectPublicKeyInfo.
    pub data: &'a [u8],
    /// The stapled OCSP response and the like.
    pub extensions: Extensions<'a>,
}

/// A list of certificates, checked when it was read.
#[derive(Clone, Copy)]
pub struct CertificateEntries<'a> {
    bytes: &'a [u8],
}

impl<'a> CertificateEntries<'a> {
    /// No certificates.
    pub const EMPTY: Self = Self { bytes: &[] };

    /// The content of a `certificate_list`.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`], and what [`Extensions::read`] says.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            CertificateEntry::read(&mut reader)?;
        }
        Ok(Self { bytes })
    }

    /// The entries, end entity first.
    pub fn iter(self) -> impl Iterator<Item = CertificateEntry<'a>> {
        let mut reader = Reader::new(self.bytes);
        core::iter::from_fn(move || CertificateEntry::read(&mut reader).ok())
    }

    /// The end entity.
    #[must_use]
    pub fn leaf(self) -> Option<CertificateEntry<'a>> {
        self.iter().next()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }
}

impl<'a> CertificateEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let data = reader.vector24()?;
        if data.is_empty() {
            return Err(PeerFault::Malformed.into());
        }
        Ok(Self { data, extensions: Extensions::read(reader, MessageSet::CERTIFICATE)? })
    }

    /// Bytes in front of the certificate: its length.
    pub(crate) const FRONT_LEN: usize = 3;

    /// Writes an entry up to the certificate, which has `len` bytes.
    pub(crate) fn write_front(writer: &mut Writer<'_>, len: usize) {
        writer.u24(len);
    }
}

impl<'a> Certificate<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// [`PeerFault::Malformed`], and what [`CertificateEntries::new`] says.
    pub fn read(body: &'a [u8]) -> Result<Self> {
        Reader::all(body, |reader| {
            Ok(Self {
                certificate_request_context: reader.vector8()?,
                entries: CertificateEntries::new(reader.vector24()?)?,
            })
        })
    }

    /// Bytes in front of the list, without a context: type and length of the message, two lengths.
    pub(crate) const FRONT_LEN: usize = MESSAGE_HEADER_LEN + 1 + 3;

    /// Writes the message.
    pub fn write(&self, writer: &mut Writer<'_>) {
        Self::write_front(writer, self.certificate_request_context, self.entries.bytes.len());
        writer.bytes(self.entries.bytes);
    }

    /// Writes the message up to the entries, which have `len` bytes.
    pub(crate) fn write_front(writer: &mut Writer<'_>, context: &[u8], len: usize) {
        writer.u8(HandshakeType::CERTIFICATE.0);
        writer.u24(len.saturating_add(context.len()).saturating_add(4));
        writer.vector8(|writer| writer.bytes(context));
        writer.u24(len);
    }
}
