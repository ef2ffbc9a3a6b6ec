//! Who we are: identities, and how one of them is chosen (RFC 9846 4.5.1.2).

use super::check_certificate_types;
use crate::codes::{CertificateType, SignatureScheme};
use crate::crypto::{CryptoProvider, Signer, x509};
use crate::error::{Error, Misconfiguration, Result};
use crate::handshake::{Context, Presenting, check_certificate_len, poll_present, public_key};
use crate::wire::List;
use crate::wire::extensions::{CertificateAuthorities, CertificateTypeList, SignedCertificateTimestamps};
use core::task::{Poll, Waker};
#[cfg(target_has_atomic = "ptr")]
use spin::Mutex;

/// A certificate chain, or a raw public key, and the private key that goes with it.
///
/// A handful of references: cheap to copy.
pub struct Identity<'a, P: CryptoProvider> {
    /// The chain in DER, end entity first; or the one SubjectPublicKeyInfo. It may stay in flash: it is never copied
    /// as a whole.
    pub certificate_chain: &'a [&'a [u8]],
    /// What `certificate_chain` holds.
    pub certificate_type: CertificateType,
    /// The private key.
    pub signer: &'a dyn Signer<P>,
    pub(crate) names: &'a [&'a str],
    pub(crate) ocsp_response: Option<&'a [u8]>,
    pub(crate) signed_certificate_timestamps: Option<&'a [u8]>,
}

impl<'a, P: CryptoProvider> Identity<'a, P> {
    /// An identity with an X.509 certificate: its chain in DER, end entity first. The trust anchor may be left out.
    pub const fn new(certificate_chain: &'a [&'a [u8]], signer: &'a dyn Signer<P>) -> Self {
        Self {
            certificate_chain,
            certificate_type: CertificateType::X509,
            signer,
            names: &[],
            ocsp_response: None,
            signed_certificate_timestamps: None,
        }
    }

    /// An identity that is a key and nothing else (RFC 7250): its SubjectPublicKeyInfo in DER.
    pub const fn raw_public_key(subject_public_key_info: &'a &'a [u8], signer: &'a dyn Signer<P>) -> Self {
        let chain = core::slice::from_ref(subject_public_key_info);
        Self { certificate_type: CertificateType::RAW_PUBLIC_KEY, ..Self::new(chain, signer) }
    }

    /// The host names that a server has this identity for; `*.` stands for one label. An identity without names is
    /// for all that no other identity has. If every identity has names and none is asked for, the first that suits the
    /// client is presented all the same, which leaves the verdict to the client; to refuse instead, with
    /// `unrecognized_name` (RFC 6066 3), choose by an [`IdentityChooser`].
    #[must_use]
    pub const fn with_names(self, names: &'a [&'a str]) -> Self {
        Self { names, ..self }
    }

    /// The OCSP response (DER) to staple to the end-entity certificate for peers that ask (RFC 9846 4.5.1.1).
    #[must_use]
    pub const fn with_ocsp_response(self, ocsp_response: &'a [u8]) -> Self {
        Self { ocsp_response: Some(ocsp_response), ..self }
    }

    /// The `SignedCertificateTimestampList` (RFC 6962 3.3), with its length of two bytes, for peers that ask.
    #[must_use]
    pub const fn with_signed_certificate_timestamps(self, list: &'a [u8]) -> Self {
        Self { signed_certificate_timestamps: Some(list), ..self }
    }

    /// The public key of the end entity: its SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] if the certificate cannot be read.
    pub fn subject_public_key_info(&self) -> Result<&'a [u8]> {
        let leaf: &[u8] = self.certificate_chain.first().copied().unwrap_or_default();
        public_key(self.certificate_type, leaf)
            .map_err(|_| Error::InvalidConfiguration(Misconfiguration::UnreadableCertificate))
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what| Err(Error::InvalidConfiguration(what));
        if self.certificate_chain.is_empty() {
            return wrong(Misconfiguration::NoCertificate);
        }
        if self.certificate_chain.iter().any(|certificate| certificate.is_empty()) {
            return wrong(Misconfiguration::EmptyCertificate);
        }
        check_certificate_types(&[self.certificate_type])?;
        if self.certificate_type != CertificateType::X509 && self.certificate_chain.len() != 1 {
            return wrong(Misconfiguration::ChainTooLong);
        }
        if self.ocsp_response.is_some_and(<[u8]>::is_empty) {
            return wrong(Misconfiguration::CertificateStatus);
        }
        if self.signed_certificate_timestamps.is_some_and(|list| SignedCertificateTimestamps::read(list).is_err()) {
            return wrong(Misconfiguration::CertificateTimestamps);
        }
        check_certificate_len(self.certificate_chain, self.ocsp_response, self.signed_certificate_timestamps)?;
        if !self.signer.schemes().iter().any(|scheme| scheme.signs_handshake()) {
            return wrong(Misconfiguration::CannotSignHandshakes);
        }
        self.subject_public_key_info().map(drop)
    }
}

