//! Why a chain is refused, more exactly than the library says: what is looked up here decides on words alone, never on
//! whether a peer is trusted.

use rustls_pki_types::TrustAnchor;
use saitls_core::CertificateFault;
use saitls_core::crypto::PeerCertificates;
use saitls_core::crypto::x509::{self, AlgorithmIdentifier, Certificate};
use saitls_core::error::InBytes;
use saitls_core::wire::Reader;
use saitls_core::wire::der::{self, Element};

/// id-ce-subjectAltName, 2.5.29.17 (RFC 5280 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
/// id-ce-nameConstraints, 2.5.29.30 (RFC 5280 4.2.1.10).
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// id-ce-certificatePolicies, -policyMappings, -policyConstraints and -inhibitAnyPolicy (RFC 5280 4.2.1.4, 4.2.1.5,
/// 4.2.1.11, 4.2.1.14).
const POLICIES: [&[u8]; 4] = [&[0x55, 0x1d, 32], &[0x55, 0x1d, 33], &[0x55, 0x1d, 36], &[0x55, 0x1d, 54]];

/// The error that says most, for one of the library's and what it is in general.
#[inline(never)]
pub(crate) fn explain(
    error: &webpki::Error,
    general: CertificateFault,
    peer: &PeerCertificates<'_>,
    anchors: &[TrustAnchor<'_>],
) -> CertificateFault {
    use webpki::Error as W;
    match error {
        W::UnsupportedCriticalExtension if certificates(peer).any(has_critical_policy) => {
            CertificateFault::CriticalPolicy
        }
        W::UnsupportedSignatureAlgorithmContext(_) if certificates(peer).any(has_broken_hash) => CertificateFault::Bad,
        W::UnsupportedSignatureAlgorithmContext(_) | W::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            let missing = |scheme: &_| !peer.signature_schemes.contains(scheme);
            let scheme = certificates(peer).filter_map(x509::signature_scheme).find(missing);
            scheme.map_or(general, |scheme| CertificateFault::SignatureScheme(InBytes::from(scheme)))
        }
        W::CertNotValidForName(_) if !has_names(peer) => CertificateFault::MissingSubjectAltName,
        W::UnknownIssuer if has_issuer_in_another_form(peer, anchors) => CertificateFault::IssuerNameForm,
        W::NameConstraintViolation if has_unsupported_constraint(peer, anchors) => {
            CertificateFault::UnsupportedConstraint
        }
        _ => general,
    }
}

fn certificates<'p>(peer: &PeerCertificates<'p>) -> impl Iterator<Item = &'p [u8]> {
    peer.chain.iter().map(|entry| entry.data)
}

fn find<'c>(certificate: &'c [u8], identifier: &[u8]) -> Option<&'c [u8]> {
    let mut extensions = x509::extensions(certificate).ok()?;
    extensions.find(|extension| extension.identifier == identifier).map(|extension| extension.value)
}

fn has_critical_policy(certificate: &[u8]) -> bool {
    let mut extensions = x509::extensions(certificate).into_iter().flatten();
    extensions.any(|extension| extension.is_critical && POLICIES.contains(&extension.identifier))
}

/// Whether a certificate is signed with a broken hash, and not by itself: nobody verifies that.
fn has_broken_hash(certificate: &[u8]) -> bool {
    let algorithm = Certificate::read(certificate).and_then(|fields| AlgorithmIdentifier::read(fields.signature));
    algorithm.is_ok_and(|algorithm| algorithm.has_broken_hash()) && x509::is_self_signed(certificate) == Ok(false)
}

/// Whether the peer's certificate has a subjectAltName.
fn has_names(peer: &PeerCertificates<'_>) -> bool {
    certificates(peer).next().is_some_and(|leaf| find(leaf, SUBJECT_ALT_NAME).is_some())
}

/// The elements of a sequence that is all of `bytes`; none where it is malformed.
fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements(Element::all(bytes, der::SEQUENCE).map_or(Reader::new(&[]), |sequence| sequence.content()))
}

/// Elements one behind the other, up to one that is malformed.
struct Elements<'a>(Reader<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.0.is_empty() { None } else { Element::read(&mut self.0).ok() }
    }
}

/// Whether somebody with another key than the peer has the name of who issued the peer's certificate.
#[inline(never)]
pub(crate) fn has_issuer_by_name(peer: &PeerCertificates<'_>, anchors: &[TrustAnchor<'_>]) -> bool {
    let Some(issuer) = certificates(peer).next().and_then(|leaf| x509::issuer(leaf).ok()) else { return false };
    let own_key = peer.subject_public_key_info;
    anchors.iter().any(|anchor| anchor.subject.as_ref() == content(issuer))
        || certificates(peer).any(|certificate| {
            x509::subject(certificate) == Ok(issuer)
                && x509::subject_public_key_info(certificate).is_ok_and(|key| key != own_key)
        })
}

