//! The library's errors as ours.

use saitls_core::CertificateFault;
use webpki::Error as W;

/// Our name for one of the library's.
pub(crate) const fn from_webpki(error: &W) -> CertificateFault {
    use CertificateFault as F;
    match error {
        W::CertExpired { .. } => F::Expired,
        W::CertNotValidYet { .. } => F::NotYetValid,
        W::CertNotValidForName(_) => F::NameMismatch,
        W::CaUsedAsEndEntity => F::CertificationAuthorityAsPeer,
        W::EndEntityUsedAsCa | W::NameConstraintViolation | W::PathLenConstraintViolated => F::Constraint,
        W::RequiredEkuNotFoundContext(_) => F::Purpose,
        W::UnknownIssuer => F::UnknownIssuer,
        W::MaximumPathDepthExceeded
        | W::MaximumPathBuildCallsExceeded
        | W::MaximumSignatureChecksExceeded
        | W::MaximumNameConstraintComparisonsExceeded => F::ChainTooLong,
        W::CertRevoked => F::Revoked,
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
        | W::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => F::RevocationUnknown,
        W::UnsupportedCertVersion => F::Version,
        W::UnsupportedCriticalExtension => F::CriticalExtension,
        W::BadDerTime => F::Validity,
        W::UnsupportedSignatureAlgorithmContext(_) | W::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            F::Unsupported
        }
        W::CertDistrusted | W::UnsupportedNameType => F::Unknown,
        // Malformed in one way or another, or with an invalid signature.
        _ => F::Bad,
    }
}
