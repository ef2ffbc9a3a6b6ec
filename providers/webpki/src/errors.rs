//! The library's errors as ours.

use saitls_core::Error;
use webpki::Error as W;

/// Our error for one of the library's.
pub(crate) const fn from_webpki(error: &W) -> Error {
    match error {
        W::CertExpired { .. } => Error::CertificateExpired,
        W::CertNotValidYet { .. } => Error::CertificateNotYetValid,
        W::CertNotValidForName(_) => Error::CertificateNameMismatch,
        W::CaUsedAsEndEntity => Error::CertificationAuthorityAsPeer,
        W::EndEntityUsedAsCa | W::NameConstraintViolation | W::PathLenConstraintViolated => {
            Error::CertificateConstraint
        }
        W::RequiredEkuNotFoundContext(_) => Error::CertificatePurpose,
        W::UnknownIssuer => Error::UnknownIssuer,
        W::MaximumPathDepthExceeded
        | W::MaximumPathBuildCallsExceeded
        | W::MaximumSignatureChecksExceeded
        | W::MaximumNameConstraintComparisonsExceeded => Error::ChainTooLong,
        W::CertRevoked => Error::CertificateRevoked,
        W::UnknownRevocationStatus
        | W::CrlExpired { .. }
        | W::InvalidCrlNumber
        | W::InvalidCrlSignatureForPublicKey
        | W::IssuerNotCrlSigner
        | W::UnsupportedCrlIssuingDistributionPoint
        | W::UnsupportedCrlVersion
        | W::UnsupportedDeltaCrl
        | W::UnsupportedIndirectCrl
        | W::UnsupportedRevocationReason
        | W::UnsupportedRevocationReasonsPartitioning
        | W::UnsupportedCrlSignatureAlgorithmContext(_)
        | W::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => Error::RevocationUnknown,
        W::UnsupportedCertVersion => Error::CertificateVersion,
        W::UnsupportedCriticalExtension => Error::CriticalExtension,
        W::BadDerTime => Error::CertificateTime,
        W::UnsupportedSignatureAlgorithmContext(_) | W::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Error::UnsupportedCertificate
        }
        W::CertDistrusted | W::UnsupportedNameType => Error::CertificateUnknown,
        // Malformed in one way or another, or with an invalid signature.
        _ => Error::BadCertificate,
    }
}
