//! What is checked of each certificate, whoever signed it.

use crate::Result;
use crate::distrusted;
use crate::names;
use crate::validity::Validity;
use rustls_pki_types::ServerName;
use saitls_core::CertificateFault;
use saitls_core::crypto::PeerRole;
use saitls_core::crypto::x509::{Certificate, Extension, Extensions, KeyUsage};
use saitls_core::wire::der::{self, Element};
use saitls_core::wire::{Malformed, Reader};

/// id-ce-nameConstraints, 2.5.29.30 (RFC 5280 4.2.1.10), by its last number.
pub(crate) const NAME_CONSTRAINTS: u8 = 30;
/// The list of signed certificate timestamps, 1.3.6.1.4.1.11129.2.4.2 (RFC 6962 3.3).
const TIMESTAMPS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
/// What counts as its last number: that of cRLNumber, which no certificate has.
const AS_TIMESTAMPS: u8 = 20;
/// id-kp-serverAuth, 1.3.6.1.5.5.7.3.1, and id-kp-clientAuth, the next one (RFC 5280 4.2.1.12).
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// `[0]`, and in it the INTEGER 2: version 3.
pub(crate) const VERSION_3: &[u8] = &[der::EXPLICIT_0, 3, der::INTEGER, 1, 2];

/// The content of a sequence.
#[inline(never)]
pub(crate) fn content(sequence: &[u8]) -> Result<&[u8], Malformed> {
    Element::all(sequence, der::SEQUENCE).map(|sequence| sequence.value)
}

/// What a certificate is to be good for.
pub(crate) struct Purpose<'a> {
    /// What the peer is to us.
    pub(crate) role: PeerRole,
    /// Whom the peer's certificate is to be for, if that is asked.
    pub(crate) name: Option<&'a ServerName<'a>>,
}

/// Checks a certificate of a path: the peer's if there are none `below`, or else that of an authority above so many.
#[inline(never)]
pub(crate) fn check(
    certificate: &Certificate<'_>,
    below: usize,
    purpose: &Purpose<'_>,
    validity: &mut Validity,
) -> Result<()> {
    if certificate.version != Some(VERSION_3) {
        return Err(CertificateFault::Version);
    }
    // Of the peer's certificate nobody else looks at these two.
    content(certificate.subject)?;
    distrusted::check(content(certificate.subject_public_key_info)?)?;
    validity.narrow(Reader::new(content(certificate.validity)?))?;
    let found = Found::read(certificate, purpose.role)?;
    // How many authorities stand between this one and the peer.
    let Some(authorities_below) = below.checked_sub(1) else {
        return found.check_peer(purpose.name);
    };
    let is_short_enough = found.max_path_len.is_none_or(|max| authorities_below <= max.into());
    let may_certify = found.key_usage.is_none_or(KeyUsage::key_cert_sign);
    if found.is_authority && is_short_enough && may_certify { Ok(()) } else { Err(CertificateFault::Constraint) }
}

/// The extensions of a certificate. Of those that anybody looks at, here or in rustls-webpki, none comes twice.
pub(crate) struct EachOnce<'a> {
    rest: Extensions<'a>,
    /// Which of 2.5.29.15 to 2.5.29.46 there were.
    seen: u32,
}

impl<'a> EachOnce<'a> {
    pub(crate) fn of(certificate: &Certificate<'a>) -> Result<Self> {
        let mut rest = Reader::new(certificate.rest);
        let mut list = Reader::new(&[]);
        // Unique identifiers, which nobody has used since 1997, are refused.
        if !rest.is_empty() {
            list = Reader::new(content(Element::read(&mut rest)?.expect_tag(der::EXPLICIT_3)?.value)?);
            rest.finish()?;
        }
        Ok(Self { rest: Extensions::new(list), seen: 0 })
    }