/// Whether an issuer is missing only because its name stands in the certificate in another form.
fn has_issuer_in_another_form(peer: &PeerCertificates<'_>, anchors: &[TrustAnchor<'_>]) -> bool {
    let issuers = certificates(peer).filter_map(|certificate| x509::issuer(certificate).ok()).map(content);
    let mut unknown = issuers.filter(|issuer| {
        let mut subjects = certificates(peer).filter_map(|certificate| x509::subject(certificate).ok()).map(content);
        !anchors.iter().any(|anchor| anchor.subject.as_ref() == *issuer) && !subjects.any(|subject| subject == *issuer)
    });
    unknown.any(|issuer| {
        let mut subjects = certificates(peer).filter_map(|certificate| x509::subject(certificate).ok()).map(content);
        anchors.iter().any(|anchor| is_the_same_name(issuer, &anchor.subject))
            || subjects.any(|subject| is_the_same_name(issuer, subject))
    })
}

/// The content of a sequence.
fn content(sequence: &[u8]) -> &[u8] {
    Element::all(sequence, der::SEQUENCE).map_or(&[], |sequence| sequence.value)
}

/// Whether two distinguished names (the contents of their sequences) are one, string types, case and spacing aside (RFC
/// 5280 7.1). Letters are those of ASCII.
fn is_the_same_name(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (Elements(Reader::new(one)), Elements(Reader::new(other)));
    one.map(Some).chain(core::iter::repeat(None)).zip(other.map(Some).chain([None])).all(|pair| match pair {
        (Some(one), Some(other)) => is_the_same_attribute(&one, &other),
        (None, None) => true,
        _ => false,
    })
}

/// As [`is_the_same_name`], for sets of one attribute: sets of several are hardly ever seen.
fn is_the_same_attribute(one: &Element<'_>, other: &Element<'_>) -> bool {
    match (type_and_value(one.value), type_and_value(other.value)) {
        (Some((one_type, one)), Some((other_type, other))) => one_type == other_type && folded(one).eq(folded(other)),
        _ => false,
    }
}

fn type_and_value(set: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = elements(set).map(|part| part.value);
    Some((parts.next()?, parts.next()?))
}

/// A string in lower case, its words apart by one space each.
fn folded(text: &[u8]) -> impl Iterator<Item = u8> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.flat_map(|word| word.iter().map(u8::to_ascii_lowercase).chain([b' ']))
}

/// Whether an authority of the chain constrains names of a form that the library does not compare, and that are there:
/// every certificate has a directory name.
fn has_unsupported_constraint(peer: &PeerCertificates<'_>, anchors: &[TrustAnchor<'_>]) -> bool {
    const COMPARED: u32 = 1 << 2 | 1 << 7; // dNSName, iPAddress
    const DIRECTORY_NAME: u32 = 1 << 4;
    let names = certificates(peer).filter_map(|certificate| find(certificate, SUBJECT_ALT_NAME));
    let present = names.map(|names| forms(elements(names))).fold(DIRECTORY_NAME, |all, forms| all | forms);
    let of_chain = certificates(peer).filter_map(|certificate| find(certificate, NAME_CONSTRAINTS)).map(content);
    let issues = |anchor: &&TrustAnchor<'_>| {
        let mut issuers = certificates(peer).filter_map(|certificate| x509::issuer(certificate).ok()).map(content);
        issuers.any(|issuer| anchor.subject.as_ref() == issuer)
    };
    let of_anchors = anchors.iter().filter(issues).filter_map(|anchor| anchor.name_constraints.as_deref());
    of_chain.chain(of_anchors).any(|constraints| {
        // `SEQUENCE { permitted [0], excluded [1] }`, each a list of `SEQUENCE { base GeneralName, .. }`.
        let subtrees = Elements(Reader::new(constraints)).flat_map(|subtrees| Elements(Reader::new(subtrees.value)));
        let bases = subtrees.filter_map(|subtree| Elements(Reader::new(subtree.value)).next());
        forms(bases) & present & !COMPARED != 0
    })
}

/// The forms of some GeneralNames: bit `i` for `[i]`.
fn forms<'a>(names: impl Iterator<Item = Element<'a>>) -> u32 {
    names.fold(0, |all, name| all | 1u32.wrapping_shl(u32::from(name.tag & 0x1f)))
}
