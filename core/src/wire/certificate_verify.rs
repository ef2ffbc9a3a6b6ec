//! CertificateVerify (RFC 9846 4.5.2).

use super::{MESSAGE_HEADER_LEN, Malformed, Reader, Writer};
use crate::codes::{HandshakeType, SignatureScheme};
use crate::error::Result;

/// The proof that the sender has the private key of its certificate.
#[derive(Clone, Copy)]
pub struct CertificateVerify<'a> {
    /// How it is signed.
    pub algorithm: SignatureScheme,
    /// The signature over the transcript.
    pub signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Reads the body of the message.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        Reader::all(body, |reader| {
            Ok(Self { algorithm: SignatureScheme(reader.u16()?), signature: reader.vector16()? })
        })
    }

    /// Bytes in front of the signature: type and length of the message, algorithm, length.
    pub(crate) const FRONT_LEN: usize = MESSAGE_HEADER_LEN + 2 + 2;

    /// Writes the message.
    pub fn write(&self, writer: &mut Writer<'_>) {
        Self::write_front(writer, self.algorithm, self.signature.len());
        writer.bytes(self.signature);
    }

    /// Writes the message up to the signature, which has `len` bytes.
    pub(crate) fn write_front(writer: &mut Writer<'_>, algorithm: SignatureScheme, len: usize) {
        writer.u8(HandshakeType::CERTIFICATE_VERIFY.0);
        writer.u24(len.saturating_add(Self::FRONT_LEN - MESSAGE_HEADER_LEN));
        writer.u16(algorithm.0);
        writer.u16(u16::try_from(len).unwrap_or(u16::MAX));
    }
}
