//! Where verdicts differ from those of x509-limbo, and why.

use saitls_core::{CertificateFault, Error};

/// Cases in which this verifier decides otherwise than the suite expects.
pub(crate) struct Deviation {
    pub(crate) reason: &'static str,
    pub(crate) ours: Result<(), Error>,
    pub(crate) ids: &'static [&'static str],
}

pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        reason: "an anchor is a name, a key and name constraints (RFC 5280 6.1.1 d); nothing else of its certificate \
                 is looked at",
        ours: Ok(()),
        ids: &[
            "crl::issuer-missing-crlsign",
            "rfc5280::aki::cross-signed-root-missing-aki",
            "rfc5280::ca-empty-subject",
            "rfc5280::root-inconsistent-ca-extensions",
            "rfc5280::root-non-critical-basic-constraints",
            "rfc5280::ski::root-missing-ski",
            "rfc5280::unknown-critical-extension-root",
            "rfc5280::validity::expired-root",
            "webpki::aki::root-with-aki-authoritycertserialnumber",
            "webpki::aki::root-with-aki-missing-keyidentifier",
            "webpki::eku::root-has-eku",
        ],
    },
    Deviation {
        reason: "key identifiers help to find an issuer; who is it, a signature decides",
        ours: Ok(()),
        ids: &[
            "rfc5280::aki::critical-aki",
            "rfc5280::aki::intermediate-missing-aki",
            "rfc5280::ski::critical-ski",
            "rfc5280::ski::intermediate-missing-ski",
        ],
    },
    Deviation {
        reason: "the common name is no host name (RFC 9525 2), so nobody looks at it, not even to compare it",
        ours: Ok(()),
        ids: &[
            "webpki::cn::case-mismatch",
            "webpki::cn::ipv4-hex-mismatch",
            "webpki::cn::ipv4-leading-zeros-mismatch",
            "webpki::cn::ipv6-non-rfc5952-mismatch",
            "webpki::cn::ipv6-uppercase-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
        ],
    },
    Deviation {
        reason: "the handshake refuses a key that is too weak or of an unknown kind when it is to sign; a chain says \
                 only whose key it is",
        ours: Ok(()),
        ids: &[
            "webpki::forbidden-p192-leaf",
            "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
            "webpki::forbidden-weak-rsa-in-leaf",
        ],
    },
    Deviation {
        reason: "rules for those who issue certificates, without weight for those who verify them",
        ours: Ok(()),
        ids: &[
            "rfc5280::nc::invalid-dnsname-leading-period",
            "rfc5280::nc::not-allowed-in-ee-critical",
            "rfc5280::san::noncritical-with-empty-subject",
            "rfc5280::serial::too-long",
            "rfc5280::serial::zero",
            "webpki::eku::ee-anyeku",
            "webpki::eku::ee-without-eku",
            "webpki::malformed-aia",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::san::san-critical-with-nonempty-subject",
        ],
    },
    Deviation {
        reason: "constraints on directory names and e-mail addresses are not understood, so what they apply to is \
                 refused, by an error of its own",
        ours: Err(Error::Certificate(CertificateFault::UnsupportedConstraint)),
        ids: &[
            "rfc5280::nc::nc-permits-email-domain",
            "rfc5280::nc::nc-permits-email-exact",
            "rfc5280::nc::nc-permits-email-literal-asterisk-exact-match",
            "rfc5280::nc::nc-permits-email-literal-double-asterisk",
            "rfc5280::nc::nc-permits-email-literal-mid-asterisk",
            "rfc5280::nc::permitted-dn-match",
        ],
    },
    Deviation {
        reason: "a certification authority's certificate identifies no peer: PinnedKey is the way",
        ours: Err(Error::Certificate(CertificateFault::CertificationAuthorityAsPeer)),
        ids: &["pathlen::validation-ignores-pathlen-in-leaf", "rfc5280::ca-as-leaf"],
    },
    Deviation {
        reason: "the limit is on the certificates that are looked at, self-issued ones included, so that it bounds the \
                 work",
        ours: Err(Error::Certificate(CertificateFault::Bad)),
        ids: &["pathlen::max-chain-depth-1-self-issued"],
    },
    Deviation {
        reason: "the path leads through the last of 35 intermediates, of which a verifier here looks at a few",
        ours: Err(Error::Certificate(CertificateFault::ChainTooLong)),
        ids: &["bettertls::pathbuilding::tc67"],
    },
];

/// Cases in which this verifier decides otherwise than rustls-webpki alone, and why.
#[allow(dead_code, reason = "the tests of saitls-chain look at deviations alone")]
pub(crate) const BEYOND_LIBRARY: &[(&str, &str)] = &[
    ("pathlen::max-chain-depth-1-self-issued", "the library has no limit to be set"),
    ("bettertls::pathbuilding::tc67", "the library has no limit on the certificates that are looked at"),
];

/// The entry of a case.
pub(crate) fn deviation(id: &str) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|deviation| deviation.ids.contains(&id))
}
