//! Why a certificate is not accepted.

use super::InBytes;
use crate::codes::{AlertDescription, SignatureScheme};

/// Why the peer's certificate, or its key, is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CertificateFault {
    /// The client sent no certificate, and one is required (RFC 9846 4.5.1.3).
    Required,
    /// A certificate is not well-formed, or carries an invalid signature.
    Bad,
    /// A certificate of a kind that is not supported: its type, its key, the algorithm that it is signed with. Where it
    /// can be said more exactly, one of the next variants says it.
    Unsupported,
    /// A certificate is not of version 3 of X.509 (RFC 9846 4.5.1.2; RFC 5280 4.1.2.1). Without extensions it names no
    /// host and allows no use: have it issued anew.
    Version,
    /// A certificate is signed with this scheme, which was not offered: the provider does not have it, or the
    /// configuration leaves it out (RFC 9846 4.3.3). ECDSA with SHA-512 goes by `ecdsa_secp521r1_sha512`, whatever the
    /// curve.
    SignatureScheme(InBytes<SignatureScheme>),
    /// An RSA key of so many bits, in a certificate or of its issuer, is shorter or longer than is accepted (RFC 9846
    /// C.2 asks for limits). Have the certificate issued for, or by, a key of 2048 to 4096 bits.
    RsaKeyLength(InBytes<u16>),
    /// A certificate has a critical extension that is not known here (RFC 5280 4.2).
    CriticalExtension,
    /// A certificate has a critical extension about policies, which are not evaluated here: certificatePolicies,
    /// policyMappings, policyConstraints or inhibitAnyPolicy (RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14).
    CriticalPolicy,
    /// A certificate is for another use: its KeyUsage or ExtendedKeyUsage does not allow this one (RFC 5280 4.2.1.3,
    /// 4.2.1.12; RFC 9846 4.5.1.2).
    Purpose,
    /// The certificate that the peer presented as its own is a certification authority's. A peer that has no other
    /// can only be trusted by its key: with [`PinnedKey`](crate::crypto::PinnedKey).
    CertificationAuthorityAsPeer,
    /// The peer's certificate is signed by itself, and is no trust anchor. Such a peer can only be trusted by its key:
    /// with [`PinnedKey`](crate::crypto::PinnedKey).
    SelfSigned,
    /// A certificate was revoked.
    Revoked,
    /// No revocation list at hand says whether a certificate was revoked, and one must.
    RevocationUnknown,
    /// A certificate is no longer valid.
    Expired,
    /// A certificate is not valid yet.
    NotYetValid,
    /// The times of a certificate's validity are malformed (RFC 5280 4.1.2.5), or before 1970, where time begins here.
    Validity,
    /// A certificate is unacceptable for a reason that has no name of its own here.
    Unknown,
    /// The certificate is not for the name that was asked for.
    NameMismatch,
    /// The certificate has no subjectAltName, so it is for no name: the subject is not looked at (RFC 9525 2, 6.3; RFC
    /// 5280 4.2.1.6). Have it issued with one.
    MissingSubjectAltName,
    /// A certificate breaks a rule that an authority above it made: on names, on the length of the path, or that its
    /// issuer must be an authority (RFC 5280 6.1).
    Constraint,
    /// An authority puts constraints on names of a form that is not evaluated here, such as directory names, so that
    /// what they apply to is refused (RFC 5280 4.2.1.10).
    UnsupportedConstraint,
    /// The chain does not end in a trust anchor.
    UnknownIssuer,
    /// A certificate writes the name of its issuer in another way than the issuer's own certificate: in another string
    /// type, case or spacing. RFC 5280 7.1 takes them for the same name; here they are compared byte by byte.
    IssuerNameForm,
    /// The chain has more intermediate certificates, or takes more signatures to be verified, than is allowed.
    ChainTooLong,
    /// There is no time to verify certificates at: the clock has not been set yet.
    ClockNotSet,
    /// The key is none of the pinned ones.
    KeyNotPinned,
}

