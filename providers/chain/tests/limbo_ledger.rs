//! The cases of x509-limbo that rustls-webpki accepts and this verifier refuses, and why. (It accepts none that
//! rustls-webpki refuses.)

use saitls_core::{CertificateFault, Error};

/// Cases with one reason.
pub(crate) struct Refused {
    pub(crate) reason: &'static str,
    pub(crate) error: Error,
    pub(crate) ids: &'static [&'static str],
    /// A family of cases, by how their names begin, and how many of it are refused.
    pub(crate) family: Option<(&'static str, usize)>,
}

pub(crate) const REFUSED: &[Refused] = &[
    Refused {
        reason: "name constraints are not evaluated, and never passed over, be they critical or not",
        error: Error::Certificate(CertificateFault::UnsupportedConstraint),
        ids: &[
            "rfc5280::nc::invalid-dnsname-leading-period",
            "rfc5280::nc::nc-forbids-othername-noop",
            "rfc5280::nc::not-allowed-in-ee-critical",
            "rfc5280::nc::permitted-different-constraint-type",
            "rfc5280::nc::permitted-dns-match-more",
            "rfc5280::nc::permitted-ipv4-match",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::nc::nc-permits-dns-san-pattern",
            "webpki::nc::permitted-dns-match-noncritical",
        ],
        family: Some(("bettertls::nameconstraints::", 94)),
    },
    Refused {
        reason: "the certificates do not come in their order",
        error: Error::Certificate(CertificateFault::UnknownIssuer),
        ids: &[
            "bettertls::pathbuilding::tc67",
            "pathlen::intermediate-pathlen-may-increase",
            "rfc5280::nc::nc-forbids-same-chain-ica",
        ],
        family: None,
    },
    Refused {
        reason: "the limit is on the certificates that are looked at, self-issued ones included: it bounds the work",
        error: Error::Certificate(CertificateFault::Bad),
        ids: &["pathlen::max-chain-depth-1-self-issued"],
        family: None,
    },
];
