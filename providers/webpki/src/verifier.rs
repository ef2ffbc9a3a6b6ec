//! The verifier.

use crate::algorithms::{ALGORITHMS, COUNT};
use crate::anchors::NO_ANCHORS;
use crate::errors::from_webpki;
use crate::recorder::{Place, Question, Recorded, Recorder};
#[cfg(feature = "crl")]
use crate::revocation::Revocation;
use core::fmt;
use core::ptr;
use core::task::{Poll, ready};
use core::time::Duration;
use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use saitls_core::codes::CertificateType;
#[cfg(feature = "tickets")]
use saitls_core::crypto::TrustFingerprint;
use saitls_core::crypto::{
    Clock, CryptoProvider, PeerCertificates, PeerRole, PeerVerifier, VerificationProgress, x509,
};
use saitls_core::error::{CertificateFault, Error, Result};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

/// How many intermediate certificates of a peer are looked at, if nobody says otherwise.
pub const DEFAULT_MAX_INTERMEDIATES: usize = 3;

/// The most that can be said: the library builds no path with more. The number of paths to be tried grows with the
/// factorial of this.
pub const MAX_INTERMEDIATES: usize = 6;

/// When certificates are to be valid.
#[derive(Clone, Copy)]
enum Validity<'a> {
    /// At the time that the clock says.
    Now(&'a dyn Clock),
    /// At any one time: [`ChainVerifier::later`], which verifiers with a clock do not link, since it comes from here.
    Ever(Later),
}

/// The next time to look at a chain.
type Later = fn(&ChainVerifier<'_>, &webpki::Error, &PeerCertificates<'_>, u64) -> Option<u64>;

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

/// Verifies that a chain of X.509 certificates leads to a trust anchor, is meant for this use, and, on a client, is
/// for the name of the server.
///
/// A handful of references: cheap to copy. The [crate](crate) says what is checked.
#[derive(Clone, Copy)]
pub struct ChainVerifier<'a> {
    anchors: &'a [TrustAnchor<'a>],
    validity: Validity<'a>,
    max_intermediates: usize,
    expected_name: ExpectedName<'a>,
    #[cfg(feature = "crl")]
    revocation: Option<Revocation<'a>>,
}