impl CertificateFault {
    /// The alert that tells the peer (RFC 9846 6.2).
    #[must_use]
    pub const fn alert(self) -> AlertDescription {
        use AlertDescription as A;
        match self {
            Self::Required => A::CERTIFICATE_REQUIRED,
            Self::Bad | Self::Validity => A::BAD_CERTIFICATE,
            Self::Unsupported
            | Self::Version
            | Self::SignatureScheme(_)
            | Self::RsaKeyLength(_)
            | Self::CriticalExtension
            | Self::CriticalPolicy
            | Self::Purpose
            | Self::CertificationAuthorityAsPeer => A::UNSUPPORTED_CERTIFICATE,
            Self::SelfSigned | Self::UnknownIssuer | Self::IssuerNameForm | Self::ChainTooLong => A::UNKNOWN_CA,
            Self::Revoked => A::CERTIFICATE_REVOKED,
            Self::RevocationUnknown
            | Self::Unknown
            | Self::NameMismatch
            | Self::MissingSubjectAltName
            | Self::Constraint
            | Self::UnsupportedConstraint
            | Self::KeyNotPinned => A::CERTIFICATE_UNKNOWN,
            Self::Expired | Self::NotYetValid => A::CERTIFICATE_EXPIRED,
            Self::ClockNotSet => A::INTERNAL_ERROR,
        }
    }
}

impl core::error::Error for CertificateFault {}

impl core::fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Required => "the client sent no certificate",
            Self::Bad => "the peer's certificate is malformed, or wrongly signed",
            Self::Unsupported => {
                "the type, the key or the signature of the peer's certificate is of a kind that is not supported"
            }
            Self::Version => {
                "a certificate of the peer's chain is not of version 3 of X.509: it must be issued anew, with \
                 extensions"
            }
            Self::SignatureScheme(scheme) => {
                let scheme = scheme.get();
                return write!(f, "a certificate of the peer's chain is signed with {scheme}, which was not offered");
            }
            Self::RsaKeyLength(bits) => {
                return write!(
                    f,
                    "the peer's certificate has, or is signed by, an RSA key of {} bits: 2048 to 4096 are accepted",
                    bits.get()
                );
            }
            Self::CriticalExtension => {
                "a certificate of the peer's chain has a critical extension that is not known here"
            }
            Self::CriticalPolicy => {
                "a certificate of the peer's chain has a critical extension about policies, which are not \
                 evaluated here"
            }
            Self::Purpose => "the peer's certificate is not for this purpose",
            Self::CertificationAuthorityAsPeer => {
                "the peer presents the certificate of a certification authority as its own: it can only be \
                 trusted by its key, with PinnedKey"
            }
            Self::SelfSigned => {
                "the peer's certificate is self-signed, and no trust anchor: it can only be trusted by its key, \
                 with PinnedKey"
            }
            Self::Revoked => "the peer's certificate was revoked",
            Self::RevocationUnknown => "no revocation list says whether the peer's certificate was revoked",
            Self::Expired => "the peer's certificate has expired",
            Self::NotYetValid => "the peer's certificate is not valid yet",
            Self::Validity => "the validity of a certificate of the peer's chain is malformed, or before 1970",
            Self::Unknown => "the peer's certificate is not acceptable",
            Self::NameMismatch => "the peer's certificate is for another name",
            Self::MissingSubjectAltName => {
                "the peer's certificate is for no name: it has no subjectAltName, and its subject does not count"
            }
            Self::Constraint => "the peer's certificate breaks a constraint that an authority above it set",
            Self::UnsupportedConstraint => {
                "an issuer of the peer's certificate constrains names of a form that is not evaluated here, \
                 such as directory names"
            }
            Self::UnknownIssuer => "the peer's certificate is from an unknown issuer: no trust anchor is at its end",
            Self::IssuerNameForm => {
                "a certificate of the peer's chain writes its issuer's name in another way than the issuer \
                 does, such as in another string type"
            }
            Self::ChainTooLong => "the peer's certificate chain is too long",
            Self::ClockNotSet => "the clock is not set yet: certificates cannot be verified",
            Self::KeyNotPinned => "the peer's key is none of the pinned ones",
        })
    }
}
