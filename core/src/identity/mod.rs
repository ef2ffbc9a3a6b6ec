//! Who we are: identities, and how one of them is chosen (RFC 9846 4.5.1.2).

mod choose;
mod client_hello;
mod present;
mod signed_content;

pub(crate) use choose::Identities;
pub use choose::IdentityChooser;
#[cfg(target_has_atomic = "ptr")]
pub use choose::RotatingIdentities;
pub use client_hello::{ClientHello, ProtocolChooser};
pub(crate) use present::{Asked, CertificateSender, ChosenIdentity, Presenting};
pub(crate) use signed_content::{Side, SignedContent};

use crate::codes::{CertificateType, ExtensionType, SignatureScheme};
use crate::crypto::{CryptoProvider, Signer, x509};
use crate::error::{Error, Incompatibility, Misconfiguration, PeerFault, Result};
use crate::wire::List;
use crate::wire::extensions::{
    CertificateAuthorities, CertificateTypeList, Extensions, SignatureSchemeList, SignedCertificateTimestamps,
};

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

    fn check(&self) -> Result<()> {
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
        present::check_certificate_len(self.certificate_chain, self.ocsp_response, self.signed_certificate_timestamps)?;
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
    /// On a server, all that the client offers.
    pub client_hello: Option<ClientHello<'m>>,
}

impl<'m> IdentityRequest<'m> {
    /// Of a peer that wants no certificate.
    pub(crate) const fn none(server_name: Option<&'m str>) -> Self {
        Self {
            server_name,
            signature_schemes: List::NONE,
            certificate_schemes: List::NONE,
            certificate_authorities: None,
            certificate_types: CertificateTypeList::X509,
            client_hello: None,
        }
    }

    /// What a ClientHello or a CertificateRequest says of the certificate it wants.
    pub(crate) fn read(
        server_name: Option<&'m str>,
        extensions: Extensions<'m>,
        certificate_types: CertificateTypeList<'m>,
    ) -> Result<Self> {
        let schemes = extensions.get(ExtensionType::SIGNATURE_ALGORITHMS, SignatureSchemeList::read)?;
        let missing = match extensions.find(ExtensionType::PRE_SHARED_KEY) {
            Some(_) => Error::Incompatible(Incompatibility::NoSignatureScheme),
            None => Error::Peer(PeerFault::MissingExtension),
        };
        let signature_schemes = schemes.ok_or(missing)?.supported_signature_algorithms;
        let for_certificates = extensions.get(ExtensionType::SIGNATURE_ALGORITHMS_CERT, SignatureSchemeList::read)?;
        Ok(Self {
            server_name,
            signature_schemes,
            certificate_schemes: for_certificates.map_or(signature_schemes, |list| list.supported_signature_algorithms),
            certificate_authorities: extensions
                .get(ExtensionType::CERTIFICATE_AUTHORITIES, CertificateAuthorities::read)?,
            certificate_types,
            client_hello: None,
        })
    }
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

    /// Chooses as a configuration with a list does. Of the identities whose key and type suit the peer (and that have
    /// no signature with SHA-1 which it did not ask for), that is the first with, in this order of importance:
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

/// The SubjectPublicKeyInfo in what a CertificateEntry holds.
pub(crate) fn public_key(certificate_type: CertificateType, data: &[u8]) -> Result<&[u8]> {
    if certificate_type == CertificateType::RAW_PUBLIC_KEY {
        x509::check_subject_public_key_info(data)?;
        return Ok(data);
    }
    x509::subject_public_key_info(data)
}

/// Checks a list of types of certificate.
pub(crate) fn check_certificate_types(types: &[CertificateType]) -> Result<()> {
    let known = |kind: &CertificateType| matches!(*kind, CertificateType::X509 | CertificateType::RAW_PUBLIC_KEY);
    if types.is_empty() || !types.iter().all(known) || has_duplicates(types) {
        return Err(Error::InvalidConfiguration(Misconfiguration::CertificateTypes));
    }
    Ok(())
}

/// What is offered must not be offered twice (RFC 9846 4.3.7, 4.3.8).
pub(crate) fn has_duplicates<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(index, item)| list.iter().take(index).any(|earlier| earlier == item))
}