impl<P: CryptoProvider> Clone for Identity<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: CryptoProvider> Copy for Identity<'_, P> {}

/// What the peer said that an identity may depend on.
pub struct IdentityRequest<'m> {
    /// On a server, the host name that the client asked for; on a client, the one it wants to talk to.
    pub server_name: Option<&'m str>,
    /// The schemes that the peer verifies in CertificateVerify (RFC 9846 4.3.3).
    pub signature_schemes: List<'m, SignatureScheme>,
    /// The schemes that the peer verifies in certificates.
    pub certificate_schemes: List<'m, SignatureScheme>,
    /// The certification authorities that the peer trusts, if it said so (RFC 9846 4.3.4).
    pub certificate_authorities: Option<CertificateAuthorities<'m>>,
    /// The types of certificate that the peer takes (RFC 7250).
    pub certificate_types: CertificateTypeList<'m>,
}

impl IdentityRequest<'_> {
    /// The scheme that `identity` would sign with: the first of its key that the peer verifies. `None` if there is
    /// none, or if the peer does not take this type of certificate.
    #[must_use]
    pub fn scheme_for<P: CryptoProvider>(&self, identity: &Identity<'_, P>) -> Option<SignatureScheme> {
        let mut schemes = identity.signer.schemes().iter().copied().filter(|scheme| scheme.signs_handshake());
        let scheme = schemes.find(|&scheme| self.signature_schemes.contains(scheme));
        scheme.filter(|_| self.certificate_types.contains(identity.certificate_type))
    }

    /// Whether one of the authorities that the peer named issued a certificate of the chain; true where it named none.
    #[must_use]
    pub fn is_issued_by_authority<P: CryptoProvider>(&self, identity: &Identity<'_, P>) -> bool {
        let Some(authorities) = self.certificate_authorities else { return true };
        if identity.certificate_type != CertificateType::X509 {
            return true;
        }
        let mut issuers = identity.certificate_chain.iter().filter_map(|certificate| x509::issuer(certificate).ok());
        issuers.any(|issuer| authorities.iter().any(|authority| authority == issuer))
    }

    /// Chooses as a configuration with a list does. Of the identities whose key and type suit the peer (and that have no
    /// signature with SHA-1 which it did not ask for), that is the first with, in this order of importance:
    ///
    /// * a name that the client asked for; else no names;
    /// * an issuer that the peer trusts, if it named some;
    /// * certificates signed in ways that the peer verifies.
    #[must_use]
    pub fn choose_from<'i, P: CryptoProvider>(&self, identities: &[Identity<'i, P>]) -> Option<Identity<'i, P>> {
        identities.get(self.position(identities)?).copied()
    }

    /// Where the one is that [`choose_from`](Self::choose_from) chooses.
    fn position<P: CryptoProvider>(&self, identities: &[Identity<'_, P>]) -> Option<usize> {
        let suits = |identity: &Identity<'_, P>| self.scheme_for(identity).is_some() && self.may_see(identity);
        if let [identity] = identities {
            return suits(identity).then_some(0);
        }
        let mut best = None;
        for (index, identity) in identities.iter().enumerate().filter(|(_, identity)| suits(identity)) {
            let rank = self.rank(identity);
            if best.is_none_or(|(_, best)| rank > best) {
                best = Some((index, rank));
            }
        }
        best.map(|(index, _)| index)
    }

    fn may_see<P: CryptoProvider>(&self, identity: &Identity<'_, P>) -> bool {
        let mut chain = identity.certificate_chain.iter();
        identity.certificate_type != CertificateType::X509
            || chain.all(|certificate| x509::may_be_presented(certificate, self.certificate_schemes))
    }

    fn rank<P: CryptoProvider>(&self, identity: &Identity<'_, P>) -> (u8, bool, bool) {
        let name = match self.server_name {
            Some(name) if identity.names.iter().any(|pattern| matches(pattern, name)) => 2,
            _ if identity.names.is_empty() => 1,
            _ => 0,
        };
        let chain = identity.certificate_chain.iter();
        let verifiable = identity.certificate_type != CertificateType::X509
            || chain.copied().all(|certificate| x509::is_signed_by_any(certificate, self.certificate_schemes));
        (name, self.is_issued_by_authority(identity), verifiable)
    }
}

