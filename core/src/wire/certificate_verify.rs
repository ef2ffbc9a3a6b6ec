//! CertificateVerify (RFC 9846 4.5.2).

use super::{Malformed, Reader, Writer};
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

    /// Writes the message.
    pub fn write(&self, writer: &mut Writer<'_>) {
        writer.message(HandshakeType::CERTIFICATE_VERIFY, |writer| {
            writer.u16(self.algorithm.0);
            writer.vector16(|writer| writer.bytes(self.signature));
        });
    }
}