    /// The next one, with the last number of its identifier if that is 2.5.29 and a number. Where its value is looked
    /// at, and is a sequence, that is the content of the sequence.
    pub(crate) fn next(&mut self) -> Result<Option<(u8, Extension<'a>)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut extension = self.rest.read()?;
        let number = match *extension.identifier {
            [0x55, 0x1d, number] => number,
            _ if extension.identifier == TIMESTAMPS => AS_TIMESTAMPS,
            _ => 0,
        };
        let bit = 1u32.checked_shl(u32::from(number).wrapping_sub(15)).unwrap_or(0);
        if self.seen & bit != 0 {
            return Err(CertificateFault::Bad);
        }
        self.seen |= bit;
        match number {
            17 | 19 | NAME_CONSTRAINTS | 31 | 37 => extension.value = content(extension.value)?,
            AS_TIMESTAMPS => drop(Element::all(extension.value, der::OCTET_STRING)?),
            _ => {}
        }
        Ok(Some((number, extension)))
    }
}

/// What the extensions of a certificate say.
#[derive(Default)]
struct Found<'a> {
    key_usage: Option<KeyUsage>,
    is_authority: bool,
    max_path_len: Option<u8>,
    subject_alt_name: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    #[inline(never)]
    fn read(certificate: &Certificate<'a>, role: PeerRole) -> Result<Self> {
        let mut found = Self::default();
        let mut extensions = EachOnce::of(certificate)?;
        while let Some((number, extension)) = extensions.next()? {
            match number {
                15 => found.key_usage = Some(KeyUsage::read(extension.value)?),
                17 => found.subject_alt_name = Some(extension.value),
                19 => found.read_basic_constraints(Reader::new(extension.value))?,
                37 => check_purpose(Reader::new(extension.value), role)?,
                // Nobody evaluates them here, so nobody may pass over them.
                NAME_CONSTRAINTS => return Err(CertificateFault::UnsupportedConstraint),
                32 | 33 | 36 | 54 if extension.is_critical => return Err(CertificateFault::CriticalPolicy),
                _ if extension.is_critical => return Err(CertificateFault::CriticalExtension),
                _ => {}
            }
        }
        Ok(found)
    }

    /// `SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }` (RFC 5280 4.2.1.9)
    fn read_basic_constraints(&mut self, mut fields: Reader<'a>) -> Result<(), Malformed> {
        if fields.rest().first() == Some(&der::BOOLEAN) {
            self.is_authority = der::boolean(Element::read(&mut fields)?.value)?;
        }
        if !fields.is_empty() {
            self.max_path_len = match Element::read(&mut fields)?.expect_tag(der::INTEGER)?.value {
                &[len @ 0..=0x7f] | &[0, len @ 0x80..=0xff] => Some(len),
                // Paths are shorter than what takes more bytes.
                _ => return Err(Malformed),
            };
        }
        fields.finish()
    }

    /// Whether a peer may have the certificate.
    fn check_peer(&self, name: Option<&ServerName<'_>>) -> Result<()> {
        if self.is_authority {
            return Err(CertificateFault::CertificationAuthorityAsPeer);
        }
        // It is to sign a handshake (RFC 9846 4.5.1.2).
        if !self.key_usage.is_none_or(KeyUsage::digital_signature) {
            return Err(CertificateFault::Purpose);
        }
        match (name, self.subject_alt_name) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(CertificateFault::MissingSubjectAltName),
            (Some(name), Some(names)) => names::check(names, name),
        }
    }
}

/// Checks that a use is among those of an ExtKeyUsageSyntax, of which there is at least one (RFC 5280 4.2.1.12).
fn check_purpose(mut purposes: Reader<'_>, role: PeerRole) -> Result<()> {
    let wanted = match role {
        PeerRole::Server => SERVER_AUTH,
        PeerRole::Client => CLIENT_AUTH,
    };
    while Element::read(&mut purposes)?.expect_tag(der::OBJECT_IDENTIFIER)?.value != wanted {
        if purposes.is_empty() {
            return Err(CertificateFault::Purpose);
        }
    }
    Ok(())
}