/// Whether a name is the pattern, or `*.` stands for its first label (RFC 9525 6.3).
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// Chooses an identity for each connection, where a list does not say it all: certificates that are replaced while
/// connections run, names by the thousand, an answer from elsewhere.
pub trait IdentityChooser<P: CryptoProvider>: Sync {
    /// The identity to present; on a client, `None` to present none. While it is pending it is asked again, with the
    /// same request. The key of the answer must sign in a way that the peer verifies:
    /// [`scheme_for`](IdentityRequest::scheme_for).
    ///
    /// # Errors
    /// Whatever says best why the connection ends: its alert is sent.
    fn poll_choose<'s>(
        &'s self,
        provider: &mut P,
        request: &IdentityRequest<'_>,
    ) -> Poll<Result<Option<Identity<'s, P>>>>;

    /// As [`CryptoProvider::register_waker`]: a chooser that waits for something else than the provider overrides it.
    fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        provider.register_waker(waker)
    }
}

/// A list of identities that can be replaced while connections run. Handshakes under way keep what they have chosen.
///
/// A spin lock is held while the list is copied or replaced, a pointer and a length. **Not for interrupt handlers**: one
/// that interrupts the holder on the same core waits for ever. Set a flag there, and let the main loop replace.
///
/// It needs a processor with atomic compare-and-swap; an [`IdentityChooser`] of your own does not.
#[cfg(target_has_atomic = "ptr")]
pub struct RotatingIdentities<'a, P: CryptoProvider> {
    current: Mutex<&'a [Identity<'a, P>]>,
}

#[cfg(target_has_atomic = "ptr")]
impl<'a, P: CryptoProvider> RotatingIdentities<'a, P> {
    /// Begins with these.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] if one of them cannot work.
    pub fn new(identities: &'a [Identity<'a, P>]) -> Result<Self> {
        identities.iter().try_for_each(Identity::check)?;
        Ok(Self { current: Mutex::new(identities) })
    }

    /// From now on, these. Returns those that were.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] if one of them cannot work; then nothing has changed.
    pub fn replace(&self, identities: &'a [Identity<'a, P>]) -> Result<&'a [Identity<'a, P>]> {
        identities.iter().try_for_each(Identity::check)?;
        Ok(core::mem::replace(&mut *self.current.lock(), identities))
    }
}

#[cfg(target_has_atomic = "ptr")]
impl<P: CryptoProvider> IdentityChooser<P> for RotatingIdentities<'_, P> {
    fn poll_choose<'s>(&'s self, _: &mut P, request: &IdentityRequest<'_>) -> Poll<Result<Option<Identity<'s, P>>>> {
        let identities = *self.current.lock();
        Poll::Ready(Ok(request.choose_from(identities)))
    }
}

/// Where identities come from. Each comes with the functions that it needs, so that a client which is nobody links none of
/// them.
pub(crate) enum Identities<'a, P: CryptoProvider> {
    Nobody,
    List(&'a [Identity<'a, P>], ListFunctions<P>),
    Chooser(&'a dyn IdentityChooser<P>, Ask<P>),
}

/// What is done with a list: checking it, and choosing from it.
#[derive(Clone, Copy)]
pub(crate) struct ListFunctions<P: CryptoProvider> {
    check: for<'r, 'i> fn(&'r [Identity<'i, P>]) -> Result<()>,
    choose: Choose<P>,
}

/// Chooses from a list.
type Choose<P> =
    for<'r, 'm, 'i> fn(&'r IdentityRequest<'m>, &'r [Identity<'i, P>], &'r mut Option<ChosenIdentity<'i, P>>);

/// Asks a chooser.
type Ask<P> = for<'r, 'm, 'i> fn(
    &'i dyn IdentityChooser<P>,
    &'r mut P,
    &'r IdentityRequest<'m>,
    &'r mut Option<ChosenIdentity<'i, P>>,
) -> Poll<Result<()>>;