impl<'a> ChainVerifier<'a> {
    /// A verifier that trusts these anchors, and takes certificates to be valid at the time the clock says.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] without trust anchors.
    pub const fn new(anchors: &'a [TrustAnchor<'a>], clock: &'a dyn Clock) -> Result<Self> {
        Self::with(anchors, Validity::Now(clock))
    }

    /// A verifier for devices that never know the time: it does **not** check that certificates are valid now, only
    /// that there was a time at which all of the chain were. A stolen key of an expired certificate is as good as a new
    /// one to it.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub const fn ignoring_validity(anchors: &'a [TrustAnchor<'a>]) -> Result<Self> {
        Self::with(anchors, Validity::Ever(Self::later))
    }

    const fn with(anchors: &'a [TrustAnchor<'a>], validity: Validity<'a>) -> Result<Self> {
        if anchors.is_empty() {
            return Err(NO_ANCHORS);
        }
        Ok(Self {
            anchors,
            validity,
            max_intermediates: DEFAULT_MAX_INTERMEDIATES,
            expected_name: ExpectedName::OfConnection,
            #[cfg(feature = "crl")]
            revocation: None,
        })
    }

    /// How many intermediate certificates are looked at: the first ones that the peer sent. Without this,
    /// [`DEFAULT_MAX_INTERMEDIATES`]; never more than [`MAX_INTERMEDIATES`].
    #[must_use]
    pub const fn with_max_intermediates(mut self, max: usize) -> Self {
        self.max_intermediates = if max < MAX_INTERMEDIATES { max } else { MAX_INTERMEDIATES };
        self
    }

    /// Servers must be for this name, whatever name the connection is to: what `-verify_hostname` of `openssl s_client`
    /// and `--verify-hostname` of `gnutls-cli` are. For a server that is reached by an address or an alias, through a
    /// tunnel, or behind a proxy, while its certificate has one name that you know. All else is checked as ever.
    ///
    /// A connection needs no name then; if it has one, it is still asked for (`server_name`). The name of the
    /// connection counts as verified only if it is this one. Who authenticates clients checks no names, with this or
    /// without.
    ///
    /// ```
    /// # use saitls_webpki::*;
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
    /// be the server. With the authorities of the web that is everybody. It is for an authority of your own that
    /// certifies nothing but the servers (or devices) that may stand here, such as devices whose certificates have no
    /// names.
    #[must_use]
    pub const fn ignoring_server_name(mut self) -> Self {
        self.expected_name = ExpectedName::Any;
        self
    }

    /// Checks that certificates were not revoked; without this, nobody asks. A session that comes back shows no
    /// certificate: it is resumed as long as lists and policy are those that it began with, and with newer lists not.
    #[cfg(feature = "crl")]
    #[must_use]
    pub const fn with_revocation(mut self, revocation: Revocation<'a>) -> Self {
        self.revocation = Some(revocation);
        self
    }

    /// `edition` tells verifiers apart that take turns at one verification.
    pub(crate) fn poll_verify<P: CryptoProvider>(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
        edition: usize,
    ) -> Poll<Result<()>> {
        check_end_entity(peer)?;
        let mut time = progress.begin(self.identity(edition), || match self.validity {
            Validity::Now(clock) => Ok(clock.now()?.as_secs()),
            Validity::Ever(_) => Ok(0),
        })?;
        'run: loop {
            let recorder = Recorder::new(progress.answers());
            let outcome = self.run::<P>(peer, UnixTime::since_unix_epoch(Duration::from_secs(time)), &recorder);
            for question in recorder.questions() {
                if !ready!(self.poll_answer(provider, progress, peer, &question))? {
                    continue 'run;
                }
            }
            if !recorder.is_complete() {
                continue;
            }
            // All that the run rests on is true.
            match outcome {
                Ok(()) => {
                    check_key_usage(leaf(peer)?)?;
                    progress.server_name_verified = self.verifies_name_of(peer);
                    return Poll::Ready(Ok(()));
                }
                Err(error) => {
                    let later = match self.validity {
                        Validity::Now(_) => None,
                        Validity::Ever(later) => later(self, &error, peer, time),
                    };
                    match later {
                        Some(later) => {
                            progress.begin_again(later);
                            time = later;
                        }
                        None => return Poll::Ready(Err(self.explain(&error, progress, peer).into())),
                    }
                }
            }
        }
    }

    /// Without a clock, the next time to look at what was not valid all at once: the earliest at which all of a path
    /// are is the first second of one of them.
    fn later(
        verifier: &ChainVerifier<'_>,
        error: &webpki::Error,
        peer: &PeerCertificates<'_>,
        time: u64,
    ) -> Option<u64> {
        if !matches!(error, webpki::Error::CertNotValidYet { .. } | webpki::Error::CertExpired { .. }) {
            return None;
        }
        // The library says from when on a certificate is valid when it is asked for a path from there.
        let first_second_after = |certificate: &[u8]| {
            let certificate = CertificateDer::from(certificate);
            let end_entity = EndEntityCert::try_from(&certificate).ok()?;
            let (now, usage) = (UnixTime::since_unix_epoch(Duration::from_secs(time)), KeyUsage::server_auth());
            match end_entity.verify_for_usage(&[], verifier.anchors, &[], now, usage, None, None) {
                Err(webpki::Error::CertNotValidYet { not_before, .. }) => Some(not_before.as_secs()),
                _ => None,
            }
        };
        let looked_at = peer.chain.iter().take(verifier.max_intermediates.saturating_add(1));
        looked_at.filter_map(|entry| first_second_after(entry.data)).min()
    }

    /// What tells this verifier from every other one that exists at the same time.
    fn identity(&self, edition: usize) -> [usize; 7] {
        let clock = match self.validity {
            Validity::Now(clock) => ptr::from_ref(clock).addr(),
            Validity::Ever(_) => 0,
        };
        let anchors = self.anchors.as_ptr().addr();
        #[cfg(feature = "crl")]
        let [lists, count, policy] = self.revocation.as_ref().map_or([0; 3], Revocation::identity);
        #[cfg(not(feature = "crl"))]
        let [lists, count, policy] = [0; 3];
        [anchors, self.anchors.len(), clock, self.max_intermediates, lists, count.wrapping_shl(2) | policy, edition]
    }

    /// One run of the library against the answers so far. Own frame, which is gone while a signature is
    /// verified.
    #[inline(never)]
    fn run<P: CryptoProvider>(
        &self,
        peer: &PeerCertificates<'_>,
        time: UnixTime,
        recorder: &Recorder,
    ) -> Result<(), webpki::Error> {
        let mut indices = 0..COUNT;
        let recorded = ALGORITHMS.each_ref().map(|algorithm| {
            let index = indices.next().unwrap_or(COUNT);
            Recorded { algorithm, index, recorder }
        });
        let [first, ..] = &recorded;
        let mut algorithms: [&dyn SignatureVerificationAlgorithm; COUNT] = [first; COUNT];
        let acceptable =
            recorded.iter().filter(|recorded| recorded.algorithm.is_acceptable::<P>(peer.signature_schemes));
        let mut count = 0usize;
        for (slot, recorded) in algorithms.iter_mut().zip(acceptable) {
            *slot = recorded;
            count = count.saturating_add(1);
        }
        let algorithms = algorithms.get(..count).unwrap_or(&[]);
        #[cfg(feature = "crl")]
        if let Some(revocation) = &self.revocation {
            return revocation.with_options(|options| self.check(peer, time, algorithms, Some(options)));
        }
        self.check(peer, time, algorithms, None)
    }

    fn check(
        &self,
        peer: &PeerCertificates<'_>,
        time: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        revocation: Option<webpki::RevocationOptions<'_>>,
    ) -> Result<(), webpki::Error> {
        let mut entries = peer.chain.iter();
        let leaf = CertificateDer::from(entries.next().ok_or(webpki::Error::BadDer)?.data);
        let end_entity = EndEntityCert::try_from(&leaf)?;
        let mut intermediates = [const { CertificateDer::from_slice(&[]) }; MAX_INTERMEDIATES];
        let mut count = 0usize;
        for (slot, entry) in intermediates.iter_mut().take(self.max_intermediates).zip(entries) {
            *slot = CertificateDer::from(entry.data);
            count = count.saturating_add(1);
        }
        let intermediates = intermediates.get(..count).unwrap_or(&[]);
        let usage = match peer.role {
            PeerRole::Server => KeyUsage::server_auth(),
            PeerRole::Client => KeyUsage::client_auth(),
        };
        let anchors = self.anchors;
        let authorities: &dyn Fn(&VerifiedPath<'_>) -> _ = &check_authorities;
        end_entity.verify_for_usage(algorithms, anchors, intermediates, time, usage, revocation, Some(authorities))?;
        let name = match (peer.role, self.expected_name) {
            (PeerRole::Client, _) | (PeerRole::Server, ExpectedName::Any) => return Ok(()),
            (PeerRole::Server, ExpectedName::OfConnection) => peer.server_name,
            (PeerRole::Server, ExpectedName::Other(name)) => Some(name),
        };
        end_entity.verify_is_valid_for_subject_name(name.ok_or(webpki::Error::UnsupportedNameType)?)
    }

    /// Whether the name that a good certificate is for is the one of the connection.
    fn verifies_name_of(&self, peer: &PeerCertificates<'_>) -> bool {
        match (peer.role, self.expected_name) {
            (PeerRole::Client, _) | (PeerRole::Server, ExpectedName::Any) => false,
            (PeerRole::Server, ExpectedName::OfConnection) => true,
            (PeerRole::Server, ExpectedName::Other(name)) => peer.server_name == Some(name),
        }
    }

    /// Whether a connection must have a name.
    pub(crate) const fn needs_server_name(&self) -> bool {
        matches!(self.expected_name, ExpectedName::OfConnection)
    }

    fn poll_answer<P: CryptoProvider>(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
        question: &Question,
    ) -> Poll<Result<bool>> {
        let find = |place| self.find(place, peer).ok_or(Error::Internal);
        let (key, message, signature) =
            (find(question.public_key)?, find(question.message)?, find(question.signature)?);
        progress.poll_next(provider, question.algorithm, key, message, signature)
    }

    /// The bytes of a place. Keys are the anchors' or stand in the chain, where all else is, revocation lists excepted.
    #[inline(never)]
    fn find<'p>(&'p self, place: Place, peer: &PeerCertificates<'p>) -> Option<&'p [u8]> {
        let anchors = self.anchors.iter().map(|anchor| anchor.subject_public_key_info.as_ref());
        let mut all = peer.chain.iter().map(|entry| entry.data).chain(anchors).chain(self.revocation_lists());
        all.find_map(|bytes| place.within(bytes))
    }

    #[cfg(feature = "crl")]
    fn revocation_lists(&self) -> impl Iterator<Item = &'a [u8]> {
        self.revocation.iter().flat_map(|revocation| revocation.lists).copied()
    }

    #[cfg(not(feature = "crl"))]
    fn revocation_lists(&self) -> impl Iterator<Item = &'a [u8]> {
        core::iter::empty()
    }

    /// The error that helps most.
    fn explain<P: CryptoProvider>(
        &self,
        error: &webpki::Error,
        progress: &VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> CertificateFault {
        let some_left_out = peer.chain.iter().count() > self.max_intermediates.saturating_add(1);
        match (from_webpki(error), progress.unusable_key()) {
            (CertificateFault::Bad, Some(why)) => why,
            (general, _) if self.has_no_issuer(general, error, peer) && self.is_self_signed_stranger(peer) => {
                CertificateFault::SelfSigned
            }
            (CertificateFault::UnknownIssuer, _) if some_left_out => CertificateFault::ChainTooLong,
            #[cfg(feature = "explain")]
            (other, _) => crate::explain::explain(error, other, peer, self.anchors),
            #[cfg(not(feature = "explain"))]
            (other, _) => other,
        }
    }

    /// Whether a chain was refused because nobody issued the peer's certificate, or nobody has the name of who did.
    #[cfg_attr(not(feature = "explain"), allow(unused_variables, clippy::unused_self, reason = "what is done without"))]
    fn has_no_issuer(&self, general: CertificateFault, error: &webpki::Error, peer: &PeerCertificates<'_>) -> bool {
        let is_missing = general == CertificateFault::UnknownIssuer;
        // What small images do without: they say what else is wrong.
        #[cfg(feature = "explain")]
        let is_missing = is_missing
            || matches!(error, webpki::Error::InvalidSignatureForPublicKey)
            || !crate::explain::has_issuer_by_name(peer, self.anchors);
        is_missing
    }

    /// Whether the peer's certificate, which was refused, looks signed by itself, and no anchor has its key. One by an
    /// issuer of the same name looks so, too.
    #[inline(never)]
    fn is_self_signed_stranger(&self, peer: &PeerCertificates<'_>) -> bool {
        // To tell it from one by an unknown issuer of the same name takes 400 bytes of flash.
        let looks_self_signed = if cfg!(feature = "explain") { x509::is_self_signed } else { x509::is_self_issued };
        let is_self_signed = leaf(peer).and_then(looks_self_signed).unwrap_or(false);
        // An anchor has its key without the tag and the length in front.
        let key = peer.subject_public_key_info;
        is_self_signed && !self.anchors.iter().any(|anchor| key.ends_with(&anchor.subject_public_key_info))
    }
}

