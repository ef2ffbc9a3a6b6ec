//! Trust anchors.

use crate::algorithm::signature;
use crate::certificate::{EachOnce, NAME_CONSTRAINTS, VERSION_3, content};
use rustls_pki_types::{Der, TrustAnchor};
use saitls_core::crypto::x509::{Certificate, PublicKeyInfo};
use saitls_core::error::{CertificateFault, Error, Result};

/// A trust anchor from the DER of its certificate, which stays where it is: the name and the key in it are trusted.
/// That the certificate has expired does not matter; its name constraints do (RFC 5280 6.1.1 d), so that what it issued
/// is refused if it has some. Version 1 is as good as version 3.
///
/// # Errors
/// [`CertificateFault::Bad`] if it is none.
///
/// ```
/// # let root: &[u8] = &[0x30, 0];
/// let anchors = saitls_chain::anchor_from_der(root).map(|anchor| [anchor]);
/// # assert_eq!(anchors.err(), Some(saitls_core::CertificateFault::Bad.into()));
/// ```
pub fn anchor_from_der(certificate: &[u8]) -> Result<TrustAnchor<'_>> {
    read(certificate).map_err(Error::from)
}

fn read(certificate: &[u8]) -> Result<TrustAnchor<'_>, CertificateFault> {
    let certificate = Certificate::read(certificate)?;
    let is_of_version_1 = certificate.version.is_none() && certificate.rest.is_empty();
    if !is_of_version_1 && certificate.version != Some(VERSION_3) {
        return Err(CertificateFault::Bad);
    }
    signature(&certificate)?;
    content(certificate.issuer)?;
    content(certificate.validity)?;
    PublicKeyInfo::read(certificate.subject_public_key_info)?;
    let mut extensions = EachOnce::of(&certificate)?;
    let mut name_constraints = None;
    while let Some((number, extension)) = extensions.next()? {
        if number == NAME_CONSTRAINTS {
            name_constraints = Some(Der::from_slice(extension.value));
        }
    }
    Ok(TrustAnchor {
        subject: Der::from_slice(content(certificate.subject)?),
        subject_public_key_info: Der::from_slice(content(certificate.subject_public_key_info)?),
        name_constraints,
    })
}
