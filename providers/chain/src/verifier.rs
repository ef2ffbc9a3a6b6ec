//! The verifier.

use crate::algorithm::Question;
use crate::certificate::{Purpose, check, content};
use crate::distrusted;
use crate::validity::Validity;
use core::fmt;
use core::ptr;
use core::task::{Poll, ready};
use rustls_pki_types::{ServerName, TrustAnchor};
use saitls_core::codes::{CertificateType, SignatureScheme};
#[cfg(feature = "tickets")]
use saitls_core::crypto::TrustFingerprint;
use saitls_core::crypto::x509::{self, Certificate};
use saitls_core::crypto::{Clock, CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, VerificationProgress};
use saitls_core::error::{CertificateFault, Error, Misconfiguration, Result};

/// How many intermediate certificates of a peer are looked at, if nobody says otherwise.
pub const DEFAULT_MAX_INTERMEDIATES: usize = 3;

/// The most that can be said.
pub const MAX_INTERMEDIATES: usize = 6;

/// The name that a server's certificate must be for.
#[derive(Clone, Copy)]
enum ExpectedName<'a> {
    /// The one that the connection is to.
    OfConnection,
    /// This one instead.
    Other(&'a ServerName<'a>),
    /// Any, or none.
    Any,
}

/// Verifies that each certificate of a peer is signed by the next one and the last by a trust anchor, that the chain is
/// meant for this use, and, on a client, is for the name of the server.
///
/// A handful of references: cheap to copy. The [crate](crate) says what is checked.
#[derive(Clone, Copy)]
pub struct ChainVerifier<'a> {
    anchors: &'a [TrustAnchor<'a>],
    clock: Option<&'a dyn Clock>,
    max_intermediates: usize,
    expected_name: ExpectedName<'a>,
}

/// Whether a signature is valid, or what is wrong with it.
type Verdict = Result<(), CertificateFault>;