fn leaf<'p>(peer: &PeerCertificates<'p>) -> Result<&'p [u8]> {
    peer.chain.leaf().map(|leaf| leaf.data).ok_or(Error::Certificate(CertificateFault::Bad))
}

/// Whether the end entity is one that a chain can say anything about.
fn check_end_entity(peer: &PeerCertificates<'_>) -> Result<()> {
    if peer.certificate_type != CertificateType::X509 {
        return Err(CertificateFault::Unsupported.into());
    }
    leaf(peer).map(drop)
}

/// Whether the key of an end entity may sign handshakes (RFC 9846 4.5.1.2), which the library does not check.
fn check_key_usage(leaf: &[u8]) -> Result<()> {
    match x509::key_usage(leaf)? {
        Some(usage) if !usage.digital_signature() => Err(CertificateFault::Purpose.into()),
        _ => Ok(()),
    }
}

/// Whether all intermediates of a path may sign certificates (RFC 5280 6.1.4 n), which the library does not check.
fn check_authorities(path: &VerifiedPath<'_>) -> Result<(), webpki::Error> {
    for authority in path.intermediate_certificates() {
        match x509::key_usage(&authority.der()) {
            Ok(Some(usage)) if !usage.key_cert_sign() => return Err(webpki::Error::EndEntityUsedAsCa),
            Ok(_) => {}
            Err(_) => return Err(webpki::Error::BadDer),
        }
    }
    Ok(())
}

