//! status_request (RFC 6066 8, RFC 9846 4.5.1.1), and signed_certificate_timestamp (RFC 6962 3.3.1), its sibling.

use crate::codes::ExtensionType;
use crate::error::Result;
use crate::wire::{Malformed, Reader, Writer};

/// The `status_type` of OCSP, the only one there is.
const OCSP: u8 = 1;

/// Asks the peer to staple an OCSP response to its certificate.
pub struct CertificateStatusRequest;

impl CertificateStatusRequest {
    /// Reads the data of the extension in a ClientHello or a CertificateRequest: whether it asks for OCSP. Which
    /// responders are trusted, and the request's extensions, are not looked at.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &[u8]) -> Result<bool, Malformed> {
        // RFC 9846 4.5.1.1: empty in a CertificateRequest.
        if data.is_empty() {
            return Ok(true);
        }
        let mut reader = Reader::new(data);
        if reader.u8()? != OCSP {
            return Ok(false);
        }
        reader.vector16()?;
        reader.vector16()?;
        reader.finish()?;
        Ok(true)
    }

    /// Writes the extension for a ClientHello: any responder, no extensions.
    pub fn write(writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::STATUS_REQUEST, &[OCSP, 0, 0, 0, 0]);
    }

    /// Writes the extension for a CertificateRequest: empty.
    pub fn write_empty(writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::STATUS_REQUEST, &[]);
    }
}

/// An OCSP response beside a certificate.
#[derive(Clone, Copy)]
pub struct CertificateStatus<'a> {
    /// DER of an `OCSPResponse`.
    pub ocsp_response: &'a [u8],
}

impl<'a> CertificateStatus<'a> {
    /// Bytes in front of the response: type and length of the extension, `status_type`, length.
    pub(crate) const FRONT_LEN: usize = 2 + 2 + 1 + 3;

    /// Reads the data of the extension of a CertificateEntry.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let ocsp_response = Reader::all(data, |reader| match reader.u8()? {
            OCSP => reader.vector24(),
            _ => Err(Malformed),
        })?;
        if ocsp_response.is_empty() { Err(Malformed) } else { Ok(Self { ocsp_response }) }
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        Self::write_front(writer, self.ocsp_response.len());
        writer.bytes(self.ocsp_response);
    }

    /// Writes the extension up to the response, which has `len` bytes.
    pub(crate) fn write_front(writer: &mut Writer<'_>, len: usize) {
        writer.u16(ExtensionType::STATUS_REQUEST.0);
        writer.u16(u16::try_from(len.saturating_add(4)).unwrap_or(u16::MAX));
        writer.u8(OCSP);
        writer.u24(len);
    }
}

/// Certificate transparency: that a certificate was logged.
#[derive(Clone, Copy)]
pub struct SignedCertificateTimestamps<'a> {
    /// The `SignedCertificateTimestampList`, with its length, as RFC 6962 3.3 encodes it.
    pub list: &'a [u8],
}

impl<'a> SignedCertificateTimestamps<'a> {
    /// Bytes in front of the list: type and length of the extension.
    pub(crate) const FRONT_LEN: usize = 2 + 2;

    /// Reads the data of the extension of a CertificateEntry. What is in the timestamps is the verifier's.
    ///
    /// # Errors
    /// [`Malformed`], also for an empty list or timestamp (RFC 6962 3.3).
    pub fn read(data: &'a [u8]) -> Result<Self, Malformed> {
        let mut timestamps = Reader::new(Reader::all(data, Reader::vector16)?);
        loop {
            if timestamps.vector16()?.is_empty() {
                return Err(Malformed);
            }
            if timestamps.is_empty() {
                return Ok(Self { list: data });
            }
        }
    }

    /// Writes the extension.
    pub fn write(self, writer: &mut Writer<'_>) {
        Self::write_front(writer, self.list.len());
        writer.bytes(self.list);
    }

    /// Writes the extension up to the list, which has `len` bytes.
    pub(crate) fn write_front(writer: &mut Writer<'_>, len: usize) {
        writer.u16(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP.0);
        writer.u16(u16::try_from(len).unwrap_or(u16::MAX));
    }

    /// Writes the question for it.
    pub fn write_request(writer: &mut Writer<'_>) {
        writer.plain_extension(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[]);
    }
}