impl<'a> ChainVerifier<'a> {
    /// A verifier that trusts these anchors, and takes certificates to be valid at the time the clock says.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] without trust anchors.
    pub const fn new(anchors: &'a [TrustAnchor<'a>], clock: &'a dyn Clock) -> Result<Self> {
        Self::with(anchors, Some(clock))
    }

    /// A verifier for devices that never know the time: it does **not** check that certificates are valid now, only
    /// that there was a time at which all of the chain were. A stolen key of an expired certificate is as good as a new
    /// one to it.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub const fn ignoring_validity(anchors: &'a [TrustAnchor<'a>]) -> Result<Self> {
        Self::with(anchors, None)
    }

    const fn with(anchors: &'a [TrustAnchor<'a>], clock: Option<&'a dyn Clock>) -> Result<Self> {
        if anchors.is_empty() {
            return Err(Error::InvalidConfiguration(Misconfiguration::NoTrustAnchors));
        }
        let max_intermediates = DEFAULT_MAX_INTERMEDIATES;
        Ok(Self { anchors, clock, max_intermediates, expected_name: ExpectedName::OfConnection })
    }

    /// How many intermediate certificates are looked at: the first ones that the peer sent. Without this,
    /// [`DEFAULT_MAX_INTERMEDIATES`]; never more than [`MAX_INTERMEDIATES`].
    #[must_use]
    pub const fn with_max_intermediates(mut self, max: usize) -> Self {
        self.max_intermediates = if max < MAX_INTERMEDIATES { max } else { MAX_INTERMEDIATES };
        self
    }

    /// Servers must be for this name, whatever name the connection is to: for a server that is reached by an address or
    /// an alias, through a tunnel, or behind a proxy, while its certificate has one name that you know. All else is
    /// checked as ever.
    ///
    /// A connection needs no name then; if it has one, it is still asked for (`server_name`). The name of the
    /// connection counts as verified only if it is this one. Who authenticates clients checks no names, with this or
    /// without.
    ///
    /// ```
    /// # use saitls_chain::*;
    /// # fn f(anchors: &[TrustAnchor<'_>], clock: &dyn Clock) -> saitls_core::Result<()> {
    /// let name = ServerName::try_from("gateway.example").expect("a name");
    /// let trust = ChainVerifier::new(anchors, clock)?.expecting_server_name(&name);
    /// # let _ = trust; Ok(()) }
    /// ```
    #[must_use]
    pub const fn expecting_server_name(mut self, name: &'a ServerName<'a>) -> Self {
        self.expected_name = ExpectedName::Other(name);
        self
    }

    /// Servers may be for any name, or for none; all else is checked as ever.
    ///
    /// **Dangerous** with authorities that certify others than your servers: whoever has any certificate of theirs can
    /// be the server. It is for an authority of your own that certifies nothing but the servers (or devices) that may
    /// stand here, such as devices whose certificates have no names.
    #[must_use]
    pub const fn ignoring_server_name(mut self) -> Self {
        self.expected_name = ExpectedName::Any;
        self
    }

    /// Notes what the answers of a verification rest on, and when it takes place: the time of the first call is that of
    /// all, since the certificates that are looked at decide on which signatures are asked for.
    fn begin<P: CryptoProvider>(&self, progress: &mut VerificationProgress<P>) -> Result<Validity> {
        let clock = self.clock.map_or(0, |clock| ptr::from_ref(clock).addr());
        // The last one tells it from verifiers of another kind, which ask in another order.
        let verifier =
            [self.anchors.as_ptr().addr(), self.anchors.len(), clock, self.max_intermediates, 0, 0, usize::MAX];
        let now = || self.clock.map_or(Ok(0), |clock| Ok(clock.now()?.as_secs()));
        let time = progress.begin(verifier, now)?;
        Ok(Validity::at(self.clock.map(|_| time)))
    }

    /// The name that the peer's certificate must be for, if that is asked.
    fn wanted_name<'n>(&self, peer: &PeerCertificates<'n>) -> Result<Option<&'n ServerName<'n>>, CertificateFault>
    where
        'a: 'n,
    {
        match (peer.role, self.expected_name) {
            (PeerRole::Client, _) | (PeerRole::Server, ExpectedName::Any) => Ok(None),
            (PeerRole::Server, ExpectedName::OfConnection) => {
                peer.server_name.map(Some).ok_or(CertificateFault::Unknown)
            }
            (PeerRole::Server, ExpectedName::Other(name)) => Ok(Some(name)),
        }
    }

    /// Checks what can be seen of the certificate with this index, and that somebody has the name of its issuer.
    #[inline(never)]
    fn look_at<'p>(
        &self,
        peer: &PeerCertificates<'p>,
        index: usize,
        purpose: &Purpose<'_>,
        validity: &mut Validity,
    ) -> Result<Link<'p>, CertificateFault> {
        let bytes = certificate_of(peer, index).ok_or(CertificateFault::Bad)?;
        let certificate = Certificate::read(bytes)?;
        let issuer = content(certificate.issuer)?;
        let next = certificate_of(peer, index.saturating_add(1));
        let is_last = index >= self.max_intermediates;
        let has_its_name = |other: &&[u8]| x509::subject(other) == Ok(certificate.issuer);
        let issuer_by_name = next.filter(|next| !is_last && has_its_name(next));
        // A path that leads back to the peer itself, name and key, comes from nowhere (RFC 4158 5.2).
        let is_next_issuer = issuer_by_name.is_some_and(|next| {
            x509::subject_public_key_info(next) != Ok(peer.subject_public_key_info)
                || !certificate_of(peer, 0).as_ref().is_some_and(has_its_name)
        });
        if !is_next_issuer && !self.anchors.iter().any(|anchor| anchor.subject.as_ref() == issuer) {
            let is_too_long = is_last && next.is_some();
            let fault = if is_too_long { CertificateFault::ChainTooLong } else { CertificateFault::UnknownIssuer };
            return Err(self.explain(fault, index, peer));
        }
        check(&certificate, index, purpose, validity)?;
        Ok(Link { certificate: bytes, issuer, is_next_issuer })
    }

    /// Why nobody signed the certificate with this index: perhaps because it is the peer's and signed by itself, as it
    /// looks with only one name in it, and no anchor has its key. One by an authority of the same name looks so, too.
    #[inline(never)]
    fn explain(&self, fault: CertificateFault, index: usize, peer: &PeerCertificates<'_>) -> CertificateFault {
        let leaf = certificate_of(peer, index).filter(|_| index == 0);
        let is_self_issued = leaf.is_some_and(|leaf| x509::is_self_issued(leaf) == Ok(true));
        // An anchor has its key without the tag and the length in front.
        let key = peer.subject_public_key_info;
        let is_anchor = self.anchors.iter().any(|anchor| key.ends_with(&anchor.subject_public_key_info));
        if is_self_issued && !is_anchor { CertificateFault::SelfSigned } else { fault }
    }
}

/// A certificate and who has issued it.
struct Link<'p> {
    certificate: &'p [u8],
    /// The name of the issuer: the content of its sequence.
    issuer: &'p [u8],
    /// Whether the next certificate is for that name.
    is_next_issuer: bool,
}

/// The certificate of a peer with this index.
#[inline(never)]
fn certificate_of<'p>(peer: &PeerCertificates<'p>, index: usize) -> Option<&'p [u8]> {
    peer.chain.iter().nth(index).map(|entry| entry.data)
}

/// The certificate with this index, and the content of the SubjectPublicKeyInfo of the next one.
#[inline(never)]
fn pair<'p>(peer: &PeerCertificates<'p>, index: usize) -> Result<(&'p [u8], &'p [u8]), CertificateFault> {
    let [certificate, issuer] = [index, index.saturating_add(1)].map(|index| certificate_of(peer, index));
    let issuer = Certificate::read(issuer.ok_or(CertificateFault::Bad)?)?;
    Ok((certificate.ok_or(CertificateFault::Bad)?, content(issuer.subject_public_key_info)?))
}

/// Whether a path may end at an anchor that has signed.
fn check_anchor(anchor: &TrustAnchor<'_>) -> Verdict {
    distrusted::check(&anchor.subject_public_key_info)?;
    if anchor.name_constraints.is_some() { Err(CertificateFault::UnsupportedConstraint) } else { Ok(()) }
}