impl<P: CryptoProvider> PeerVerifier<P> for ChainVerifier<'_> {
    fn poll_verify(
        &self,
        provider: &mut P,
        progress: &mut VerificationProgress<P>,
        peer: &PeerCertificates<'_>,
    ) -> Poll<Result<()>> {
        self.poll_verify(provider, progress, peer, 0)
    }

    fn needs_server_name(&self) -> bool {
        Self::needs_server_name(self)
    }

    #[cfg(feature = "tickets")]
    fn fingerprint(&self, provider: &mut P) -> Result<Option<TrustFingerprint>> {
        let (kind, name): (u8, &[u8]) = match self.expected_name {
            ExpectedName::OfConnection => (0, &[]),
            ExpectedName::Other(name) => (1, TrustFingerprint::name(name)),
            ExpectedName::Any => (2, &[]),
        };
        #[cfg(feature = "crl")]
        let revocation = self.revocation.as_ref();
        #[cfg(feature = "crl")]
        let policy = revocation.map_or(0, |revocation| revocation.policy().saturating_add(1));
        #[cfg(not(feature = "crl"))]
        let policy = 0;
        let rules = [
            kind,
            u8::from(matches!(self.validity, Validity::Now(_))),
            u8::try_from(self.max_intermediates).unwrap_or(u8::MAX),
            policy,
        ];
        let anchors = self.anchors.iter().flat_map(|anchor| {
            let constraints = anchor.name_constraints.as_ref().map(AsRef::<[u8]>::as_ref).unwrap_or_default();
            [anchor.subject.as_ref(), anchor.subject_public_key_info.as_ref(), constraints]
        });
        let parts = [&rules[..], name].into_iter().chain(anchors);
        #[cfg(feature = "crl")]
        let parts = parts.chain(revocation.into_iter().flat_map(Revocation::signatures));
        TrustFingerprint::of(provider, parts).map(Some)
    }
}

impl fmt::Debug for ChainVerifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ChainVerifier");
        debug.field("anchors", &self.anchors.len()).field("max_intermediates", &self.max_intermediates);
        debug.field("checks_validity", &matches!(self.validity, Validity::Now(_)));
        match self.expected_name {
            ExpectedName::OfConnection => debug.finish_non_exhaustive(),
            ExpectedName::Other(name) => debug.field("expected_name", name).finish_non_exhaustive(),
            ExpectedName::Any => debug.field("checks_name", &false).finish_non_exhaustive(),
        }
    }
}