fn check_list<P: CryptoProvider>(list: &[Identity<'_, P>]) -> Result<()> {
    list.iter().try_for_each(Identity::check)
}

fn choose<'i, P: CryptoProvider>(
    request: &IdentityRequest<'_>,
    list: &[Identity<'i, P>],
    chosen: &mut Option<ChosenIdentity<'i, P>>,
) {
    let identity = request.position(list).and_then(|index| list.get(index));
    *chosen = identity.and_then(|&identity| ChosenIdentity::new(identity, request));
}

fn ask<'i, P: CryptoProvider>(
    chooser: &'i dyn IdentityChooser<P>,
    provider: &mut P,
    request: &IdentityRequest<'_>,
    chosen: &mut Option<ChosenIdentity<'i, P>>,
) -> Poll<Result<()>> {
    chooser.poll_choose(provider, request).map_ok(|identity| {
        *chosen = identity.and_then(|identity| ChosenIdentity::new(identity, request));
    })
}

impl<'a, P: CryptoProvider> Identities<'a, P> {
    pub(super) const fn list(identities: &'a [Identity<'a, P>]) -> Self {
        if identities.is_empty() {
            return Self::Nobody;
        }
        Self::List(identities, ListFunctions { check: check_list, choose })
    }

    pub(super) const fn chooser(chooser: &'a dyn IdentityChooser<P>) -> Self {
        Self::Chooser(chooser, ask)
    }
}

impl<P: CryptoProvider> Identities<'_, P> {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::List(list, functions) => (functions.check)(list),
            Self::Nobody | Self::Chooser(..) => Ok(()),
        }
    }
}

impl<P: CryptoProvider> Identities<'_, P> {
    /// Whether one of a list has a type that the peer takes. What a chooser could choose only it knows: it may.
    pub(crate) fn has_type_of(&self, types: CertificateTypeList<'_>) -> bool {
        match self {
            Self::List(list, _) => list.iter().any(|identity| types.contains(identity.certificate_type)),
            Self::Nobody => false,
            Self::Chooser(..) => true,
        }
    }

    pub(crate) fn register_waker(&self, provider: &mut P, waker: &Waker) -> bool {
        match self {
            Self::Nobody | Self::List(..) => provider.register_waker(waker),
            Self::Chooser(chooser, _) => chooser.register_waker(provider, waker),
        }
    }
}

impl<'a, P: CryptoProvider> Identities<'a, P> {
    /// Chooses the identity for this peer, if there is one, and the scheme it signs with. `chosen` is touched only then.
    pub(crate) fn poll_choose(
        &self,
        provider: &mut P,
        request: &IdentityRequest<'_>,
        chosen: &mut Option<ChosenIdentity<'a, P>>,
    ) -> Poll<Result<()>> {
        match self {
            Self::Nobody => {}
            Self::List(list, functions) => (functions.choose)(request, list, chosen),
            Self::Chooser(chooser, ask) => return ask(*chooser, provider, request, chosen),
        }
        Poll::Ready(Ok(()))
    }
}

/// What is left of an identity when it is chosen, and how it will be presented.
pub(crate) struct ChosenIdentity<'a, P: CryptoProvider> {
    pub(crate) certificate_chain: &'a [&'a [u8]],
    pub(crate) signer: &'a dyn Signer<P>,
    pub(crate) ocsp_response: Option<&'a [u8]>,
    pub(crate) signed_certificate_timestamps: Option<&'a [u8]>,
    pub(crate) certificate_type: CertificateType,
    pub(crate) scheme: SignatureScheme,
    /// [`poll_present`]: here, for the sake of clients that have no identity.
    pub(crate) poll_present: PollPresent<P>,
}

type PollPresent<P> = for<'s, 'x, 'c, 'a> fn(&'x mut Context<'c, 'a, P>, Presenting<'s>) -> Poll<Result<()>>;

impl<'a, P: CryptoProvider> ChosenIdentity<'a, P> {
    /// None, if the identity has no scheme that the peer verifies.
    fn new(identity: Identity<'a, P>, request: &IdentityRequest<'_>) -> Option<Self> {
        let scheme = request.scheme_for(&identity)?;
        Some(Self {
            certificate_chain: identity.certificate_chain,
            signer: identity.signer,
            ocsp_response: identity.ocsp_response,
            signed_certificate_timestamps: identity.signed_certificate_timestamps,
            certificate_type: identity.certificate_type,
            scheme,
            poll_present,
        })
    }
}

impl<P: CryptoProvider> Clone for ChosenIdentity<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: CryptoProvider> Copy for ChosenIdentity<'_, P> {}
