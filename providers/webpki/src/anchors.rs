//! Trust anchors, from wherever they are.

use crate::errors::from_webpki;
use crate::recorder::Place;
use rustls_pki_types::{CertificateDer, Der, TrustAnchor};
use saitls_core::error::{Error, Misconfiguration, Result};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// A trust anchor from the DER of its certificate, which stays where it is: the name and the key in it are trusted,
/// and its name constraints hold (RFC 5280 6.1.1 d). That the certificate has expired does not matter.
///
/// # Errors
/// [`CertificateFault::Bad`](saitls_core::CertificateFault::Bad) or
/// [`CertificateFault::Unsupported`](saitls_core::CertificateFault::Unsupported) if it is none.
///
/// ```
/// # let root: &[u8] = &[0x30, 0];
/// let anchors = saitls_webpki::anchor_from_der(root).map(|anchor| [anchor]);
/// # assert_eq!(anchors.err(), Some(saitls_core::CertificateFault::Bad.into()));
/// ```
pub fn anchor_from_der(certificate: &[u8]) -> Result<TrustAnchor<'_>> {
    let lent = CertificateDer::from(certificate);
    let anchor = webpki::anchor_from_trusted_cert(&lent).map_err(|error| from_webpki(&error))?;
    // The parts are those of `certificate`, but borrowed from the value here.
    let part = |der: &Der<'_>| Place::of(der).within(certificate).map(Der::from_slice).ok_or(Error::Internal);
    Ok(TrustAnchor {
        subject: part(&anchor.subject)?,
        subject_public_key_info: part(&anchor.subject_public_key_info)?,
        name_constraints: anchor.name_constraints.as_ref().map(part).transpose()?,
    })
}

/// The trust anchors in a PEM file: its certificates, at least one; other sections are skipped.
///
/// # Errors
/// [`CertificateFault::Bad`](saitls_core::CertificateFault::Bad) if the text is no PEM, and what [`anchor_from_der`]
/// says; [`Error::InvalidConfiguration`] if there is no certificate in it.
#[cfg(feature = "alloc")]
pub fn anchors_from_pem(pem: &[u8]) -> Result<Vec<TrustAnchor<'static>>> {
    use rustls_pki_types::pem::PemObject as _;

    let mut anchors = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| saitls_core::CertificateFault::Bad)?;
        anchors.push(anchor_from_der(&certificate)?.to_owned());
    }
    if anchors.is_empty() { Err(NO_ANCHORS) } else { Ok(anchors) }
}

/// The trust anchors of the operating system (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them). Certificates in its
/// store that are of no use are left out.
///
/// # Errors
/// [`Error::InvalidConfiguration`] if it has none.
#[cfg(feature = "std")]
pub fn system_anchors() -> Result<Vec<TrustAnchor<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    let anchors: Vec<_> = found
        .certs
        .iter()
        .filter_map(|certificate| anchor_from_der(certificate).ok())
        .map(|anchor| anchor.to_owned())
        .collect();
    if anchors.is_empty() { Err(NO_ANCHORS) } else { Ok(anchors) }
}

/// What a verifier without trust anchors is.
pub(crate) const NO_ANCHORS: Error = Error::InvalidConfiguration(Misconfiguration::NoTrustAnchors);