/// The signatures of a chain, in the order in which they are asked for.
struct Signatures<'s, P: CryptoProvider> {
    provider: &'s mut P,
    progress: &'s mut VerificationProgress<P>,
    offered: &'s [SignatureScheme],
    asked: usize,
}

impl<P: CryptoProvider> Signatures<'_, P> {
    /// Whether a certificate is signed with the key with this content of its SubjectPublicKeyInfo: an answer of before,
    /// or a new one.
    ///
    /// # Errors
    /// What says that a device failed, or that there are too many.
    #[inline(never)]
    fn poll(&mut self, certificate: &[u8], key: &[u8]) -> Poll<Result<Verdict>> {
        let Question { algorithm, public_key, message, signature } =
            match Question::new::<P>(certificate, key, self.offered) {
                Ok(question) => question,
                Err(fault) => return Poll::Ready(Ok(Err(fault))),
            };
        let is_valid = match self.progress.answers().get(self.asked) {
            Some(answer) => answer,
            None => ready!(self.progress.poll_next(self.provider, algorithm, public_key, message, signature))?,
        };
        self.asked = self.asked.saturating_add(1);
        let why = self.progress.unusable_key().unwrap_or(CertificateFault::Bad);
        Poll::Ready(Ok(if is_valid { Ok(()) } else { Err(why) }))
    }
}

impl<P: CryptoProvider> PeerVerifier<P> for ChainVerifier<'_> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        if peer.certificate_type != CertificateType::X509 {
            return Poll::Ready(Err(CertificateFault::Unsupported.into()));
        }
        let mut validity = self.begin(progress)?;
        let purpose = Purpose { role: peer.role, name: self.wanted_name(peer)? };
        let mut signatures = Signatures { provider, progress, offered: peer.signature_schemes, asked: 0 };
        // Up to what an anchor has signed. Whatever else there is to check costs little beside a signature, and comes
        // first.
        let mut top = 0usize;
        'up: loop {
            let Link { certificate, issuer, is_next_issuer } = self.look_at(peer, top, &purpose, &mut validity)?;
            // What is wrong with the anchors of the right name, and how much that says.
            let (mut fault, mut weight) = (CertificateFault::Unsupported, 0u8);
            for anchor in self.anchors.iter().filter(|anchor| anchor.subject.as_ref() == issuer) {
                let verdict = ready!(signatures.poll(certificate, &anchor.subject_public_key_info))?;
                let has_signed = verdict.is_ok();
                let Err(other) = verdict.and_then(|()| check_anchor(anchor)) else { break 'up };
                let other_weight = match other {
                    _ if has_signed => 3,
                    CertificateFault::Bad => 2,
                    // Its key is of another kind than the signature.
                    CertificateFault::Unsupported => 0,
                    _ => 1,
                };
                if other_weight > weight {
                    (fault, weight) = (other, other_weight);
                }
            }
            if !is_next_issuer {
                return Poll::Ready(Err(self.explain(fault, top, peer).into()));
            }
            top = top.saturating_add(1);
        }
        // And down again, so that nothing is verified that no anchor vouches for.
        while let Some(index) = top.checked_sub(1) {
            let (certificate, issuer_key) = pair(peer, index)?;
            ready!(signatures.poll(certificate, issuer_key))??;
            top = index;
        }
        progress.server_name_verified = purpose.name.is_some() && purpose.name == peer.server_name;
        Poll::Ready(Ok(()))
    }

    fn needs_server_name(&self) -> bool {
        matches!(self.expected_name, ExpectedName::OfConnection)
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        let (kind, name): (u8, &[u8]) = match self.expected_name {
            ExpectedName::OfConnection => (0, &[]),
            ExpectedName::Other(name) => (1, TrustFingerprint::name(name)),
            ExpectedName::Any => (2, &[]),
        };
        let rules = [kind, u8::from(self.clock.is_some()), u8::try_from(self.max_intermediates).unwrap_or(u8::MAX)];
        let anchors = self.anchors.iter().flat_map(|anchor| {
            let constraints = anchor.name_constraints.as_ref().map(AsRef::<[u8]>::as_ref).unwrap_or_default();
            [anchor.subject.as_ref(), anchor.subject_public_key_info.as_ref(), constraints]
        });
        TrustFingerprint::of(provider, [&rules[..], name].into_iter().chain(anchors)).map(Some)
    }
}

impl fmt::Debug for ChainVerifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ChainVerifier");
        debug.field("anchors", &self.anchors.len()).field("max_intermediates", &self.max_intermediates);
        debug.field("checks_validity", &self.clock.is_some());
        match self.expected_name {
            ExpectedName::OfConnection => debug.finish_non_exhaustive(),
            ExpectedName::Other(name) => debug.field("expected_name", name).finish_non_exhaustive(),
            ExpectedName::Any => debug.field("checks_name", &false).finish_non_exhaustive(),
        }
    }
}
